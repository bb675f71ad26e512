import { describe, expect, it } from 'vitest';
import { eventStream } from './event-stream.ts';

const never = new AbortController().signal;

async function collect<Event>(events: AsyncIterable<Event>): Promise<Event[]> {
  const all: Event[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('an event stream', () => {
  it('gives every event in order, also those told before anybody reads, and ends with the task', async () => {
    const events = eventStream<number>(never, async (emit) => {
      emit(1);
      emit(2);
      await Promise.resolve();
      emit(3);
    });
    expect(await collect(events)).toEqual([1, 2, 3]);
  });

  it("gives what was told before the task's error, then the error", async () => {
    const seen: number[] = [];
    const events = eventStream<number>(never, async (emit) => {
      emit(1);
      await Promise.resolve();
      throw new Error('broken');
    });
    await expect(
      (async () => {
        for await (const event of events) seen.push(event);
      })(),
    ).rejects.toThrow('broken');
    expect(seen).toEqual([1]);
  });

  it('aborts the task and waits for its end when the reader stops early', async () => {
    const order: string[] = [];
    const events = eventStream<number>(never, async (emit, signal) => {
      emit(1);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      order.push('task ended');
    });
    for await (const event of events) {
      expect(event).toBe(1);
      break;
    }
    order.push('reader goes on');
    expect(order).toEqual(['task ended', 'reader goes on']);
  });

  it("passes the caller's abort on", async () => {
    const caller = new AbortController();
    const events = eventStream<number>(caller.signal, async (_emit, signal) => {
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    });
    const reading = collect(events);
    caller.abort(new Error('cancelled by the caller'));
    await expect(reading).rejects.toThrow('cancelled by the caller');
  });
});
