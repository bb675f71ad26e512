import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import {
  agentEventSchema,
  applyAgentEvent,
  type AgentEvent,
  type AgentState,
} from '../../../shared/agent-state.ts';
import type { StatusReport } from '../../../shared/status.ts';
import { AgentFeed } from './agent-feed.ts';
import { buildStatus } from './build-status.ts';

let kit: QueueKit;
let feed: AgentFeed;
let ending: AbortController;
let freeBytes: number;
let rate: number;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
  ending = new AbortController();
  freeBytes = 100e9;
  rate = 0;
  feed = new AgentFeed({
    queue: kit.queue,
    status: () => Promise.resolve(status()),
    studiesTotal: () => kit.queue.status().studies,
    uploadBytesPerSecond: () => rate,
    clock: kit.clock,
    version: '1.2.3',
    startedAtMs: kit.clock.nowMs(),
  });
});

afterEach(() => {
  ending.abort();
  kit.dispose();
});

function status(): StatusReport {
  return buildStatus({
    queue: kit.queue.status(),
    listener: { up: true, host: '127.0.0.1', port: 1, aeTitle: 'EDGESYNC', error: null },
    unrecorded: [],
    refusal: null,
    destinations: [{ name: 'cloud', kind: 'azure', required: true, state: 'ok', error: null }],
    recovery: 'proven',
    freeBytes,
    standing: [],
    warnBelowBytes: 0,
    pendingMaxMinutes: 30,
    startedAtMs: 0,
    nowMs: kit.clock.nowMs(),
  });
}

/** Collects events as a window does. */
class Window {
  readonly events: AgentEvent[] = [];
  state: AgentState | undefined;
  readonly ended: Promise<void>;

  constructor() {
    this.ended = this.#follow();
  }

  async #follow(): Promise<void> {
    for await (const event of feed.watch(ending.signal)) {
      this.events.push(agentEventSchema.parse(event));
      this.state = applyAgentEvent(this.state, event);
    }
  }
}

describe('the feed of a window', () => {
  it('begins with a snapshot and follows with what changed', async () => {
    await kit.queue.recordReceived(newInstance('a', 'one'));
    const window = new Window();
    await kit.clock.advance(0);
    expect(window.events.map(({ tag }) => tag)).toEqual(['snapshot']);
    expect(window.state).toMatchObject({ version: '1.2.3', studiesTotal: 1, studies: [{ instances: 1 }] });
    await kit.queue.recordReceived(newInstance('b', 'two'));
    await kit.clock.advance(300);
    expect(window.state?.studies.map(({ instances }) => instances)).toEqual([1, 1]);
    expect(window.state?.status.counts.received).toBe(2);
    expect(window.events.at(-1)).toMatchObject({ tag: 'delta', studies: [{ instances: 1 }] });
  });

  it('sends a few deltas per second, however much is received', async () => {
    const window = new Window();
    await kit.clock.advance(0);
    for (let index = 0; index < 100; index += 1) {
      await kit.queue.recordReceived(newInstance(`n${index}`, `study ${index % 3}`));
      await kit.clock.advance(10);
    }
    await kit.clock.advance(300);
    expect(window.state?.status.counts.received).toBe(100);
    expect(window.state?.studies.reduce((sum, { instances }) => sum + instances, 0)).toBe(100);
    expect(window.events.length).toBeLessThanOrEqual(8);
  });

  it('moves a study on when only time has passed', async () => {
    await kit.queue.recordReceived(newInstance('a', 'one'));
    const window = new Window();
    await kit.clock.advance(0);
    expect(window.state?.studies[0]?.state).toBe('receiving');
    await kit.clock.advance(12_000);
    expect(window.state?.studies[0]?.state).toBe('waiting');
    expect(window.state?.status.headline).toBe('attention');
  });

  it('turns the headline when an image has waited too long, without any event', async () => {
    await kit.queue.recordProbe('cloud');
    await kit.queue.recordReceived(newInstance('a', 'one'));
    const window = new Window();
    await kit.clock.advance(0);
    expect(window.state?.status.headline).toBe('working');
    await kit.clock.advance(31 * 60_000);
    expect(window.state?.status.headline).toBe('attention');
    expect(window.state?.status.failures.map(({ code }) => code)).toEqual(['pending-too-long']);
  });

  it('says nothing new while nothing moves, but that it is there every half minute', async () => {
    const window = new Window();
    await kit.clock.advance(25_000);
    freeBytes -= 1_000_000;
    expect(window.events).toHaveLength(1);
    await kit.clock.advance(5 * 60_000);
    const beats = window.events.slice(1);
    // The page gives up after 90 s of silence; looks come every 10 s, so a beat comes every 30 to 40 s.
    expect(beats.length).toBeGreaterThanOrEqual(7);
    expect(beats.length).toBeLessThanOrEqual(11);
    expect(beats.every((event) => event.tag === 'delta' && event.studies.length === 0)).toBe(true);
  });

  it('tells what changed outside the queue, and the upload rate', async () => {
    const window = new Window();
    await kit.clock.advance(0);
    freeBytes = 1e9;
    feed.changed();
    await kit.clock.advance(300);
    expect(window.state?.status.spool.freeBytes).toBe(1e9);
    rate = 5000;
    feed.changed();
    await kit.clock.advance(300);
    expect(window.state?.uploadBytesPerSecond).toBe(5000);
  });

  it('sends the page anew when very much changed', async () => {
    const window = new Window();
    await kit.clock.advance(0);
    const many = Array.from({ length: 600 }, (_, index) => newInstance(`n${index}`, `study ${index}`));
    await Promise.all(many.map((one) => kit.queue.recordReceived(one)));
    await kit.clock.advance(600);
    expect(window.state?.studiesTotal).toBe(600);
    expect(window.state?.studies).toHaveLength(500);
  });

  it('ends quietly when aborted, and leaves no timer behind', async () => {
    const window = new Window();
    await kit.clock.advance(0);
    expect(kit.clock.waitingCount).toBe(1);
    ending.abort();
    await window.ended;
    expect(kit.clock.waitingCount).toBe(0);
  });
});
