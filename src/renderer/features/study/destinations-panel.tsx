import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyDestination } from '../../../shared/contract-study.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useNowMs } from '../../state/now.ts';
import { Chip } from '../../ui/chip.tsx';
import { CloudIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';

/** How the study stands at each destination. */
export function StudyDestinations({
  destinations,
  instances,
}: {
  readonly destinations: readonly StudyDestination[];
  readonly instances: number;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <Panel title={t('study.destinations.title')} icon={<CloudIcon />}>
      {destinations.length === 0 ? (
        <p className="muted">{t('study.destinations.none')}</p>
      ) : (
        <ul className="study-places">
          {destinations.map((one) => (
            <Place key={one.name} place={one} instances={instances} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

const counted = ['verified', 'waiting', 'uploaded', 'failed', 'parked', 'repaired', 'inTrouble'] as const;

function Place({
  place,
  instances,
}: {
  readonly place: StudyDestination;
  readonly instances: number;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const isTrouble = place.failed + place.parked + place.inTrouble > 0;
  const isComplete = !isTrouble && instances > 0 && place.verified === instances;
  const parts = counted.flatMap((key) =>
    place[key] === 0
      ? []
      : [t(`study.destinations.${key}`, { count: place[key], formatted: format.count(place[key]) })],
  );
  const times = [
    ...(place.lastVerifiedAt === null
      ? []
      : [t('study.destinations.last', { time: format.moment(place.lastVerifiedAt, nowMs) })]),
    ...(place.lastCheckedAt === null
      ? []
      : [t('study.destinations.checked', { time: format.moment(place.lastCheckedAt, nowMs) })]),
    ...(place.nextAttemptAt === null
      ? []
      : [t('study.destinations.next', { time: format.moment(place.nextAttemptAt, nowMs) })]),
  ];
  return (
    <li className="study-place">
      <div className="study-place-head">
        <p>
          <strong>{place.name}</strong>{' '}
          <span className="muted">
            {place.required ? t('study.destinations.required') : t('study.destinations.extra')}
          </span>
        </p>
        <Chip
          tone={isTrouble ? 'attention' : isComplete ? 'all-safe' : 'working'}
          text={t(
            `study.destinations.state.${isTrouble ? 'attention' : isComplete ? 'complete' : 'onTheWay'}`,
          )}
        />
      </div>
      <p>{parts.join(' · ')}</p>
      {times.length === 0 ? null : <p className="muted">{times.join(' · ')}</p>}
      {place.errors.map((error) => {
        const words = errorText(error, format.language);
        return (
          <div key={`${error.code} ${String(error.parked)}`} className="study-why">
            <p className="strong">
              {t('study.destinations.why', { times: format.count(error.count), message: words.message })}
            </p>
            <p>{words.nextStep}</p>
          </div>
        );
      })}
    </li>
  );
}
