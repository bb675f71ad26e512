import { mkdir, rename, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { codeOf, KeyHome, type Moment } from '../../../../test/support/key-life.ts';
import { openOutcome } from '../../../../test/support/sealing.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { sealWhole } from '../seal/envelope-writer.ts';
import type { KeyRing } from './key-ring.ts';

const content = Buffer.from('content of an image');
const late = (): EdgeSyncError => new EdgeSyncError('keychain-unavailable', 'it did not answer in time');
let home: KeyHome;

beforeEach(async () => {
  home = await KeyHome.create();
});
afterEach(() => home.dispose());

/** Runs the change and gives every state of disk and key store that a crash during it could leave. */
async function momentsOf(change: () => Promise<unknown>): Promise<readonly Moment[]> {
  const moments = [await home.snapshot()];
  const look = async (): Promise<void> => void moments.push(await home.snapshot());
  home.store.before = look;
  home.store.after = look;
  await change();
  home.store.calm();
  moments.push(await home.snapshot());
  return moments;
}

async function atMoment(moment: Moment): Promise<KeyRing> {
  await writeFile(home.keysFile, moment.keysJson);
  home.store.entries.clear();
  for (const [name, bytes] of moment.entries) home.store.entries.set(name, bytes);
  return home.open({ sealedData: 'present' });
}

const changes: readonly (readonly [string, (ring: KeyRing) => Promise<unknown>])[] = [
  ['a new device key', (ring) => ring.rotateDeviceKey()],
  ['a new epoch', (ring) => ring.newEpoch()],
  [
    'the end of a replacement',
    async (ring) => ring.checkRecovery((await ring.replaceRecovery('begin')).words),
  ],
];

/** What takes a kit or a recipient out of force: each leaves keys of before that must not come back. */
const takings: readonly (readonly [string, (ring: KeyRing) => Promise<unknown>])[] = [
  ['a replacement is cancelled', (ring) => ring.cancelReplacement()],
  ['other words are made for a replacement', (ring) => ring.replaceRecovery('again')],
];

describe.each(changes)('%s', (_name, change) => {
  it('leaves keys that open wherever it is broken off', async () => {
    const { ring } = await home.enrolled();
    const sealed = sealWhole(ring.sealers, content);
    const moments = await momentsOf(() => change(ring));
    const different = new Set(moments.map((one) => one.keysJson.toString('latin1')));
    expect(different.size).toBeGreaterThanOrEqual(4);
    for (const [index, moment] of moments.entries()) {
      const again = await atMoment(moment);
      expect(openOutcome(again.openers, sealed, content), `moment ${index}`).toBe('ok');
      expect(again.recoveryState).toBe('proven');
      // What was left over is gone, and the next change works.
      expect([...home.store.entries.keys()], `moment ${index}`).toEqual([again.facts.deviceKey.entry]);
      await again.rotateDeviceKey();
    }
  });

  it('loses nothing when the key store fails at any of its calls', async () => {
    const { ring } = await home.enrolled();
    const start = await home.snapshot();
    const sealed = sealWhole(ring.sealers, content);
    const gotThrough = new Set<string>();
    for (const place of ['before', 'after'] as const) {
      for (let failing = 0; failing < 40 && !gotThrough.has(place); failing += 1) {
        const opened = await atMoment(start);
        let call = -1;
        home.store[place] = () => {
          call += 1;
          if (call >= failing) throw late();
        };
        const outcome = await codeOf(change(opened));
        home.store.calm();
        expect(['ok', 'keychain-unavailable'], `${place} call ${failing}`).toContain(outcome);
        // The engine that goes on has keys it could use still, and so has the next one.
        expect(openOutcome(opened.openers, sealWhole(opened.sealers, content), content)).toBe('ok');
        const again = await home.open({ sealedData: 'present' });
        expect(openOutcome(again.openers, sealed, content), `${place} call ${failing}`).toBe('ok');
        await again.rotateDeviceKey();
        expect(home.store.entries.size).toBe(1);
        if (call < failing) gotThrough.add(place);
      }
    }
    expect([...gotThrough]).toEqual(['before', 'after']);
  });

  it('loses nothing when the disk fails at any of its writes', async () => {
    const { ring } = await home.enrolled();
    const start = await home.snapshot();
    const sealed = sealWhole(ring.sealers, content);
    for (const place of ['before', 'after'] as const) {
      for (const kind of ['read', 'write', 'remove'] as const) {
        const opened = await atMoment(start);
        const away: string[] = [];
        home.store[place] = async (call) => {
          if (call !== kind || away.length > 0) return;
          away.push(kind);
          await rename(home.dataDir, `${home.dataDir}.away`);
        };
        const outcome = await codeOf(change(opened));
        home.store.calm();
        if (away.length > 0) await rename(`${home.dataDir}.away`, home.dataDir);
        expect(['ok', 'data-dir-not-writable']).toContain(outcome);
        const again = await home.open({ sealedData: 'present' });
        expect(openOutcome(again.openers, sealed, content), `${place} ${kind}`).toBe('ok');
        await opened.rotateDeviceKey();
        expect((await home.open({ sealedData: 'present' })).archiveId).toBe(ring.archiveId);
      }
    }
  });
});

describe('a key store that answers late', () => {
  it('cannot put its old write over a key that is in use', async () => {
    const { ring } = await home.enrolled();
    const sealed = sealWhole(ring.sealers, content);
    const lateWrites: (() => void)[] = [];
    home.store.before = (call, name) => {
      if (call !== 'write') return;
      lateWrites.push(() => home.store.entries.set(name, Buffer.alloc(32, 0xee)));
      throw late();
    };
    expect(await codeOf(ring.rotateDeviceKey())).toBe('keychain-unavailable');
    home.store.calm();
    await ring.rotateDeviceKey();
    expect(lateWrites).toHaveLength(1);
    for (const write of lateWrites) write();
    const again = await home.open({ sealedData: 'present' });
    expect(openOutcome(again.openers, sealed, content)).toBe('ok');
  });

  it('that did not keep what was written is not relied on', async () => {
    const { ring } = await home.enrolled();
    const before = ring.facts.deviceKey.entry;
    home.store.after = (call, name) => {
      if (call === 'write') home.store.entries.set(name, Buffer.alloc(32, 1));
    };
    expect(await codeOf(ring.rotateDeviceKey())).toBe('keychain-unavailable');
    home.store.calm();
    expect((await home.open({ sealedData: 'present' })).facts.deviceKey.entry).toBe(before);
  });
});

describe('a copy of keys.json from before', () => {
  it.each(changes)('opens nothing after %s', async (_name, change) => {
    const { ring } = await home.enrolled();
    const { keysJson } = await home.snapshot();
    await change(ring);
    await writeFile(home.keysFile, keysJson);
    expect(await codeOf(home.open({ sealedData: 'present' }))).toBe('keychain-entry-missing');
  });

  it.each(takings)('does not bring back words that nobody may use any more, once %s', async (_name, take) => {
    const { ring } = await home.enrolled();
    await ring.replaceRecovery('begin');
    const { keysJson } = await home.snapshot();
    await take(ring);
    await writeFile(home.keysFile, keysJson);
    expect(await codeOf(home.open({ sealedData: 'present' }))).toBe('keychain-entry-missing');
  });
});

describe('a write of keys.json that was told as failed and lasts all the same', () => {
  it('never costs the entry that the file names', async () => {
    await home.enrolled();
    const twin = (): Promise<KeyRing> =>
      home.open({ sealedData: 'present', random: new FakeRandom('the same twice') });
    const inMemory = await twin();
    const onDisk = await twin();
    home.store.after = (call) => {
      if (call === 'write') throw late();
    };
    expect(await codeOf(inMemory.rotateDeviceKey())).toBe('keychain-unavailable');
    home.store.calm();
    // The same rotation once more, so that keys.json names the entry that the first one holds for of no use.
    const [unused = ''] = inMemory.facts.staleEntries;
    home.store.entries.delete(unused);
    home.store.before = (call) => {
      if (call === 'remove') throw late();
    };
    await onDisk.rotateDeviceKey();
    expect(onDisk.facts.deviceKey.entry).toBe(unused);
    home.store.calm();
    const afterRemovals: string[] = [];
    home.store.after = async (call) => {
      if (call === 'remove') afterRemovals.push(await openedAsItIs());
    };
    await inMemory.rotateDeviceKey();
    home.store.calm();
    expect(afterRemovals).toEqual(['ok', 'ok']);
    expect(home.store.entries.size).toBe(1);
    expect((await home.open({ sealedData: 'present' })).archiveId).toBe(inMemory.archiveId);
  });
});

/** Whether the keys open as they lie there in this moment, without touching them. */
async function openedAsItIs(): Promise<string> {
  const { keysJson, entries } = await home.snapshot();
  const copy = await KeyHome.create();
  try {
    await mkdir(copy.dataDir, { recursive: true });
    await writeFile(copy.keysFile, keysJson);
    for (const [name, bytes] of entries) copy.store.entries.set(name, bytes);
    return await codeOf(copy.open({ sealedData: 'present' }));
  } finally {
    await copy.dispose();
  }
}
