import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../../test/fakes/memory-store.ts';
import { ManifestKit, once, uploaded } from '../../../../test/support/manifest-kit.ts';
import { cloudNames } from '../cloud/cloud-store.ts';
import type { UploadedInstance } from '../queue/queue-types.ts';
import { snapshotName } from '../upload/manifest-snapshot.ts';
import { sealBytes } from '../upload/manifest-writer.ts';
import { maxManifestBytes } from '../upload/manifest.ts';
import { compactChain } from './compact-chain.ts';
import { readManifestChains, type ChainReading, type ManifestChains } from './manifest-chains.ts';

const front = 'aa'.repeat(16);
const back = 'bb'.repeat(16);

let kit: ManifestKit;
let store: MemoryStore;

beforeEach(() => {
  kit = new ManifestKit();
  store = new MemoryStore();
});

function read(reading?: ChainReading, from = store): Promise<ManifestChains> {
  return readManifestChains(from, kit.restoreKeys, once, undefined, reading);
}

function compact(upTo: number, entriesPerPart = 2, from = store, installationId = front) {
  return compactChain({
    store: from,
    keys: kit.restoreKeys,
    sealers: kit.sealers,
    installationId,
    archiveId: kit.keys.archiveId,
    upTo,
    entriesPerPart,
    read: once,
    signal: new AbortController().signal,
  });
}

/** Lists of one image each. */
function chainOf(count: number, mark = ''): UploadedInstance[][] {
  return Array.from({ length: count }, (_, index) => [uploaded(`${mark}${index + 1}`)]);
}

const name = (sequence: number, installationId = front): string =>
  cloudNames.manifest(installationId, sequence);
const told = ({ problems }: ManifestChains): string[] => problems.map(({ report }) => report.message);
const plain = ({ entries, repaired }: ManifestChains) => ({
  entries: [...entries].sort(([a], [b]) => (a < b ? -1 : 1)),
  repaired: [...repaired].sort(([a], [b]) => (a < b ? -1 : 1)),
});

describe('chains of lists in a cloud that may do anything to them', () => {
  it('have nothing wrong with them when nobody touched them, and say where they end', async () => {
    const last = await kit.writeChain(store, front, chainOf(3));
    await kit.writeChain(store, back, chainOf(1, 'b'));
    const chains = await read();
    expect(chains.problems).toEqual([]);
    expect(chains.entries.size).toBe(4);
    expect(chains.chains).toMatchObject([
      { installationId: front, sequence: 3, sha256: last, lists: 3, entries: 3, snapshot: null },
      { installationId: back, sequence: 1, lists: 1 },
    ]);
  });

  it('tell a list that was deleted', async () => {
    await kit.writeChain(store, front, chainOf(4));
    store.objects.delete(name(2));
    store.objects.delete(name(3));
    const chains = await read();
    expect(told(chains)).toEqual([expect.stringContaining('numbers 2 to 3 are missing')]);
    expect(chains.entries.size).toBe(2);
  });

  it('cannot tell that the newest were deleted, but show number and date to compare', async () => {
    await kit.writeChain(store, front, chainOf(4));
    store.objects.delete(name(4));
    const chains = await read();
    expect(chains.problems).toEqual([]);
    expect(chains.heads).toMatchObject([{ sequence: 3, createdAt: '2026-09-21T14:13:23.000Z' }]);
  });

  it('tell an older list put in the place of a newer one, as a number that is there twice', async () => {
    await kit.writeChain(store, front, chainOf(3));
    store.objects.set(name(3), store.objects.get(name(2))!);
    expect(told(await read())).toEqual([expect.stringContaining('it says it is number 2')]);
  });

  it('tell a fork: another list, valid in itself, under a number that others build on', async () => {
    const three = chainOf(3);
    await kit.writeChain(store, front, three);
    const other = new MemoryStore();
    const first = store.objects.get(name(1))!;
    const previousSha256 = createHash('sha256').update(first).digest('hex');
    await kit.writeChain(other, front, [[uploaded('other')]], { sequence: 2, previousSha256 });
    store.objects.set(name(2), other.objects.get(name(2))!);
    const chains = await read();
    expect(told(chains)).toEqual([expect.stringContaining('does not follow the one before')]);
    expect(chains.entries.size).toBe(3);
  });

  it('tell lists that were exchanged between installations', async () => {
    await kit.writeChain(store, front, chainOf(2));
    await kit.writeChain(store, back, chainOf(2, 'b'));
    const [mine, theirs] = [store.objects.get(name(1))!, store.objects.get(name(1, back))!];
    store.objects.set(name(1), theirs);
    store.objects.set(name(1, back), mine);
    const problems = told(await read());
    expect(problems.filter((one) => one.includes('moved from another place'))).toHaveLength(2);
  });

  it('take nothing from a list that somebody made without the archive key', async () => {
    await kit.writeChain(store, front, chainOf(1));
    const stranger = new ManifestKit();
    const header = { installationId: front, sequence: 2, previousSha256: 'cc'.repeat(32) };
    const planted = kit.sealed(header, [uploaded('planted')], (bytes) => stranger.keys.manifestMac(bytes));
    store.objects.set(name(2), planted);
    const bare = sealBytes(kit.sealers, Buffer.from('{"format":"edge-sync-manifest"}\n'));
    store.objects.set(name(3), bare);
    const chains = await read();
    expect(told(chains)).toEqual([
      expect.stringContaining('its proof is wrong'),
      expect.stringContaining('its proof is missing'),
    ]);
    expect([...chains.entries.keys()]).toEqual([uploaded('1').objectName]);
    expect(chains.heads).toMatchObject([{ sequence: 1 }]);
  });

  it('are not held up by a giant one, which is not even read', async () => {
    await kit.writeChain(store, front, chainOf(1));
    store.objects.set(name(2), Buffer.alloc(maxManifestBytes + 1));
    store.reads.length = 0;
    expect(told(await read())).toEqual([expect.stringContaining('it is too large')]);
    expect(store.reads).toEqual([name(1)]);
  });

  it('know both copies of an object: the one under its own name and the repaired one', async () => {
    await kit.writeChain(store, front, [[uploaded('1')], [uploaded('1', '1', 1)]]);
    const { entries, repaired } = await read();
    const { objectName } = uploaded('1');
    expect(entries.get(objectName)).toMatchObject({
      objectSha256: uploaded('1').proof.objectSha256,
    });
    expect(entries.get(objectName)).not.toHaveProperty('repair');
    expect(repaired.get(objectName)).toMatchObject([
      { repair: 1, objectSha256: uploaded('1', '1', 1).proof.objectSha256 },
    ]);
  });
});

