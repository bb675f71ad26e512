import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDatasetDigest } from './dataset-digest.ts';
import { buildFileMeta } from './part10.ts';

const meta = buildFileMeta({
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  sopInstanceUid: '2.25.1',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
});

function digestInPieces(file: Buffer, cuts: readonly number[]): string | undefined {
  const digest = createDatasetDigest();
  const places = [0, ...cuts.map((cut) => cut % (file.length + 1)), file.length].sort((a, b) => a - b);
  for (let at = 1; at < places.length; at += 1) digest.update(file.subarray(places[at - 1], places[at]));
  return digest.digest();
}

describe('the dataset digest of a file of ours', () => {
  it('is the SHA-256 of what stands behind the file meta, however the file is cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 500 }),
        fc.array(fc.nat(800), { maxLength: 8 }),
        (dataset, cuts) => {
          const expected = createHash('sha256').update(dataset).digest('hex');
          expect(digestInPieces(Buffer.concat([meta, dataset]), cuts)).toBe(expected);
        },
      ),
    );
  });

  it('is missing for a file that ends inside its meta, and for anything else', () => {
    for (let end = 0; end < meta.length; end += 1)
      expect(digestInPieces(meta.subarray(0, end), [])).toBeUndefined();
    expect(digestInPieces(Buffer.alloc(4096), [])).toBeUndefined();
  });

  it('is missing when the group length is a giant', () => {
    const forged = Buffer.from(meta);
    forged.writeUInt32LE(0xffffffff, 140);
    expect(digestInPieces(Buffer.concat([forged, Buffer.alloc(2000)]), [])).toBeUndefined();
  });
});
