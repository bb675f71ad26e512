import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../shared/errors.ts';
import { SystemClock } from '../system/clock.ts';
import { SystemRandom } from '../system/random.ts';
import type { ObjectSource } from './cloud-store.ts';
import { BoundedCalls, mapFolderError } from './folder-access.ts';
import { FolderStore } from './folder-store.ts';

let root: string;
let share: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'edge-sync-share-'));
  share = join(root, 'share');
  await mkdir(share);
});
afterEach(() => rm(root, { recursive: true, force: true }));

function open(path = share): FolderStore {
  return new FolderStore({ path, prefix: 'archive', clock: new SystemClock(), random: new SystemRandom() });
}

function sourceOf(bytes: Buffer, sizeBytes = bytes.length): ObjectSource {
  return {
    sizeBytes,
    async *read() {
      await Promise.resolve();
      yield bytes;
    },
  };
}

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | 'none'> {
  return promise.then(
    () => 'none' as const,
    (error: unknown) => mapFolderError(error).code,
  );
}

async function allOf(store: FolderStore, prefix = ''): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of store.list(prefix)) names.push(name);
  return names;
}

describe('a folder as a destination', () => {
  it('leaves nothing but whole objects behind, whatever happens to an attempt', async () => {
    const store = open();
    await store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('one')));
    await store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('two')));
    await codeOf(store.putIfAbsent('objects/aa/two.cms', sourceOf(Buffer.from('short'), 10)));
    await codeOf(store.putIfAbsent('objects/aa/three.cms', sourceOf(Buffer.from('long'), 2)));
    expect(await readdir(join(share, 'archive', 'objects', 'aa'))).toEqual(['one.cms']);
    expect(await readdir(join(share, 'archive', 'unfinished'))).toEqual([]);
    expect(await readFile(join(share, 'archive/objects/aa/one.cms'), 'utf8')).toBe('one');
  });

  it('never makes the folder itself: where a share is not connected there is nothing to write to', async () => {
    await rm(share, { recursive: true });
    const store = open();
    expect(await codeOf(store.check())).toBe('cloud-unreachable');
    expect(await codeOf(store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('x'))))).toBe(
      'cloud-unreachable',
    );
    expect(existsSync(share)).toBe(false);
  });

  it('writes nothing into the empty folder that a share leaves behind when it goes', async () => {
    const store = open();
    await store.check();
    await rename(share, join(root, 'elsewhere'));
    await mkdir(share);
    expect(await codeOf(store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('x'))))).toBe(
      'cloud-unreachable',
    );
    expect(await codeOf(store.stat('checks/write'))).toBe('cloud-unreachable');
    expect(await codeOf(allOf(store))).toBe('cloud-unreachable');
    expect(await readdir(share)).toEqual([]);
  });

  it('goes on when the same share is connected anew, which gives it another number', async () => {
    const store = open();
    await store.check();
    await rename(share, join(root, 'elsewhere'));
    await mkdir(share);
    expect(await codeOf(store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('x'))))).toBe(
      'cloud-unreachable',
    );
    await rename(join(root, 'elsewhere/archive'), join(share, 'archive'));
    expect((await store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('x')))).tag).toBe('created');
    // Another archive of the same name is another one all the same.
    await rename(share, join(root, 'elsewhere-2'));
    await mkdir(share);
    await open().check();
    expect(await codeOf(store.stat('objects/aa/one.cms'))).toBe('cloud-unreachable');
  });

  it.each([
    ['a dead program left an hour ago', -3600],
    ['was left before the clock of the share was set back', 30 * 24 * 3600],
  ])('is not held up by a lock that %s', async (_name, seconds) => {
    const store = new FolderStore({
      ...{ path: share, prefix: 'archive', clock: new SystemClock(), random: new SystemRandom() },
      publishing: 'by-lock',
    });
    await store.check();
    const target = join(share, 'archive', 'objects', 'aa', 'one.cms');
    const name = createHash('sha256').update(target).digest('hex').slice(0, 32);
    const lock = join(share, 'archive', 'unfinished', `${name}.lock`);
    await writeFile(lock, '');
    await utimes(lock, Date.now() / 1000 + seconds, Date.now() / 1000 + seconds);
    expect((await store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('x')))).tag).toBe('created');
    expect(await readdir(join(share, 'archive', 'unfinished'))).toEqual([]);
  });

  it.each([
    ['a folder on the way', async () => symlink(join(root, 'outside'), join(share, 'archive', 'objects'))],
    [
      'the folder of unfinished files',
      async () => {
        await rm(join(share, 'archive', 'unfinished'), { recursive: true });
        await symlink(join(root, 'outside'), join(share, 'archive', 'unfinished'));
      },
    ],
    [
      'the prefix',
      async () => {
        await rm(join(share, 'archive'), { recursive: true });
        await symlink(join(root, 'outside'), join(share, 'archive'));
      },
    ],
  ])('follows no link that takes the place of %s', async (_name, plant) => {
    await mkdir(join(root, 'outside'));
    const store = open();
    await store.check();
    await plant();
    expect(await codeOf(store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('x'))))).toBe(
      'cloud-refused',
    );
    expect(await readdir(join(root, 'outside'))).toEqual([]);
  });

  it('neither reads nor lists a link that takes the place of an object', async () => {
    await writeFile(join(root, 'private'), 'not yours');
    const store = open();
    await store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('x')));
    await symlink(join(root, 'private'), join(share, 'archive/objects/aa/two.cms'));
    const reading = async (): Promise<void> => {
      for await (const chunk of store.read('objects/aa/two.cms')) expect(chunk.toString()).toBe('never');
    };
    expect(await codeOf(reading())).toBe('cloud-refused');
    expect(await codeOf(store.putIfAbsent('objects/aa/two.cms', sourceOf(Buffer.from('x'))))).toBe(
      'cloud-refused',
    );
    expect(await allOf(store)).toEqual(['objects/aa/one.cms']);
    expect(await readFile(join(root, 'private'), 'utf8')).toBe('not yours');
  });

  it.each([
    '../outside.cms',
    'objects/../../outside.cms',
    '/etc/passwd',
    'objects//x',
    '.hidden',
    'a\\b',
    'a\0b',
    '',
  ])('makes no path of the name %j', async (name) => {
    const store = open();
    expect(await codeOf(store.putIfAbsent(name, sourceOf(Buffer.from('x'))))).toBe('internal');
    expect(await codeOf(store.stat(name))).toBe('internal');
  });

  it('refuses an object for which there is no room before it writes any of it', async () => {
    const store = open();
    let asked = 0;
    const source: ObjectSource = {
      sizeBytes: 2 ** 52,
      async *read() {
        asked += 1;
        await Promise.resolve();
        yield Buffer.alloc(1);
      },
    };
    expect(await codeOf(store.putIfAbsent('objects/aa/one.cms', source))).toBe('cloud-full');
    expect(asked).toBe(0);
  });

  it('takes away its own left-over files of yesterday and nothing else', async () => {
    const store = open();
    await store.check();
    const folder = join(share, 'archive', 'unfinished');
    const old = `${'0'.repeat(32)}.part`;
    const young = `${'1'.repeat(32)}.part`;
    const foreign = 'holiday.jpg';
    for (const name of [old, young, foreign]) await writeFile(join(folder, name), 'x');
    const yesterday = Date.now() / 1000 - 25 * 3600;
    for (const name of [old, foreign]) await utimes(join(folder, name), yesterday, yesterday);
    await store.check();
    expect((await readdir(folder)).toSorted()).toEqual([young, foreign].toSorted());
  });

  it('lists by whole names, as the clouds do, and shows no unfinished file', async () => {
    const store = open();
    const names = ['a-b/one.cms', 'a/one.cms', 'a.cms', 'a0/one.cms', 'ab.cms'];
    for (const name of names) await store.putIfAbsent(name, sourceOf(Buffer.from(name)));
    expect(await allOf(store)).toEqual([...names].toSorted());
    expect(await allOf(store, 'a/')).toEqual(['a/one.cms']);
    expect(await allOf(store, 'a')).toEqual([...names].toSorted());
  });

  it('gives the same etag for the same file and another for another', async () => {
    const store = open();
    const made = await store.putIfAbsent('objects/aa/one.cms', sourceOf(randomBytes(100)));
    const first = await store.stat('objects/aa/one.cms');
    expect(made).toMatchObject({ etag: first?.etag });
    await writeFile(join(share, 'archive/objects/aa/one.cms'), randomBytes(100));
    expect((await store.stat('objects/aa/one.cms'))?.etag).not.toBe(first?.etag);
  });

  it('gives files no more rights than the group needs', async () => {
    const store = open();
    await store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('x')));
    expect((await stat(join(share, 'archive/objects/aa/one.cms'))).mode & 0o007).toBe(0);
  });
});

