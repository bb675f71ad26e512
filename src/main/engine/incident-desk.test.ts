import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { QueueKit } from '../../../test/support/queue-kit.ts';
import { IncidentDesk } from './incident-desk.ts';

const aborted = { code: 'association-aborted', subject: 'CT@127.0.0.1', detail: 'lost' } as const;

let kit: QueueKit;
let desk: IncidentDesk;
let other: Database.Database;
let changes: number;

beforeEach(() => {
  kit = new QueueKit();
  changes = 0;
  const { queue, clock, logger } = kit;
  desk = new IncidentDesk({ queue, clock, logger, onChange: () => (changes += 1) });
  other = new Database(path.join(kit.dir, 'queue.db'));
});
afterEach(async () => {
  await desk.close();
  other.close();
  kit.dispose();
});

/** From here on the real database takes no new incident. */
function refuseIncidents(): void {
  other.exec("CREATE TRIGGER refuse BEFORE INSERT ON incident BEGIN SELECT RAISE(ABORT, 'no room'); END");
}

function takeIncidents(): void {
  other.exec('DROP TRIGGER refuse');
}

it('records an incident at once and keeps nothing', async () => {
  desk.report(aborted);
  await kit.clock.advance(0);
  expect(kit.queue.status().incidents).toMatchObject([{ code: 'association-aborted', count: 1 }]);
  expect(desk.unrecorded).toEqual([]);
  expect(kit.clock.waitingCount).toBe(0);
});

it('shows an incident that cannot be recorded, and counts it by code and subject', async () => {
  refuseIncidents();
  for (const subject of ['CT', 'CT', 'MR']) desk.report({ ...aborted, subject });
  desk.report({ code: 'disk-error', subject: 'CT' });
  await kit.clock.advance(0);
  expect(desk.unrecorded).toMatchObject([
    { id: 'unrecorded:association-aborted', count: 3, detail: 'lost' },
    { id: 'unrecorded:disk-error', count: 1 },
  ]);
  expect(changes).toBeGreaterThan(0);
  expect(kit.queue.status().incidents).toEqual([]);
});

it('tries again until it is recorded, and then lets go of it', async () => {
  refuseIncidents();
  desk.report(aborted);
  await kit.clock.advance(60_000);
  expect(desk.unrecorded).toHaveLength(1);
  takeIncidents();
  await kit.clock.advance(10_000);
  // Recorded means flushed to the disk, which takes real time.
  await expect.poll(() => desk.unrecorded).toEqual([]);
  expect(kit.queue.status().incidents).toMatchObject([{ code: 'association-aborted', detail: 'lost' }]);
  await kit.clock.advance(60_000);
  expect(kit.queue.status().incidents).toMatchObject([{ count: 1 }]);
});

it('says the first failure of a subject in the log, not each attempt', async () => {
  refuseIncidents();
  desk.report(aborted);
  await kit.clock.advance(60_000);
  expect(kit.logger.lines.filter((line) => line.event === 'incident-not-recorded')).toHaveLength(1);
  expect(JSON.stringify(kit.logger.lines)).not.toContain(aborted.subject);
});

it('forgets an incident whose cause is gone before it was recorded', async () => {
  refuseIncidents();
  desk.report({ code: 'folder-not-reachable', subject: '/folder' });
  await kit.clock.advance(0);
  desk.resolve('folder-not-reachable', '/folder');
  expect(desk.unrecorded).toEqual([]);
  takeIncidents();
  await kit.clock.advance(60_000);
  expect(kit.queue.status().incidents).toEqual([]);
});

it('keeps a bounded number of subjects, and counts the rest by code', async () => {
  refuseIncidents();
  for (let n = 0; n < 1000; n += 1) desk.report({ ...aborted, subject: `CALLER${n}` });
  await kit.clock.advance(0);
  expect(desk.unrecorded).toMatchObject([{ count: 1000 }]);
  takeIncidents();
  await kit.clock.advance(10_000);
  expect(kit.queue.status().incidents).toMatchObject([{ count: 1000 }]);
});

it('tries a last time when it is closed', async () => {
  refuseIncidents();
  desk.report(aborted);
  await kit.clock.advance(0);
  takeIncidents();
  await desk.close();
  expect(kit.queue.status().incidents).toHaveLength(1);
  expect(kit.clock.waitingCount).toBe(0);
});
