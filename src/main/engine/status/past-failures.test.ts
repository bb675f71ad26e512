import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../shared/status.ts';
import { PastFailures } from './past-failures.ts';

const hourMs = 3_600_000;
const startMs = Date.parse('2026-01-05T12:00:00.000Z');

function failure(change: Partial<Failure> = {}): Failure {
  const at = new Date(startMs).toISOString();
  return {
    code: 'disk-full',
    message: 'm',
    nextStep: 'n',
    id: 'incident:disk-full:1',
    imagesSafe: true,
    action: 'answer',
    studyId: null,
    destination: null,
    count: 1,
    firstAt: at,
    lastAt: at,
    ...change,
  };
}

describe('failures that are over', () => {
  it('are told from the moment they are gone, for a day', () => {
    const past = new PastFailures();
    past.see([failure()], startMs);
    expect(past.over(startMs)).toEqual([]);
    past.see([], startMs + 1000);
    const overAt = new Date(startMs + 1000).toISOString();
    expect(past.over(startMs + 2000)).toMatchObject([{ failure: { code: 'disk-full' }, overAt }]);
    expect(past.over(startMs + 25 * hourMs)).toEqual([]);
  });

  it('are not over while they are back, whatever the number of their report', () => {
    const past = new PastFailures();
    past.see([failure()], startMs);
    past.see([failure({ id: 'incident:disk-full:2', count: 2 })], startMs + 1);
    expect(past.over(startMs + 2)).toEqual([]);
    past.see([], startMs + 3);
    past.see([failure({ id: 'incident:disk-full:9' })], startMs + 4);
    expect(past.over(startMs + 5)).toEqual([]);
  });

  it('are told newest first, and no more than thirty', () => {
    const past = new PastFailures();
    for (let number = 0; number < 40; number += 1) {
      past.see([failure({ destination: `place-${number}` })], startMs + number);
    }
    past.see([], startMs + 40);
    const over = past.over(startMs + 41);
    expect(over).toHaveLength(30);
    expect(over[0]?.failure.destination).toBe('place-39');
  });
});
