import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import { Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import type { ShareEvent } from '../../../shared/contract-share.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { TriangleAlert } from '../../ui/icons.tsx';
import { Progress } from '../../ui/progress.tsx';
import { useRun } from '../files/use-run.ts';
import type { Run } from '../files/use-run.ts';
import { StudyLine } from '../studies/study-line.tsx';
import { ShareReady } from './share-ready.tsx';
import type { ShareLink } from './share-ready.tsx';
import { ShareSetup } from './share-setup.tsx';

type ShareProgress = Extract<ShareEvent, { tag: 'progress' }>;

const dayMs = 86_400_000;
const dayChoices = [1, 7, 30] as const;

/** The link and its passcode live in this component's state alone, and go with it. */
export function ShareDialog({
  study,
  onClose,
}: {
  readonly study: StudySummary;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const { asked, again } = useAsked('opened', (client) => client.shares.check({ browsers: 'look' }));
  const { run, start, stop } = useRun<ShareProgress, never>();
  const [days, setDays] = useState<number>(7);
  const [made, setMade] = useState<ShareLink | undefined>(undefined);
  useEffect(() => () => setMade(undefined), []);

  const begin = () =>
    start(async (client, signal) => {
      const named = await client.studies.identify({ studyId: study.id });
      const events = await client.shares.create(
        { ...named, how: { tag: 'link', lifetimeMs: days * dayMs, passcode: { tag: 'generated' } } },
        { signal },
      );
      return onlyProgress(events, setMade);
    });

  if (made !== undefined) return <ShareReady made={made} onClose={onClose} />;
  if (run.tag !== 'ready') return <ShareRun run={run} onStop={stop} onAgain={begin} onClose={onClose} />;
  return (
    <Dialog title={t('share.title')} onClose={onClose}>
      <StudyLine study={study} />
      {asked.tag === 'loading' ? (
        <>
          <p role="status" aria-busy="true">
            {t('share.looking')}
          </p>
          <DialogButtons>
            <Button onPress={onClose} autoFocus>
              {t('dialog.cancel')}
            </Button>
          </DialogButtons>
        </>
      ) : asked.tag === 'failed' ? (
        <ShareSetup report={asked.report} onAgain={again} onClose={onClose} />
      ) : (
        <>
          <p>{t('share.intro')}</p>
          <Lifetime days={days} onChange={setDays} />
          <div className="note" data-tone="attention">
            <TriangleAlert />
            <p>{t('share.warning')}</p>
          </div>
          <DialogButtons>
            <Button onPress={onClose}>{t('dialog.cancel')}</Button>
            <Button look="primary" onPress={begin} autoFocus>
              {t('share.create')}
            </Button>
          </DialogButtons>
        </>
      )}
    </Dialog>
  );
}

function Lifetime({
  days,
  onChange,
}: {
  readonly days: number;
  readonly onChange: (days: number) => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <RadioGroup className="choices" value={String(days)} onChange={(value) => onChange(Number(value))}>
      <Label>{t('share.expires')}</Label>
      {dayChoices.map((count) => (
        <Choice
          key={count}
          value={String(count)}
          text={t('share.days', { count, formatted: format.count(count) })}
        />
      ))}
    </RadioGroup>
  );
}

function ShareRun({
  run,
  onStop,
  onAgain,
  onClose,
}: {
  readonly run: Exclude<Run<ShareProgress, never>, { tag: 'ready' }>;
  readonly onStop: () => void;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { done = 0, total = 0, bytes = 0 } = run.progress ?? {};
  const running = run.tag === 'running';
  const line =
    run.progress === undefined
      ? t('restoreDialog.counting')
      : `${t('share.line', { done: format.count(done), total: format.count(total) })} · ${format.size(bytes)}`;
  return (
    <Dialog
      title={t(running ? 'share.running' : 'share.title')}
      onClose={onClose}
      leaveBy={running ? 'button' : 'escape'}
    >
      <Progress label={t('share.progress')} value={done} max={total} valueText={line} tone="working" />
      <p>{line}</p>
      {run.tag === 'failed' ? <ErrorNote report={run.report} /> : null}
      <p role="status" className="strong">
        {run.tag === 'cancelled' ? t('share.cancelled') : null}
      </p>
      <DialogButtons>
        {running ? (
          <Button key="stop" onPress={onStop} autoFocus>
            {t('dialog.stop')}
          </Button>
        ) : (
          <>
            <Button key="close" onPress={onClose} autoFocus>
              {t('dialog.close')}
            </Button>
            <Button key="again" look="primary" onPress={onAgain}>
              {t('share.again')}
            </Button>
          </>
        )}
      </DialogButtons>
    </Dialog>
  );
}

/** The link goes straight to the one place that shows it. */
async function* onlyProgress(
  events: AsyncIterable<ShareEvent>,
  onLink: (made: ShareLink) => void,
): AsyncGenerator<ShareProgress> {
  for await (const event of events) {
    if (event.tag === 'progress') yield event;
    else if (event.tag === 'link') onLink(event);
  }
}
