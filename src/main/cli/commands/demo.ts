import { runDemo } from '../../demo/demo.ts';
import { cancellable } from '../cancellable.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';

/** `edge-sync demo [--once]`. Ctrl-C ends it and everything it started. */
export async function runDemoCommand(options: { readonly once: boolean }, output: Output): Promise<number> {
  await cancellable((signal) => runDemo({ once: options.once, print: output.out, signal }));
  return exitCode.ok;
}
