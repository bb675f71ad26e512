import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { openInPieces, openOutcome, sealInPieces, testArchive } from '../../../../test/support/sealing.ts';
import { openWhole } from './envelope-reader.ts';
import { EnvelopeWriters, HeadTemplate, sealWhole } from './envelope-writer.ts';
import { segmentBytes } from './profile.ts';

const archive = testArchive();
const content = (size: number): Buffer => new FakeRandom(`content ${size}`).bytes(size);

describe('seal, then open', () => {
  it.each([0, 1, 15, 16, 16_383, 16_384, segmentBytes - 1, segmentBytes, segmentBytes + 1, 3 * segmentBytes])(
    'gives back %d bytes by the archive key and by the recovery key',
    (size) => {
      const plaintext = content(size);
      const sealed = sealInPieces(archive.sealers, plaintext, [100_000]);
      expect(openOutcome(archive.byKek, sealed, plaintext)).toBe('ok');
      expect(openOutcome(archive.byRecovery, sealed, plaintext)).toBe('ok');
    },
  );

  it('is the identity however both sides are cut', () => {
    const sizes = fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 16_000, max: 400_000 }),
      ),
      { minLength: 1, maxLength: 6 },
    );
    const length = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 700_000 }));
    fc.assert(
      fc.property(length, sizes, sizes, (size, writeSizes, readSizes) => {
        // Tiny pieces of large content would take minutes and show nothing more.
        const fair = (all: number[]): number[] => (size > 5000 ? all.map((one) => Math.max(one, 700)) : all);
        const plaintext = content(size);
        const sealed = sealInPieces(archive.sealers, plaintext, fair(writeSizes));
        expect(openInPieces(archive.byKek, sealed, fair(readSizes)).equals(plaintext)).toBe(true);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('writes the same segments however the content is cut', () => {
    const plaintext = content(2 * segmentBytes + 77);
    const lengths = [[1_000_000], [65_536], [131_072, 3], [999, 20_000]].map(
      (sizes) => sealInPieces(testArchive().sealers, plaintext, sizes).length,
    );
    expect(new Set(lengths).size).toBe(1);
  });

  it('never uses a content key, nonce or ephemeral key twice', () => {
    const heads = Array.from({ length: 100 }, () => archive.sealers.create().head);
    const nonces = heads.map((head) => head.subarray(head.length - 17, head.length - 5).toString('hex'));
    const points = heads.map((head) => {
      const at = head.indexOf(Buffer.from('03420004', 'hex')) + 4;
      return head.subarray(at, at + 64).toString('hex');
    });
    expect(new Set(nonces).size).toBe(100);
    expect(new Set(points).size).toBe(100);
    expect(new Set(heads.map((head) => head.toString('hex'))).size).toBe(100);
  });

  it('leaves chunks of the caller alone and does not need them afterwards', () => {
    const chunk = content(40_000);
    const before = Buffer.from(chunk);
    const sealer = archive.sealers.create();
    const out = [sealer.head];
    sealer.update(chunk.subarray(0, 300), out);
    sealer.update(chunk.subarray(300), out);
    expect(chunk.equals(before)).toBe(true);
    chunk.fill(0);
    sealer.finish(out);
    expect(openWhole(archive.byKek, Buffer.concat(out)).equals(before)).toBe(true);
  });

  it('follows a change of recipients from the next object on', () => {
    const other = testArchive('other');
    const writers = new EnvelopeWriters(new FakeRandom('x'), [archive.keys.kekRecipient(1)], null);
    // Enough that some are prepared ahead when the recipients change.
    for (let n = 0; n < 20; n += 1) writers.create();
    const before = writers.create();
    writers.setRecipients([other.keys.kekRecipient(2)], 'f');
    const out = [before.head];
    before.finish(out);
    expect(openOutcome(archive.byKek, Buffer.concat(out), Buffer.alloc(0))).toBe('ok');
    const after = sealWhole(writers, Buffer.from('x'));
    expect(openOutcome(archive.byKek, after, Buffer.from('x'))).toBe('object-no-recipient');
    expect(openOutcome(other.byKek, after, Buffer.from('x'))).toBe('ok');
    expect(writers.recoveryFingerprint).toBe('f');
  });

  it('refuses an object without recipients and a use after the end', () => {
    expect(() => new HeadTemplate([])).toThrow(RangeError);
    const sealer = archive.sealers.create();
    sealer.finish([]);
    expect(() => sealer.update(Buffer.of(1), [])).toThrow('finished');
    expect(() => sealer.finish([])).toThrow('finished');
  });
});

describe('reading in a stream', () => {
  it('hands out plaintext while the object is still coming', () => {
    const plaintext = content(2 * segmentBytes);
    const sealed = sealInPieces(archive.sealers, plaintext, [plaintext.length]);
    const opener = archive.byKek.create();
    const got = Buffer.concat(opener.push(sealed.subarray(0, segmentBytes)));
    expect(got.length).toBeGreaterThan(segmentBytes - 1000);
    expect(got.equals(plaintext.subarray(0, got.length))).toBe(true);
  });

  it('repeats its first error and hands out nothing after it', () => {
    const sealed = sealWhole(archive.sealers, content(1000));
    const opener = archive.byKek.create();
    opener.push(sealed);
    expect(() => opener.push(Buffer.of(0))).toThrow('changed or damaged');
    expect(() => opener.end()).toThrow('changed or damaged');
    expect(() => opener.push(sealed)).toThrow('changed or damaged');
  });

  it('costs copying, not a cipher call, per segment of an object cut into 1-byte segments', () => {
    const plaintext = content(300_000);
    const whole = sealWhole(archive.sealers, plaintext);
    const headBytes = archive.sealers.create().head.length;
    const first = whole.subarray(headBytes + 5, headBytes + 5 + segmentBytes);
    const second = whole.subarray(whole.length - 28 - (plaintext.length - segmentBytes), whole.length - 28);
    const bytes = Buffer.concat([first, second]);
    const tiny = Buffer.alloc(3 * bytes.length);
    for (let i = 0; i < bytes.length; i += 1) tiny.set([0x04, 0x01, bytes[i] ?? 0], 3 * i);
    const recut = Buffer.concat([whole.subarray(0, headBytes), tiny, whole.subarray(whole.length - 28)]);
    const opener = archive.byKek.create();
    const out = opener.push(recut);
    opener.end();
    expect(Buffer.concat(out).equals(plaintext)).toBe(true);
    expect(out.length).toBeLessThan(10);
  });
});
