/** Copies whose mending meets a second misfortune. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { findInstance } from '../support/queue-kit.ts';
import { azureStore, namesIn, testImage, UploadRig } from '../support/upload-rig.ts';
import { VerifyRig } from '../support/verify-rig.ts';

let azurite: Azurite;
let rig: UploadRig;
let eyes: VerifyRig;
let containers: Readonly<Record<string, string>>;
/** Connecting to the second destination fails while this is set. */
let outage: EdgeSyncError | undefined;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

beforeEach(async () => {
  containers = { cloud: await azurite.makeContainer(), second: await azurite.makeContainer() };
  outage = undefined;
  rig = await UploadRig.open();
  rig.queue.setDestinations([
    { name: 'cloud', required: true },
    { name: 'second', required: false },
  ]);
  eyes = new VerifyRig(rig, connectTo, ['cloud', 'second']);
});
afterEach(() => rig.dispose());

function connectTo(name: string): Promise<CloudStore> {
  if (name === 'second' && outage !== undefined) return Promise.reject(outage);
  return Promise.resolve(azureStore(azurite.connectionString(), containers[name] ?? ''));
}

/** One image, verified at both destinations; nothing is sent any more. */
async function stored(): Promise<string> {
  const objectName = await rig.receive(testImage('1'));
  for (const destination of ['cloud', 'second']) {
    rig.stage(() => connectTo(destination), { destination }).start();
  }
  await rig.until(() => rig.queue.evictable(Number.MAX_SAFE_INTEGER, 1).length === 1);
  await Promise.all(rig.stages.splice(0).map((stage) => stage.stop()));
  return objectName;
}

async function deleteFrom(destination: string, objectName: string): Promise<void> {
  const container = azurite.container(containers[destination] ?? '');
  await container.getBlockBlobClient(cloudNames.object(objectName)).delete();
}

const localCopy = (objectName: string) => findInstance(rig.queue, objectName)?.spoolId ?? '';
const codes = () => rig.queue.status().incidents.map(({ code }) => code);

it('an image whose local copy fails on its way to be stored again is told by the next look and brought back', async () => {
  const objectName = await stored();
  await deleteFrom('cloud', objectName);
  const scrub = eyes.scrub();
  await scrub.round('cloud');
  await scrub.stop();
  await rig.spool.remove(localCopy(objectName));
  rig.stage(() => connectTo('cloud')).start();
  await rig.until(() => rig.queue.status().parked === 1);

  expect((await eyes.look()).progress).toMatchObject({ missing: 1, mending: 1, lost: 0, good: 1 });
  await rig.until(() => rig.queue.evictable(Number.MAX_SAFE_INTEGER, 1).length === 1);
  expect((await eyes.look()).progress).toMatchObject({ total: 2, good: 2 });
  expect(rig.queue.checkConsistency()).toEqual([]);
});

it('an image is not called lost while a destination that has it cannot be asked', async () => {
  const objectName = await stored();
  await deleteFrom('cloud', objectName);
  await rig.spool.remove(localCopy(objectName));
  outage = new EdgeSyncError('cloud-secret-missing');
  const scrub = eyes.scrub();
  await scrub.round('cloud');
  await scrub.stop();
  expect(codes()).not.toContain('cloud-copy-lost');
  expect(eyes.audited.map(({ action }) => action)).toEqual(['copy-damaged']);
  expect(rig.queue.status()).toMatchObject({ failures: [{ code: 'cloud-copy-missing', count: 1 }] });

  outage = undefined;
  expect((await eyes.look()).progress).toMatchObject({ missing: 1, mending: 1, lost: 0 });
  rig.stage(() => connectTo('cloud')).start();
  await rig.until(() => rig.queue.evictable(Number.MAX_SAFE_INTEGER, 1).length === 1);
  const store = await connectTo('cloud');
  expect(await namesIn(store, 'objects/')).toEqual([cloudNames.object(objectName)]);
  await store.close();
});
