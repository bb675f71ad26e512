import { describe, expect, it } from 'vitest';
import { slotMs, type Arrival } from '../queue/home-counts.ts';
import { eraseList } from './erase-list.ts';

const noon = new Date(2026, 0, 5, 12).getTime();

function arrival(change: Partial<Arrival> = {}): Arrival {
  return {
    slot: Math.floor(noon / slotMs),
    aeTitle: 'CT_ROOM_1',
    images: 10,
    bytes: 1000,
    verified: 10,
    committed: 10,
    ...change,
  };
}

const facts = { incidents: [], days: ['2026-01-05', '2026-01-04'], nowMs: noon };
const answer = (...arrivals: Arrival[]) => eraseList({ ...facts, arrivals })[0]?.devices[0]?.answer;

describe('what may be erased', () => {
  it('is safe only when every image of the day was named by the device and is verified', () => {
    expect(answer(arrival())).toBe('safe');
    expect(answer(arrival({ committed: 9 }))).toBe('compare');
    expect(answer(arrival({ committed: 0 }))).toBe('compare');
    expect(answer(arrival({ verified: 9, committed: 9 }))).toBe('not-safe');
    expect(answer(arrival(), arrival({ slot: arrival().slot + 1, committed: 9 }))).toBe('compare');
    expect(answer(arrival(), arrival({ slot: arrival().slot + 1, verified: 0, committed: 0 }))).toBe(
      'not-safe',
    );
  });

  it('is not known where the counters contradict each other', () => {
    expect(answer(arrival({ verified: 11 }))).toBe('unknown');
    expect(answer(arrival({ verified: 9, committed: 10 }))).toBe('unknown');
    expect(answer(arrival({ committed: -1 }))).toBe('unknown');
  });

  it('is not safe while a refused or aborted store of that day, or a failed commitment, stands unanswered', () => {
    const open = (code: 'association-aborted' | 'commitment-failed' | 'cloud-auth', atMs: number) => [
      { code, firstAtMs: atMs, lastAtMs: atMs },
    ];
    const told = (incidents: ReturnType<typeof open>, change: Partial<Arrival> = {}) =>
      eraseList({ ...facts, incidents, arrivals: [arrival(change)] })[0]?.devices[0];
    expect(told(open('association-aborted', noon))).toMatchObject({
      answer: 'unknown',
      doubt: 'association-aborted',
    });
    expect(told(open('commitment-failed', noon))?.answer).toBe('unknown');
    // What is worse is told.
    expect(told(open('commitment-failed', noon), { verified: 3, committed: 3 })?.answer).toBe('not-safe');
    expect(told(open('association-aborted', noon - 24 * 3_600_000))?.answer).toBe('safe');
    expect(told(open('cloud-auth', noon))?.answer).toBe('safe');
  });

  it('is said per device and day, the newest first, and never of files', () => {
    const yesterday = arrival({ slot: arrival().slot - 96, aeTitle: 'SONO', committed: 0 });
    const list = eraseList({
      ...facts,
      arrivals: [yesterday, arrival(), arrival({ aeTitle: 'A' }), arrival({ aeTitle: '' })],
    });
    expect(list.map(({ day, isOver, devices }) => [day, isOver, devices.map((one) => one.aeTitle)])).toEqual([
      ['2026-01-05', false, ['A', 'CT_ROOM_1']],
      ['2026-01-04', true, ['SONO']],
    ]);
  });

  it('says nothing of a day without images', () => {
    expect(eraseList({ ...facts, arrivals: [] })).toEqual([]);
  });
});
