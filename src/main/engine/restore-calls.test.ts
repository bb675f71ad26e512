import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { FakeKeyStore } from '../../../test/fakes/fake-key-store.ts';
import { FakeLogger } from '../../../test/fakes/fake-logger.ts';
import { FakeRandom } from '../../../test/fakes/fake-random.ts';
import { settingsSchema } from '../../shared/settings.ts';
import { Engine } from './engine.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-leftovers-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it('an engine that starts clears images that a killed restore to a node left, and no one else’s', async () => {
  const ended = spawnSync(process.execPath, ['-e', '']).pid;
  const folderOf = (pid: number): string => `.edge-sync-restore-${pid}-0123abcd`;
  for (const pid of [ended, process.pid, process.ppid]) {
    await mkdir(join(dir, 'restore', folderOf(pid)), { recursive: true });
    await writeFile(join(dir, 'restore', folderOf(pid), '1.dcm'), 'plaintext');
  }
  await writeFile(join(dir, 'restore', 'sent-0123456789abcdef.journal'), '');
  const engine = await Engine.open({
    dataDir: dir,
    settings: settingsSchema.parse({}),
    secrets: new Map(),
    keyStore: new FakeKeyStore(),
    clock: new FakeClock(),
    random: new FakeRandom('leftovers'),
    logger: new FakeLogger(),
  });
  await engine.stop();
  const left = await readdir(join(dir, 'restore'));
  expect(left.sort()).toEqual([folderOf(process.ppid), 'sent-0123456789abcdef.journal']);
});
