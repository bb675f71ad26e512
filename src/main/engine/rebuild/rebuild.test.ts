import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManifestKit, once, uploaded } from '../../../../test/support/manifest-kit.ts';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import type { RebuildEvent } from '../../../shared/contract-backup.ts';
import { cloudNames } from '../cloud/cloud-store.ts';
import { FolderStore } from '../cloud/folder-store.ts';
import type { UploadedInstance } from '../queue/queue-types.ts';
import { SystemClock } from '../system/clock.ts';
import { SystemRandom } from '../system/random.ts';
import { madeAtMs, rebuildFrom } from './rebuild.ts';

const old = '1'.repeat(32);
const other = '2'.repeat(32);

let folder: string;
let store: FolderStore;
let queue: QueueKit;
let manifests: ManifestKit;
let events: RebuildEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-rebuild-'));
  store = new FolderStore({ path: folder, prefix: '', clock: new SystemClock(), random: new SystemRandom() });
  queue = new QueueKit();
  queue.queue.setDestinations([{ name: 'cloud', required: true }]);
  manifests = new ManifestKit();
  events = [];
});

afterEach(async () => {
  await store.close();
  queue.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** A blob of the size that its list names, or of another. */
async function lay({ objectName, proof }: UploadedInstance, sizeBytes = proof.sizeBytes): Promise<void> {
  const name =
    proof.repair === undefined
      ? cloudNames.object(objectName)
      : cloudNames.repairedObject(objectName, proof.repair);
  await mkdir(join(folder, dirname(name)), { recursive: true });
  await writeFile(join(folder, name), Buffer.alloc(sizeBytes));
}

function rebuild(signal = new AbortController().signal): ReturnType<typeof rebuildFrom> {
  return rebuildFrom({
    destination: 'cloud',
    store,
    keys: manifests.restoreKeys,
    rebuilt: queue.queue.rebuilt,
    installationId: queue.queue.installationId,
    patiently: once,
    onEvent: (event) => void events.push(event),
    clock: queue.clock,
    signal,
  });
}

describe('rebuilding from one destination', () => {
  it('takes the lists of all PCs, tells where each ends, and counts an image that two of them name once', async () => {
    const images = ['a', 'b', 'c', 'd'].map((name) => uploaded(name));
    const [a, b, c, d] = images as [UploadedInstance, UploadedInstance, UploadedInstance, UploadedInstance];
    await manifests.writeChain(store, old, [[a, b], [c]]);
    await manifests.writeChain(store, other, [[c, d]]);
    for (const one of images) await lay(one);
    expect(await rebuild()).toEqual({ images: 4, added: 4, known: 0, found: 0, missing: 0 });
    const heads = events.flatMap((event) => (event.tag === 'head' ? [event.head] : []));
    expect(heads.map(({ installationId, sequence, own }) => [installationId, sequence, own]).sort()).toEqual([
      [old, 2, false],
      [other, 1, false],
    ]);
    expect(queue.queue.status()).toMatchObject({ received: 4, verified: 4 });
    expect(await rebuild()).toMatchObject({ added: 0, known: 4 });
  });

  it('makes no row of what no list names, nor of a list without proof', async () => {
    const genuine = uploaded('genuine');
    const planted = uploaded('planted');
    await manifests.writeChain(store, old, [[genuine]]);
    const forged = manifests.sealed(
      { installationId: other, sequence: 1, previousSha256: null },
      [planted],
      () => Buffer.alloc(32, 1),
    );
    await mkdir(join(folder, 'manifests', other));
    await writeFile(join(folder, cloudNames.manifest(other, 1)), forged);
    await lay(genuine);
    await lay(planted);
    await lay(uploaded('in no list'));
    expect(await rebuild()).toMatchObject({ images: 1, added: 1 });
    expect(events).toContainEqual(
      expect.objectContaining({
        tag: 'problem',
        problem: expect.objectContaining({ code: 'manifest-broken' }) as object,
      }),
    );
  });

  it('calls an image of another size missing, and takes the repaired copy where there is one', async () => {
    const cut = uploaded('cut');
    const damaged = uploaded('damaged');
    const repaired = uploaded('damaged', '1', 1);
    await manifests.writeChain(store, old, [[cut, damaged], [repaired]]);
    await lay(cut, cut.proof.sizeBytes - 1);
    await lay(damaged);
    await lay(repaired);
    expect(await rebuild()).toMatchObject({ images: 2, added: 2, missing: 1 });
    expect(queue.instance(damaged.objectName)?.deliveries).toMatchObject([
      { state: 'verified', objectSha256: repaired.proof.objectSha256 },
    ]);
    expect(queue.instance(cut.objectName)?.state).toBe('parked');
  });

  it('stops between two transactions when it is cancelled, keeps what it has, and goes on when run again', async () => {
    const images = Array.from({ length: 300 }, (_, index) => uploaded(`n${index}`));
    await manifests.writeChain(store, old, [images]);
    const cancel = new AbortController();
    const add = queue.queue.rebuilt.add.bind(queue.queue.rebuilt);
    queue.queue.rebuilt.add = (...args) => {
      cancel.abort(new Error('cancelled'));
      return add(...args);
    };
    await expect(rebuild(cancel.signal)).rejects.toThrow('cancelled');
    expect(queue.queue.status().received).toBe(250);
    expect(await rebuild()).toMatchObject({ images: 300, added: 50, known: 250 });
    expect(queue.queue.checkConsistency()).toEqual([]);
  });
});

describe('the place of a study among the others', () => {
  const nowMs = Date.UTC(2026, 0, 5, 9);

  it.each([
    [{ studyDate: '20251224', studyTime: '101500.000' }, Date.UTC(2025, 11, 24, 10, 15)],
    [{ studyDate: '2025.12.24' }, Date.UTC(2025, 11, 24)],
    [{ studyDate: '20990101' }, nowMs],
    [{ studyDate: 'none' }, nowMs],
    [{}, nowMs],
  ])('is its date, unless that cannot be: %j', (details, expected) => {
    expect(madeAtMs(details, nowMs)).toBe(expected);
  });
});
