/**
 * A process that copies what a rig's second destination lacks, to be killed. Settings come as one line of JSON on stdin
 * (they hold a key), then `go`. Says `ready`, then `verified N` as it comes.
 */
import { createInterface } from 'node:readline';
import { startBackFill } from './back-fill-rig.ts';
import { azureStore, UploadRig } from './upload-rig.ts';

export interface BackFillChildSettings {
  readonly dir: string;
  /** Hex. */
  readonly archiveKey: string;
  /** By destination. */
  readonly places: Readonly<
    Record<string, { readonly connection: string; readonly container: string } | undefined>
  >;
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function nextLine(): Promise<string> {
  const line = await lines.next();
  if (line.done === true) process.exit(0);
  return line.value;
}

const settings = JSON.parse(await nextLine()) as BackFillChildSettings;
const rig = await UploadRig.open({
  dir: settings.dir,
  archiveKey: Buffer.from(settings.archiveKey, 'hex'),
  keepsDestinations: true,
});
let told = -1;
rig.queue.onChange(() => {
  const { verified } = rig.queue.status();
  if (verified === told) return;
  told = verified;
  process.stdout.write(`verified ${verified}\n`);
});
process.stdout.write('ready\n');
await nextLine();
startBackFill(rig, (name) => {
  const place = settings.places[name];
  return place === undefined
    ? Promise.reject(new Error(`no place for ${name}`))
    : Promise.resolve(azureStore(place.connection, place.container));
});
await nextLine();
