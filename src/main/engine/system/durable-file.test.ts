import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { readFileBounded, whileHeldByOthers, writeFileDurably } from './durable-file.ts';

const clock = new FakeClock();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-durable-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writing a file durably', () => {
  it('makes a new file for its owner alone', async () => {
    const path = join(folder, 'new.json');
    await writeFileDurably(path, Buffer.from('content'), { clock });
    expect(await readFile(path, 'utf8')).toBe('content');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('takes the place of an old file, longer or shorter, and leaves nothing else behind', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'a much longer content than the next one');
    await writeFileDurably(path, Buffer.from('short'), { clock, mode: 0o640 });
    expect(await readFile(path, 'utf8')).toBe('short');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('leaves the old content or the new, never a mixture, when several write at once', async () => {
    const path = join(folder, 'file');
    const contents = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
    await Promise.all(contents.map((content) => writeFileDurably(path, Buffer.from(content), { clock })));
    expect(contents).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('fails with a code and no temporary file where it cannot write', async () => {
    await expect(writeFileDurably(join(folder, 'no', 'file'), Buffer.of(1), { clock })).rejects.toMatchObject(
      {
        code: 'data-dir-not-writable',
      },
    );
    await mkdir(join(folder, 'taken'));
    await writeFile(join(folder, 'taken', 'x'), '');
    await expect(writeFileDurably(join(folder, 'taken'), Buffer.of(1), { clock })).rejects.toBeInstanceOf(
      EdgeSyncError,
    );
    expect(await readdir(folder)).toEqual(['taken']);
  });
});

describe('a file that another program holds', () => {
  const held = (code: string): Error => Object.assign(new Error('held'), { code });

  it.each(['EPERM', 'EBUSY', 'EACCES'])('is tried again after %s, until it works', async (code) => {
    let tries = 0;
    const waiting = whileHeldByOthers(clock, () => {
      tries += 1;
      return tries < 4 ? Promise.reject(held(code)) : Promise.resolve('done');
    });
    await clock.advance(200);
    expect(await waiting).toBe('done');
    expect(tries).toBe(4);
  });

  it('is given up after about three seconds, with its own error', async () => {
    let tries = 0;
    const error = held('EBUSY');
    const waiting = whileHeldByOthers(clock, () => {
      tries += 1;
      return Promise.reject(error);
    });
    const caught = waiting.catch((one: unknown) => one);
    await clock.advance(3100);
    expect(await caught).toBe(error);
    expect(tries).toBe(9);
  });

  it('is not tried again after other errors', async () => {
    let tries = 0;
    await expect(
      whileHeldByOthers(clock, () => {
        tries += 1;
        return Promise.reject(held('ENOSPC'));
      }),
    ).rejects.toThrow('held');
    expect(tries).toBe(1);
  });
});

describe('reading a file up to a limit', () => {
  const tooLong = (): EdgeSyncError => new EdgeSyncError('key-file-damaged');

  it('gives the bytes up to exactly the limit, and undefined for no file', async () => {
    const path = join(folder, 'file');
    await writeFile(path, Buffer.alloc(100, 7));
    expect((await readFileBounded(path, 100, tooLong))?.equals(Buffer.alloc(100, 7))).toBe(true);
    expect(await readFileBounded(join(folder, 'none'), 100, tooLong)).toBeUndefined();
  });

  it('refuses one byte more, and a file that never ends', async () => {
    const path = join(folder, 'file');
    await writeFile(path, Buffer.alloc(101));
    await expect(readFileBounded(path, 100, tooLong)).rejects.toMatchObject({ code: 'key-file-damaged' });
    if (process.platform === 'linux') {
      await expect(readFileBounded('/dev/zero', 100, tooLong)).rejects.toMatchObject({
        code: 'key-file-damaged',
      });
    }
  });

  it('tells a folder or a forbidden file from a missing one', async () => {
    await expect(readFileBounded(folder, 100, tooLong)).rejects.toMatchObject({ code: 'file-not-readable' });
    const path = join(folder, 'forbidden');
    await writeFile(path, 'x');
    await chmod(path, 0);
    // The superuser may read everything.
    if (process.getuid?.() !== 0) {
      await expect(readFileBounded(path, 100, tooLong)).rejects.toMatchObject({ code: 'file-not-readable' });
    }
  });
});
