import { describe, expect, it } from 'vitest';
import type { OpenCommitment, Standing } from '../queue/commitments.ts';
import {
  failures,
  isDue,
  type Stage,
  stageOf,
  unknownGraceMs,
  verdictOf,
  waitMs,
} from './commitment-result.ts';

const stages: readonly Stage[] = ['arriving', 'waiting', 'over'];

function commitment(wishes: Partial<OpenCommitment> = {}): OpenCommitment {
  return {
    id: 1,
    callingAeTitle: 'CT_ROOM_1',
    remoteAddress: '192.168.1.20',
    deviceId: null,
    isDuplicate: false,
    total: 10,
    unsettled: 0,
    unknown: 0,
    refused: 0,
    requestedAtMs: 0,
    readyAtMs: null,
    attempts: 0,
    nextAttemptAtMs: null,
    failureTold: false,
    ...wishes,
  };
}

describe('what is said of an instance', () => {
  it('is committed for one standing alone', () => {
    const standings: readonly Standing[] = [
      ...(['new', 'waits', 'verified', 'unknown', 'conflict', 'unsupported', 'duplicate'] as const),
    ];
    for (const stage of stages) {
      const committed = standings.filter((one) => verdictOf(one, stage).tag === 'committed');
      expect(committed).toEqual(['verified']);
    }
  });

  it.each([
    ['waits', 'over', 0x0110],
    ['new', 'over', 0x0110],
    ['unknown', 'waiting', 0x0112],
    ['unknown', 'over', 0x0112],
    ['conflict', 'arriving', 0x0119],
    ['unsupported', 'arriving', 0x0122],
    ['duplicate', 'arriving', 0x0131],
  ] as const)('is for %s, when %s, failure reason %i', (standing, stage, reason) => {
    expect(verdictOf(standing, stage)).toEqual({ tag: 'failed', reason });
  });

  it.each([
    ['waits', 'arriving'],
    ['waits', 'waiting'],
    ['new', 'waiting'],
    ['unknown', 'arriving'],
  ] as const)('is nothing yet for %s, when %s', (standing, stage) => {
    expect(verdictOf(standing, stage)).toEqual({ tag: 'waits' });
  });
});

describe('an answer', () => {
  it('is due when something can be said of every instance', () => {
    expect(isDue(commitment(), 0)).toBe(true);
    expect(isDue(commitment({ refused: 3 }), 0)).toBe(true);
    expect(isDue(commitment({ unsettled: 1 }), waitMs - 1)).toBe(false);
    expect(isDue(commitment({ unsettled: 1 }), waitMs)).toBe(true);
    expect(isDue(commitment({ unknown: 1 }), unknownGraceMs - 1)).toBe(false);
    expect(isDue(commitment({ unknown: 1 }), unknownGraceMs)).toBe(true);
    expect(isDue(commitment({ unknown: 1, unsettled: 1 }), unknownGraceMs)).toBe(false);
  });

  it('is waited for on when the clock of the PC was set back', () => {
    expect(stageOf(1_000_000, 0)).toBe('arriving');
    expect(isDue(commitment({ requestedAtMs: 1_000_000, unsettled: 1 }), 0)).toBe(false);
  });

  it('counts what it does not commit', () => {
    expect(failures(commitment())).toBe(0);
    expect(failures(commitment({ unsettled: 1, unknown: 2, refused: 3 }))).toBe(6);
    expect(failures(commitment({ isDuplicate: true }))).toBe(10);
  });
});
