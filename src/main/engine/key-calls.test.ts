import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../test/fakes/fake-logger.ts';
import { FakeRandom } from '../../../test/fakes/fake-random.ts';
import { WatchedKeyStore } from '../../../test/support/key-life.ts';
import { settingsSchema } from '../../shared/settings.ts';
import { Engine } from './engine.ts';

let dir: string;
let keyStore: WatchedKeyStore;
let engine: Engine;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-key-calls-'));
  keyStore = new WatchedKeyStore();
  engine = await opened('first');
});
afterEach(async () => {
  await engine.stop();
  await rm(dir, { recursive: true, force: true });
});

function opened(run: string): Promise<Engine> {
  return Engine.open({
    dataDir: dir,
    settings: settingsSchema.parse({ dicom: { port: 0 } }),
    secrets: new Map(),
    keyStore,
    clock: new FakeClock(),
    random: new FakeRandom(`key calls ${run}`),
    logger: new FakeLogger(),
  });
}

async function enrolled(): Promise<void> {
  const { recovery } = engine.service;
  const { words } = await recovery.create({ replace: false, custody: 'words' }, 'command-line');
  await recovery.check(words, 'command-line');
}

async function failures(): Promise<readonly string[]> {
  return (await engine.service.status()).failures.map(({ code }) => code);
}

it('new recovery words stand in the status until they are proven', async () => {
  const { keys, recovery } = engine.service;
  await enrolled();
  expect(await failures()).not.toContain('recovery-replacing');
  const request = { mode: 'begin', custody: 'words' } as const;
  const next = await keys.replaceRecovery(request, 'command-line');
  expect(await failures()).toContain('recovery-replacing');
  await recovery.check(next.words, 'command-line');
  expect(await failures()).not.toContain('recovery-replacing');
});

it('the end of the engine waits for a change of the keys: the next engine finds them at rest', async () => {
  await enrolled();
  const entered = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  keyStore.before = async (call) => {
    if (call !== 'write') return;
    entered.resolve();
    await goOn.promise;
  };
  const rotation = engine.service.keys.rotateDevice('command-line');
  await entered.promise;
  const ended: string[] = [];
  const stopped = engine.stop().then(() => {
    ended.push('the engine');
  });
  // Everything else of it ends within this; being slow makes nothing fail.
  for (let turn = 0; turn < 60 && ended.length === 0; turn += 1) await setTimeout(25);
  expect(ended).toEqual([]);
  goOn.resolve();
  await Promise.all([rotation, stopped]);
  keyStore.calm();
  const atRest = await readFile(join(dir, 'keys.json'), 'utf8');
  engine = await opened('second');
  expect(await readFile(join(dir, 'keys.json'), 'utf8')).toBe(atRest);
  expect(keyStore.entries.size).toBe(1);
});
