/** Entry of the `edge-sync` command (bin/edge-sync.js loads its bundle). */
import { keepHeapSmall } from '../engine/system/heap-growth.ts';
import { widenThreadPool } from '../engine/system/thread-pool.ts';
import { runCommandLine } from './command-line.ts';

keepHeapSmall();
widenThreadPool(process.env);
process.exitCode = await runCommandLine(process.argv.slice(2));
