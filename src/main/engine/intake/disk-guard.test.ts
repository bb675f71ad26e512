import { expect, test } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { DiskGuard } from './disk-guard.ts';

const gib = 1024 ** 3;

async function guardWith(free: { bytes: number | Error }) {
  const clock = new FakeClock();
  const guard = await DiskGuard.open({
    freeBytes: () => (free.bytes instanceof Error ? Promise.reject(free.bytes) : Promise.resolve(free.bytes)),
    refuseBelowBytes: 5 * gib,
    clock,
    logger: new FakeLogger(),
  });
  return { clock, guard };
}

test('refuses under the limit and receives again when there is room, by itself', async () => {
  const free = { bytes: 4 * gib };
  const { clock, guard } = await guardWith(free);
  expect(guard.refusal()?.code).toBe('disk-full');
  free.bytes = 6 * gib;
  await clock.advance(10_000);
  expect(guard.refusal()).toBeUndefined();
  guard.close();
});

test('counts what was received since it looked, so that a burst does not pass the limit', async () => {
  const free = { bytes: 5 * gib + 1000 };
  const { guard } = await guardWith(free);
  guard.accepted(1000);
  expect(guard.refusal()).toBeUndefined();
  guard.accepted(1);
  expect(guard.refusal()?.code).toBe('disk-full');
  guard.close();
});

test('looks again during a burst', async () => {
  const free = { bytes: 100 * gib };
  const { guard, clock } = await guardWith(free);
  free.bytes = 1 * gib;
  guard.accepted(300 * 1024 * 1024);
  await clock.advance(0);
  expect(guard.refusal()?.code).toBe('disk-full');
  guard.close();
});

test('keeps the last figure when the disk cannot be asked, and goes on asking', async () => {
  const free: { bytes: number | Error } = { bytes: 6 * gib };
  const { clock, guard } = await guardWith(free);
  free.bytes = new Error('no such disk');
  await clock.advance(10_000);
  expect(guard.refusal()).toBeUndefined();
  free.bytes = 1 * gib;
  await clock.advance(10_000);
  expect(guard.refusal()?.code).toBe('disk-full');
  guard.close();
  expect(clock.waitingCount).toBe(0);
});

test('does not open when the disk cannot be asked at all', async () => {
  await expect(guardWith({ bytes: new Error('no such disk') })).rejects.toMatchObject({ code: 'disk-error' });
});
