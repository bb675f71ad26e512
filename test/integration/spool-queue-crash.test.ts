import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Queue } from '../../src/main/engine/queue/queue.ts';
import {
  reconcile,
  type ReconcileDeps,
  type ReconcileReport,
} from '../../src/main/engine/recover/reconcile.ts';
import { FileSpool } from '../../src/main/engine/spool/file-spool.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { FakeColumnSealer } from '../fakes/fake-column-sealer.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { FakeRandom } from '../fakes/fake-random.ts';
import { newInstance } from '../support/queue-kit.ts';
import { contentOf } from '../support/spool-queue-child.ts';
import { needs, programPath, soakCount, testSeed } from '../support/tools.ts';

const child = path.join(import.meta.dirname, '../support/spool-queue-child.ts');
let dir: string;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-sync-crash-'));
});

afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

function openStore(): { queue: Queue; openSpool: () => Promise<FileSpool> } {
  const shared = { random: new SystemRandom(), clock: new SystemClock(), logger: new FakeLogger() };
  const queue = Queue.open({ dir, sealer: new FakeColumnSealer(), ...shared });
  return { queue, openSpool: () => FileSpool.open({ dir: path.join(dir, 'spool'), ...shared }) };
}

/** Runs a receiving process and kills it after `acks` answers and a moment more; the names it answered for. */
async function receiveAndKill(seed: string, acks: number, momentMs: number): Promise<string[]> {
  const receiver = spawn(process.execPath, [child, 'receive', dir, seed], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  let killing = false;
  receiver.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
    if (!killing && told.split('\n').length > acks) {
      killing = true;
      setTimeout(() => receiver.kill('SIGKILL'), momentMs);
    }
  });
  await once(receiver, 'close');
  expect(killing).toBe(true);
  // The last line may be cut in the middle: it was not told.
  return told.split('\n').slice(1, -1);
}

