import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { VerifyEvent, VerifyProgress } from '../../../shared/contract-verify.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAgentView } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Progress } from '../../ui/progress.tsx';
import { RateLine } from '../files/rate-line.tsx';
import { RunButtons } from '../files/run-buttons.tsx';
import { RunFigures } from '../files/run-report.tsx';
import type { Run } from '../files/use-run.ts';
import { useShownInitials } from '../studies/initials.ts';

export type VerifyProblem = Extract<VerifyEvent, { tag: 'problem' }>['problem'];

export function VerifyRun({
  run,
  title,
  resumed,
  goesOn,
  onStop,
  onAgain,
  onClose,
}: {
  readonly run: Exclude<Run<VerifyProgress, VerifyProblem>, { tag: 'ready' }>;
  readonly title: string;
  readonly resumed: string | undefined;
  /** A look at everything goes on where it was stopped; others are short. */
  readonly goesOn: boolean;
  readonly onStop: () => void;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { progress } = run;
  const { total = 0, checked = 0, good = 0, missing = 0, damaged = 0 } = progress ?? {};
  const { mending = 0, lost = 0, unlisted = 0, waiting = 0, bytes = 0 } = progress ?? {};
  const running = run.tag === 'running';
  const line =
    progress === undefined
      ? t('restoreDialog.counting')
      : t('verify.line', { checked: format.count(checked), total: format.count(total) });
  const bad = (count: number) => (count > 0 ? 'attention' : undefined);

  return (
    <Dialog title={title} onClose={onClose} leaveBy={running ? 'button' : 'escape'}>
      {resumed === undefined ? null : <p className="muted">{resumed}</p>}
      <Progress label={t('verify.progress')} value={checked} max={total} valueText={line} tone="working" />
      <div>
        <p>{line}</p>
        {running && progress !== undefined ? (
          <RateLine
            doneBytes={undefined}
            totalBytes={undefined}
            bytesPerSecond={progress.bytesPerSecond}
            secondsLeft={progress.secondsLeft}
          />
        ) : null}
      </div>
      <RunFigures
        figures={[
          [t('verify.goodCount'), format.count(good)],
          [t('restoreDialog.missing'), format.count(missing), bad(missing)],
          [t('restoreDialog.damaged'), format.count(damaged), bad(damaged)],
          [t('verify.mendingCount'), format.count(mending), bad(mending)],
          [t('verify.lostCount'), format.count(lost), bad(lost)],
          [t('verify.unlistedCount'), format.count(unlisted), bad(unlisted)],
          [t('verify.waitingCount'), format.count(waiting)],
          [t('verify.downloaded'), format.size(bytes)],
        ]}
      />
      {run.tag === 'failed' ? <ErrorNote report={run.report} /> : null}
      <p role="status" className="strong">
        {outcome()}
      </p>
      {lost > 0 && !running ? <p>{t('verify.lostStep')}</p> : null}
      <Problems problems={run.problems} total={run.problemCount} />
      <RunButtons
        tag={run.tag}
        again={t(goesOn ? 'restoreDialog.goOn' : 'share.again')}
        onStop={onStop}
        onAgain={onAgain}
        onClose={onClose}
      />
    </Dialog>
  );

  function outcome(): string | undefined {
    if (run.tag === 'running' || run.tag === 'failed') return undefined;
    if (run.tag === 'cancelled') return t(goesOn ? 'verify.cancelled' : 'verify.cancelledSample');
    if (lost > 0) return t('verify.doneLost');
    if (mending > 0) return t('verify.doneMending');
    if (missing + damaged > 0) return t('verify.doneProblems');
    if (unlisted > 0) return t('verify.doneUnlisted');
    if (run.problemCount > 0) return t('verify.doneProblems');
    return t(good === 0 ? 'verify.doneNothing' : 'verify.doneGood');
  }
}

function Problems({
  problems,
  total,
}: {
  readonly problems: readonly VerifyProblem[];
  readonly total: number;
}): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  if (total === 0) return null;
  const hidden = total - problems.length;
  return (
    <section className="problems" tabIndex={0} aria-label={t('verify.problemsTitle')}>
      <h3>{t('verify.problemsTitle')}</h3>
      <ul>
        {problems.map((problem, index) => (
          <ProblemItem key={index} problem={problem} />
        ))}
      </ul>
      {hidden > 0 ? (
        <p className="muted">{t('problems.more', { count: hidden, formatted: format.count(hidden) })}</p>
      ) : null}
    </section>
  );
}

function ProblemItem({ problem }: { readonly problem: VerifyProblem }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const { agent } = useAgentView();
  const study = agent?.studies.find(({ id }) => id === problem.studyId);
  const initials = useShownInitials(study?.initials ?? '?');
  const words = errorText(problem, format.language);
  const about =
    study === undefined
      ? t('verify.unknownStudy')
      : t('verify.studyIs', {
          initials,
          modality: study.modality,
          time: format.moment(study.lastReceivedAt, nowMs),
        });
  return (
    <li>
      <p className="strong">
        {about} <span className="muted">{t('verify.destination', { name: problem.destination })}</span>
      </p>
      <p>{words.message}</p>
      <p className="muted">{words.nextStep}</p>
    </li>
  );
}
