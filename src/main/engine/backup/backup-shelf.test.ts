import { mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { testArchive, type TestArchive } from '../../../../test/support/sealing.ts';
import { FolderStore } from '../cloud/folder-store.ts';
import { recoveryRecipient } from '../keys/recovery-key.ts';
import { EnvelopeWriters, sealWhole } from '../seal/envelope-writer.ts';
import { encodeBackup, maxBackupBytes, type BackupContent } from './backup-format.ts';
import { findBackups, storeBackup, type BackupKeys, type FoundBackups } from './backup-shelf.ts';

const first = '1'.repeat(32);
const second = '2'.repeat(32);
const signal = new AbortController().signal;

let folder: string;
let store: FolderStore;
let archive: TestArchive;
let keys: BackupKeys;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-backups-'));
  store = new FolderStore({
    path: folder,
    prefix: '',
    clock: new FakeClock(),
    random: new FakeRandom('store'),
  });
  archive = testArchive();
  keys = { openers: archive.byKek, backupMac: (bytes) => archive.keys.backupMac(bytes) };
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function content(aeTitle: string): BackupContent {
  return {
    installation: { name: 'front-desk', aeTitle, programVersion: '1.0.0' },
    settings: { dicom: { aeTitle } },
    devices: [],
    certificates: '{}',
  };
}

function header(installationId: string, number: number) {
  return { archiveId: archive.keys.archiveId, installationId, number, writtenAt: '2026-01-05T09:00:00.000Z' };
}

function put(aeTitle: string, newest = 0, installationId = first): Promise<number> {
  return storeBackup({
    store,
    sealers: archive.sealers,
    mac: (bytes) => archive.keys.backupMac(bytes),
    ...header(installationId, 1),
    content: content(aeTitle),
    newest,
    signal,
  });
}

const fileOf = (number: number, installationId = first): string =>
  join(folder, 'backups', installationId, `${String(number).padStart(10, '0')}.cms`);

/** As somebody who may write to the cloud does, past our code. */
async function plant(number: number, bytes: Buffer, installationId = first): Promise<void> {
  await mkdir(join(folder, 'backups', installationId), { recursive: true });
  await writeFile(fileOf(number, installationId), bytes);
}

function find(): Promise<FoundBackups> {
  return findBackups(store, keys, (attempt) => attempt(), signal);
}

describe('backups below one prefix', () => {
  it('are numbered from 1, and the newest of each PC is found', async () => {
    expect(await put('ONE')).toBe(1);
    expect(await put('TWO', 1)).toBe(2);
    expect(await put('OTHER', 0, second)).toBe(1);
    const { found, problems } = await find();
    expect(problems).toEqual([]);
    expect(
      found.map(({ installationId, backup, missing, refused }) => [
        ...[installationId, backup.number, backup.installation.aeTitle, missing, refused],
      ]),
    ).toEqual(
      expect.arrayContaining([
        [first, 2, 'TWO', 0, 0],
        [second, 1, 'OTHER', 0, 0],
      ]),
    );
  });

  it('never overwrite one: a number that is taken is passed over', async () => {
    await put('ONE');
    const before = await readFile(fileOf(1));
    expect(await put('TWO')).toBe(2);
    expect(await readFile(fileOf(1))).toEqual(before);
  });

  it('open with the recovery words alone too', async () => {
    await put('ONE');
    keys = { ...keys, openers: archive.byRecovery };
    expect((await find()).found).toMatchObject([{ backup: { installation: { aeTitle: 'ONE' } } }]);
  });

  it('are not believed when sealed to the public certificate by somebody without the archive key', async () => {
    await put('GENUINE');
    const attackers = new EnvelopeWriters(
      new FakeRandom('attacker'),
      [recoveryRecipient(archive.recovery)],
      null,
    );
    const forged = encodeBackup(header(first, 2), content('EVIL'), () => Buffer.alloc(32, 7));
    await plant(2, sealWhole(attackers, forged));
    keys = { ...keys, openers: archive.byRecovery };
    const { found, problems } = await find();
    expect(found).toMatchObject([
      { refused: 1, backup: { number: 1, installation: { aeTitle: 'GENUINE' } } },
    ]);
    expect(problems).toMatchObject([{ report: { code: 'backup-broken' } }]);
    expect(problems[0]?.report.message).toContain('its proof is wrong');
  });

  it('are not believed when an older one was put back under a newer number, or under another PC', async () => {
    await put('OLD');
    await put('NEW', 1);
    const old = await readFile(fileOf(1));
    await plant(3, old);
    await plant(1, old, second);
    const { found, problems } = await find();
    expect(found).toMatchObject([{ installationId: first, refused: 1, backup: { number: 2 } }]);
    expect(problems.map(({ report }) => report.message)).toEqual([
      expect.stringContaining('moved from another place'),
      expect.stringContaining('moved from another place'),
    ]);
  });

  it('tell their number and date, and what is missing below, when newer ones were taken away', async () => {
    await put('ONE');
    await put('TWO', 1);
    await put('THREE', 2);
    await rm(fileOf(2));
    expect((await find()).found).toMatchObject([{ missing: 1, backup: { number: 3 } }]);
    await rm(fileOf(3));
    const [rolledBack] = (await find()).found;
    expect(rolledBack?.backup).toMatchObject({ number: 1, writtenAt: '2026-01-05T09:00:00.000Z' });
  });

  it('of another archive are told as such and never taken', async () => {
    const other = testArchive('other');
    const bytes = encodeBackup(header(first, 1), content('OTHER'), (line) => other.keys.backupMac(line));
    await plant(1, sealWhole(other.sealers, bytes));
    const { found, problems } = await find();
    expect(found).toEqual([]);
    expect(problems[0]?.report.message).toContain('another archive made it');
  });

  it('are passed over when cut short anywhere or changed by a bit', async () => {
    await put('GENUINE');
    await put('NEWEST', 1);
    const whole = await readFile(fileOf(2));
    for (const size of [0, 1, 100, whole.length >> 1, whole.length - 1]) {
      await writeFile(fileOf(2), whole);
      await truncate(fileOf(2), size);
      expect((await find()).found, `cut to ${size}`).toMatchObject([{ refused: 1, backup: { number: 1 } }]);
    }
    for (let at = 3; at < whole.length; at += 41) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(fileOf(2), changed);
      const { found } = await find();
      // Entries for recipients are outside the tag: a change there can lock one out, never bring out other content.
      expect(['GENUINE', 'NEWEST']).toContain(found[0]?.backup.installation.aeTitle);
      if (found[0]?.backup.number === 2)
        expect(found[0].backup.settings).toEqual({ dicom: { aeTitle: 'NEWEST' } });
    }
  });

  it('that are far too large are refused before they are read', async () => {
    await put('GENUINE');
    await plant(2, Buffer.alloc(0));
    await truncate(fileOf(2), maxBackupBytes * 20);
    const { found, problems } = await find();
    expect(found).toMatchObject([{ backup: { number: 1 } }]);
    expect(problems[0]?.report.message).toContain('too large');
  });

  it('are not confused by names that are not ours', async () => {
    await put('ONE');
    await rename(fileOf(1), join(folder, 'backups', first, '1.cms'));
    await plant(0, Buffer.from('x'));
    expect(await find()).toEqual({ found: [], problems: [] });
    expect(await readdir(join(folder, 'backups', first))).toHaveLength(2);
  });

  it('show nothing of pairings or keys to who holds the cloud', async () => {
    await put('CANARYTITLE');
    expect((await readFile(fileOf(1))).includes('CANARYTITLE')).toBe(false);
  });
});
