/** Entry of the engine as a process of its own: the desktop shell starts this; it is the command line's `serve`. */
import { runCommandLine } from './cli/command-line.ts';
import { widenThreadPool } from './engine/system/thread-pool.ts';

widenThreadPool(process.env);
process.exitCode = await runCommandLine(process.argv.slice(2));
// Electron's utility process does not end by itself when nothing is left to do.
process.exit();
