/** Restore from a real storage emulator: what comes back, what is told, and what an attacker of the cloud gets. */
import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RestoreEvent, RestoreSelection } from '../../src/shared/contract.ts';
import { restoreEventSchema } from '../../src/shared/contract.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { findArchiveKeyRecords } from '../../src/main/engine/restore/archive-key-records.ts';
import {
  restoreFromCloud,
  restoreLocal,
  type RestoreSummary,
} from '../../src/main/engine/restore/restore.ts';
import { restoreTarget, type TargetDeps } from '../../src/main/engine/restore/target.ts';
import { sealWhole } from '../../src/main/engine/seal/envelope-writer.ts';
import { wholeSource } from '../../src/main/engine/upload/manifest-writer.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { azureStore, bytesOf, namesIn, testImage, UploadRig, type TestImage } from '../support/upload-rig.ts';

const miB = 1024 * 1024;

describe('restore from the cloud', () => {
  let azurite: Azurite;
  let proxy: FaultProxy;
  let container: string;
  let prefixes = 0;
  let prefix = '';
  let store: CloudStore;
  let rig: UploadRig;
  let to: string;
  const toClose: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    azurite = await startAzurite();
    proxy = await startFaultProxy(azurite.port);
    container = await azurite.makeContainer();
  });
  afterEach(async () => {
    proxy.clear();
    for (const close of toClose.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await proxy.stop();
    await azurite.stop();
  });

  async function uploaded(images: readonly TestImage[], concurrency = 4): Promise<readonly string[]> {
    prefixes += 1;
    prefix = `r${prefixes}`;
    store = azureStore(azurite.connectionString(), container, prefix);
    rig = await UploadRig.open();
    to = await mkdtemp(join(tmpdir(), 'edge-sync-restored-'));
    toClose.push(
      () => store.close(),
      () => rig.dispose(),
      () => rm(to, { recursive: true, force: true }),
    );
    const names = [];
    for (const image of images) names.push(await rig.receive(image));
    rig
      .stage(() => Promise.resolve(azureStore(azurite.connectionString(), container, prefix)), {
        concurrency,
      })
      .start();
    await rig.untilVerified(images.length);
    return names;
  }

  /** Another list of the chain: what arrives now. */
  async function uploadMore(images: readonly TestImage[]): Promise<readonly string[]> {
    const before = rig.queue.status().verified;
    const names = [];
    for (const image of images) names.push(await rig.receive(image));
    await rig.untilVerified(before + images.length);
    return names;
  }

  async function restored(
    options: {
      readonly selection?: RestoreSelection;
      readonly store?: CloudStore;
      readonly signal?: AbortSignal;
      readonly where?: Parameters<typeof restoreTarget>[0];
      readonly unproven?: 'left-out';
      readonly concurrency?: number;
    } = {},
  ): Promise<{ readonly summary: RestoreSummary; readonly events: readonly RestoreEvent[] }> {
    const events: RestoreEvent[] = [];
    const summary = await restoreFromCloud({
      store: options.store ?? store,
      keys: rig.restoreKeys,
      selection: options.selection ?? { tag: 'all' },
      target: restoreTarget(options.where ?? { to }, targetDeps()),
      unproven: options.unproven,
      concurrency: options.concurrency,
      onEvent: (event) => events.push(restoreEventSchema.parse(event)),
      signal: options.signal ?? new AbortController().signal,
      clock: rig.clock,
      random: rig.random,
      logger: rig.logger,
    });
    return { summary, events };
  }

  const targetDeps = (): TargetDeps => ({
    clock: rig.clock,
    random: rig.random,
    signal: new AbortController().signal,
    journalMac: (bytes) => rig.keys.manifestMac(bytes),
    privateFolder: join(rig.dir, 'private'),
  });

  const problems = (events: readonly RestoreEvent[]): readonly string[] =>
    events.flatMap((event) =>
      event.tag === 'problem' ? [`${event.problem.code}: ${event.problem.message}`] : [],
    );

  async function files(): Promise<readonly string[]> {
    const all = await readdir(to, { recursive: true, withFileTypes: true });
    return all
      .filter((entry) => entry.isFile() && entry.name !== '.edge-sync-restore-journal')
      .map((entry) => join(entry.parentPath, entry.name).slice(to.length + 1))
      .sort();
  }

  const pathOf = ({ details }: TestImage): string =>
    `${details.studyInstanceUid}/${details.seriesInstanceUid}/${details.sopInstanceUid}.dcm`;

  /** Past our own code: puts other bytes under a name. */
  async function replace(name: string, bytes: Buffer | undefined): Promise<void> {
    const blob = azurite.container(container).getBlockBlobClient(`${prefix}/${name}`);
    if (bytes === undefined) await blob.delete();
    else await blob.upload(bytes, bytes.length);
  }

  it('brings every image back bit for bit under its UIDs, small and large', async () => {
    const images = [testImage('1'), testImage('2', '1', 9 * miB), testImage('3', '2')];
    await uploaded(images);
    const { summary, events } = await restored();
    expect(summary).toMatchObject({
      total: 3,
      restored: 3,
      missing: 0,
      damaged: 0,
      unproven: 0,
      chainProblems: 0,
    });
    expect(summary.heads).toMatchObject([{ installationId: rig.queue.installationId }]);
    expect(await files()).toEqual(images.map(pathOf).sort());
    for (const image of images)
      expect((await readFile(join(to, pathOf(image)))).equals(image.file)).toBe(true);
    expect(events.at(-1)).toMatchObject({ tag: 'progress', restored: 3, total: 3 });
  });

  it('finds the record of the archive key on the prefix', async () => {
    await uploaded([testImage('1')]);
    expect((await findArchiveKeyRecords(store, () => true)).map(String)).toEqual(['{"record":1}']);
  });

  it('brings one study back and leaves the others', async () => {
    const wanted = testImage('1', '7');
    await uploaded([wanted, testImage('2', '8')]);
    const { summary } = await restored({
      selection: { tag: 'study', studyInstanceUid: wanted.details.studyInstanceUid },
    });
    expect(summary).toMatchObject({ total: 1, restored: 1 });
    expect(await files()).toEqual([pathOf(wanted)]);
  });

  it('goes on where it stopped: what is there and identical is not fetched again', async () => {
    const images = [testImage('1'), testImage('2'), testImage('3')];
    await uploaded(images);
    await restored();
    await rm(join(to, pathOf(images[1]!)));
    const through = azureStore(azurite.connectionString(proxy.port), container, prefix);
    toClose.push(() => through.close());
    const before = proxy.requests.length;
    const { summary } = await restored({ store: through });
    expect(summary).toMatchObject({ total: 3, restored: 1, skipped: 2 });
    const fetched = proxy.requests
      .slice(before)
      .filter((one) => one.url.includes('/objects/') && one.method === 'GET');
    expect(fetched).toHaveLength(1);
  });

  it('keeps another file that has the name already, and puts the image beside it', async () => {
    const image = testImage('1');
    await uploaded([image]);
    const there = join(to, pathOf(image));
    await mkdir(join(there, '..'), { recursive: true });
    await writeFile(there, 'something else');
    await restored();
    expect(await readFile(there, 'utf8')).toBe('something else');
    expect((await readFile(there.replace('.dcm', '.2.dcm'))).equals(image.file)).toBe(true);
    expect((await restored()).summary).toMatchObject({ skipped: 1, restored: 0 });
  });

  it('keeps two different images with one UID apart', async () => {
    const images = [testImage('1'), testImage('1', '1', 3000)];
    await uploaded(images);
    await restored();
    const contents = await Promise.all((await files()).map((file) => readFile(join(to, file))));
    expect(contents.map((one) => one.length).sort()).toEqual(images.map((one) => one.file.length).sort());
  });

  it('names files by a hash when a UID is no UID', async () => {
    const image = testImage('1');
    const hostile = {
      ...image,
      details: { ...image.details, studyInstanceUid: '../../../outside', seriesInstanceUid: '..' },
    };
    await uploaded([hostile]);
    await restored();
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    expect(await files()).toEqual([
      `${sha256('../../../outside')}/${sha256('..')}/${image.details.sopInstanceUid}.dcm`,
    ]);
  });

  it('brings objects back that no manifest names, and counts them as unproven', async () => {
    const named = testImage('1');
    await uploaded([named]);
    const unnamed = testImage('2', '5');
    const name = rig.keys.objectName(unnamed.details);
    await store.putIfAbsent(cloudNames.object(name), wholeSource(sealWhole(rig.sealers, unnamed.file)));
    const { summary } = await restored();
    expect(summary).toMatchObject({ total: 2, restored: 2, unproven: 1 });
    expect((await readFile(join(to, pathOf(unnamed)))).equals(unnamed.file)).toBe(true);
    const { studyInstanceUid } = named.details;
    await rm(to, { recursive: true });
    expect((await restored({ selection: { tag: 'study', studyInstanceUid } })).summary).toMatchObject({
      total: 1,
      restored: 1,
      unproven: 0,
    });
  });

  it.each<[string, string, (sealed: Buffer, other: Buffer) => Buffer | undefined]>([
    ['is missing', 'object-missing', () => undefined],
    ['was cut short', 'object-truncated', (sealed) => sealed.subarray(0, sealed.length - 100)],
    [
      'was changed by one bit',
      'object-tampered',
      (sealed) =>
        Buffer.concat([sealed.subarray(0, -700), Buffer.from([sealed.at(-700)! ^ 1]), sealed.subarray(-699)]),
    ],
    ['was replaced by another valid object', 'object-tampered', (_sealed, other) => other],
    ['was replaced by something else', 'object-format', () => Buffer.from('nothing of ours')],
  ])(
    'restores the rest when one object %s, tells it, and leaves no trace of it',
    async (_name, code, change) => {
      const images = [testImage('1'), testImage('2'), testImage('3')];
      const names = await uploaded(images);
      const name = cloudNames.object(names[1]!);
      await replace(
        name,
        change(await bytesOf(store, name), await bytesOf(store, cloudNames.object(names[2]!))),
      );
      const { summary, events } = await restored();
      expect(summary).toMatchObject({ total: 3, restored: 2, missing: code === 'object-missing' ? 1 : 0 });
      expect(summary.missing + summary.damaged).toBe(1);
      expect(problems(events).map((one) => one.split(':')[0])).toEqual([code]);
      expect(await files()).toEqual([pathOf(images[0]!), pathOf(images[2]!)]);
    },
  );

  it('takes the copy that was put beside a damaged object, past others that are damaged too', async () => {
    const image = testImage('1');
    const [name] = await uploaded([image]);
    const good = await bytesOf(store, cloudNames.object(name!));
    await replace(cloudNames.object(name!), good.subarray(0, -3));
    await replace(cloudNames.repairedObject(name!, 1), Buffer.from('no object'));
    await replace(cloudNames.repairedObject(name!, 3), good);
    const { summary } = await restored();
    expect(summary).toMatchObject({ total: 1, restored: 1, damaged: 0, missing: 0, unproven: 0 });
    expect((await readFile(join(to, pathOf(image)))).equals(image.file)).toBe(true);
  });

  it('counts an object that only its repaired copy is left of, and no manifest names, once', async () => {
    await uploaded([testImage('1')]);
    const unnamed = testImage('2', '5');
    const name = rig.keys.objectName(unnamed.details);
    const sealed = sealWhole(rig.sealers, unnamed.file);
    await replace(cloudNames.repairedObject(name, 1), sealed);
    await replace(cloudNames.repairedObject(name, 2), sealed);
    expect((await restored()).summary).toMatchObject({ total: 2, restored: 2, unproven: 1 });
  });

  it('refuses an object that somebody with the certificate alone made up and put under a name of the archive', async () => {
    await uploaded([testImage('1')]);
    const forged = testImage('9', '6');
    await store.putIfAbsent(
      cloudNames.object('ab'.repeat(32)),
      wholeSource(sealWhole(rig.sealers, forged.file)),
    );
    const { summary } = await restored();
    expect(summary).toMatchObject({ restored: 1, damaged: 1, unproven: 0 });
    expect(await files()).toHaveLength(1);
  });

  it('notices a manifest that was deleted, replaced, moved or forged, and still restores every image', async () => {
    const images = [testImage('1'), testImage('2'), testImage('3')];
    await uploaded([images[0]!]);
    await uploadMore([images[1]!]);
    await uploadMore([images[2]!]);
    const number = (sequence: number): string => cloudNames.manifest(rig.queue.installationId, sequence);
    expect(await namesIn(store, cloudNames.manifests)).toEqual([number(1), number(2), number(3)]);
    const [first, second] = [await bytesOf(store, number(1)), await bytesOf(store, number(2))];

    await replace(number(2), undefined);
    const deleted = await restored();
    expect(problems(deleted.events)).toEqual([expect.stringContaining('number 2 is missing')]);
    expect(deleted.summary).toMatchObject({ restored: 3, unproven: 1, chainProblems: 1 });

    await replace(number(2), first);
    const doubled = await restored();
    expect(problems(doubled.events)[0]).toContain('moved from another place');
    expect(doubled.summary).toMatchObject({ skipped: 3 });

    const forged = sealWhole(
      rig.sealers,
      Buffer.from(`{"format":"edge-sync-manifest"}\n${'00'.repeat(32)}\n`),
    );
    await replace(number(2), forged);
    expect(problems((await restored()).events)[0]).toContain('its proof is wrong');

    await replace(number(2), second);
    await replace(number(3), second);
    expect(problems((await restored()).events)[0]).toContain('moved from another place');
  });

  it('reads the chains of several installations on one prefix', async () => {
    const mine = testImage('1');
    await uploaded([mine]);
    const other = await UploadRig.open({ archiveKey: rig.archiveKey });
    toClose.push(() => other.dispose());
    const theirs = testImage('2', '4');
    await other.receive(theirs);
    other.stage(() => Promise.resolve(azureStore(azurite.connectionString(), container, prefix))).start();
    await other.untilVerified(1);
    const { summary } = await restored();
    expect(summary).toMatchObject({ total: 2, restored: 2, chainProblems: 0 });
    expect(summary.heads).toHaveLength(2);
  });

  it('gets through a cloud that stutters', async () => {
    const images = [testImage('1'), testImage('2', '1', 3 * miB)];
    await uploaded(images);
    const through = azureStore(azurite.connectionString(proxy.port), container, prefix);
    toClose.push(() => through.close());
    let answers = 0;
    proxy.setFault(() => {
      answers += 1;
      return answers % 2 === 1 ? { tag: 'status', status: 503 } : { tag: 'none' };
    });
    expect((await restored({ store: through })).summary).toMatchObject({
      restored: 2,
      damaged: 0,
      missing: 0,
    });
  });

  it('stops when cancelled and leaves only whole files', async () => {
    const images = Array.from({ length: 12 }, (_, index) => testImage(String(index), '1', miB));
    await uploaded(images);
    const cancel = new AbortController();
    const through = azureStore(azurite.connectionString(proxy.port), container, prefix);
    toClose.push(() => through.close());
    let objects = 0;
    proxy.setFault((request) => {
      if (!request.url.includes('/objects/')) return { tag: 'none' };
      objects += 1;
      if (objects === 6) cancel.abort();
      return { tag: 'none' };
    });
    const outcome = await restored({ store: through, signal: cancel.signal }).then(
      () => 'finished',
      (error: unknown) => (error instanceof EdgeSyncError ? error.code : 'other'),
    );
    expect(outcome).toBe('cancelled');
    const whole = new Set(images.map((image) => image.file.length));
    for (const file of await files()) expect(whole.has((await readFile(join(to, file))).length)).toBe(true);
    expect((await readdir(to)).filter((name) => /^\.edge-sync-restore-\d/.test(name))).toEqual([]);
  });

  it('brings back what this PC still holds, without any cloud', async () => {
    const images = [testImage('1'), testImage('2')];
    await uploaded(images);
    const objects = [...rig.queue.instances({ tag: 'all' })].map((row, index) => ({
      ...row,
      spoolId: index === 0 ? row.spoolId : null,
    }));
    const summary = await restoreLocal({
      spool: rig.spool,
      objects,
      keys: rig.restoreKeys,
      selection: { tag: 'all' },
      target: restoreTarget({ to }, targetDeps()),
      onEvent: () => undefined,
      signal: new AbortController().signal,
      clock: rig.clock,
      random: rig.random,
      logger: rig.logger,
    });
    expect(summary).toMatchObject({ total: 2, restored: 1, missing: 1 });
    expect(await files()).toHaveLength(1);
  });

  it('brings back an image from here though its row was damaged: the object itself says what it is', async () => {
    const images = [testImage('1'), testImage('2')];
    await uploaded(images);
    const db = new Database(join(rig.dir, 'queue.db'));
    db.prepare('UPDATE instance SET details = ? WHERE id = (SELECT min(id) FROM instance)').run(
      Buffer.alloc(80, 7),
    );
    db.close();
    expect(() => [...rig.queue.instances({ tag: 'all' })]).toThrow();
    const summary = await restoreLocal({
      spool: rig.spool,
      objects: [...rig.queue.localCopies({ tag: 'all' })],
      keys: rig.restoreKeys,
      selection: { tag: 'all' },
      target: restoreTarget({ to }, targetDeps()),
      onEvent: () => undefined,
      signal: new AbortController().signal,
      clock: rig.clock,
      random: rig.random,
      logger: rig.logger,
    });
    expect(summary).toMatchObject({ total: 2, restored: 2, unproven: 1, damaged: 0, missing: 0 });
    expect(await files()).toHaveLength(2);
  });
});
