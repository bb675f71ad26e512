/** What somebody who owns the cloud, the target folder or the power switch can do to a restore: nothing half. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cloudNames, type StoredObject } from '../../src/main/engine/cloud/cloud-store.ts';
import { EntryTable } from '../../src/main/engine/restore/entry-table.ts';
import { restoreFromCloud, type RestoreSummary } from '../../src/main/engine/restore/restore.ts';
import { restoreTarget } from '../../src/main/engine/restore/target.ts';
import { unnamedObjects } from '../../src/main/engine/restore/unnamed-objects.ts';
import { sealWhole } from '../../src/main/engine/seal/envelope-writer.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import type { RestoreEvent } from '../../src/shared/contract-restore.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { testImage, UploadRig, type TestImage } from '../support/upload-rig.ts';

const miB = 1024 * 1024;
const linux = process.platform === 'linux';

/** Pauses between attempts are over at once. */
class PatientClock extends SystemClock {
  override sleep(): Promise<void> {
    return Promise.resolve();
  }
}

class HostileStore extends MemoryStore {
  reader: ((name: string, honest: () => AsyncIterable<Buffer>) => AsyncIterable<Buffer>) | undefined;
  lister: ((prefix: string) => AsyncIterable<StoredObject>) | undefined;

  override async *read(name: string): AsyncGenerator<Buffer> {
    const honest = (): AsyncIterable<Buffer> => super.read(name);
    yield* this.reader?.(name, honest) ?? honest();
  }

  override async *list(prefix: string): AsyncGenerator<StoredObject> {
    yield* super.list(prefix);
    if (this.lister !== undefined) yield* this.lister(prefix);
  }
}

let store: HostileStore;
let rig: UploadRig;
let dir: string;
let to: string;
let events: RestoreEvent[];

beforeEach(async () => {
  store = new HostileStore();
  rig = await UploadRig.open();
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-attack-'));
  to = join(dir, 'restored');
});
afterEach(async () => {
  await rig.dispose();
  await rm(dir, { recursive: true, force: true });
});

async function uploaded(images: readonly TestImage[]): Promise<readonly string[]> {
  const names: string[] = [];
  for (const image of images) names.push(cloudNames.object(await rig.receive(image)));
  rig.stage(() => Promise.resolve(store)).start();
  await rig.untilVerified(images.length);
  await Promise.all(rig.stages.splice(0).map((stage) => stage.stop()));
  return names;
}

async function restored(
  options: { readonly keys?: UploadRig; readonly to?: string; readonly unproven?: 'left-out' } = {},
): Promise<RestoreSummary> {
  events = [];
  const clock = new PatientClock();
  const { random, logger } = rig;
  const { signal } = new AbortController();
  const from = options.keys ?? rig;
  const journalMac = (bytes: Uint8Array): Buffer => from.keys.manifestMac(bytes);
  return restoreFromCloud({
    ...{ store, clock, random, logger, signal, keys: from.restoreKeys, unproven: options.unproven },
    target: restoreTarget(
      { to: options.to ?? to },
      { clock, random, signal, journalMac, privateFolder: join(dir, 'private') },
    ),
    selection: { tag: 'all' },
    onEvent: (event) => events.push(event),
  });
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.edge-sync-restore-journal'))
    .map((entry) => join(entry.parentPath, entry.name));
}

async function contents(): Promise<readonly Buffer[]> {
  return Promise.all((await filesIn(to)).map((file) => readFile(file)));
}

const codes = (): readonly string[] =>
  events.flatMap((event) => (event.tag === 'problem' ? [event.problem.code] : []));

