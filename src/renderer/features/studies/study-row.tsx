import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { Progress } from '../../ui/progress.tsx';
import { useShownInitials } from './initials.ts';
import { Reveal } from './reveal.tsx';
import { OpenStudy } from '../study/open-study.tsx';
import { StudyMenu } from './study-menu.tsx';
import { toneOf } from './study-tone.ts';

/** One study. Drawn again only when it changes: lists are long and deltas frequent. */
export const StudyRow = memo(function StudyRow({ study }: { readonly study: StudySummary }): ReactElement {
  return (
    <li className="study">
      <StudyCells study={study} />
    </li>
  );
});

/** What a row shows, for a list item or a row of a grid. */
export function StudyCells({ study }: { readonly study: StudySummary }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const initials = useShownInitials(study.initials);
  const tone = toneOf(study);
  const { modality, instances, verified } = study;
  const verifiedText = t('studies.verifiedOf', {
    verified: format.count(verified),
    total: format.count(instances),
  });

  return (
    <>
      <span className="study-who" aria-hidden="true">
        {initials}
      </span>
      <div className="study-words">
        <p className="study-title">
          <span className="visually-hidden">{initials}</span>
          <strong>{modality}</strong>{' '}
          <span className="muted">
            {study.source === null ? t('studies.fromFiles') : t('studies.from', { source: study.source })}
          </span>
        </p>
        <p className="muted">
          {t('studies.images', { count: instances, formatted: format.count(instances) })} ·{' '}
          {format.size(study.sizeBytes)} · <Received iso={study.lastReceivedAt} />
        </p>
      </div>
      <div className="study-progress">
        <Progress
          label={t('studies.progress', { initials, modality })}
          value={verified}
          max={instances}
          valueText={verifiedText}
          tone={tone}
        />
        <p className="study-verified">
          {verifiedText}
          <Stuck study={study} />
        </p>
      </div>
      <div className="study-state">
        <Chip tone={tone} text={t(`studies.state.${study.state}`)} />
      </div>
      <div className="study-actions">
        {study.failed + study.parked > 0 ? <RetryStudy study={study} initials={initials} /> : null}
        <Reveal study={study} initials={initials} />
        <OpenStudy study={study} initials={initials} />
        <StudyMenu study={study} initials={initials} />
      </div>
    </>
  );
}

function Received({ iso }: { readonly iso: string }): ReactElement {
  const format = useFormat();
  const nowMs = useNowMs();
  return <time dateTime={iso}>{format.agoShort(iso, nowMs)}</time>;
}

function Stuck({ study }: { readonly study: StudySummary }): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const { failed, parked } = study;
  if (failed + parked === 0) return null;
  const parts = [
    ...(failed > 0 ? [t('studies.failed', { count: failed, formatted: format.count(failed) })] : []),
    ...(parked > 0 ? [t('studies.parked', { count: parked, formatted: format.count(parked) })] : []),
  ];
  return <span className="study-stuck"> · {parts.join(' · ')}</span>;
}

function RetryStudy({
  study,
  initials,
}: {
  readonly study: StudySummary;
  readonly initials: string;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const say = useNotice();
  const isLive = useIsLive();
  const retry = useAction(async (client) => {
    const { retried } = await client.studies.retry({ studyId: study.id });
    say(t('retried', { count: retried, formatted: format.count(retried) }));
  });
  const time = format.moment(study.lastReceivedAt, nowMs);
  return (
    <>
      <Button
        isDisabled={!isLive}
        isPending={retry.state.tag === 'busy'}
        onPress={retry.run}
        label={t('studies.retryLabel', { initials, modality: study.modality, time })}
      >
        {t('studies.retry')}
      </Button>
      <ActionError state={retry.state} />
    </>
  );
}
