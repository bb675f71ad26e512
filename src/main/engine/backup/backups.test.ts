import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import { testArchive } from '../../../../test/support/sealing.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { FolderStore } from '../cloud/folder-store.ts';
import type { IncidentReport } from '../model.ts';
import { SystemClock } from '../system/clock.ts';
import type { BackupContent } from './backup-format.ts';
import { Backups, type BackupsDeps } from './backups.ts';

const installationId = 'a'.repeat(32);
const hourMs = 3_600_000;

let kit: QueueKit;
let folder: string;
let aeTitle: string;
let isDown: boolean;
let isProven: boolean;
let incidents: IncidentReport[];
let resolved: string[];
let connections: number;
let backups: Backups;

beforeEach(async () => {
  kit = new QueueKit();
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-backups-'));
  aeTitle = 'ONE';
  isDown = false;
  isProven = true;
  incidents = [];
  resolved = [];
  connections = 0;
  backups = open();
});

afterEach(async () => {
  await backups.stop();
  kit.dispose();
  await rm(folder, { recursive: true, force: true });
});

function content(): BackupContent {
  return {
    installation: { name: 'pc', aeTitle, programVersion: '1' },
    settings: {},
    devices: [],
    certificates: '{}',
  };
}

function open(wishes: Partial<BackupsDeps> = {}): Backups {
  const archive = testArchive();
  return new Backups({
    destinations: ['cloud'],
    connect: () => {
      connections += 1;
      if (isDown) return Promise.reject(new EdgeSyncError('cloud-unreachable'));
      const place = { path: folder, prefix: '', clock: new SystemClock(), random: new FakeRandom() };
      return Promise.resolve(new FolderStore(place));
    },
    collect: () => Promise.resolve(content()),
    sealers: () => archive.sealers,
    mac: (bytes) => archive.keys.backupMac(bytes),
    archiveId: archive.keys.archiveId,
    installationId,
    mayWrite: () => isProven,
    marks: kit.queue.backups,
    reportIncident: (incident) => void incidents.push(incident),
    resolveIncident: (code) => void resolved.push(code),
    clock: kit.clock,
    random: new FakeRandom(),
    logger: kit.logger,
    ...wishes,
  });
}

async function stored(): Promise<readonly string[]> {
  return (await readdir(join(folder, 'backups', installationId)).catch(() => [])).sort();
}

/** Lets the time go by, and waits for what it set off: `write` runs after it. */
async function settled(ms: number): Promise<void> {
  await kit.clock.advance(ms);
  await backups.write().catch(() => undefined);
}

const name = (number: number): string => `${String(number).padStart(10, '0')}.cms`;

describe('the writer of backups', () => {
  it('writes one after the start and one after each change, and none when nothing changed', async () => {
    backups.start();
    await settled(10_000);
    expect(await stored()).toEqual([name(1)]);
    backups.changed();
    await settled(10_000);
    expect(await stored()).toEqual([name(1)]);
    aeTitle = 'TWO';
    backups.changed();
    backups.changed();
    await settled(10_000);
    expect(await stored()).toEqual([name(1), name(2)]);
    expect(kit.queue.backups.get('cloud')).toMatchObject({ number: 2, owedSinceMs: undefined });
  });

  it('writes none again after a restart when nothing changed', async () => {
    await backups.write();
    await backups.stop();
    backups = open();
    backups.start();
    await settled(10_000);
    expect(await stored()).toEqual([name(1)]);
  });

  it('writes nothing before the words are proven, and says so when asked', async () => {
    isProven = false;
    backups.start();
    await kit.clock.advance(60_000);
    await expect(backups.write()).rejects.toMatchObject({ code: 'recovery-not-proven' });
    expect(connections).toBe(0);
    isProven = true;
    backups.changed();
    await settled(10_000);
    expect(await stored()).toEqual([name(1)]);
  });

  it('does not look before a moment of quiet, so that five pairings make one backup', async () => {
    backups.start();
    for (let change = 0; change < 5; change += 1) {
      aeTitle = `CHANGE${change}`;
      backups.changed();
      await kit.clock.advance(500);
    }
    expect(connections).toBe(0);
    await settled(10_000);
    expect(await stored()).toEqual([name(1)]);
  });

  it('tries again while the cloud is away, is not green after a day, and is when it has written', async () => {
    isDown = true;
    backups.start();
    for (let hour = 0; hour < 23; hour += 1) await settled(hourMs);
    // Ours at the end of each hour, and at least one of its own in each.
    expect(connections).toBeGreaterThanOrEqual(46);
    expect(incidents).toEqual([]);
    for (let hour = 0; hour < 2; hour += 1) await settled(hourMs);
    expect(incidents[0]).toMatchObject({ code: 'backup-late', subject: 'cloud' });
    isDown = false;
    await settled(hourMs);
    expect(await stored()).toEqual([name(1)]);
    expect(resolved).toEqual(['backup-late']);
  });

  it('counts the day from the first failure, over a restart', async () => {
    isDown = true;
    backups.start();
    await settled(20 * hourMs);
    await backups.stop();
    backups = open();
    backups.start();
    await settled(5 * hourMs);
    expect(incidents).not.toEqual([]);
  });

  it('writes again when another container stands behind the name, under a number never given before', async () => {
    await backups.write();
    aeTitle = 'TWO';
    await backups.write();
    await backups.stop();
    await rename(join(folder, 'backups'), join(folder, 'elsewhere'));
    backups = open();
    backups.start();
    await settled(10_000);
    expect(await stored()).toEqual([name(3)]);
  });

  it('goes on at one destination when another is away', async () => {
    const other = await mkdtemp(join(tmpdir(), 'edge-sync-backups-'));
    const store = { prefix: '', clock: new SystemClock(), random: new FakeRandom() };
    backups = open({
      destinations: ['down', 'nas'],
      connect: (destination) =>
        destination === 'down'
          ? Promise.reject(new EdgeSyncError('cloud-auth'))
          : Promise.resolve(new FolderStore({ ...store, path: other })),
    });
    await expect(backups.write()).rejects.toMatchObject({ code: 'cloud-auth' });
    expect(await readdir(join(other, 'backups', installationId))).toEqual([name(1)]);
    await rm(other, { recursive: true });
  });

  it('logs no value of what it writes', async () => {
    aeTitle = 'CANARYTITLE';
    await backups.write();
    expect(JSON.stringify(kit.logger.lines)).not.toContain('CANARYTITLE');
  });
});
