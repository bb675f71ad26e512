import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import { alertsSchema } from '../../../shared/alert-settings.ts';
import { EdgeSyncError, reportFor, type ErrorCode } from '../../../shared/errors.ts';
import type { StatusReport } from '../../../shared/status.ts';
import { AlertDesk, type AlertChannel } from './alert-desk.ts';
import type { AlertMessage } from './alert-message.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** What goes out; refuses when told to. */
class Outbox implements AlertChannel {
  readonly sent: AlertMessage[] = [];
  attempts = 0;
  works = true;

  readonly name: 'email' | 'webhook';

  constructor(name: 'email' | 'webhook') {
    this.name = name;
  }

  send(message: AlertMessage): Promise<void> {
    this.attempts += 1;
    if (!this.works) return Promise.reject(new EdgeSyncError('alert-not-sent', 'mail.example'));
    this.sent.push(message);
    return Promise.resolve();
  }

  get events(): readonly string[] {
    return this.sent.map(({ event, problems }) => `${event} ${problems.map(({ key }) => key).join(' ')}`);
  }
}

let kit: QueueKit;
let clock: FakeClock;
let mail: Outbox;
let hook: Outbox;
let open: { code: ErrorCode; sinceMs: number }[];
let heartbeatHours: number;
let desk: AlertDesk;

function newDesk(): AlertDesk {
  return new AlertDesk({
    settings: () =>
      alertsSchema.parse({ webhook: { url: 'https://hook.example/a', heartbeatHours }, practice: 'P' }),
    channels: () => Promise.resolve([mail, hook]),
    status: () =>
      Promise.resolve({
        safe: open.length === 0,
        headline: open.length === 0 ? 'all-safe' : 'attention',
        failures: open.map(({ code, sinceMs }) => ({
          id: code,
          ...reportFor(code),
          imagesSafe: true,
          action: 'none',
          studyId: null,
          destination: null,
          count: 1,
          firstAt: new Date(sinceMs).toISOString(),
          lastAt: new Date(sinceMs).toISOString(),
        })),
      } as unknown as StatusReport),
    ledger: kit.queue.alerts,
    pc: 'desk-1',
    clock,
    logger: new FakeLogger(),
    onChange: () => undefined,
  });
}

beforeEach(() => {
  kit = new QueueKit();
  clock = kit.clock;
  mail = new Outbox('email');
  hook = new Outbox('webhook');
  open = [];
  heartbeatHours = 0;
  desk = newDesk();
  desk.start();
});
afterEach(async () => {
  await desk.stop();
  kit.dispose();
});

/** Minute by minute, for what is written down goes to a real disk: each look ends before the next one begins. */
async function pass(ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += minuteMs) {
    await clock.advance(minuteMs);
    while (clock.waitingCount === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

const raise = (code: ErrorCode): number => open.push({ code, sinceMs: clock.nowMs() });

describe('a problem that lasts', () => {
  it('is told once, again each day, and once when it is over', async () => {
    raise('disk-full');
    await pass(59 * minuteMs);
    expect(mail.events).toEqual([]);
    await pass(2 * minuteMs);
    expect(mail.events).toEqual(['raised disk-full']);
    await pass(25 * hourMs);
    expect(mail.events).toEqual(['raised disk-full', 'reminder disk-full']);
    open = [];
    await pass(3 * minuteMs);
    expect(mail.events.slice(2)).toEqual(['over disk-full']);
    expect(mail.sent.at(-1)?.othersOpen).toBe(0);
    await pass(48 * hourMs);
    expect(mail.events).toHaveLength(3);
    expect(hook.events).toEqual(mail.events);
  });

  it('is not told when it ends in time', async () => {
    raise('disk-full');
    await pass(50 * minuteMs);
    open = [];
    await pass(3 * hourMs);
    expect(mail.events).toEqual([]);
  });

  it('is told after an hour as the PC counts it, where somebody sets the clock back meanwhile', async () => {
    raise('disk-full');
    clock.jump(-365 * 24 * hourMs);
    await pass(62 * minuteMs);
    expect(mail.events).toEqual(['raised disk-full']);
  });

  it('is not told anew after a restart', async () => {
    raise('disk-full');
    await pass(62 * minuteMs);
    await desk.stop();
    desk = newDesk();
    desk.start();
    await pass(3 * hourMs);
    expect(mail.events).toEqual(['raised disk-full']);
  });
});

describe('a channel that fails', () => {
  it('is tried again, later each time, keeps the status from green, and does not hold up the other', async () => {
    mail.works = false;
    raise('disk-full');
    await pass(61 * minuteMs);
    expect(hook.events).toEqual(['raised disk-full']);
    expect(desk.standing().map(({ code }) => code)).toEqual(['alert-not-sent']);
    await pass(4 * hourMs);
    expect(mail.attempts).toBeLessThan(15);
    expect(mail.attempts).toBeGreaterThan(5);
    mail.works = true;
    await pass(hourMs);
    expect(mail.events).toEqual(['raised disk-full']);
    expect(desk.standing()).toEqual([]);
  });

  it('says in a test what is wrong, by channel', async () => {
    mail.works = false;
    const outcomes = await desk.test(new AbortController().signal);
    expect(outcomes).toMatchObject([
      { channel: 'email', tag: 'failed', error: { code: 'alert-not-sent' } },
      { channel: 'webhook', tag: 'sent' },
    ]);
    expect(hook.events).toEqual(['test ']);
  });
});

describe('a sign of life', () => {
  it('goes to the webhook as often as asked for, over restarts, and never by mail', async () => {
    heartbeatHours = 6;
    await pass(12 * hourMs + 10 * minuteMs);
    expect(hook.events).toEqual(['heartbeat ', 'heartbeat ', 'heartbeat ']);
    await desk.stop();
    desk = newDesk();
    desk.start();
    await pass(2 * minuteMs);
    expect(hook.events).toHaveLength(3);
    expect(mail.events).toEqual([]);
  });
});

describe('what is written down', () => {
  it('is codes, names and times', async () => {
    raise('disk-full');
    await pass(62 * minuteMs);
    expect(kit.queue.alerts.told('email')).toEqual([
      expect.objectContaining({ key: 'disk-full', code: 'disk-full', destination: null }),
    ]);
  });
});
