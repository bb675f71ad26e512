import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { FileSpool } from './file-spool.ts';
import type { Spool } from './spool-port.ts';

let parent: string;
let dir: string;
let spool: FileSpool;
let opened = 0;

beforeEach(async () => {
  parent = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-sync-spool-'));
  dir = path.join(parent, 'spool');
  spool = await openSpool();
});

afterEach(async () => {
  await spool.close();
  fs.rmSync(parent, { recursive: true, force: true });
});

/** Each opening has random bytes of its own, as a restarted process has. */
function openSpool(): Promise<FileSpool> {
  opened += 1;
  return FileSpool.open({
    dir,
    random: new FakeRandom(`spool ${opened}`),
    clock: new FakeClock(),
    logger: new FakeLogger(),
  });
}

async function readAll(from: Spool, id: string, start?: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of from.read(id, start)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function store(content: Buffer): Promise<string> {
  const writer = spool.create();
  await writer.write([Buffer.from(content)]);
  await writer.commit();
  return writer.id;
}

function filesOnDisk(): string[] {
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(dir, name)).isFile());
}

async function listed(from: Spool): Promise<{ id: string; sizeBytes: number }[]> {
  const all: { id: string; sizeBytes: number }[] = [];
  for await (const entry of from.list()) all.push(entry);
  return all;
}

