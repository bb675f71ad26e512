/** What came of sending to a PACS, or of copying between clouds, cannot be written down: told, and not done over and over. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import type { DatasetStore } from '../../src/main/engine/cloud/dataset-store.ts';
import type { Queue } from '../../src/main/engine/queue/queue.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { both, startBackFill, verifiedAndGone, type BackFillParts } from '../support/back-fill-rig.ts';
import { datasetStage } from '../support/dataset-rig.ts';
import { testImage, UploadRig } from '../support/upload-rig.ts';

let rig: UploadRig;
let isFull: boolean;

beforeEach(async () => {
  rig = await UploadRig.open();
  isFull = true;
});
afterEach(() => rig.dispose());

/** The queue, whose `method` fails while the disk is full. */
function queueFailingAt(method: keyof Queue, onFailure: () => void): Queue {
  return new Proxy(rig.queue, {
    get: (target, key) => {
      if (key === method && isFull) {
        return () => {
          onFailure();
          return Promise.reject(new EdgeSyncError('disk-full'));
        };
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

it('a PACS is not asked over and over for images that it has, and the full disk is told', async () => {
  const image = testImage('1');
  await rig.receive(image);
  const pacs: DatasetStore = {
    kind: 'dicomweb',
    store: () => Promise.reject(new Error('it has it already')),
    retrieve: (_identity, { onChunk }) => {
      onChunk(image.file);
      return Promise.resolve({ tag: 'whole' });
    },
    isListed: () => Promise.resolve(true),
    check: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  let failures = 0;
  const queue = queueFailingAt('markDatasetVerified', () => (failures += 1));
  const stage = datasetStage(rig, 'https://pacs.example/dicom-web', () => Promise.resolve(pacs), {
    queue,
    clock: new FakeClock(),
    random: { bytes: (size) => rig.random.bytes(size), fraction: () => 1 },
  });
  stage.start();
  await rig.until(() => failures > 0);
  await rig.until(() => stage.status.active === 0);
  expect(stage.status).toMatchObject({ state: 'retrying', error: { code: 'disk-full' } });
  for (let poke = 0; poke < 5; poke += 1) {
    stage.workArrived();
    await rig.clock.sleep(20);
  }
  expect(failures).toBe(1);
  isFull = false;
  stage.wake();
  await rig.untilVerified(1);
  await rig.until(() => stage.status.state === 'ok');
  await stage.stop();
});

it('an image is not copied over and over from cloud to cloud', async () => {
  const cloud = new MemoryStore();
  const nas = new MemoryStore();
  await rig.receive(testImage('1'));
  await verifiedAndGone(rig, () => Promise.resolve(cloud as CloudStore));
  rig.queue.setDestinations(both);
  let failures = 0;
  const clock = new FakeClock();
  const parts: BackFillParts = startBackFill(
    rig,
    (name) => Promise.resolve((name === 'cloud' ? cloud : nas) as CloudStore),
    { queue: queueFailingAt('markUploaded', () => (failures += 1)), clock },
  );
  // Behind the moment after a start in which sources are waited for.
  await rig.until(() => parts.stages['cloud']?.status.link === 'open');
  await rig.until(() => parts.stages['nas']?.status.link === 'open');
  parts.backFill.workArrived();
  await rig.until(() => failures > 0);
  for (let poke = 0; poke < 5; poke += 1) {
    parts.backFill.workArrived();
    await rig.clock.sleep(20);
  }
  expect(failures).toBe(1);
  isFull = false;
  await clock.advance(61_000);
  await rig.untilVerified(1);
  await parts.stop();
});
