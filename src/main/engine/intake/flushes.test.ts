import { expect, test } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { Flushes } from './flushes.ts';

test('whoever asks about a file that is being flushed hears how it ends', async () => {
  const flushes = new Flushes();
  const good = Promise.withResolvers<undefined>();
  const bad = Promise.withResolvers<undefined>();
  void flushes.begin('a', good.promise);
  void flushes.begin('b', bad.promise);
  const asked = [flushes.of('a'), flushes.of('b')];
  good.resolve(undefined);
  bad.reject(new EdgeSyncError('disk-full'));
  expect(await asked[0]).toEqual({ tag: 'durable' });
  expect(await asked[1]).toMatchObject({ tag: 'failed', error: { code: 'disk-full' } });
});

test('a file that is not being flushed is on the disk', async () => {
  const flushes = new Flushes();
  await flushes.begin('a', Promise.resolve());
  expect(await flushes.of('a')).toEqual({ tag: 'durable' });
});
