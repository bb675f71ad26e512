import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import type { IncidentReport } from '../model.ts';
import { IncidentLimit } from './incident-limit.ts';

const windowMs = 60_000;

describe('the limit on incidents', () => {
  let clock: FakeClock;
  let logger: FakeLogger;
  let passed: IncidentReport[];
  let limit: IncidentLimit;

  beforeEach(() => {
    clock = new FakeClock();
    logger = new FakeLogger();
    passed = [];
    limit = new IncidentLimit((incident) => void passed.push(incident), clock, logger);
  });

  function total(): number {
    return passed.reduce((sum, { times = 1 }) => sum + times, 0);
  }

  it('passes on a few of each code and subject at once, and the rest as one at the end of the window', async () => {
    for (let turn = 0; turn < 1000; turn += 1)
      limit.report({ code: 'disk-full', subject: 'CT@10.0.0.1', detail: String(turn) });
    expect(passed).toHaveLength(5);
    limit.report({ code: 'dicom-mismatch', subject: 'CT@10.0.0.1' });
    limit.report({ code: 'disk-full', subject: 'MR@10.0.0.2' });
    expect(passed).toHaveLength(7);
    await clock.advance(windowMs);
    expect(passed).toHaveLength(8);
    expect(passed.at(-1)).toEqual({ code: 'disk-full', subject: 'CT@10.0.0.1', detail: '999', times: 995 });
    limit.report({ code: 'disk-full', subject: 'CT@10.0.0.1' });
    expect(passed).toHaveLength(9);
  });

  it('counts thousands of subjects of one code together, so that memory and the database are spared', async () => {
    for (let caller = 0; caller < 5000; caller += 1)
      limit.report({ code: 'association-refused', subject: `caller ${caller}` });
    expect(passed).toHaveLength(205);
    await clock.advance(windowMs);
    expect(passed).toHaveLength(206);
    expect(total()).toBe(5000);
    expect(logger.lines.map(({ event }) => event)).toEqual(['incidents-held', 'incidents-held-reported']);
    expect(clock.waitingCount).toBe(0);
  });

  it('passes on what it holds when it is closed', () => {
    for (let turn = 0; turn < 20; turn += 1) limit.report({ code: 'internal', subject: 'x' });
    limit.close();
    expect(total()).toBe(20);
    expect(clock.waitingCount).toBe(0);
  });
});

describe('a refused and a broken off store after many strangers', () => {
  let kit: QueueKit;

  beforeEach(() => {
    kit = new QueueKit();
  });

  afterEach(() => kit.dispose());

  it('are incidents at once, also when the strangers were answered in the same window', async () => {
    const reports: Promise<void>[] = [];
    const report = (incident: IncidentReport): void => {
      reports.push(kit.queue.reportIncident(incident));
    };
    const limit = new IncidentLimit(report, kit.clock, kit.logger);
    for (let caller = 0; caller < 100; caller += 1)
      limit.report({ code: 'association-refused', subject: `STRANGER${caller}@10.0.0.9` });
    await Promise.all(reports);
    expect(await kit.queue.answerIncident(kit.queue.status().incidents[0]!.id)).toBe(true);
    expect(kit.queue.status().incidents).toEqual([]);
    limit.report({ code: 'dicom-mismatch', subject: 'CT@10.0.0.1' });
    limit.report({ code: 'association-aborted', subject: 'CT@10.0.0.1' });
    await Promise.all(reports);
    expect(kit.queue.status().incidents.map(({ code }) => code)).toEqual([
      'association-aborted',
      'dicom-mismatch',
    ]);
    for (let turn = 0; turn < 50; turn += 1) limit.report({ code: 'disk-full', subject: 'CT@10.0.0.1' });
    limit.close();
    await Promise.all(reports);
    expect(kit.queue.status().incidents).toMatchObject([{}, {}, { code: 'disk-full', count: 50 }]);
  });
});
