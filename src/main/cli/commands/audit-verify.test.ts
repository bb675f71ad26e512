import { beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import type { AuditCheck, AuditVerifyEvent } from '../../../shared/contract-audit.ts';
import type { Output } from '../output.ts';
import { showAuditVerify } from './audit-verify.ts';

let printed: string[];
let shown: string[];
let output: Output;
const clock = new FakeClock();

beforeEach(() => {
  printed = [];
  shown = [];
  output = {
    out: (line) => void printed.push(line),
    err: (line) => void printed.push(`err: ${line}`),
    progress: { update: (line) => void shown.push(line), end: () => undefined },
  };
});

const whole: AuditCheck = {
  ...{ entries: 9, last: 9, proven: 9, before: 2 },
  ...{ breaks: [], breakCount: 0, anchoredTo: 7 },
};

async function show(events: readonly AuditVerifyEvent[], format: 'text' | 'json' = 'text', stepMs = 0) {
  async function* told(): AsyncGenerator<AuditVerifyEvent> {
    for (const event of events) {
      await clock.advance(stepMs);
      yield event;
    }
  }
  return showAuditVerify(told(), { format, proof: undefined }, output, clock);
}

it('says that the trail holds, and with what it was compared', async () => {
  expect(await show([{ tag: 'result', check: whole }])).toBe(0);
  expect(printed.join(' ')).toMatch(/holds: 9 of 9 entries proven, 2 of them from before the chain.*entry 7/);
});

it('names the first break, and lists a bounded number of them', async () => {
  const breaks = Array.from({ length: 50 }, (_, index) => ({
    ...{ kind: 'changed' as const, from: 3 * index + 1, to: 3 * index + 1 },
  }));
  expect(await show([{ tag: 'result', check: { ...whole, breaks, breakCount: 50 } }])).toBe(2);
  expect(printed[1]).toBe('First break: entry 1 does not say what it said when written.');
  expect(printed.filter((line) => line.startsWith('  entry'))).toHaveLength(20);
  expect(await show([{ tag: 'result', check: { ...whole, breaks, breakCount: 50 } }], 'json')).toBe(2);
  expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ breakCount: 50, firstBreak: breaks[0] });
});

it('does not call a trail proven that could not be compared', async () => {
  const problem = {
    code: 'cloud-auth',
    message: 'Refused',
    nextStep: 'Look.',
    destination: 'cloud',
    object: '',
  };
  expect(
    await show([
      { tag: 'problem', problem },
      { tag: 'result', check: whole },
    ]),
  ).toBe(2);
  expect(printed.at(-1)).toBe('err: edge-sync: cloud: not compared: Refused. Look. [cloud-auth]');
});

it('shows progress only where it takes longer than a second', async () => {
  const steps = [5000, 9000].map((checked) => ({ tag: 'progress' as const, checked, total: 9000 }));
  const events = [...steps, { tag: 'result' as const, check: whole }];
  await show(events, 'text', 100);
  expect(shown).toEqual([]);
  await show(events, 'text', 600);
  expect(shown).toEqual([expect.stringContaining('9000 of 9000 entries')]);
});
