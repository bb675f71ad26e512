import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { CheckCircle } from '../../ui/icons.tsx';
import { PairDevice } from '../devices/pairing/pair-device.tsx';
import type { SetupStatus } from './wizard-state.ts';

/** The first device, from what to type into it to its first image; devices that sent already are named first. */
export function ModalityStep({ status }: { readonly status: SetupStatus }): ReactElement {
  const { t } = useTranslation();
  const [first] = status.modalities;
  return (
    <>
      {first === undefined ? (
        <p>{t('wizard.modality.intro')}</p>
      ) : (
        <div className="note" data-tone="all-safe" role="status">
          <CheckCircle />
          <p className="note-message">{t('wizard.modality.arrived', { aeTitle: first.aeTitle })}</p>
        </div>
      )}
      <h2>{t(first === undefined ? 'wizard.modality.pair' : 'wizard.modality.pairAnother')}</h2>
      <PairDevice />
    </>
  );
}
