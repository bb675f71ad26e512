import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildFileMeta } from '../dicom/part10.ts';
import { Part10Digest } from './part10-digest.ts';
import { safeName } from './file-names.ts';

const meta = buildFileMeta({
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  sopInstanceUid: '1.2.3.4.5',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
});

function digested(file: Buffer, pieceBytes: number): Part10Digest {
  const digest = new Part10Digest();
  for (let at = 0; at < file.length; at += pieceBytes) digest.update(file.subarray(at, at + pieceBytes));
  return digest;
}

describe('the dataset digest', () => {
  it.each([1, 7, 143, 144, 145, 300, 100_000])(
    'is of the dataset alone, in pieces of %i bytes',
    (pieceBytes) => {
      const dataset = randomBytes(1000);
      const digest = digested(Buffer.concat([meta, dataset]), pieceBytes);
      expect(digest.meta).toEqual({ sopInstanceUid: '1.2.3.4.5', transferSyntaxUid: '1.2.840.10008.1.2.1' });
      expect(digest.digest()).toBe(createHash('sha256').update(dataset).digest('hex'));
    },
  );

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['less than a meta', meta.subarray(0, meta.length - 1)],
    ['no DICM', Buffer.concat([Buffer.alloc(132), randomBytes(1000)])],
    [
      'a meta of 4 GB',
      Buffer.concat([meta.subarray(0, 140), Buffer.from('ffffffff', 'hex'), randomBytes(500)]),
    ],
  ])('is of nothing when there is %s', (_name, file) => {
    expect(digested(file, 50).digest()).toBeUndefined();
  });
});

describe('names of restored files', () => {
  it.each(['1.2.840.10008.1', '0', '1.2', '9'.repeat(64)])('keep the UID %s', (uid) => {
    expect(safeName(uid)).toBe(uid);
  });

  it.each([
    '',
    '.',
    '..',
    '1..2',
    '.1',
    '1.',
    '../1',
    '1/2',
    '1\\2',
    'CON',
    '1.2 ',
    '9'.repeat(65),
    '１.２',
    '1\n',
  ])('hide %j behind a hash', (uid) => {
    expect(safeName(uid)).toMatch(/^[0-9a-f]{64}$/);
  });
});
