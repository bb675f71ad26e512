import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import type { ObjectSource } from '../cloud/cloud-store.ts';
import { paced, RateLimit } from './pacing-rate.ts';

const never = new AbortController().signal;
const rate = 100_000;

function source(sizeBytes: number, chunkBytes = 64 * 1024): ObjectSource {
  return {
    sizeBytes,
    async *read(start) {
      await Promise.resolve();
      for (let at = start; at < sizeBytes; at += chunkBytes) {
        yield Buffer.alloc(Math.min(chunkBytes, sizeBytes - at), at % 251);
      }
    },
  };
}

/** Reads to the end; `seen` grows by each piece. */
async function readAll(from: ObjectSource, seen: { bytes: number }, start = 0): Promise<void> {
  for await (const chunk of from.read(start)) seen.bytes += chunk.length;
}

describe('the bandwidth limit', () => {
  it('lets no second hold more than its bytes and a tenth, and is never slower', async () => {
    const clock = new FakeClock();
    const seen = { bytes: 0 };
    const done = readAll(paced(source(10 * rate), [new RateLimit(rate, clock)], never), seen);
    let before = 0;
    for (let tenth = 1; tenth <= 90; tenth += 1) {
      await clock.advance(100);
      // The credit of the beginning and the turn under way.
      expect(seen.bytes).toBeLessThanOrEqual((tenth * rate) / 10 + rate / 5);
      expect(seen.bytes).toBeGreaterThanOrEqual((tenth * rate) / 10);
      expect(seen.bytes - before).toBeLessThanOrEqual(rate / 5 + rate / 10);
      before = seen.bytes;
    }
    await clock.advance(1000);
    await done;
    expect(seen.bytes).toBe(10 * rate);
  });

  it('is shared evenly by those who read at once, be their pieces large or small', async () => {
    const clock = new FakeClock();
    const limit = new RateLimit(rate, clock);
    const sizes = [64 * 1024, 4 * 1024 * 1024, 300_000, 1_000_000];
    const seen = sizes.map(() => ({ bytes: 0 }));
    const reading = new AbortController();
    const all = sizes.map((chunk, index) =>
      readAll(paced(source(20 * rate, chunk), [limit], reading.signal), seen[index]!),
    );
    await clock.advance(20_000);
    const shares = seen.map(({ bytes }) => bytes / (20 * rate));
    for (const share of shares) expect(share).toBeGreaterThan(0.22);
    expect(shares.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(1.02);
    reading.abort(new Error('enough'));
    await Promise.allSettled(all);
  });

  it('of everything together holds beside that of each destination', async () => {
    const clock = new FakeClock();
    const together = new RateLimit(rate, clock);
    const slow = { bytes: 0 };
    const fast = { bytes: 0 };
    const reading = new AbortController();
    const all = [
      readAll(paced(source(50 * rate), [new RateLimit(rate / 10, clock), together], reading.signal), slow),
      readAll(paced(source(50 * rate), [new RateLimit(10 * rate, clock), together], reading.signal), fast),
    ];
    await clock.advance(20_000);
    expect(slow.bytes).toBeGreaterThan(1.8 * rate);
    expect(slow.bytes).toBeLessThan(2.2 * rate);
    expect(slow.bytes + fast.bytes).toBeGreaterThan(19 * rate);
    expect(slow.bytes + fast.bytes).toBeLessThanOrEqual(20.5 * rate);
    reading.abort(new Error('enough'));
    await Promise.allSettled(all);
  });

  it('saves nothing up while nobody reads', async () => {
    const clock = new FakeClock();
    const limit = new RateLimit(rate, clock);
    await limit.take(1, never);
    await clock.advance(3_600_000);
    const seen = { bytes: 0 };
    const done = readAll(paced(source(2 * rate), [limit], never), seen);
    await clock.advance(0);
    expect(seen.bytes).toBeLessThanOrEqual(rate / 5 + 1);
    await clock.advance(3000);
    await done;
  });

  it('gives the bytes as they are, from the place that was asked for', async () => {
    const clock = new FakeClock();
    const plain: Buffer[] = [];
    for await (const chunk of source(rate, 1000).read(12_000)) plain.push(chunk);
    const chunks: Buffer[] = [];
    const read = (async () => {
      for await (const chunk of paced(source(rate, 1000), [new RateLimit(rate, clock)], never).read(12_000)) {
        chunks.push(Buffer.from(chunk));
      }
    })();
    await clock.advance(2000);
    await read;
    expect(Buffer.concat(chunks).equals(Buffer.concat(plain))).toBe(true);
  });

  it('stops waiting when it is cut off', async () => {
    const clock = new FakeClock();
    const cut = new AbortController();
    const seen = { bytes: 0 };
    const done = readAll(paced(source(100 * rate), [new RateLimit(rate, clock)], cut.signal), seen);
    await clock.advance(1000);
    cut.abort(new Error('cut'));
    await expect(done).rejects.toThrow('cut');
  });

  it('is no wrapper at all without a limit', () => {
    const plain = source(10);
    expect(paced(plain, [], never)).toBe(plain);
  });
});
