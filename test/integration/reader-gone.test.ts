/** Commands whose output nobody takes any more: `| head`, a terminal that was closed, a disk that is full. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { openSync, closeSync, existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation, type RunningEngine } from '../support/installation.ts';

const bin = fileURLToPath(new URL('../../bin/edge-sync.js', import.meta.url));

let installation: TestInstallation;
let engine: RunningEngine | undefined;
const started: ChildProcess[] = [];

beforeEach(async () => {
  installation = await TestInstallation.create({
    config: { destinations: [{ name: 'folder', kind: 'folder', path: '/nonexistent/edge-sync-test' }] },
  });
});
afterEach(async () => {
  await engine?.kill();
  engine = undefined;
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  await installation.dispose();
});

type Printing = ChildProcessByStdio<null, Readable, Readable>;

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

/** Starts a command; `whoReads` may take some of its output before the pipe is closed. */
async function withReader(
  args: readonly string[],
  whoReads: (child: Printing) => Promise<void> = () => Promise.resolve(),
): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: installation.dir,
    env: { ...process.env, EDGE_SYNC_PASSPHRASE: 'correct horse battery staple' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await whoReads(child);
  child.stdout.destroy();
  return { code: await ended, err };
}

const firstChunk = (child: Printing) =>
  new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));

describe('a command whose reader goes away', () => {
  it.each([
    ['help', ['--help']],
    ['the help of one command', ['audit', '--help']],
    ['the version', ['--version']],
  ])('ends quietly while it prints %s', async (_, args) => {
    expect(await withReader(args)).toEqual({ code: 141, err: '' });
  });

  it('ends in order with a data folder open, and leaves it to the next', async () => {
    expect((await installation.command(['recovery', 'create'])).code).toBe(0);
    expect(await withReader(['audit', 'export', ...installation.flags()])).toEqual({ code: 141, err: '' });
    const next = await installation.command(['audit', '--json']);
    expect(next, next.err).toMatchObject({ code: 0 });
    expect(next.out).toContain('recovery-created');
    expect(await readdir(installation.dataDir)).not.toContain('runtime.json');
  });

  it('ends though it would go on for ever', async () => {
    engine = await installation.serve();
    const { host, port } = engine.ready.dicom;
    const watch = withReader(['devices', 'watch', '--json', ...installation.flags()], firstChunk);
    // A device that calls is something to print; of the first ones nothing may be printed after the reader went.
    const call = () => installation.run(['echo', host, `${port}`, 'EDGESYNC']).then(() => undefined);
    let ended: Ended | undefined;
    for (let calls = 0; calls < 20 && ended === undefined; calls += 1)
      ended = await Promise.race([watch, call()]);
    expect(ended).toEqual({ code: 141, err: '' });
  });
});

it('goes on as an engine when nobody reads what it says, and ends as always', async () => {
  const child = spawn(process.execPath, [bin, 'serve', ...installation.flags()], {
    cwd: installation.dir,
    env: {
      ...process.env,
      EDGE_SYNC_PASSPHRASE: 'correct horse battery staple',
      EDGE_SYNC_LOG_LEVEL: 'debug',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await firstChunk(child);
  child.stdout.destroy();
  child.stderr.destroy();
  const path = installation.path('one.dcm');
  await writeFile(path, makeDicomFile({ sopInstanceUid: testUid('one') }).bytes);
  for (let round = 0; round < 3; round += 1)
    expect((await installation.command(['import', path])).code).toBe(0);
  expect((await installation.status()).counts.received).toBe(1);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

it.runIf(existsSync('/dev/full'))('tells in one line that what it prints finds no room', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [bin, '--help'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  started.push(child);
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  expect(await new Promise<number | null>((resolve) => child.once('close', resolve))).toBe(1);
  expect(err).toMatch(/^edge-sync: .*\[file-not-writable\]\n$/);
});
