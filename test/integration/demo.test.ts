import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDemo } from '../../src/main/demo/demo.ts';

describe('a demo that cannot come to its end', () => {
  let folder: string;
  let dataDir: string;
  const lines: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-sync-demo-test-'));
    dataDir = join(folder, 'demo');
    lines.length = 0;
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** The demo with this script in the engine's place. */
  async function demoWith(engine: string, signal = new AbortController().signal): Promise<void> {
    const script = join(folder, 'engine.mjs');
    await writeFile(script, engine);
    await runDemo({ once: true, dataDir, print: (line) => lines.push(line), signal, script });
  }

  function isAlive(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  it('says what the engine said last and leaves no folder behind', async () => {
    const engine = `console.error('no disk here'); process.exit(3);`;

    await expect(demoWith(engine)).rejects.toMatchObject({
      code: 'demo-failed',
      message: expect.stringContaining('no disk here') as string,
    });
    expect(existsSync(dataDir)).toBe(false);
  });

  it("passes on the code of an engine that tells why it can't start", async () => {
    const engine = `console.log(JSON.stringify({ event: 'failed', code: 'port-taken' }));`;

    await expect(demoWith(engine)).rejects.toMatchObject({ code: 'port-taken' });
  });

  it('ends the engine and removes the folder when it is interrupted', async () => {
    const abort = new AbortController();
    const pidFile = join(folder, 'pid');
    // Ready, but deaf: the demo hangs at its first call until it is interrupted.
    const engine = `
      import { mkdirSync, writeFileSync } from 'node:fs';
      import { createServer } from 'node:net';
      import { join } from 'node:path';
      const dataDir = process.argv[process.argv.indexOf('--data-dir') + 1];
      mkdirSync(join(dataDir, 'run'), { recursive: true });
      const socketPath = join(dataDir, 'run', 's');
      createServer(() => undefined).listen(socketPath, () => {
        writeFileSync(join(dataDir, 'run', 'engine.json'), JSON.stringify({ pid: process.pid, socketPath, token: 't' }));
        writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
        console.log(JSON.stringify({ event: 'ready', dicom: { host: '127.0.0.1', port: 1, aet: 'X' }, web: null }));
      });`;

    const demo = demoWith(engine, abort.signal);
    demo.catch(() => undefined);
    await expect
      .poll(() => lines.some((line) => line.includes('receiving as X')), { timeout: 60_000 })
      .toBe(true);
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    abort.abort();

    await expect(demo).rejects.toMatchObject({ code: 'cancelled' });
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(dataDir)).toBe(false);
  });

  it('refuses a folder with something in it and leaves it alone', async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'mine.txt'), 'keep');

    await expect(demoWith('')).rejects.toMatchObject({ code: 'usage' });
    expect(existsSync(join(dataDir, 'mine.txt'))).toBe(true);
  });
});
