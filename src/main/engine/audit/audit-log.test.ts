import Database from 'better-sqlite3';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import { EngineCalls } from '../engine-calls.ts';
import type { EngineParts } from '../engine.ts';
import type { AuditEvent } from '../ports.ts';
import { AuditLog } from './audit-log.ts';

const event: AuditEvent = { action: 'phi-revealed', actor: 'web', subject: 'study', outcome: 'success' };

let kit: QueueKit;
let audit: AuditLog;
let other: Database.Database;

beforeEach(() => {
  kit = new QueueKit();
  audit = new AuditLog({ store: kit.queue, clock: kit.clock, logger: kit.logger });
  other = new Database(path.join(kit.dir, 'queue.db'));
});
afterEach(() => {
  other.close();
  kit.dispose();
});

/** From here on the real database refuses every row of the audit table, and nothing else. */
function refuseAuditRows(): void {
  other.exec("CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END");
}

it('says when an entry is in the table', async () => {
  await audit.recorded(event);
  expect(kit.queue.auditRows(0, 10)).toMatchObject([{ action: 'phi-revealed', actor: 'web' }]);
});

it('says when an entry could not be written, and tells it in the log', async () => {
  refuseAuditRows();
  await expect(audit.recorded(event)).rejects.toMatchObject({ name: 'EdgeSyncError' });
  expect(kit.logger.lines.filter((line) => line.event === 'audit-not-written')).toHaveLength(1);
  audit.record(event);
  await audit.settled();
  expect(kit.logger.lines.filter((line) => line.event === 'audit-not-written')).toHaveLength(2);
});

it('shows no name whose audit entry could not be written', async () => {
  await kit.queue.recordReceived(newInstance('one'));
  const studyId = kit.queue.studies(1)[0]?.id ?? '';
  // Only what `reveal` uses.
  const options = { clock: kit.clock, logger: kit.logger, dataDir: kit.dir };
  const calls = new EngineCalls(
    { queue: kit.queue, audit, options } as unknown as EngineParts,
    () => undefined,
  );
  expect(await calls.reveal(studyId, 'web')).toMatchObject({ patientName: 'Doe^Jane' });
  refuseAuditRows();
  await expect(calls.reveal(studyId, 'web')).rejects.toMatchObject({ name: 'EdgeSyncError' });
});