describe('a keeper of the cloud', () => {
  it('who exchanges two objects gets none of them restored', async () => {
    const [a, b, c] = await uploaded([testImage('1'), testImage('2'), testImage('3')]);
    const [first, second] = [store.objects.get(a!)!, store.objects.get(b!)!];
    store.objects.set(a!, second).set(b!, first);
    expect(await restored()).toMatchObject({ restored: 1, damaged: 2 });
    expect(codes()).toEqual(['object-tampered', 'object-tampered']);
    expect(await filesIn(to)).toHaveLength(1);
    expect(c).toBeDefined();
  });

  it('who puts an older image with the same UIDs back is found out', async () => {
    const older = testImage('1', '1', 1000);
    const newer = testImage('1', '1', 3000);
    const [name] = await uploaded([newer]);
    store.objects.set(name!, sealWhole(rig.sealers, older.file));
    expect(await restored()).toMatchObject({ restored: 0, damaged: 1 });
    expect(await filesIn(to)).toEqual([]);
  });

  it('who seals the same image anew has done no harm', async () => {
    const image = testImage('1');
    const [name] = await uploaded([image]);
    store.objects.set(name!, sealWhole(rig.sealers, image.file));
    expect(await restored()).toMatchObject({ restored: 1, damaged: 0 });
    expect((await contents())[0]?.equals(image.file)).toBe(true);
  });

  it('who cuts an object short, anywhere, leaves nothing behind', async () => {
    const [name] = await uploaded([testImage('1')]);
    const whole = store.objects.get(name!)!;
    const lengths = [0, 1, 2, whole.length - 1, whole.length - 6, whole.length - 24];
    for (let index = 0; index < 30; index += 1)
      lengths.push(Math.floor(rig.random.fraction() * whole.length));
    for (const length of lengths) {
      store.objects.set(name!, whole.subarray(0, length));
      expect(await restored(), `cut at ${length}`).toMatchObject({ restored: 0, damaged: 1 });
      expect(await filesIn(to), `cut at ${length}`).toEqual([]);
    }
  });

  it('who gives an object that never ends is stopped soon after its recorded size', async () => {
    const [name] = await uploaded([testImage('1')]);
    let given = 0;
    store.reader = async function* (asked, honest) {
      if (asked !== name) {
        yield* honest();
        return;
      }
      const sealer = rig.sealers.create();
      yield sealer.head;
      for (const image = testImage('1', '1', miB).file; ;) {
        const out: Buffer[] = [];
        sealer.update(image, out);
        for (const chunk of out) {
          given += chunk.length;
          yield chunk;
        }
      }
    };
    expect(await restored()).toMatchObject({ restored: 0, damaged: 1 });
    expect(given).toBeLessThan(4 * miB);
    expect(await filesIn(to)).toEqual([]);
  });

  it('who lists names that lead elsewhere, twice, or with sizes that cannot be, changes nothing', async () => {
    await uploaded([testImage('1'), testImage('2')]);
    const name = 'ab'.repeat(32);
    const strange = [
      'objects/../../outside.cms',
      'objects/ab/../../../../etc/passwd',
      '/objects/ab/x.cms',
      `objects/cd/${name}.cms`,
      `objects/ab/${name}.r0.cms`,
      `objects/ab/${name}.r12.cms`,
      `objects/ab/${name.toUpperCase()}.cms`,
      `objects/ab/${name}.cms\0`,
      'objects/' + 'a'.repeat(100_000),
    ];
    store.lister = async function* (prefix) {
      await Promise.resolve();
      if (prefix !== cloudNames.objects) return;
      for (const sizeBytes of [Number.NaN, -1, 1e300, Number.POSITIVE_INFINITY])
        for (const one of strange) yield { name: one, sizeBytes, etag: '' };
      for (const [one, bytes] of store.objects) yield { name: one, sizeBytes: -bytes.length, etag: '' };
    };
    expect(await restored()).toMatchObject({ total: 2, restored: 2, damaged: 0, missing: 0, unproven: 0 });
    expect((await readdir(dir)).sort()).toEqual(['restored']);
  });

  it('who lists without end is not followed', async () => {
    const endless = new HostileStore();
    endless.lister = async function* () {
      await Promise.resolve();
      for (let number = 0; ; number += 1) {
        const name = number.toString(16).padStart(64, '0');
        yield { name: `objects/00/${name}.cms`, sizeBytes: 1, etag: '' };
      }
    };
    const found = await unnamedObjects(endless, new EntryTable(), new AbortController().signal);
    expect(found.ending).toBe('too-many');
    expect(found.sizes.size).toBeLessThanOrEqual(500_000);
  });

  it('who cuts the connection in the middle of an object is asked again', async () => {
    const image = testImage('1', '1', 3 * miB);
    const [name] = await uploaded([image]);
    let cuts = 0;
    store.reader = async function* (asked, honest) {
      let chunks = 0;
      for await (const chunk of honest()) {
        chunks += 1;
        if (asked === name && chunks === 20 && cuts < 3) {
          cuts += 1;
          throw new EdgeSyncError('cloud-unreachable');
        }
        yield chunk;
      }
    };
    expect(await restored()).toMatchObject({ restored: 1 });
    expect(cuts).toBe(3);
    expect((await contents())[0]?.equals(image.file)).toBe(true);
  });

  it('who never gives the end of an object stops the restore, which leaves whole files alone', async () => {
    const images = [testImage('1'), testImage('2', '1', miB)];
    const names = await uploaded(images);
    store.reader = async function* (asked, honest) {
      let chunks = 0;
      for await (const chunk of honest()) {
        chunks += 1;
        if (asked === names[1] && chunks === 5) throw new EdgeSyncError('cloud-unreachable');
        yield chunk;
      }
    };
    await expect(restored()).rejects.toMatchObject({ code: 'cloud-unreachable' });
    for (const content of await contents()) expect(content.equals(images[0]!.file)).toBe(true);
    store.reader = undefined;
    expect((await restored()).damaged).toBe(0);
    expect(await filesIn(to)).toHaveLength(2);
  });

  it('who takes the manifests away is told of, and every image still proves itself', async () => {
    const images = [testImage('1'), testImage('2')];
    await uploaded(images);
    for (const name of [...store.objects.keys()])
      if (name.startsWith('manifests/')) store.objects.delete(name);
    expect(await restored()).toMatchObject({ restored: 2, unproven: 2 });
    await rm(to, { recursive: true });
    expect(await restored({ unproven: 'left-out' })).toMatchObject({ total: 0, restored: 0 });
  });
});

