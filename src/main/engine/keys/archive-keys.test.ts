import { describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { Secret } from '../system/secret.ts';
import { ArchiveKeys } from './archive-keys.ts';

const keys = ArchiveKeys.fromArchiveKey(Secret.from(Buffer.alloc(32, 7)));
const other = ArchiveKeys.fromArchiveKey(Secret.from(Buffer.alloc(32, 8)));
const identity = {
  sopInstanceUid: '1.2.3',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  datasetSha256: 'ab'.repeat(32),
};

describe('object names', () => {
  it('are 64 hex digits and the same for the same instance', () => {
    expect(keys.objectName(identity)).toMatch(/^[0-9a-f]{64}$/);
    expect(keys.objectName({ ...identity })).toBe(keys.objectName(identity));
  });

  it('never change: archives in the cloud are found by them', () => {
    expect(keys.objectName(identity)).toBe(
      'ac457590e35974b60979ff86aac789e3c1a33816b453db1f8c5f4f302a3f2c8a',
    );
    expect(keys.archiveId).toBe('ffad63b4ef1c0bcaa21e93e18ac89751');
  });

  it('differ with the instance, the transfer syntax, the content, the archive, and where one UID ends', () => {
    const names = [
      keys.objectName(identity),
      keys.objectName({ ...identity, sopInstanceUid: '1.2.4' }),
      keys.objectName({ ...identity, transferSyntaxUid: '1.2.840.10008.1.2' }),
      keys.objectName({ ...identity, datasetSha256: 'ac'.repeat(32) }),
      keys.objectName({ ...identity, sopInstanceUid: '1.2.31', transferSyntaxUid: '.2.840.10008.1.2.1' }),
      other.objectName(identity),
    ];
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('key-encryption keys', () => {
  it('are found again by their identifier alone, for every epoch', () => {
    for (const epoch of [1, 2, 77, 2 ** 32 - 1]) {
      const recipient = keys.kekRecipient(epoch);
      if (recipient.tag !== 'kek') throw new Error('not a KEK');
      expect(keys.kekById(recipient.keyId)?.reveal().equals(recipient.kek.reveal())).toBe(true);
    }
  });

  it('differ from epoch to epoch', () => {
    expect(
      keys
        .kekById(keys.kekId(1))
        ?.reveal()
        .equals(keys.kekById(keys.kekId(2))?.reveal() ?? Buffer.of()),
    ).toBe(false);
  });

  it('of another archive or of no epoch are not known', () => {
    expect(keys.kekById(other.kekId(1))).toBeUndefined();
    expect(keys.kekById(Buffer.from('vector-kek-1'))).toBeUndefined();
    expect(keys.kekById(Buffer.concat([keys.kekId(1).subarray(0, 8), Buffer.alloc(4)]))).toBeUndefined();
    expect(() => keys.kekId(0)).toThrow(RangeError);
  });
});

describe('sealed columns', () => {
  const columns = keys.columnSealer(new FakeRandom('columns'));

  it('open where they were sealed', () => {
    for (const text of ['', 'Müller^Ana', '山田^太郎', 'x'.repeat(10_000)]) {
      expect(columns.open('instances.details', columns.seal('instances.details', text))).toBe(text);
    }
  });

  it('are refused in another place, with a changed byte, cut short, or by another archive', () => {
    const sealed = columns.seal('a.b', 'text');
    const refused = [
      () => columns.open('a.c', sealed),
      () => columns.open('a.b', sealed.subarray(0, sealed.length - 1)),
      () => columns.open('a.b', Buffer.alloc(0)),
      () => other.columnSealer(new FakeRandom()).open('a.b', sealed),
      ...Array.from({ length: sealed.length }, (_, at) => () => {
        const changed = Buffer.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ 1;
        return columns.open('a.b', changed);
      }),
    ];
    for (const open of refused) {
      expect(open).toThrow(EdgeSyncError);
    }
  });

  it('never look the same twice', () => {
    expect(columns.seal('a.b', 'same').equals(columns.seal('a.b', 'same'))).toBe(false);
  });

  it('make lookup keys that depend on label and value, unambiguously', () => {
    const all = [
      columns.lookup('uid', '1.2'),
      columns.lookup('uid', '1.3'),
      columns.lookup('study', '1.2'),
      columns.lookup('uid1', '.2'),
      columns.lookup('', 'uid1.2'),
    ].map((one) => one.toString('hex'));
    expect(new Set(all).size).toBe(all.length);
    expect(all[0]).toHaveLength(64);
    expect(columns.lookup('uid', '1.2').toString('hex')).toBe(all[0]);
  });
});
