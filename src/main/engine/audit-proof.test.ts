import Database from 'better-sqlite3';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { QueueKit } from '../../../test/support/queue-kit.ts';
import type { AuditVerifyEvent } from '../../shared/contract-audit.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import { AuditCalls } from './audit-calls.ts';
import { AuditProof, type AuditProofParts } from './audit-proof.ts';
import { AuditLog } from './audit/audit-log.ts';
import type { IncidentReport } from './model.ts';

const dayMs = 24 * 3_600_000;

let kit: QueueKit;
let incidents: IncidentReport[];
let audit: AuditLog;
let proof: AuditProof;

beforeEach(async () => {
  kit = new QueueKit();
  incidents = [];
  audit = new AuditLog({ store: kit.queue, clock: kit.clock, logger: kit.logger });
  for (let count = 0; count < 5; count += 1)
    await audit.recorded({ action: 'phi-revealed', actor: 'web', outcome: 'success' });
  const { clock, logger } = kit;
  const settings = { destinations: [{ name: 'cloud', kind: 'azure', required: true }] };
  proof = new AuditProof({
    options: { clock, logger, settings } as unknown as AuditProofParts['options'],
    keys: {} as unknown as AuditProofParts['keys'],
    queue: kit.queue,
    uploads: { connect: () => Promise.reject(new EdgeSyncError('cloud-secret-missing')) },
    incidents: { report: (incident) => void incidents.push(incident) },
  });
});
afterEach(async () => {
  await proof.stop();
  kit.dispose();
});

function tamper(sql: string): void {
  const db = new Database(path.join(kit.dir, 'queue.db'));
  db.exec(`DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete; ${sql}`);
  db.close();
}

/** Time goes on, and what that started has had its turns of the event loop and its write. */
async function pass(ms: number): Promise<void> {
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  await kit.clock.advance(ms);
  await turns();
  await kit.queue.proveWriting();
  await turns();
}

it('looks by itself soon after the start and each day, and tells each break once', async () => {
  proof.start();
  await pass(60_000);
  expect(incidents).toEqual([]);
  tamper("UPDATE audit SET actor = 'engine' WHERE id = 2");
  await pass(dayMs);
  expect(incidents).toEqual([
    { code: 'audit-trail-broken', subject: 'audit-trail', detail: 'changed at entry 2', times: 1 },
  ]);
  await pass(dayMs);
  expect(incidents, 'what somebody may have answered does not come back').toHaveLength(1);
  tamper('DELETE FROM audit WHERE id IN (1, 4)');
  await pass(dayMs);
  expect(incidents[1]).toMatchObject({ detail: 'missing at entry 1', times: 2 });
});

it('tells which cloud it was not compared with, and is on record as what came of it', async () => {
  const { queue } = kit;
  const calls = new AuditCalls({ queue, audit, auditProof: proof });
  const verify = async (): Promise<AuditVerifyEvent[]> => {
    const events: AuditVerifyEvent[] = [];
    const asked = { reach: 'newest', against: null } as const;
    for await (const event of calls.verify(asked, 'web', new AbortController().signal)) events.push(event);
    await audit.settled();
    return events;
  };
  expect(await verify()).toMatchObject([
    { tag: 'problem', problem: { destination: 'cloud', object: '', code: 'cloud-secret-missing' } },
    { tag: 'result', check: { proven: 5, breakCount: 0 } },
  ]);
  tamper('DELETE FROM audit WHERE id = 3');
  expect((await verify()).at(-1)).toMatchObject({ check: { breaks: [{ kind: 'missing', from: 3, to: 3 }] } });
  const recorded = queue.auditRows(5, 10);
  expect(recorded).toMatchObject([
    { action: 'audit-verified', actor: 'web', outcome: 'success' },
    { action: 'audit-verified', actor: 'web', outcome: 'failure' },
  ]);
  expect(incidents).toHaveLength(1);
});
