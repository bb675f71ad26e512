import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { Activity } from '../../../shared/contract-home.ts';
import type { StatusReport } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useCalm } from '../../state/calm.ts';
import type { Tone } from '../../state/headline-view.ts';
import { useNowMs } from '../../state/now.ts';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import { ClockIcon, ToneIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useShownInitials } from '../studies/initials.ts';

const shown = 12;
const askedAtMostEveryMs = 5_000;
/** Restores and refusals are not in the figures of the feed. */
const askedEveryMs = 60_000;

export function ActivityPanel({ status }: { readonly status: StatusReport }): ReactElement {
  const { received, verified } = status.counts;
  const round = Math.floor(useNowMs() / askedEveryMs);
  const figures = useCalm(`${received} ${verified} ${status.failures.length} ${round}`, askedAtMostEveryMs);
  return <Events figures={figures} />;
}

/** Drawn again when it is asked for anew, not with every delta. */
const Events = memo(function Events({ figures }: { readonly figures: string }): ReactElement {
  const { t } = useTranslation();
  const { asked, again } = useAsked(figures, (client) => client.home.activity({ limit: shown }));
  return (
    <Panel title={t('activity.title')} icon={<ClockIcon />}>
      {asked.tag === 'loading' ? (
        <AskedLoading text={t('activity.loading')} />
      ) : asked.tag === 'failed' ? (
        <AskedFailed report={asked.report} again={again} />
      ) : asked.answer.events.length === 0 ? (
        <p className="empty">{t('activity.empty')}</p>
      ) : (
        <ol className="activity">
          {asked.answer.events.map((event) => (
            <Line key={`${event.at} ${event.kind} ${event.study?.id ?? ''}`} event={event} />
          ))}
        </ol>
      )}
    </Panel>
  );
});

function Line({ event }: { readonly event: Activity }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const initials = useShownInitials(event.study?.initials ?? '');
  const more = [
    ...(event.study === null ? [] : [t('activity.study', { initials, modality: event.study.modality })]),
    ...(event.times > 1 ? [t('activity.times', { formatted: format.count(event.times) })] : []),
  ];
  return (
    <li className="activity-line" data-tone={toneOf(event.kind)}>
      <ToneIcon tone={toneOf(event.kind)} />
      <span>
        {t(`activity.${event.kind}`)}
        {more.length === 0 ? null : <span className="muted"> · {more.join(' · ')}</span>}
      </span>
      <time className="muted" dateTime={event.at}>
        {format.agoShort(event.at, nowMs)}
      </time>
    </li>
  );
}

/** Only what is proven has the shape of safe. */
function toneOf(kind: Activity['kind']): Tone {
  switch (kind) {
    case 'verified':
    case 'repaired':
    case 'restored':
      return 'all-safe';
    case 'received':
    case 'shared':
      return 'working';
    case 'restore-failed':
    case 'damaged':
    case 'refused':
      return 'attention';
    default:
      return assertNever(kind);
  }
}
