import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { RestoreProblem } from '../../../shared/contract-restore.ts';
import { useFormat } from '../../i18n/format.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Progress } from '../../ui/progress.tsx';
import { RateLine } from '../files/rate-line.tsx';
import { RunButtons } from '../files/run-buttons.tsx';
import { RunFigures } from '../files/run-report.tsx';
import type { Run } from '../files/use-run.ts';
import { ProblemStudies } from './problem-studies.tsx';
import type { RestoreProgress } from './restore-dialog.tsx';

type Started = Exclude<Run<RestoreProgress, RestoreProblem>, { tag: 'ready' }>;

/** Progress while it runs; afterwards what came of it and what to do. */
export function RestoreRun({
  run,
  goesTo,
  onStop,
  onAgain,
  onClose,
}: {
  readonly run: Started;
  readonly goesTo: 'folder' | 'node';
  readonly onStop: () => void;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { progress } = run;
  const { total = 0, restored = 0, skipped = 0, missing = 0, damaged = 0 } = progress ?? {};
  const { unproven = 0, refused = 0, bytes = 0 } = progress ?? {};
  const done = restored + skipped + missing + damaged + refused;
  const line =
    progress === undefined
      ? t('restoreDialog.counting')
      : t('restoreDialog.line', { done: format.count(done), total: format.count(total) });
  const running = run.tag === 'running';
  const bad = (count: number) => (count > 0 ? 'attention' : undefined);
  const incomplete = missing + damaged + refused + run.problemCount > 0;

  return (
    <Dialog
      title={t(running ? 'restoreDialog.running' : 'restoreDialog.title')}
      onClose={onClose}
      leaveBy={running ? 'button' : 'escape'}
    >
      <Progress
        label={t('restoreDialog.progress')}
        value={done}
        max={total}
        valueText={line}
        tone="working"
      />
      <div>
        <p>{line}</p>
        {running && progress !== undefined ? (
          <RateLine
            doneBytes={progress.doneBytes}
            totalBytes={progress.totalBytes}
            bytesPerSecond={progress.bytesPerSecond}
            secondsLeft={progress.secondsLeft}
          />
        ) : null}
      </div>
      <RunFigures
        figures={[
          [t(goesTo === 'node' ? 'restoreDialog.sent' : 'restoreDialog.restored'), format.count(restored)],
          [t('restoreDialog.skipped'), format.count(skipped)],
          [t('restoreDialog.missing'), format.count(missing), bad(missing)],
          [t('restoreDialog.damaged'), format.count(damaged), bad(damaged)],
          ...(goesTo === 'node'
            ? [[t('restoreDialog.refused'), format.count(refused), bad(refused)] as const]
            : []),
          [t('restoreDialog.unproven'), format.count(unproven)],
          [t('restoreDialog.size'), format.size(bytes)],
        ]}
      />
      {run.tag === 'failed' ? <ErrorNote report={run.report} /> : null}
      <p role="status" className="strong">
        {outcome()}
      </p>
      {unproven > 0 && !running ? <p className="muted">{t('restoreDialog.unprovenText')}</p> : null}
      <ProblemStudies problems={run.problems} total={run.problemCount} />
      <RunButtons
        tag={run.tag}
        again={t('restoreDialog.goOn')}
        onStop={onStop}
        onAgain={onAgain}
        onClose={onClose}
      />
    </Dialog>
  );

  function outcome(): string | undefined {
    if (run.tag === 'running') return undefined;
    if (run.tag !== 'done')
      return t(run.tag === 'failed' ? 'restoreDialog.failed' : 'restoreDialog.cancelled');
    if (incomplete) return t('restoreDialog.doneIncomplete');
    return t(total === 0 ? 'restoreDialog.doneNothing' : 'restoreDialog.done');
  }
}
