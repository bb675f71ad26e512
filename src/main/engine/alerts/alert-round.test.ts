import { describe, expect, it } from 'vitest';
import type { Told } from '../queue/alerts.ts';
import { errorFacts } from '../../../shared/errors.ts';
import type { Failure } from '../../../shared/status.ts';
import { problemsIn, subjectOf, textOf, type AlertMessage } from './alert-message.ts';
import { nextTelling, type AlertFacts } from './alert-round.ts';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 0, 5, 12, 0, 0);
const iso = (ms: number): string => new Date(ms).toISOString();

function failure(code: string, more: Partial<Failure> = {}): Failure {
  return {
    id: code,
    code,
    message: 'The cloud cannot be reached: DOE^JANE.example',
    nextStep: 'C:\\scans\\Doe Jane',
    imagesSafe: true,
    action: 'retry',
    studyId: 'S1',
    destination: null,
    count: 1,
    firstAt: iso(nowMs - hourMs),
    lastAt: iso(nowMs),
    ...more,
  };
}

const told = (key: string, agoMs: number): Told => ({
  key,
  code: key,
  destination: null,
  sinceMs: nowMs - agoMs,
  toldAtMs: nowMs - agoMs,
});

function facts(codes: readonly string[], more: Partial<AlertFacts> = {}): AlertFacts {
  const open = problemsIn({ failures: codes.map((code) => failure(code)) });
  return {
    open,
    ageMs: new Map(open.map(({ key }) => [key, hourMs])),
    goneBefore: new Set(),
    told: [],
    nowMs,
    afterMs: hourMs,
    repeatMs: 24 * hourMs,
    ...more,
  };
}

describe('what a channel is told next', () => {
  it('is nothing while all is well', () => {
    expect(nextTelling(facts([]))).toBeUndefined();
  });

  it('is a problem once it has lasted long enough, and not before', () => {
    expect(
      nextTelling(facts(['disk-full'], { ageMs: new Map([['disk-full', hourMs - 1]]) })),
    ).toBeUndefined();
    expect(nextTelling(facts(['disk-full']))).toEqual({ event: 'raised', keys: ['disk-full'] });
  });

  it('is only what it does not know yet', () => {
    expect(nextTelling(facts(['disk-full', 'port-taken'], { told: [told('disk-full', 1000)] }))).toEqual({
      event: 'raised',
      keys: ['port-taken'],
    });
  });

  it('is the end of a problem when it was gone at two looks', () => {
    const before = { told: [told('disk-full', hourMs)] };
    expect(nextTelling(facts([], before))).toBeUndefined();
    expect(nextTelling(facts([], { ...before, goneBefore: new Set(['disk-full']) }))).toEqual({
      event: 'over',
      keys: ['disk-full'],
    });
  });

  it('is what still stands, after a day, unless it is told once only', () => {
    const old = { told: [told('disk-full', 24 * hourMs)] };
    expect(nextTelling(facts(['disk-full'], old))).toEqual({ event: 'reminder', keys: ['disk-full'] });
    expect(nextTelling(facts(['disk-full'], { ...old, repeatMs: 0 }))).toBeUndefined();
    expect(nextTelling(facts(['disk-full'], { told: [told('disk-full', 23 * hourMs)] }))).toBeUndefined();
  });

  it('is a reminder when the clock was set back by more than a day', () => {
    expect(nextTelling(facts(['disk-full'], { told: [told('disk-full', -25 * hourMs)] }))?.event).toBe(
      'reminder',
    );
  });
});

describe('a problem', () => {
  it('is the same for several studies, the older time and the worse news winning', () => {
    const [one, ...others] = problemsIn({
      failures: [
        failure('cloud-conflict', { destination: 'cloud', count: 2 }),
        failure('cloud-conflict', {
          destination: 'cloud',
          imagesSafe: false,
          firstAt: iso(nowMs - 2 * hourMs),
        }),
      ],
    });
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      key: 'cloud-conflict@cloud',
      count: 3,
      imagesSafe: false,
      since: iso(nowMs - 2 * hourMs),
    });
  });

  it('is told in the words of the list of errors: none of its details goes out', () => {
    const problems = problemsIn({ failures: [failure('cloud-unreachable'), failure('no-such-code')] });
    const message: AlertMessage = {
      event: 'raised',
      at: iso(nowMs),
      practice: 'Practice by the sea',
      pc: 'desk-1',
      safe: false,
      headline: 'attention',
      problems,
      othersOpen: 1,
    };
    const text = `${subjectOf(message)}\n${textOf(message)}${JSON.stringify(message)}`;
    expect(text).toContain(errorFacts['cloud-unreachable'].message);
    expect(text).toContain(errorFacts['cloud-unreachable'].nextStep);
    expect(text).toContain('Practice by the sea, desk-1: 2 problems');
    expect(text).not.toMatch(/doe|scans|no-such-code|S1/i);
  });
});
