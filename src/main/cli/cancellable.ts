/** Ctrl-C, or a reader that went away, as an abort signal: the one place where a command listens for it. */
import { EdgeSyncError } from '../../shared/errors.ts';
import { SystemClock } from '../engine/system/clock.ts';

/** What ends a command early. A terminal sends SIGINT; whoever started the command as a service, SIGTERM. */
const endings = ['SIGINT', 'SIGTERM'] as const;
/** npm hands on the signal that the terminal has sent already: one Ctrl-C arrives twice. */
const samePressMs = 1000;

/**
 * Runs `run` with a signal that aborts with `cancelled` at the first Ctrl-C, or when what is printed reaches nobody;
 * whatever it rejects with after that is told as `cancelled`. One pressed again later ends the process at once, as it
 * would without us: nobody has to wait for a drive that does not answer.
 */
export async function cancellable<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const clock = new SystemClock();
  const cancel = new AbortController();
  let firstMs: number | undefined;
  const onEnding = (ending: NodeJS.Signals): void => {
    if (firstMs === undefined) {
      firstMs = clock.monotonicMs();
      cancel.abort(new EdgeSyncError('cancelled'));
    } else if (clock.monotonicMs() - firstMs > samePressMs) {
      stopListening();
      process.kill(process.pid, ending);
    }
  };
  const stopListening = (): void => {
    for (const ending of endings) process.off(ending, onEnding);
  };
  for (const ending of endings) process.on(ending, onEnding);
  const onReaderGone = (): void => cancel.abort(new EdgeSyncError('cancelled'));
  const outputs = [process.stdout, process.stderr];
  for (const output of outputs) output.on('error', onReaderGone);
  try {
    return await run(cancel.signal);
  } catch (error) {
    // However the abort came back: as itself, or as a connection that was closed.
    throw cancel.signal.aborted ? new EdgeSyncError('cancelled', undefined, { cause: error }) : error;
  } finally {
    stopListening();
    for (const output of outputs) output.off('error', onReaderGone);
  }
}
