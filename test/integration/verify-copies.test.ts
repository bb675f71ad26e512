/** Cloud copies looked at after their upload: bad ones are stored again while a good one is left, and told otherwise. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { withGuard } from '../../src/main/engine/verify-calls.ts';
import { EvictionGuard } from '../../src/main/engine/verify/eviction-guard.ts';
import { readManifestChains } from '../../src/main/engine/restore/manifest-chains.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { once } from '../support/manifest-kit.ts';
import { findInstance } from '../support/queue-kit.ts';
import { azureStore, bytesOf, namesIn, testImage, UploadRig } from '../support/upload-rig.ts';
import { VerifyRig } from '../support/verify-rig.ts';

let azurite: Azurite;
let container: string;
let rig: UploadRig;
let eyes: VerifyRig;
let store: CloudStore;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

const connect = (): Promise<CloudStore> => Promise.resolve(azureStore(azurite.connectionString(), container));

beforeEach(async () => {
  container = await azurite.makeContainer();
  rig = await UploadRig.open();
  eyes = new VerifyRig(rig, connect);
  store = await connect();
});
afterEach(async () => {
  await store.close();
  await rig.dispose();
});

const blob = (name: string) => azurite.container(container).getBlockBlobClient(name);
const codes = () => rig.queue.status().incidents.map(({ code }) => code);

async function putThere(name: string, bytes: Buffer): Promise<void> {
  await blob(name).upload(bytes, bytes.length);
}

/** Received, uploaded, verified: object names in order. */
async function archive(...names: readonly string[]): Promise<readonly string[]> {
  const objects: string[] = [];
  for (const name of names) objects.push(await rig.receive(testImage(name)));
  rig.stage(connect).start();
  await rig.untilVerified(names.length);
  return objects;
}

