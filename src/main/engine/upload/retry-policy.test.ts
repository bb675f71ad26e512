import { describe, expect, it } from 'vitest';
import { EdgeSyncError, errorFacts, type ErrorCode } from '../../../shared/errors.ts';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { backoffMs, dispositionOf, nextWaitMs } from './retry-policy.ts';

const at = (fraction: number): FakeRandom => Object.assign(new FakeRandom(), { fraction: () => fraction });
const almost = 1 - 2 ** -40;

describe('the retry policy', () => {
  it('draws each wait from a window that doubles from 1 s to 15 min and then stays', () => {
    const widest = Array.from({ length: 14 }, (_, index) => backoffMs(index + 1, at(almost)) / 1000);
    expect(widest).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
    expect(backoffMs(1_000_000, at(almost))).toBe(900_000);
    expect(backoffMs(8, at(0))).toBe(0);
    expect(backoffMs(4, at(0.5))).toBe(4000);
  });

  it('never comes back before the time the cloud asked for', () => {
    const throttled = new EdgeSyncError('cloud-throttled', undefined, { retryAfterMs: 30_000 });
    expect(nextWaitMs(throttled, 1, at(0))).toBe(30_000);
    expect(nextWaitMs(throttled, 9, at(almost))).toBe(31_000);
    expect(nextWaitMs(new EdgeSyncError('cloud-throttled'), 1, at(0.5))).toBe(500);
  });

  it('parks only what is about the object itself, and pauses for what a person has to mend', () => {
    const by = (disposition: string): readonly ErrorCode[] =>
      (Object.keys(errorFacts) as ErrorCode[])
        .filter((code) => /^(cloud|object|archive|manifest|keychain)-/.test(code))
        .filter((code) => dispositionOf(new EdgeSyncError(code)) === disposition)
        .sort();
    expect(by('park')).toEqual([
      'cloud-conflict',
      'cloud-refused',
      'object-format',
      'object-no-recipient',
      'object-tampered',
      'object-truncated',
    ]);
    expect(by('pause')).toEqual([
      'archive-key-conflict',
      'cloud-auth',
      'cloud-clock-skew',
      'cloud-container-missing',
      'cloud-folder-denied',
      'cloud-full',
      'cloud-overwrites',
      'cloud-region',
      'cloud-secret-malformed',
      'cloud-secret-missing',
      'keychain-entry-missing',
      'keychain-unavailable',
      'manifest-broken',
    ]);
  });

  it('tries everything else again, such as an outage, a full disk or a surprise', () => {
    for (const code of [
      'cloud-unreachable',
      'cloud-server-error',
      'cloud-checksum',
      'disk-full',
      'internal',
    ] as const) {
      expect(dispositionOf(new EdgeSyncError(code))).toBe('retry');
    }
  });
});
