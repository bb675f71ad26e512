import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../../test/fakes/memory-store.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { findArchiveKeyRecords } from './archive-key-records.ts';

const wanted = Buffer.from('{"the one":true}');
const fits = (bytes: Buffer): boolean => bytes.equals(wanted);

/** Some objects answer their reader with an error. */
class GrudgingStore extends MemoryStore {
  readonly refused = new Map<string, EdgeSyncError>();

  override async *read(name: string): AsyncGenerator<Buffer> {
    const error = this.refused.get(name);
    if (error !== undefined) throw error;
    yield* super.read(name);
  }
}

let store: GrudgingStore;
beforeEach(() => {
  store = new GrudgingStore();
  store.objects.set('keys/8888.json', wanted);
});

describe('looking for the archive key record of somebody’s words', () => {
  it('finds it behind any number of planted ones', async () => {
    for (let n = 0; n < 1500; n += 1)
      store.objects.set(`keys/${String(n).padStart(6, '0')}.json`, Buffer.from(`planted ${n}`));
    expect((await findArchiveKeyRecords(store, fits)).map(String)).toEqual([String(wanted)]);
  });

  it('finds it beside one that is too large, one that is gone and one that cannot be read', async () => {
    store.objects.set('keys/1111.json', Buffer.alloc(17 * 1024));
    for (const [name, code] of [
      ['keys/2222.json', 'object-missing'],
      ['keys/3333.json', 'cloud-server-error'],
      ['keys/4444.json', 'cloud-refused'],
    ] as const) {
      store.objects.set(name, Buffer.from('x'));
      store.refused.set(name, new EdgeSyncError(code));
    }
    expect(await findArchiveKeyRecords(store, fits)).toEqual([wanted]);
    expect(store.reads).not.toContain('keys/1111.json');
  });

  it('says that one could not be read when none of the others fits', async () => {
    store.refused.set('keys/8888.json', new EdgeSyncError('cloud-server-error'));
    store.objects.set('keys/9999.json', Buffer.from('another'));
    await expect(findArchiveKeyRecords(store, fits)).rejects.toMatchObject({ code: 'cloud-server-error' });
  });

  it('ends at once where the cloud itself does not answer', async () => {
    for (let n = 0; n < 100; n += 1) store.objects.set(`keys/0${n}.json`, Buffer.from(`planted ${n}`));
    for (const name of store.objects.keys()) store.refused.set(name, new EdgeSyncError('cloud-unreachable'));
    await expect(findArchiveKeyRecords(store, fits)).rejects.toMatchObject({ code: 'cloud-unreachable' });
  });

  it('gives those that do not fit, a hundred at most, so that somebody can be told why', async () => {
    store.objects.delete('keys/8888.json');
    for (let n = 0; n < 150; n += 1) store.objects.set(`keys/${n}.json`, Buffer.from(`other ${n}`));
    expect(await findArchiveKeyRecords(store, fits)).toHaveLength(100);
  });
});
