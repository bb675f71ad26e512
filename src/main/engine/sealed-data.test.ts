import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { settingsSchema } from '../../shared/settings.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { FakeKeyStore } from '../../../test/fakes/fake-key-store.ts';
import { FakeLogger } from '../../../test/fakes/fake-logger.ts';
import { FakeRandom } from '../../../test/fakes/fake-random.ts';
import { Engine } from './engine.ts';
import { sealedDataIn } from './sealed-data.ts';

let dir: string;
const spoolId = 'ab'.repeat(16);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-sealed-data-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function spoolFile(folder: string, content: string): Promise<void> {
  await mkdir(join(dir, 'spool', folder), { recursive: true });
  await writeFile(join(dir, 'spool', folder, spoolId), content);
}

it('is absent in a new data folder, and with empty files in the spool alone', async () => {
  expect(await sealedDataIn(dir)).toBe('absent');
  await spoolFile('ab', '');
  expect(await sealedDataIn(dir)).toBe('absent');
});

it('is present with a database, with one spool file, and with one that was set aside', async () => {
  await writeFile(join(dir, 'queue.db'), '');
  expect(await sealedDataIn(dir)).toBe('present');
  for (const folder of ['ab', 'set-aside']) {
    await rm(dir, { recursive: true });
    await spoolFile(folder, 'sealed');
    expect(await sealedDataIn(dir)).toBe('present');
  }
});

it('is not guessed when the folder cannot be looked at', async () => {
  await writeFile(join(dir, 'spool'), 'a file where the folder should be');
  await expect(sealedDataIn(dir)).rejects.toMatchObject({ code: 'disk-error' });
});

it('keeps the engine from making new keys over a spool whose keys and database are gone', async () => {
  await spoolFile('ab', 'sealed with keys that are gone');
  const opening = Engine.open({
    dataDir: dir,
    settings: settingsSchema.parse({}),
    secrets: new Map(),
    keyStore: new FakeKeyStore(),
    clock: new FakeClock(),
    random: new FakeRandom('sealed data'),
    logger: new FakeLogger(),
  });
  await expect(opening).rejects.toMatchObject({ code: 'key-file-damaged' });
});
