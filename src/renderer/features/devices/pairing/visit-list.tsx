import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '../../../../shared/devices.ts';
import type { Visit } from '../../../../shared/pairing.ts';
import { useFormat } from '../../../i18n/format.ts';
import { Chip } from '../../../ui/chip.tsx';
import { Ago } from '../../../ui/time.tsx';

/** Enough to see a device come and go. */
const visitsShown = 6;

/** The latest connections, good and bad, in a line each. */
export function VisitList({
  visits,
  devices,
}: {
  readonly visits: readonly Visit[];
  readonly devices: readonly Device[];
}): ReactElement {
  const { t } = useTranslation();
  if (visits.length === 0) return <p className="muted">{t('pairing.live.seenNone')}</p>;
  return (
    <section className="pair-visits" aria-label={t('pairing.live.seen')}>
      <h4>{t('pairing.live.seen')}</h4>
      <ul>
        {visits.slice(0, visitsShown).map((visit) => (
          <li key={visit.id}>
            <span>
              <span className="strong">
                {devices.find(({ id }) => id === visit.deviceId)?.name ?? visit.callingAeTitle ?? '?'}
              </span>{' '}
              <span className="typed">{visit.address}</span>
            </span>
            <Outcome visit={visit} />
            <span className="muted">
              <Ago iso={visit.lastAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Outcome({ visit }: { readonly visit: Visit }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { problem, state, images, echoes } = visit;
  if (problem?.tag === 'refused') return <Chip tone="attention" text={t('pairing.live.row.refused')} />;
  if (images > 0)
    return (
      <Chip
        tone="all-safe"
        text={t('pairing.live.row.images', { count: images, formatted: format.count(images) })}
      />
    );
  if (echoes > 0) return <Chip tone="all-safe" text={t('pairing.live.row.echo')} />;
  if (problem !== null) return <Chip tone="attention" text={t('pairing.live.row.trouble')} />;
  return state === 'open' ? (
    <Chip tone="working" text={t('pairing.live.row.open')} />
  ) : (
    <Chip tone="unknown" text={t('pairing.live.row.ok')} />
  );
}