describe('calls to a share that may be gone', () => {
  it('end after their time, and no more are begun while some hang', async () => {
    const calls = new BoundedCalls(new SystemClock(), 5);
    const hanging: (() => void)[] = [];
    const never = (): Promise<void> => new Promise((resolve) => hanging.push(resolve));
    expect(await codeOf(calls.run(undefined, never))).toBe('cloud-unreachable');
    expect(await codeOf(calls.run(undefined, never))).toBe('cloud-unreachable');
    expect(await codeOf(calls.run(undefined, never))).toBe('cloud-unreachable');
    expect(hanging).toHaveLength(2);
    for (const come of hanging) come();
    await Promise.resolve();
    await Promise.resolve();
    expect(await calls.run(undefined, () => Promise.resolve('back'))).toBe('back');
  });

  it('are few at once: a share that dies leaves threads for the spool', async () => {
    const calls = new BoundedCalls(new SystemClock(), 20);
    const hanging: (() => void)[] = [];
    const never = (): Promise<void> => new Promise((resolve) => hanging.push(resolve));
    const all = Array.from({ length: 40 }, () => codeOf(calls.run(undefined, never)));
    expect(new Set(await Promise.all(all))).toEqual(new Set(['cloud-unreachable']));
    expect(hanging).toHaveLength(4);
    let closed = 0;
    calls.close({
      close: () => {
        closed += 1;
        return Promise.resolve();
      },
    });
    expect(closed).toBe(0);
    for (const come of hanging) come();
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(1);
    expect(await calls.run(undefined, () => Promise.resolve('back'))).toBe('back');
  });

  it('end at once when cancelled, and what comes late is handed on to be closed', async () => {
    const calls = new BoundedCalls(new SystemClock());
    const cancel = new AbortController();
    const { promise, resolve } = Promise.withResolvers<string>();
    const late: string[] = [];
    const running = calls.run(
      cancel.signal,
      () => promise,
      (value) => late.push(value),
    );
    cancel.abort();
    expect(await codeOf(running)).toBe('cancelled');
    resolve('a handle');
    await promise;
    await Promise.resolve();
    expect(late).toEqual(['a handle']);
  });

  it.each<[string, ErrorCode]>([
    ['EACCES', 'cloud-folder-denied'],
    ['EROFS', 'cloud-folder-denied'],
    ['ENOSPC', 'cloud-full'],
    ['EDQUOT', 'cloud-full'],
    ['ESTALE', 'cloud-unreachable'],
    ['EIO', 'cloud-unreachable'],
    ['EHOSTDOWN', 'cloud-unreachable'],
    ['ELOOP', 'cloud-refused'],
  ])('understand %s', (code, ours) => {
    expect(mapFolderError(Object.assign(new Error('x'), { code })).code).toBe(ours);
  });
});