describe('the keys of another practice', () => {
  it('open nothing', async () => {
    await uploaded([testImage('1')]);
    const other = await UploadRig.open();
    try {
      expect(await restored({ keys: other })).toMatchObject({ restored: 0, damaged: 1 });
      expect(codes()).toContain('object-no-recipient');
      expect(await filesIn(to)).toEqual([]);
    } finally {
      await other.dispose();
    }
  });
});

describe('the journal beside restored files', () => {
  const pathOf = ({ details }: TestImage): string =>
    join(to, details.studyInstanceUid, details.seriesInstanceUid, `${details.sopInstanceUid}.dcm`);

  it.runIf(linux)('spares reading again what has not changed', async () => {
    const image = testImage('1', '1', 20 * miB);
    await uploaded([image]);
    await restored();
    const before = await bytesRead();
    expect(await restored()).toMatchObject({ skipped: 1, restored: 0 });
    expect((await bytesRead()) - before).toBeLessThan(2 * miB);
    await rm(join(to, '.edge-sync-restore-journal'));
    const without = await bytesRead();
    expect(await restored()).toMatchObject({ skipped: 1, restored: 0 });
    expect((await bytesRead()) - without).toBeGreaterThan(19 * miB);
  });

  it('is not believed about a file that was changed under the same size and time', async () => {
    const image = testImage('1');
    await uploaded([image]);
    await restored();
    const { atime, mtime } = await stat(pathOf(image));
    const changed = Buffer.from(image.file);
    changed[changed.length - 5]! ^= 1;
    await writeFile(pathOf(image), changed);
    await utimes(pathOf(image), atime, mtime);
    expect(await restored()).toMatchObject({ skipped: 0, restored: 1 });
    expect((await readFile(pathOf(image))).equals(changed)).toBe(true);
    expect((await readFile(pathOf(image).replace('.dcm', '.2.dcm'))).equals(image.file)).toBe(true);
  });

  it('may be rubbish, huge lines or a folder, and costs no image', async () => {
    const image = testImage('1');
    await uploaded([image]);
    await mkdir(to, { recursive: true });
    const journal = join(to, '.edge-sync-restore-journal');
    for (const put of [
      () => writeFile(journal, Buffer.alloc(3 * miB, 0x61)),
      () => writeFile(journal, rig.random.bytes(100_000)),
      () => mkdir(journal),
    ]) {
      await rm(journal, { recursive: true, force: true });
      await put();
      expect((await restored()).damaged).toBe(0);
      expect((await readFile(pathOf(image))).equals(image.file)).toBe(true);
    }
  });
});

