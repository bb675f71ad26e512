/**
 * A process that uploads what a rig's folder holds, to be killed or measured. Settings come as one line of JSON on
 * stdin (they hold a key), then a line for each command: `go` starts. Says `ready`, then `verified N` as it comes.
 */
import { createInterface } from 'node:readline';
import { azureStore, UploadRig } from './upload-rig.ts';

export interface UploadChildSettings {
  readonly dir: string;
  /** Hex. */
  readonly archiveKey: string;
  readonly connection: string;
  readonly container: string;
  readonly concurrency: number;
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function nextLine(): Promise<string> {
  const line = await lines.next();
  if (line.done === true) process.exit(0);
  return line.value;
}

const settings = JSON.parse(await nextLine()) as UploadChildSettings;
const rig = await UploadRig.open({ dir: settings.dir, archiveKey: Buffer.from(settings.archiveKey, 'hex') });
const stage = rig.stage(() => Promise.resolve(azureStore(settings.connection, settings.container)), {
  concurrency: settings.concurrency,
});
/** Told this long after a change: looking after each one would be a twentieth of what is measured. */
const tellAfterMs = 10;
let told = -1;
let timer: NodeJS.Timeout | undefined;
rig.queue.onChange(() => {
  timer ??= setTimeout(() => {
    timer = undefined;
    const { verified } = rig.queue.status();
    if (verified === told) return;
    told = verified;
    process.stdout.write(`verified ${verified}\n`);
  }, tellAfterMs);
});
process.stdout.write('ready\n');
await nextLine();
stage.start();
await nextLine();
