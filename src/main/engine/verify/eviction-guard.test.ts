import { expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { MemoryStore } from '../../../../test/fakes/memory-store.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { CopyToCheck } from '../queue/verification-types.ts';
import { EvictionGuard } from './eviction-guard.ts';

const copy: CopyToCheck = {
  destination: 'cloud',
  instanceId: 1,
  objectName: 'ab'.repeat(32),
  studyId: 'study',
  spoolId: '01'.repeat(16),
  sizeBytes: 4,
  details: undefined,
  objectSha256: 'cd'.repeat(32),
  objectSizeBytes: 4,
  repair: 0,
  manifestSequence: 1,
  checkedAtMs: null,
  provenAtMs: 0,
  trouble: null,
};
const object = { instanceId: 1, spoolId: '01'.repeat(16), sizeBytes: 4, verifiedAtMs: 0 };

function guardWith(connect: () => Promise<CloudStore>) {
  const clock = new FakeClock();
  const guard = new EvictionGuard({
    rows: { copy: () => copy },
    destinations: ['cloud'],
    connect,
    onSuspect: () => undefined,
    clock,
    logger: new FakeLogger(),
  });
  return { guard, clock };
}

it('a destination that cannot be asked is not asked for every image of a round', async () => {
  let asked = 0;
  const { guard, clock } = guardWith(() => {
    asked += 1;
    return Promise.reject(new EdgeSyncError('cloud-unreachable'));
  });
  for (let image = 0; image < 200; image += 1) expect(await guard.mayGo(object)).toBe(false);
  expect(asked).toBe(1);
  await clock.advance(60_000);
  expect(await guard.mayGo(object)).toBe(false);
  expect(asked).toBe(2);
  await guard.close();
});

it('an engine that ends does not wait for an answer', async () => {
  const store = new MemoryStore();
  const begun = Promise.withResolvers<undefined>();
  store.stat = (_name: string, signal?: AbortSignal) =>
    new Promise((_resolve, reject) => {
      begun.resolve(undefined);
      signal?.addEventListener('abort', () => reject(new EdgeSyncError('cancelled')));
    });
  const { guard } = guardWith(() => Promise.resolve(store));
  const answer = guard.mayGo(object);
  await begun.promise;
  guard.stop();
  expect(await answer).toBe(false);
  expect(await guard.mayGo(object)).toBe(false);
  await guard.close();
});