describe('a target', () => {
  it.runIf(linux && process.getuid?.() === 0)(
    'that fills up ends the restore with what is wrong, and only whole files have names',
    async (context) => {
      const images = Array.from({ length: 8 }, (_, index) => testImage(String(index), '1', miB));
      await uploaded(images);
      const small = join(dir, 'small');
      await mkdir(small);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small], { stdio: 'ignore' });
      } catch {
        context.skip('mounting is not allowed here');
      }
      try {
        await expect(restored({ to: small })).rejects.toMatchObject({ code: 'disk-full' });
        for (const file of await filesIn(small)) {
          const content = await readFile(file);
          expect(images.some((image) => image.file.equals(content))).toBe(true);
        }
        expect((await readdir(small)).filter((name) => /^\.edge-sync-restore-\d/.test(name))).toEqual([]);
      } finally {
        execFileSync('umount', [small]);
      }
    },
  );

  it('of a restore that was killed holds only whole files, and the next run goes on and clears the rest', async () => {
    const images = Array.from({ length: 30 }, (_, index) => testImage(String(index), '1', miB));
    await uploaded(images);
    const folder = join(dir, 'cloud');
    for (const [name, bytes] of store.objects) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), bytes);
    }
    const child = join(import.meta.dirname, '../support/restore-child.ts');
    const running = spawn(process.execPath, [child, folder, rig.archiveKey.toString('hex'), to], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended = new Promise((resolve) => running.once('exit', resolve));
    await rig.until(() => running.exitCode !== null || storedNow() >= 5);
    running.kill('SIGKILL');
    await ended;
    const whole = new Set(images.map(({ file }) => file.toString('latin1')));
    const named = (await filesIn(to)).filter((file) => file.endsWith('.dcm'));
    expect(named.length).toBeGreaterThanOrEqual(5);
    expect(named.length).toBeLessThan(images.length);
    for (const file of named) expect(whole.has(await readFile(file, 'latin1'))).toBe(true);
    expect((await readdir(to)).some((name) => /^\.edge-sync-restore-\d/.test(name))).toBe(true);

    expect(await restored()).toMatchObject({
      total: images.length,
      skipped: named.length,
      restored: images.length - named.length,
    });
    expect((await readdir(to)).filter((name) => /^\.edge-sync-restore-\d/.test(name))).toEqual([]);
    expect(new Set((await contents()).map((content) => content.toString('latin1')))).toEqual(whole);
  });

  function storedNow(): number {
    try {
      return execFileSync('find', [to, '-name', '*.dcm'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
        .trim()
        .split('\n').length;
    } catch {
      return 0;
    }
  }
});

/** Bytes that this process has asked the system to read. */
async function bytesRead(): Promise<number> {
  return Number(/rchar: (\d+)/.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
}