describe('a spool file', () => {
  it('holds exactly the bytes written, however they were cut', async () => {
    const source = new FakeRandom('content').bytes(3 * 1024 * 1024);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 12 }),
        async (sizes) => {
          const writer = spool.create();
          let position = 0;
          for (const size of sizes) {
            await writer.write([
              Buffer.from(source.subarray(position, position + (size >> 1))),
              Buffer.from(source.subarray(position + (size >> 1), position + size)),
            ]);
            position = Math.min(position + size, source.length);
          }
          const { sizeBytes } = await writer.commit();
          expect(sizeBytes).toBe(position);
          expect((await readAll(spool, writer.id)).equals(source.subarray(0, position))).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('can be read from the middle, and past its end is empty', async () => {
    const content = new FakeRandom('middle').bytes(600_000);
    const id = await store(content);
    expect((await readAll(spool, id, 300_001)).equals(content.subarray(300_001))).toBe(true);
    expect((await readAll(spool, id, 600_000)).length).toBe(0);
  });

  it.skipIf(process.platform === 'win32')('can be read by its owner only', async () => {
    const id = await store(Buffer.from('x'));
    expect(fs.statSync(path.join(dir, id.slice(0, 2), id)).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.join(dir, id.slice(0, 2))).mode & 0o777).toBe(0o700);
    expect(fs.statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('comes in pieces cut to measure, so that whoever has used one can give all of its memory back', async () => {
    const content = Buffer.alloc(2.5 * 1024 * 1024, 'pieces');
    const pieces: Buffer[] = [];
    for await (const piece of spool.read(await store(content), 100)) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(content.subarray(100))).toBe(true);
    expect(pieces.map(({ buffer }) => buffer.byteLength)).toEqual(pieces.map(({ length }) => length));
  });

  it('is there after the spool is opened again', async () => {
    const id = await store(Buffer.from('kept'));
    await spool.close();
    spool = await openSpool();
    expect((await readAll(spool, id)).toString()).toBe('kept');
    expect(spool.holds(id, 4)).toBe(true);
    expect(spool.holds(id, 5)).toBe(false);
  });

  it('is object-missing when it is not there, and removing it again does no harm', async () => {
    const id = await store(Buffer.from('gone'));
    await spool.remove(id);
    await spool.remove(id);
    expect(await spool.sizeBytes(id)).toBeUndefined();
    expect(spool.holds(id, 4)).toBe(false);
    await expect(readAll(spool, id)).rejects.toMatchObject({ code: 'object-missing' });
  });

  it('is never looked for outside the spool folder', async () => {
    fs.writeFileSync(path.join(parent, 'outside'), 'secret');
    await expect(readAll(spool, '../outside')).rejects.toMatchObject({ code: 'internal' });
    await expect(spool.remove('../outside')).rejects.toMatchObject({ code: 'internal' });
    expect(fs.existsSync(path.join(parent, 'outside'))).toBe(true);
  });
});

describe('a spool writer', () => {
  it('leaves no file behind when discarded before, during or after writing', async () => {
    // Closed: no blanks are left, so the folder must end empty.
    await spool.close();
    const unused = spool.create();
    const small = spool.create();
    const large = spool.create();
    void small.write([Buffer.alloc(1000)]);
    void large.write([Buffer.alloc(2 * 1024 * 1024)]);
    await Promise.all([unused.discard(), small.discard(), large.discard()]);
    await large.discard();
    expect(filesOnDisk()).toEqual([]);
  });

  it('asks to wait when more than 4 MB are under way, and goes on', async () => {
    const writer = spool.create();
    let asked = 0;
    for (let index = 0; index < 32; index += 1) {
      const wait = writer.write([Buffer.alloc(512 * 1024, 7)]);
      if (wait !== undefined) {
        asked += 1;
        await wait;
      }
    }
    expect(asked).toBeGreaterThan(0);
    expect((await writer.commit()).sizeBytes).toBe(16 * 1024 * 1024);
  });

  it('starts writing before commit is asked for', async () => {
    const writer = spool.create();
    await writer.write([Buffer.alloc(300 * 1024)]);
    const file = path.join(dir, writer.id.slice(0, 2), writer.id);
    await expect.poll(() => fs.statSync(file).size).toBe(300 * 1024);
    await writer.discard();
  });

  it('works beside more writers than there are blank files', async () => {
    const writers = Array.from({ length: 100 }, () => spool.create());
    expect(new Set(writers.map((writer) => writer.id)).size).toBe(100);
    await Promise.all(
      writers.map(async (writer, index) => {
        await writer.write([Buffer.from(`number ${index}`)]);
        await writer.commit();
      }),
    );
    for (const [index, writer] of writers.entries()) {
      expect((await readAll(spool, writer.id)).toString()).toBe(`number ${index}`);
    }
  });

  it('reports disk-error and leaves nothing when its folder vanishes', async () => {
    // Closed: no blank is ready, so the writer makes its own file.
    await spool.close();
    const writer = spool.create();
    fs.rmSync(path.join(dir, writer.id.slice(0, 2)), { recursive: true });
    await writer.write([Buffer.alloc(500_000)]);
    await expect(writer.commit()).rejects.toMatchObject({ code: 'disk-error' });
    expect(filesOnDisk()).toEqual([]);
  });

  it('gives back the memory of what it has written', async () => {
    const writer = spool.create();
    const large = Buffer.alloc(600 * 1024, 5);
    const shared = Buffer.alloc(100 * 1024, 6);
    await writer.write([large, shared.subarray(0, 60 * 1024), shared.subarray(60 * 1024)]);
    expect((await writer.commit()).sizeBytes).toBe(700 * 1024);
    expect([large.length, shared.length]).toEqual([0, 0]);
    const content = await readAll(spool, writer.id);
    expect(content.equals(Buffer.concat([Buffer.alloc(600 * 1024, 5), Buffer.alloc(100 * 1024, 6)]))).toBe(
      true,
    );
  });

  it('refuses rather than stores less than it was given, when somebody used its buffers elsewhere', async () => {
    const writer = spool.create();
    const twice = Buffer.alloc(300 * 1024, 1);
    await writer.write([twice]);
    await writer.write([twice]);
    await writer.write([twice]);
    await expect(writer.commit()).rejects.toMatchObject({ code: 'internal' });
  });

  it('cannot be used after its end', async () => {
    const writer = spool.create();
    await writer.write([Buffer.from('x')]);
    await writer.commit();
    expect(() => writer.write([Buffer.from('y')])).toThrow(/after its end/);
    await expect(writer.commit()).rejects.toMatchObject({ code: 'internal' });
    await writer.discard();
    expect((await readAll(spool, writer.id)).toString()).toBe('x');
  });
});

describe('the list of a spool', () => {
  it('is in order of id and leaves out blanks and files being written', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 40; index += 1) ids.push(await store(Buffer.alloc(index + 1)));
    const open = spool.create();
    await open.write([Buffer.alloc(300 * 1024)]);
    const found = await listed(spool);
    expect(found.map(({ id }) => id)).toEqual([...ids].sort());
    expect(found.find(({ id }) => id === ids[9])?.sizeBytes).toBe(10);
    await open.discard();
  });

  it('shows what a crashed process left, so that it can be swept', async () => {
    const half = spool.create();
    await half.write([Buffer.alloc(300 * 1024)]);
    const after = await openSpool();
    const found = await listed(after);
    expect(found.some(({ id }) => id === half.id)).toBe(true);
    expect(found.filter(({ sizeBytes }) => sizeBytes === 0).length).toBeGreaterThan(0);
    await after.close();
    await half.discard();
  });

  it('does not show foreign names, nor what was set aside, which is kept', async () => {
    const id = await store(Buffer.from('odd'));
    fs.writeFileSync(path.join(dir, id.slice(0, 2), 'notes.txt'), 'x');
    await spool.setAside(id);
    expect(await listed(spool)).toEqual([]);
    expect(fs.readFileSync(path.join(dir, 'set-aside', id), 'utf8')).toBe('odd');
  });
});

describe('flushing a file of an earlier process', () => {
  it('is asked for by id, and tells when there is none', async () => {
    const id = await store(Buffer.from('kept'));
    await spool.flush(id);
    expect((await readAll(spool, id)).toString()).toBe('kept');
    await expect(spool.flush('0'.repeat(32))).rejects.toMatchObject({ code: 'object-missing' });
  });
});

describe('opening a spool', () => {
  it('says so when the folder cannot be made', async () => {
    fs.writeFileSync(path.join(parent, 'file'), '');
    dir = path.join(parent, 'file', 'spool');
    await expect(openSpool()).rejects.toMatchObject({ code: 'data-dir-not-writable' });
  });

  it('leaves no blank file when it is closed', async () => {
    await spool.close();
    expect(filesOnDisk()).toEqual([]);
  });

  it('tells the free space of its disk', async () => {
    const { bavail, bsize } = fs.statfsSync(dir);
    const free = await spool.freeBytes();
    expect(Math.abs(free - bavail * bsize)).toBeLessThan(1024 ** 3);
  });
});
