import { describe, expect, it } from 'vitest';
import { drillDue, drillMaxAgeMs } from './recovery-reminder.ts';

const atMs = Date.UTC(2026, 0, 1);
const due = (nowMs: number) =>
  drillDue({ recovery: 'proven', recoveryProof: { atMs, provenBy: 'cloud-object' }, nowMs });

describe('the reminder to try the recovery words', () => {
  it('is silent for 90 days and speaks from then on', () => {
    expect(due(atMs)).toEqual([]);
    expect(due(atMs + 90 * 86_400_000)).toEqual([]);
    const [reason] = due(atMs + 90 * 86_400_000 + 1);
    expect(reason?.report.code).toBe('recovery-check-due');
    expect(reason?.report.nextStep).toContain('edge-sync recovery check');
    expect(reason?.sinceMs).toBe(atMs + drillMaxAgeMs);
  });

  it('speaks when the drill lies in the future: its date is worth nothing', () => {
    expect(due(atMs - 4 * 60_000)).toEqual([]);
    expect(due(atMs - 6 * 60_000).map(({ report }) => report.code)).toEqual(['recovery-check-due']);
  });

  it.each(['none', 'created'] as const)('leaves a kit that is %s to its own reason', (recovery) => {
    expect(drillDue({ recovery, nowMs: atMs + 2 * drillMaxAgeMs })).toEqual([]);
  });
});
