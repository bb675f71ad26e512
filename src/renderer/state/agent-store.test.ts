import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { allSafe, study } from '../../../test/support/agent-states.ts';
import type { AgentEvent } from '../../shared/agent-state.ts';
import { SessionRefusedError } from '../transport/session-refused.ts';
import type { EngineClient, Transport } from '../transport/transport.ts';
import { AgentStore, firstSnapshotMs, silentAfterMs } from './agent-store.ts';
import type { Timers } from './timers.ts';

/** A stream that says what the test tells it to, and ends or breaks when the test says so. */
class Stream {
  #events: AgentEvent[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  push(event: AgentEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *read(signal: AbortSignal | undefined): AsyncGenerator<AgentEvent> {
    signal?.addEventListener('abort', () => this.#wake());
    for (;;) {
      if (signal?.aborted === true) throw new Error('aborted');
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function arrange(opens: readonly (Stream | Error)[]) {
  const clock = new FakeClock();
  const timers: Timers = {
    nowMs: () => clock.nowMs(),
    after: (ms, task) => {
      const timer = clock.after(ms, task);
      return () => timer.cancel();
    },
    fraction: () => 1,
  };
  let opened = 0;
  const transport: Transport = {
    open() {
      const next = opens[opened];
      opened += 1;
      if (next === undefined) return Promise.reject(new Error('no more'));
      if (next instanceof Error) return Promise.reject(next);
      const client = {
        agent: {
          watch: (_input: undefined, options: { signal?: AbortSignal }) =>
            Promise.resolve(next.read(options.signal)),
        },
      };
      return Promise.resolve(client as unknown as EngineClient);
    },
  };
  const store = new AgentStore(transport, timers);
  return { clock, store, tag: () => store.view().connection.tag, opened: () => opened };
}

const snapshot: AgentEvent = { tag: 'snapshot', state: allSafe() };
const delta: AgentEvent = {
  tag: 'delta',
  studies: [study({ id: 'study-new', initials: 'NN' })],
  studiesTotal: 7,
  uploadBytesPerSecond: 0,
};

describe('what the page believes', () => {
  it('is live from the first snapshot, and not before', async () => {
    const stream = new Stream();
    const { clock, store, tag } = arrange([stream]);
    store.start();
    await clock.advance(10);
    expect(tag()).toBe('connecting');
    stream.push(snapshot);
    await clock.advance(0);
    expect(tag()).toBe('live');
    store.stop();
  });

  it('merges deltas into the snapshot', async () => {
    const stream = new Stream();
    const { clock, store } = arrange([stream]);
    store.start();
    stream.push(snapshot);
    stream.push(delta);
    await clock.advance(0);
    expect(store.view().agent?.studies.map((one) => one.id)).toContain('study-new');
    store.stop();
  });

  it('is lost when the stream ends, and live again only with a new snapshot, never with a delta', async () => {
    const first = new Stream();
    const second = new Stream();
    const { clock, store, tag } = arrange([first, second]);
    store.start();
    first.push(snapshot);
    await clock.advance(0);
    first.end();
    await clock.advance(0);
    expect(tag()).toBe('lost');
    await clock.advance(500);
    second.push(delta);
    await clock.advance(0);
    expect(tag()).toBe('lost');
    second.push(snapshot);
    await clock.advance(0);
    expect(tag()).toBe('live');
    store.stop();
  });

  it('is silent after 90 seconds without an event, asks again, and gives no client meanwhile', async () => {
    const first = new Stream();
    const { clock, store, tag, opened } = arrange([first, new Stream()]);
    store.start();
    first.push(snapshot);
    await clock.advance(0);
    await clock.advance(silentAfterMs - 1);
    expect(tag()).toBe('live');
    await clock.advance(1);
    expect(tag()).toBe('silent');
    expect(store.client).toBeUndefined();
    await clock.advance(500);
    expect(opened()).toBe(2);
    expect(tag()).toBe('silent');
    store.stop();
  });

  it('finds the silence when a PC wakes whose timers stood still', async () => {
    const stream = new Stream();
    const { clock, store, tag } = arrange([stream]);
    store.start();
    stream.push(snapshot);
    await clock.advance(0);
    clock.jump(silentAfterMs);
    store.checkFreshness();
    expect(tag()).toBe('silent');
    store.stop();
  });

  it('gives an attempt up that brings no snapshot', async () => {
    const { clock, store, tag } = arrange([new Stream()]);
    store.start();
    await clock.advance(firstSnapshotMs);
    expect(tag()).toBe('lost');
    store.stop();
  });

  it('waits longer after each failure, up to 15 seconds, unless told to try now', async () => {
    const failures = Array.from({ length: 20 }, () => new Error('refused'));
    const { clock, store, opened } = arrange(failures);
    store.start();
    await clock.advance(0);
    expect(opened()).toBe(1);
    await clock.advance(500);
    expect(opened()).toBe(2);
    await clock.advance(999);
    expect(opened()).toBe(2);
    await clock.advance(1);
    expect(opened()).toBe(3);
    store.retryNow();
    await clock.advance(0);
    expect(opened()).toBe(4);
    await clock.advance(4_000 + 8_000);
    expect(opened()).toBe(6);
    await clock.advance(15_000);
    expect(opened()).toBe(7);
    store.stop();
  });

  it('stops asking when only a fresh link helps', async () => {
    const { clock, store, tag, opened } = arrange([new SessionRefusedError()]);
    store.start();
    await clock.advance(60_000);
    expect(tag()).toBe('refused');
    expect(opened()).toBe(1);
  });
});
