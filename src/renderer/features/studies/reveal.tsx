import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { personName } from './person-name.ts';
import { shownDate } from './shown-date.ts';

interface Revealed {
  readonly patientName: string;
  readonly patientId: string;
  readonly studyDescription: string;
  readonly studyDate: string;
  readonly hideAfterSeconds: number;
}

/** The engine says how long a name may stand; more than this the page does not believe. */
const longestRevealSeconds = 120;

/** Shows the name for a time. It is dropped, not only hidden, when the time is over or the page goes out of sight. */
export function Reveal({
  study,
  initials,
}: {
  readonly study: StudySummary;
  readonly initials: string;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const isLive = useIsLive();
  const [revealed, setRevealed] = useState<Revealed | undefined>(undefined);
  const reveal = useAction(async (client) => {
    setRevealed(await client.studies.reveal({ studyId: study.id }));
  });

  useEffect(() => {
    if (revealed === undefined) return;
    const hide = () => setRevealed(undefined);
    const seconds = Math.min(revealed.hideAfterSeconds, longestRevealSeconds);
    const timer = setTimeout(hide, seconds * 1000);
    document.addEventListener('visibilitychange', hide);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', hide);
    };
  }, [revealed]);

  if (revealed !== undefined) {
    return <RevealedName revealed={revealed} onHide={() => setRevealed(undefined)} />;
  }
  const time = format.moment(study.lastReceivedAt, nowMs);
  return (
    <>
      <Button
        look="quiet"
        isDisabled={!isLive}
        isPending={reveal.state.tag === 'busy'}
        onPress={reveal.run}
        label={t('studies.revealLabel', { initials, modality: study.modality, time })}
      >
        {t('studies.reveal')}
      </Button>
      <ActionError state={reveal.state} />
    </>
  );
}

function RevealedName({
  revealed,
  onHide,
}: {
  readonly revealed: Revealed;
  readonly onHide: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { patientName, patientId, studyDescription, studyDate, hideAfterSeconds } = revealed;
  const more = [
    ...(patientId === '' ? [] : [t('studies.patientId', { id: patientId })]),
    ...(studyDescription === '' ? [] : [studyDescription]),
    ...(studyDate === '' ? [] : [shownDate(studyDate)]),
  ];
  return (
    <div className="revealed">
      <div role="status" translate="no">
        <p className="revealed-name">{personName(patientName) || t('studies.noName')}</p>
        {more.length === 0 ? null : <p>{more.join(' · ')}</p>}
      </div>
      <p className="muted">
        {t('studies.hides', { count: hideAfterSeconds, formatted: format.count(hideAfterSeconds) })}
      </p>
      <Button look="quiet" onPress={onHide} autoFocus>
        {t('studies.hide')}
      </Button>
    </div>
  );
}
