import { EdgeSyncError } from '../../../shared/errors.ts';
import { runDemo } from '../../demo/demo.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';

/** `edge-sync demo [--once]`. Ctrl-C ends it and everything it started. */
export async function runDemoCommand(options: { readonly once: boolean }, output: Output): Promise<number> {
  const cancel = new AbortController();
  const onInterrupt = (): void => cancel.abort(new EdgeSyncError('cancelled'));
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  try {
    await runDemo({ once: options.once, print: output.out, signal: cancel.signal });
    return exitCode.ok;
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}