describe('a snapshot of a chain', () => {
  it('stands for the lists before it: only those after it, and the one it ends with, are read', async () => {
    await kit.writeChain(store, front, chainOf(7));
    const facts = await compact(5);
    expect(facts).toMatchObject({ sequence: 5, parts: 3, entries: 5 });
    store.reads.length = 0;
    const chains = await read();
    expect(chains.problems).toEqual([]);
    expect(chains.entries.size).toBe(7);
    expect(chains.chains).toMatchObject([{ sequence: 7, lists: 7, entries: 7, snapshot: { sequence: 5 } }]);
    expect(store.reads).toEqual([
      ...[1, 2, 3].map((part) => snapshotName(front, 5, part)),
      ...[5, 6, 7].map((sequence) => name(sequence)),
    ]);
    expect(told(await read('everything'))).toEqual([]);
  });

  it('is gone on with when its writer was interrupted, and the next one builds on it', async () => {
    await kit.writeChain(store, front, chainOf(9));
    await compact(5);
    const kept = store.objects.get(snapshotName(front, 5, 1))!;
    store.objects.delete(snapshotName(front, 5, 3));
    expect(await compact(5)).toMatchObject({ parts: 3, entries: 5 });
    expect(store.objects.get(snapshotName(front, 5, 1))).toBe(kept);
    store.reads.length = 0;
    expect(await compact(8)).toMatchObject({ sequence: 8, parts: 4, entries: 8 });
    expect(store.reads).not.toContain(name(5));
    expect((await read('everything')).problems).toEqual([]);
  });

  it('is made of a chain that is whole and nothing else', async () => {
    await kit.writeChain(store, front, chainOf(4));
    store.objects.set(name(2), store.objects.get(name(3))!);
    await expect(compact(4)).rejects.toMatchObject({ code: 'manifest-broken' });
    expect([...store.objects.keys()].filter((one) => one.includes('compact'))).toEqual([]);
  });

  it.each([
    ['missing', (bytes: Buffer) => bytes.subarray(0, 0)],
    [
      'changed',
      (bytes: Buffer) => Buffer.from(bytes.map((one, at) => (at === bytes.length - 40 ? one ^ 1 : one))),
    ],
  ])('gives way to the lists when a part is %s', async (what, change) => {
    await kit.writeChain(store, front, chainOf(6));
    await compact(5);
    const part = snapshotName(front, 5, 2);
    if (what === 'missing') store.objects.delete(part);
    else store.objects.set(part, change(store.objects.get(part)!));
    const chains = await read();
    expect(chains.entries.size).toBe(6);
    expect(told(chains)).toHaveLength(1);
    expect(chains.chains).toMatchObject([{ sequence: 6, snapshot: null }]);
  });

  it('of an earlier day put in the place of a newer one is told, and the lists after it still count', async () => {
    await kit.writeChain(store, front, chainOf(8));
    await compact(4);
    await compact(8);
    for (let part = 1; part <= 4; part += 1) {
      const older = store.objects.get(snapshotName(front, 4, part));
      if (older === undefined) store.objects.delete(snapshotName(front, 8, part));
      else store.objects.set(snapshotName(front, 8, part), older);
    }
    const chains = await read();
    expect(told(chains)).toEqual([expect.stringContaining('it was moved from another place')]);
    expect(chains.entries.size).toBe(8);
    expect(chains.chains).toMatchObject([{ sequence: 8, snapshot: { sequence: 4 } }]);
  });

  it('remembers lists that were deleted: what they said, and that they are gone', async () => {
    await kit.writeChain(store, front, chainOf(6));
    await compact(5);
    for (const sequence of [2, 5, 6]) store.objects.delete(name(sequence));
    for (const reading of ['newest-snapshot', 'everything'] as const) {
      const chains = await read(reading);
      expect(chains.entries.size).toBe(5);
      expect(told(chains)).toEqual([
        expect.stringContaining('number 2 is missing'),
        expect.stringContaining('number 5 is missing'),
      ]);
      expect(chains.heads).toMatchObject([{ sequence: 5 }]);
    }
    for (const sequence of [1, 3, 4]) store.objects.delete(name(sequence));
    const chains = await read();
    expect(chains.entries.size).toBe(5);
    expect(told(chains)).toEqual([expect.stringContaining('numbers 1 to 5 are missing')]);
  });

  it('of another chain with the same numbers is told by the list it ends with', async () => {
    const other = new MemoryStore();
    await kit.writeChain(other, front, chainOf(3, 'other'));
    await compact(3, 5, other);
    await kit.writeChain(store, front, chainOf(4));
    store.objects.set(snapshotName(front, 3, 1), other.objects.get(snapshotName(front, 3, 1))!);
    expect(told(await read())).toEqual([expect.stringContaining('not the one that the snapshot')]);
    expect(told(await read('everything'))).toContainEqual(
      expect.stringContaining('says something else than the lists'),
    );
  });

  it('never changes what a reader finds, whatever was snapshotted and whatever part of it is lost', async () => {
    const image = fc.tuple(
      fc.nat(20),
      fc.nat(3),
      fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    );
    const lists = fc.array(fc.array(image, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        lists,
        fc.array(fc.nat(11), { maxLength: 3 }),
        fc.integer({ min: 1, max: 6 }),
        fc.option(fc.nat(50), { nil: undefined }),
        async (images, snapshots, entriesPerPart, lost) => {
          const own = new MemoryStore();
          const written = images.map((list) =>
            list.map(([which, study, repair]) => uploaded(String(which), String(study), repair)),
          );
          await kit.writeChain(own, front, written);
          const without = await read('newest-snapshot', own);
          for (const at of snapshots) await compact(1 + (at % written.length), entriesPerPart, own);
          const parts = [...own.objects.keys()].filter((one) => one.includes('compact'));
          const victim = lost === undefined ? undefined : parts[lost % Math.max(parts.length, 1)];
          if (victim !== undefined) own.objects.delete(victim);
          expect(plain(await read('newest-snapshot', own))).toEqual(plain(without));
          expect(plain(await read('everything', own))).toEqual(plain(without));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keep what was stored anew under its own name with other bytes, beside the first', async () => {
    const anew = uploaded('1');
    const stored = { ...anew, proof: { ...anew.proof, objectSha256: 'ef'.repeat(32), sizeBytes: 1234 } };
    await kit.writeChain(store, front, [[uploaded('1')], [stored], [uploaded('1')]]);
    const { entries, repaired } = await read();
    expect(entries.get(anew.objectName)?.objectSha256).toBe(anew.proof.objectSha256);
    expect(repaired.get(anew.objectName)).toMatchObject([{ objectSha256: 'ef'.repeat(32), sizeBytes: 1234 }]);
  });

  it('are read to an end where a listing has none, and names of others are not told for ever', async () => {
    await kit.writeChain(store, front, chainOf(1));
    const endless = new MemoryStore();
    endless.read = (one: string) => store.read(one);
    endless.list = async function* () {
      yield* store.list(cloudNames.manifests);
      for (let number = 0; ; number += 1) yield { name: `manifests/${number}`, sizeBytes: 1, etag: '' };
    };
    const chains = await read('newest-snapshot', endless);
    expect(chains.entries.size).toBe(1);
    expect(told(chains)[0]).toContain('too many names');
    expect(chains.problems.length).toBeLessThan(2000);
  });
});