async function evict(objectName: string): Promise<void> {
  const object = rig.queue
    .evictable(Number.MAX_SAFE_INTEGER, 100)
    .find(({ spoolId }) => spoolId === findInstance(rig.queue, objectName)?.spoolId);
  if (object === undefined) throw new Error('it cannot be evicted');
  expect(await rig.queue.markEvicted(object)).toBe(true);
  await rig.spool.remove(object.spoolId);
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

async function entriesOf(objectName: string) {
  const { entries, repaired } = await readManifestChains(store, rig.restoreKeys, once);
  return { first: entries.get(objectName), repaired: repaired.get(objectName) };
}

describe('a look at everything', () => {
  it('finds good what is good, says so of every copy, and changes nothing', async () => {
    await archive('1', '2', '3');
    const { progress, problems } = await eyes.look();
    expect(progress).toMatchObject({ total: 3, checked: 3, good: 3, missing: 0, damaged: 0, unlisted: 0 });
    expect(progress.bytes).toBeGreaterThan(3 * 2000);
    expect(problems).toEqual([]);
    expect(rig.queue.status()).toMatchObject({ verified: 3, incidents: [] });
    expect(rig.queue.verification.facts()).toMatchObject([
      { copies: 3, everChecked: 3, checked: 3, troubled: 0, lastResult: 'good', runStartedAtMs: null },
    ]);
  });

  it('goes on where it was interrupted, and begins anew when asked to', async () => {
    await archive('1', '2', '3', '4', '5', '6');
    const stop = new AbortController();
    let reads = 0;
    const slow = new VerifyRig(rig, async () => {
      const opened = await connect();
      const read = opened.read.bind(opened);
      opened.read = (name, signal) => {
        if (name.startsWith('objects/') && (reads += 1) === 5) stop.abort(new Error('Ctrl-C'));
        return read(name, signal);
      };
      return opened;
    });
    const broken = slow.look({ tag: 'all', from: 'start' }, { signal: stop.signal });
    await expect(broken).rejects.toMatchObject({ code: 'cancelled' });
    const done = rig.queue.verification.facts()[0]?.everChecked ?? 0;
    expect(done).toBeLessThan(6);
    expect(rig.queue.verification.facts()[0]?.runStartedAtMs).not.toBeNull();
    const rest = await eyes.look({ tag: 'all', from: 'go-on' });
    expect(rest.events).toContainEqual(expect.objectContaining({ tag: 'resumed', done }));
    expect(rest.progress).toMatchObject({ total: 6 - done, good: 6 - done });
    expect((await eyes.look({ tag: 'all', from: 'start' })).progress).toMatchObject({ total: 6, good: 6 });
  });

  it('takes so many of a hundred, or one study', async () => {
    await archive('1', '2', '3', '4', '5');
    await rig.receive(testImage('other', '2'));
    await rig.untilVerified(6);
    expect((await eyes.look({ tag: 'sample', percent: 50 })).progress).toMatchObject({ total: 3, good: 3 });
    expect((await eyes.look({ tag: 'sample', percent: 0.1 })).progress).toMatchObject({ total: 1, good: 1 });
    const study = { tag: 'study', studyInstanceUid: '1.2.826.1.2' } as const;
    expect((await eyes.look(study)).progress).toMatchObject({ total: 1, good: 1 });
  });

  it('tells a wrong container as what it is, and calls no copy bad', async () => {
    await archive('1');
    const elsewhere = await azurite.makeContainer();
    const lost = new VerifyRig(rig, () => Promise.resolve(azureStore(azurite.connectionString(), elsewhere)));
    await expect(lost.look()).rejects.toMatchObject({ code: 'manifest-broken' });
    expect(rig.queue.status()).toMatchObject({ verified: 1, parked: 0 });
  });

  it('tells an image that the list names otherwise', async () => {
    const [first = ''] = await archive('1');
    const name = cloudNames.manifest(rig.queue.installationId, 1);
    await rig.receive(testImage('2'));
    await rig.untilVerified(2);
    await putThere(name, Buffer.from('another list'));
    const { progress, problems } = await eyes.look();
    expect(progress).toMatchObject({ good: 2, unlisted: 1 });
    expect(problems).toMatchObject([{ code: 'manifest-broken', object: name }]);
    expect(first).not.toBe('');
  });
});

describe('a copy that is gone from the cloud', () => {
  it('is stored under its own name again while this PC has the image, told, and verified as before', async () => {
    const [objectName = ''] = await archive('1');
    await blob(cloudNames.object(objectName)).delete();
    const { progress, problems } = await eyes.look();
    expect(progress).toMatchObject({ good: 0, missing: 1, mending: 1, lost: 0 });
    expect(problems).toMatchObject([{ code: 'cloud-copy-missing' }]);
    await rig.untilVerified(1);
    expect(codes()).toEqual(['cloud-copy-mending']);
    await eyes.verifier.settleMended();
    expect(codes()).toEqual(['cloud-copy-mended']);
    expect(await namesIn(store, 'objects/')).toEqual([cloudNames.object(objectName)]);
    expect((await eyes.look()).progress).toMatchObject({ good: 1, unlisted: 0 });
    expect(eyes.audited.map(({ action }) => action)).toEqual(['copy-damaged', 'copy-mended']);
    expect(rig.queue.checkConsistency()).toEqual([]);
  });

  it('counts as verified no more, so that its local copy stays', async () => {
    const [objectName = ''] = await archive('1');
    await Promise.all(rig.stages.map((stage) => stage.stop()));
    expect(rig.queue.evictable(Number.MAX_SAFE_INTEGER, 10)).toHaveLength(1);
    const before = rig.queue.evictable(Number.MAX_SAFE_INTEGER, 10)[0]!;
    await blob(cloudNames.object(objectName)).delete();
    await eyes.look();
    expect(rig.queue.status()).toMatchObject({ verified: 0, pending: 1 });
    expect(rig.queue.evictable(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
    // Chosen before the look, tidied after it: too late.
    expect(await rig.queue.markEvicted(before)).toBe(false);
  });

  it('is called lost when nobody has the image, with the study by its opaque id, until it is there again', async () => {
    const [objectName = ''] = await archive('1');
    const name = cloudNames.object(objectName);
    const bytes = await bytesOf(store, name);
    await evict(objectName);
    await blob(name).delete();
    const { progress } = await eyes.look();
    expect(progress).toMatchObject({ missing: 1, mending: 0, lost: 1 });
    const studyId = rig.queue.studies(1)[0]?.id ?? '';
    expect(rig.queue.status()).toMatchObject({
      verified: 0,
      parked: 1,
      failures: [{ code: 'cloud-copy-lost', count: 1 }],
      incidents: [{ code: 'cloud-copy-lost', detail: `study ${studyId}` }],
    });
    expect(eyes.audited.map(({ action, subject }) => [action, subject])).toEqual([
      ['copy-damaged', studyId],
      ['copy-lost', studyId],
    ]);

    // The provider undeletes it.
    await putThere(name, bytes);
    expect((await eyes.look()).progress).toMatchObject({ total: 1, good: 1 });
    expect(rig.queue.status()).toMatchObject({ verified: 1, parked: 0, failures: [] });
    expect(codes()).toEqual(['cloud-copy-mended']);
    expect(rig.queue.checkConsistency()).toEqual([]);
  });

  it('is stored again from a resend of the device', async () => {
    const image = testImage('1');
    const objectName = await rig.receive(image);
    rig.stage(connect).start();
    await rig.untilVerified(1);
    await evict(objectName);
    await blob(cloudNames.object(objectName)).delete();
    await eyes.look();
    expect(await rig.receive(image)).toBe(objectName);
    await rig.untilVerified(1);
    await eyes.verifier.settleMended();
    expect(codes()).toEqual(['cloud-copy-mended']);
    expect((await eyes.look()).progress).toMatchObject({ good: 1 });
  });
});

describe('a copy that is damaged in the cloud', () => {
  it.each([
    ['a bit of its ciphertext', (bytes: Buffer) => flipped(bytes, bytes.length - 100)],
    ['its end', (bytes: Buffer) => bytes.subarray(0, -20)],
    ['everything', () => Buffer.from('something else')],
    ['a recipient, so that it opens here all the same', (bytes: Buffer) => flipped(bytes, 24)],
  ])('in %s gets a good one beside it, and nothing is overwritten', async (_what, change) => {
    const [objectName = ''] = await archive('1');
    const own = cloudNames.object(objectName);
    const good = await bytesOf(store, own);
    const bad = change(good);
    await putThere(own, bad);
    const { progress } = await eyes.look();
    expect(progress).toMatchObject({ good: 0, damaged: 1, mending: 1 });
    await rig.untilVerified(1);
    await eyes.verifier.settleMended();

    const repaired = cloudNames.repairedObject(objectName, 1);
    expect((await bytesOf(store, own)).equals(bad)).toBe(true);
    expect((await bytesOf(store, repaired)).equals(good)).toBe(true);
    const { first, repaired: copies } = await entriesOf(objectName);
    expect(first).toMatchObject({ objectName, sizeBytes: good.length });
    expect(first).not.toHaveProperty('repair');
    expect(copies).toMatchObject([{ repair: 1, sizeBytes: good.length }]);
    expect(codes()).toEqual(['cloud-copy-mended']);
    expect((await eyes.look()).progress).toMatchObject({ good: 1, damaged: 0, unlisted: 0 });
  });

  it('gets the next name when the good one beside it is damaged too', async () => {
    const [objectName = ''] = await archive('1');
    for (const [round, name] of [
      cloudNames.object(objectName),
      cloudNames.repairedObject(objectName, 1),
    ].entries()) {
      await putThere(name, Buffer.from(`damage ${round}`));
      expect((await eyes.look()).progress).toMatchObject({ damaged: 1, mending: 1 });
      await rig.untilVerified(1);
      await eyes.verifier.settleMended();
    }
    expect(await namesIn(store, 'objects/')).toEqual([
      cloudNames.object(objectName),
      cloudNames.repairedObject(objectName, 1),
      cloudNames.repairedObject(objectName, 2),
    ]);
    expect((await eyes.look()).progress).toMatchObject({ good: 1 });
  });

  it('is not mended from a local copy that is damaged too', async () => {
    const [objectName = ''] = await archive('1');
    const spoolId = findInstance(rig.queue, objectName)?.spoolId ?? '';
    const own = cloudNames.object(objectName);
    await putThere(own, Buffer.from('damage'));
    await rig.spool.remove(spoolId);
    expect((await eyes.look()).progress).toMatchObject({ damaged: 1, mending: 0, lost: 1 });
    expect(await namesIn(store, 'objects/')).toEqual([own]);
  });

  it('exchanged for another valid object is told, and both are mended', async () => {
    const [one = '', two = ''] = await archive('1', '2');
    const [a, b] = [
      await bytesOf(store, cloudNames.object(one)),
      await bytesOf(store, cloudNames.object(two)),
    ];
    await putThere(cloudNames.object(one), b);
    await putThere(cloudNames.object(two), a);
    expect((await eyes.look()).progress).toMatchObject({ damaged: 2, mending: 2 });
    await rig.untilVerified(2);
    expect((await eyes.look()).progress).toMatchObject({ good: 2 });
  });
});

describe('an image with a good copy at another destination', () => {
  it('is brought back from there and stored again', async () => {
    const second = await azurite.makeContainer();
    const connectTo = (name: string): Promise<CloudStore> =>
      Promise.resolve(azureStore(azurite.connectionString(), name === 'cloud' ? container : second));
    rig.queue.setDestinations([
      { name: 'cloud', required: true },
      { name: 'second', required: false },
    ]);
    const both = new VerifyRig(rig, connectTo, ['cloud', 'second']);
    const objectName = await rig.receive(testImage('1'));
    rig.stage(() => connectTo('cloud')).start();
    rig.stage(() => connectTo('second'), { destination: 'second' }).start();
    await rig.until(() => rig.queue.evictable(Number.MAX_SAFE_INTEGER, 1).length === 1);
    await evict(objectName);
    await blob(cloudNames.object(objectName)).delete();
    expect((await both.look()).progress).toMatchObject({
      total: 2,
      good: 1,
      missing: 1,
      mending: 1,
      lost: 0,
    });
    await rig.untilVerified(1);
    await rig.until(() => rig.queue.evictable(Number.MAX_SAFE_INTEGER, 1).length === 1);
    expect((await both.look()).progress).toMatchObject({ total: 2, good: 2 });
    expect(rig.queue.checkConsistency()).toEqual([]);
  });
});

describe('the last copy on this PC', () => {
  it('stays when the cloud copy is not there or cannot be asked for, and that copy is looked at next', async () => {
    const [one = '', two = '', three = ''] = await archive('1', '2', '3');
    await blob(cloudNames.object(one)).delete();
    await putThere(cloudNames.object(two), Buffer.from('cut off'));
    const scrub = eyes.scrub();
    const guardWith = (to: () => Promise<CloudStore>): EvictionGuard =>
      new EvictionGuard({
        rows: rig.queue.verification,
        destinations: ['cloud'],
        connect: to,
        onSuspect: (copy) => scrub.suspect(copy),
        clock: rig.clock,
        logger: rig.logger,
      });
    const offline = guardWith(() => Promise.reject(new EdgeSyncError('cloud-unreachable')));
    const guard = guardWith(connect);
    const queue = withGuard(rig.queue, guard);
    const objects = rig.queue.evictable(Number.MAX_SAFE_INTEGER, 10);
    for (const object of objects) expect(await offline.mayGo(object)).toBe(false);
    const gone: string[] = [];
    for (const object of objects) if (await queue.markEvicted(object)) gone.push(object.spoolId);
    expect(gone).toHaveLength(1);
    expect(findInstance(rig.queue, three)?.spoolId).toBeNull();
    await guard.close();
    await scrub.round('cloud');
    await rig.untilVerified(3);
    await scrub.stop();
    expect((await eyes.look()).progress).toMatchObject({ good: 3 });
  });
});

describe('the background look', () => {
  it('takes one copy at a time, oldest proof first, and stands back while anything is being stored', async () => {
    await archive('1', '2', '3');
    let standing: 'ok' | 'busy' | 'paused' = 'busy';
    const scrub = eyes.scrub({ standing: () => standing });
    await scrub.round('cloud');
    standing = 'paused';
    await scrub.round('cloud');
    expect(rig.queue.verification.facts()).toMatchObject([{ checked: 0 }]);
    standing = 'ok';
    await scrub.round('cloud');
    expect(rig.queue.verification.facts()).toMatchObject([{ checked: 1, everChecked: 1 }]);
    // The next is due in an hour.
    await scrub.round('cloud');
    expect(rig.queue.verification.facts()).toMatchObject([{ checked: 1 }]);
    await scrub.stop();
  });

  it('has a damaged copy stored again without anybody asking', async () => {
    const [objectName = ''] = await archive('1');
    await putThere(cloudNames.object(objectName), Buffer.from('damage'));
    const scrub = eyes.scrub();
    await scrub.round('cloud');
    await rig.untilVerified(1);
    await scrub.round('cloud');
    expect(codes()).toEqual(['cloud-copy-mended']);
    expect(rig.queue.verification.facts()).toMatchObject([{ mended: 1, troubled: 0, foundDamaged: 1 }]);
    await scrub.stop();
  });

  it('takes up after a crash what was found bad and not yet settled', async () => {
    const [objectName = ''] = await archive('1');
    await Promise.all(rig.stages.splice(0).map((stage) => stage.stop()));
    await blob(cloudNames.object(objectName)).delete();
    const copy = rig.queue.verification.oldest('cloud', 1)[0]!;
    expect(await rig.queue.verification.markBad(copy, 'missing')).toBe(true);
    expect(rig.queue.status()).toMatchObject({ parked: 1, failures: [{ code: 'cloud-copy-missing' }] });
    const scrub = eyes.scrub();
    await scrub.round('cloud');
    rig.stage(connect).start();
    await rig.untilVerified(1);
    await scrub.stop();
    expect(await namesIn(store, 'objects/')).toEqual([cloudNames.object(objectName)]);
  });
});

it('leaves no plaintext of an image that is brought back or looked at', async () => {
  const [objectName = ''] = await archive('1');
  await eyes.look();
  await writeFile(join(rig.dir, 'marker'), objectName);
  const { readdir, readFile } = await import('node:fs/promises');
  const files = await readdir(rig.dir, { recursive: true, withFileTypes: true });
  for (const file of files.filter((one) => one.isFile())) {
    const bytes = await readFile(join(file.parentPath, file.name));
    expect(bytes.includes('Canary^Upload')).toBe(false);
  }
});
