import { afterEach, beforeEach, expect, it } from 'vitest';
import { QueueKit } from '../../../../test/support/queue-kit.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
});
afterEach(() => kit.dispose());

it('keeps when an address began to be listened on, the latest first, over restarts', async () => {
  const startMs = kit.clock.nowMs();
  const note = async (address: string) => {
    await kit.clock.advance(1000);
    kit.queue.listenAddresses.note(address);
  };
  await note('192.168.1.7');
  await note('192.168.1.7');
  await note('192.168.1.20');
  kit.reopen();
  expect(kit.queue.listenAddresses.list()).toEqual([
    { address: '192.168.1.20', firstAtMs: startMs + 3000, lastAtMs: startMs + 3000 },
    { address: '192.168.1.7', firstAtMs: startMs + 1000, lastAtMs: startMs + 2000 },
  ]);
  // Back at the first: that began anew.
  await note('192.168.1.7');
  expect(kit.queue.listenAddresses.list()[0]).toEqual({
    address: '192.168.1.7',
    firstAtMs: startMs + 4000,
    lastAtMs: startMs + 4000,
  });
});

it('is bounded on a network that gives out another address every day', async () => {
  for (let day = 0; day < 60; day += 1) {
    await kit.clock.advance(1000);
    kit.queue.listenAddresses.note(`10.0.0.${day}`);
  }
  expect(kit.queue.listenAddresses.list()).toHaveLength(20);
  expect(kit.queue.listenAddresses.list()[0]?.address).toBe('10.0.0.59');
});
