/** Entry of the engine as a process of its own: the desktop shell starts this; it is the command line's `serve`. */
import { runCommandLine } from './cli/command-line.ts';
import { decodersOfShell, type ShellPort } from './engine/preview/shell-decoder.ts';
import { keepHeapSmall } from './engine/system/heap-growth.ts';
import { widenThreadPool } from './engine/system/thread-pool.ts';

keepHeapSmall();
widenThreadPool(process.env);
// In Electron's utility process the shell is asked for what only it can start; under a developer's Node there is none.
const { parentPort } = process as { readonly parentPort?: ShellPort };
const host = parentPort === undefined ? {} : { startDecoder: decodersOfShell(parentPort) };
process.exitCode = await runCommandLine(process.argv.slice(2), host);
// Electron's utility process does not end by itself when nothing is left to do.
process.exit();
