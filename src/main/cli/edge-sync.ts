/** Entry of the `edge-sync` command (bin/edge-sync.js loads its bundle). */
import { runCommandLine } from './command-line.ts';

process.exitCode = await runCommandLine(process.argv.slice(2));