async function readAll(spool: FileSpool, id: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of spool.read(id)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The contents are no sealed objects: everything opens, and nothing can be adopted. */
const asItIs: Pick<ReconcileDeps, 'openers' | 'adopt' | 'logger'> = {
  openers: { create: () => ({ push: (chunk) => [Buffer.from(chunk)], end: () => undefined }) },
  adopt: async (plaintext) => {
    for await (const _ of plaintext);
    throw new EdgeSyncError('internal');
  },
  logger: new FakeLogger(),
};

describe('a process that is killed while it receives', () => {
  it('keeps every image it answered for, whole and once', async () => {
    const seed = testSeed();
    const random = new FakeRandom(`kill ${seed}`);
    const answered: string[] = [];
    const rounds = soakCount(4, 60);
    for (let round = 0; round < rounds; round += 1) {
      const acks = Math.floor(random.fraction() * 40);
      answered.push(...(await receiveAndKill(`${seed}-${round}`, acks, random.fraction() * 30)));
    }
    const { queue, openSpool } = openStore();
    const spool = await openSpool();
    try {
      expect(queue.checkConsistency()).toEqual([]);
      expect(new Set(answered).size).toBe(answered.length);
      const rows = new Map([...queue.instances({ tag: 'all' })].map((row) => [row.objectName, row]));
      for (const name of answered) {
        const row = rows.get(newInstance(name).objectName);
        expect([name, row?.state, row?.spoolId === null]).toEqual([name, 'pending', false]);
        expect((await readAll(spool, row!.spoolId!)).equals(contentOf(name))).toBe(true);
      }
      // Nothing here can be opened, so what no row names must be left or swept, and no row may miss its file.
      const report = await reconcile({
        queue,
        spool,
        ...asItIs,
      });
      expect(report).toMatchObject({ missing: 0, forgotten: 0, adopted: 0 });
      expect(report.whole).toBe(queue.status().received);
      expect(report.whole).toBeGreaterThanOrEqual(answered.length);
      expect(queue.claim('cloud', 1_000_000, Date.now())).toHaveLength(report.whole);
    } finally {
      queue.close();
      await spool.close();
    }
  });
});

needs('strace')('a disk that fails', () => {
  /** Its content is large enough for several writes of several buffers each. */
  const image = 'large-91';

  /** One image in a fresh process, with faults injected into its system calls. */
  async function receiveOnce(command: readonly string[], mode = 'once'): Promise<string> {
    const all = [...command, process.execPath, child, mode, dir, image];
    const [program, ...rest] = all as [string, ...string[]];
    const receiver = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    });
    let told = '';
    receiver.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
    receiver.stderr.resume();
    await once(receiver, 'close');
    return told.trim().split('\n').at(-1) ?? '';
  }

  function strace(inject: string): string[] {
    const call = inject.slice(0, inject.indexOf(':'));
    return [
      programPath('strace'),
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      `trace=${call}`,
      '-e',
      `inject=${inject}`,
    ];
  }

  /** One finished system call; `began` and `ended` are places in the order of events. */
  interface Call {
    readonly text: string;
    readonly began: number;
    readonly ended: number;
  }

  /** Joins strace's "unfinished" and "resumed" halves per thread. */
  function callsOf(trace: string): Call[] {
    const open = new Map<string, { text: string; began: number }>();
    return trace.split('\n').flatMap((line, place): Call[] => {
      const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
      if (text.endsWith('<unfinished ...>')) {
        open.set(thread, { text, began: place });
        return [];
      }
      const first = text.startsWith('<...') ? open.get(thread) : undefined;
      return [{ text: (first?.text ?? '') + text, began: first?.began ?? place, ended: place }];
    });
  }

  it('has the file, its folder entry and the row flushed before the image is answered for', async () => {
    openStore().queue.close();
    const traceFile = path.join(dir, 'trace');
    const calls = 'trace=openat,write,writev,pwrite64,fsync,fdatasync';
    const traced = [programPath('strace'), '-f', '-y', '-s', '16', '-o', traceFile, '-e', calls];
    expect(await receiveOnce(traced)).toBe('kept');
    const [file = ''] = spoolFiles();
    const spool = path.join(dir, 'spool');
    const done = callsOf(fs.readFileSync(traceFile, 'utf8')).filter(({ text }) => / = \d/.test(text));
    const find = (...parts: readonly string[]): Call => {
      const found = done.findLast(({ text }) => parts.every((part) => text.includes(part)));
      expect([parts, found === undefined]).toEqual([parts, false]);
      return found!;
    };
    const made = find('openat(', path.join(spool, file), 'O_CREAT|O_EXCL');
    const entryKept = find('fsync(', `<${path.join(spool, path.dirname(file))}>`);
    const lastWrite = find('write', `<${path.join(spool, file)}>`);
    const fileKept = find('fdatasync(', `<${path.join(spool, file)}>`);
    const rowKept = find('fdatasync(', 'queue.db-wal>');
    const rowWritten = find('write', 'queue.db-wal>');
    const answered = find('write(1', 'kept');
    const order = [
      [made, entryKept],
      [entryKept, answered],
      [lastWrite, fileKept],
      [fileKept, rowKept],
      [rowWritten, rowKept],
      [rowKept, answered],
    ] as const;
    for (const [earlier, later] of order) expect(earlier.ended).toBeLessThan(later.began);
  });

  /** Spool files with content; blanks are empty. */
  function spoolFiles(): string[] {
    const root = path.join(dir, 'spool');
    return fs
      .readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => fs.statSync(path.join(root, name)).isFile())
      .filter((name) => fs.statSync(path.join(root, name)).size > 0);
  }

  async function startAgain(): Promise<ReconcileReport> {
    const { queue, openSpool } = openStore();
    const spool = await openSpool();
    try {
      return await reconcile({ queue, spool, ...asItIs });
    } finally {
      queue.close();
      await spool.close();
    }
  }

  function received(): number {
    const { queue } = openStore();
    try {
      expect(queue.checkConsistency()).toEqual([]);
      return queue.status().received;
    } finally {
      queue.close();
    }
  }

  it('keeps the image when nothing fails', async () => {
    expect(await receiveOnce([])).toBe('kept');
    expect(received()).toBe(1);
    expect(spoolFiles()).toHaveLength(1);
  });

  it.each([
    ['is full while writing', 'writev:error=ENOSPC', 'disk-full'],
    ['is over its quota', 'writev:error=EDQUOT', 'disk-full'],
    ['cannot be written', 'writev:error=EIO', 'disk-error'],
  ])('refuses the image when it %s, and leaves no file', async (_what, inject, code) => {
    expect(await receiveOnce(strace(inject))).toBe(code);
    expect(received()).toBe(0);
    expect(spoolFiles()).toEqual([]);
  });

  it('refuses the image when neither file nor row can be flushed, and forgets it at the next start', async () => {
    expect(await receiveOnce(strace('fdatasync:error=EIO'))).toBe('disk-error');
    expect(spoolFiles()).toEqual([]);
    expect(await startAgain()).toMatchObject({ whole: 0, missing: 0, forgotten: 0 });
    expect(received()).toBe(0);
  });

  /** One of the two is the file, the other the row: whichever fails, the image was not answered for. */
  it.each([1, 2])(
    'refuses the image when flush %i of the two fails, and loses no file of a row',
    async (when) => {
      expect(await receiveOnce(strace(`fdatasync:error=EIO:when=${when}`))).toBe('disk-error');
      expect(await startAgain()).toMatchObject({ missing: 0, forgotten: 0, whole: spoolFiles().length });
      expect(received()).toBe(spoolFiles().length);
    },
  );

  it('refuses the image when its row cannot be flushed', async () => {
    expect(await receiveOnce(strace('fdatasync:error=EIO'), 'row')).toBe('disk-error');
  });

  it('does not take a short write for a whole one', async () => {
    // Larger than the database becomes here, smaller than the image.
    const limitKiB = 600;
    const limited = ['/bin/sh', '-c', `ulimit -f ${limitKiB * 2}; exec "$@"`, 'sh'];
    expect(contentOf(image).length).toBeGreaterThan(limitKiB * 1024);
    expect(await receiveOnce(limited)).toBe('disk-error');
    expect(spoolFiles()).toEqual([]);
  });
});
