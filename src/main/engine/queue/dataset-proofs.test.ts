import { afterEach, beforeEach, expect, it } from 'vitest';
import { destination, testImage, UploadRig } from '../../../../test/support/upload-rig.ts';

let rig: UploadRig;
beforeEach(async () => {
  rig = await UploadRig.open();
});
afterEach(() => rig.dispose());

async function prove(name: string, tag: 'identical' | 'listed'): Promise<number> {
  await rig.receive(testImage(name));
  const [job] = rig.queue.claim(destination, 1, rig.clock.nowMs());
  if (job === undefined) throw new Error('nothing to send');
  await rig.queue.datasetProofs.keepPlace(destination, 'https://pacs.example/dicom-web');
  await rig.queue.markDatasetVerified(job.instanceId, destination, { tag });
  return job.instanceId;
}

it('each image says which proof it has, and both kinds are counted', async () => {
  const first = await prove('1', 'identical');
  const second = await prove('2', 'listed');
  expect(rig.queue.datasetProofs.of(destination, first)).toEqual({ tag: 'identical' });
  expect(rig.queue.datasetProofs.of(destination, second)).toEqual({ tag: 'listed' });
  expect(rig.queue.datasetProofs.counts(destination)).toEqual({ identical: 1, listed: 1 });
  expect(rig.queue.datasetProofs.placeOf(destination)).toBe('https://pacs.example/dicom-web');
  expect(rig.queue.status()).toMatchObject({ verified: 2, pending: 0 });
});

it('a proof goes with the state it is for', async () => {
  const instanceId = await prove('1', 'identical');
  await rig.queue.markParked(instanceId, destination, 'pacs-copy-differs', undefined);
  expect(rig.queue.datasetProofs.of(destination, instanceId)).toBeUndefined();
  expect(rig.queue.datasetProofs.counts(destination)).toEqual({ identical: 0, listed: 0 });
  expect(rig.queue.datasetProofs.placeOf(destination)).toBeUndefined();
});

it('nothing waits for a manifest, and no scrub looks for a sealed object', async () => {
  const instanceId = await prove('1', 'identical');
  expect(rig.queue.manifestBacklog(destination).count).toBe(0);
  expect(rig.queue.verification.copy(destination, instanceId)).toBeUndefined();
});
