import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sealInPieces, testArchive } from '../../../../test/support/sealing.ts';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { CheckedSource, ObjectInspector } from './checked-source.ts';
import type { DatasetDigest } from './dataset-digest.ts';

const archive = testArchive();
const content = Buffer.from(new FakeRandom('content').bytes(300_000));
const sealed = sealInPieces(archive.sealers, content, [70_000]);

/** The content is the dataset here. */
function wholeDigest(): DatasetDigest {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
}

function sourceOf(bytes: Buffer, pieceBytes: number, datasetSha256 = sha256(content)): CheckedSource {
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, bytes.length - at));
      bytes.copy(piece, 0, at);
      yield await Promise.resolve(piece);
    }
  };
  const inspector = (): ObjectInspector => new ObjectInspector(archive.byKek, wholeDigest);
  return new CheckedSource({ sizeBytes: sealed.length, datasetSha256 }, pieces, inspector);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function tampered(): Buffer {
  const bytes = Buffer.from(sealed);
  bytes[200_000] = (bytes[200_000] ?? 0) ^ 1;
  return bytes;
}

async function readAll(source: CheckedSource): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of source.read(0)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

const ways = [
  ['piece by piece', readAll],
  ['whole', (source: CheckedSource): Promise<Buffer> => source.whole()],
] as const;

describe.each(ways)('a spooled object on its way, read %s', (_name, read) => {
  it.each([1_000_000, 64_000, 4096])(
    'is given as it lies on the disk, in pieces of %i bytes',
    async (pieceBytes) => {
      const source = sourceOf(sealed, pieceBytes);
      expect((await read(source)).equals(sealed)).toBe(true);
      expect(source.objectSha256).toBe(sha256(sealed));
      expect(source.localFailure).toBeUndefined();
    },
  );

  it.each([
    ['one bit is another', tampered(), 'object-tampered'],
    ['its end is missing', sealed.subarray(0, -1), 'object-truncated'],
    ['something follows it', Buffer.concat([sealed, Buffer.alloc(1)]), 'object-tampered'],
    ['nothing is left of it', Buffer.alloc(0), 'object-truncated'],
  ])('is refused when %s, and the local copy is to blame', async (_what, bytes, code) => {
    for (const pieceBytes of [1_000_000, 4096]) {
      const source = sourceOf(bytes, pieceBytes);
      await expect(read(source)).rejects.toMatchObject({ code });
      expect(source.localFailure).toMatchObject({ code });
      expect(source.objectSha256).toBeUndefined();
    }
  });

  it('is refused when another image is inside', async () => {
    const source = sourceOf(sealed, 1_000_000, sha256(Buffer.from('another')));
    await expect(read(source)).rejects.toMatchObject({ code: 'object-tampered' });
  });
});
