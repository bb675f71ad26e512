/** The background makes a snapshot of a chain that has grown by a thousand lists, and keeps out of the way. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readManifestChains } from '../../src/main/engine/restore/manifest-chains.ts';
import { snapshotEvery, snapshotName } from '../../src/main/engine/upload/manifest-snapshot.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { ManifestKit, once, uploaded } from '../support/manifest-kit.ts';
import { UploadRig } from '../support/upload-rig.ts';
import { VerifyRig } from '../support/verify-rig.ts';

let rig: UploadRig;
let store: MemoryStore;

beforeEach(async () => {
  rig = await UploadRig.open();
  store = new MemoryStore();
});
afterEach(() => rig.dispose());

it('is made once, in the quiet, and a reader then reads it and what came after', async () => {
  const { installationId } = rig.queue;
  const kit = new ManifestKit(rig.archiveKey);
  const lists = Array.from({ length: snapshotEvery + 3 }, (_, index) => [uploaded(String(index))]);
  const sha256 = await kit.writeChain(store, installationId, lists);
  const head = { sequence: lists.length, sha256, next: 'not-written' } as const;
  const { verification } = rig.queue;
  let dueAtMs: number | undefined = 0;
  const queue = {
    verification,
    installationId,
    nextDueAtMs: () => dueAtMs,
    manifestHead: () => head,
  };
  const scrub = new VerifyRig(rig, () => Promise.resolve(store)).scrub({ queue });
  await scrub.round('cloud');
  const snapshot = snapshotName(installationId, snapshotEvery, 1);
  // Something waits to be sent: that comes first.
  expect(store.objects.has(snapshot)).toBe(false);
  dueAtMs = undefined;
  await scrub.round('cloud');
  expect(store.objects.has(snapshot)).toBe(true);
  const size = store.objects.size;
  store.reads.length = 0;
  await scrub.round('cloud');
  expect(store.objects.size).toBe(size);

  store.reads.length = 0;
  const chains = await readManifestChains(store, rig.restoreKeys, once);
  expect(chains.problems).toEqual([]);
  expect(chains.entries.size).toBe(lists.length);
  // The snapshot, the list it ends with, and the three after it.
  expect(store.reads).toHaveLength(5);
  await scrub.stop();
});
