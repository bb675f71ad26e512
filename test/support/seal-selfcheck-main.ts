/** Entry for other runtimes: prints the selfcheck as one JSON line. Arguments: vector folder, scratch folder. */
import { selfcheck } from './seal-selfcheck.ts';

const [vectorFolder = '', scratchFolder = ''] = process.argv.slice(2);
const result = await selfcheck(vectorFolder, scratchFolder);
process.stdout.write(`${JSON.stringify({ runtime: process.versions, result })}\n`);
