import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '../../../../shared/devices.ts';
import type { Visit } from '../../../../shared/pairing.ts';
import { useFormat } from '../../../i18n/format.ts';
import { ArrowsCircle, CheckCircle, TriangleAlert } from '../../../ui/icons.tsx';

/** The first images of the device, as they arrive. */
export function FirstImage({
  device,
  visits,
}: {
  readonly device: Device | undefined;
  /** Of this device alone. */
  readonly visits: readonly Visit[];
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  if (device === undefined) return <p className="muted">{t('pairing.image.first')}</p>;
  const { name } = device;
  const sum = (part: 'images' | 'imagesRefused') => visits.reduce((all, one) => all + one[part], 0);
  const images = sum('images');
  const refused = sum('imagesRefused');
  return (
    <>
      <p className="muted">{t('pairing.image.text')}</p>
      {images === 0 ? (
        <p className="pair-wait" data-tone="working" role="status">
          <ArrowsCircle /> {t('pairing.image.waiting', { name })}
        </p>
      ) : (
        <div className="pair-good" data-tone="all-safe" role="status">
          <CheckCircle />
          <div>
            <p className="strong">
              {t('pairing.image.arrived', { count: images, formatted: format.count(images), name })}
            </p>
            <p>{t('pairing.image.safe')}</p>
          </div>
        </div>
      )}
      {refused === 0 ? null : (
        <p className="pair-wait" data-tone="attention" role="status">
          <TriangleAlert /> {t('pairing.image.refused', { count: refused, formatted: format.count(refused) })}
        </p>
      )}
    </>
  );
}
