import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import { AuditLog } from '../audit/audit-log.ts';
import type { IncidentRow } from './queue-types.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
});

afterEach(() => kit.dispose());

describe('an incident', () => {
  it('is counted per code and subject, and shown per code', async () => {
    const startMs = kit.clock.nowMs();
    await kit.queue.reportIncident({ code: 'association-refused', subject: 'OTHER 10.0.0.7', detail: 'one' });
    await kit.clock.advance(1000);
    await kit.queue.reportIncident({ code: 'association-refused', subject: 'OTHER 10.0.0.7', detail: 'two' });
    await kit.queue.reportIncident({
      code: 'association-refused',
      subject: 'OTHER 10.0.0.8',
      detail: 'three',
    });
    await kit.queue.reportIncident({ code: 'uid-conflict', subject: 'x' });
    expect(kit.reopen().status().incidents).toEqual([
      {
        id: 'incident:association-refused:3',
        code: 'association-refused',
        detail: 'three',
        count: 3,
        firstAtMs: startMs,
        lastAtMs: startMs + 1000,
      },
      expect.objectContaining({ code: 'uid-conflict', count: 1, detail: undefined }),
    ]);
  });

  it('is gone once answered, and opens anew when it happens again', async () => {
    await kit.queue.reportIncident({ code: 'uid-conflict', subject: 'x' });
    const [{ id }] = kit.queue.status().incidents as [IncidentRow];
    expect(await kit.queue.answerIncident('upload:cloud:failed:uid-conflict')).toBe(false);
    expect(await kit.queue.answerIncident('incident:uid-conflict')).toBe(false);
    expect(await kit.queue.answerIncident(id)).toBe(true);
    expect(await kit.queue.answerIncident(id)).toBe(false);
    expect(kit.queue.status().incidents).toEqual([]);
    await kit.clock.advance(5000);
    await kit.queue.reportIncident({ code: 'uid-conflict', subject: 'x' });
    expect(kit.queue.status().incidents).toMatchObject([{ count: 1, firstAtMs: kit.clock.nowMs() }]);
  });

  it('is answered only as far as somebody has seen it', async () => {
    for (const subject of ['seen', 'counts on'])
      await kit.queue.reportIncident({ code: 'disk-full', subject });
    const shown = (): string => kit.queue.status().incidents[0]!.id;
    const seen = shown();
    await kit.queue.reportIncident({ code: 'uid-conflict', subject: 'another cause' });
    expect(kit.reopen().status().incidents[0]).toMatchObject({ code: 'disk-full', id: seen });
    // The clock is set back meanwhile: what came later is newer all the same.
    kit.clock.jump(-3_600_000);
    await kit.queue.reportIncident({ code: 'disk-full', subject: 'counts on', detail: 'again' });
    await kit.queue.reportIncident({ code: 'disk-full', subject: 'new' });
    expect(await kit.queue.answerIncident(seen)).toBe(true);
    expect(kit.queue.status().incidents).toMatchObject([
      { code: 'disk-full', count: 3 },
      { code: 'uid-conflict', count: 1 },
    ]);
    expect(await kit.queue.answerIncident(seen)).toBe(false);
    expect(await kit.queue.answerIncident(shown())).toBe(true);
    expect(kit.queue.status().incidents).toMatchObject([{ code: 'uid-conflict' }]);
  });

  it('can be over by itself, for one subject or for all', async () => {
    for (const subject of ['/one', '/two', '/three']) {
      await kit.queue.reportIncident({ code: 'folder-not-reachable', subject });
    }
    expect(await kit.queue.resolveIncident('folder-not-reachable', '/one')).toBe(1);
    expect(kit.queue.status().incidents).toMatchObject([{ count: 2 }]);
    expect(await kit.queue.resolveIncident('folder-not-reachable')).toBe(2);
    expect(kit.queue.status().incidents).toEqual([]);
  });

  it('cannot fill the database: beyond 200 subjects they count on one', async () => {
    const reports = Array.from({ length: 1000 }, (_, index) =>
      kit.queue.reportIncident({ code: 'association-refused', subject: `scanner ${index}` }),
    );
    await Promise.all(reports);
    expect(kit.queue.status().incidents).toMatchObject([{ count: 1000 }]);
    expect(await kit.queue.resolveIncident('association-refused')).toBe(201);
  });
});

describe('the audit trail', () => {
  it('keeps who did what, in order, and cannot be changed', async () => {
    const audit = new AuditLog({ store: kit.queue, clock: kit.clock, logger: kit.logger });
    audit.record({ action: 'engine-started', actor: 'engine', outcome: 'success' });
    audit.record({ action: 'phi-revealed', actor: 'web', subject: 'study-id', outcome: 'success' });
    await audit.settled();
    const rows = kit.reopen().auditRows(0, 10);
    expect(rows).toMatchObject([
      {
        id: 1,
        atMs: kit.clock.nowMs(),
        action: 'engine-started',
        actor: 'engine',
        subject: null,
        outcome: 'success',
      },
      {
        id: 2,
        atMs: kit.clock.nowMs(),
        action: 'phi-revealed',
        actor: 'web',
        subject: 'study-id',
        outcome: 'success',
      },
    ]);
    expect(kit.queue.auditRows(1, 10)).toHaveLength(1);
  });

  it('says in the log when it could not be written', async () => {
    const audit = new AuditLog({ store: kit.queue, clock: kit.clock, logger: kit.logger });
    kit.queue.close();
    audit.record({ action: 'engine-stopped', actor: 'engine', outcome: 'success' });
    await audit.settled();
    expect(kit.logger.lines).toMatchObject([{ level: 'error', event: 'audit-not-written' }]);
  });
});
