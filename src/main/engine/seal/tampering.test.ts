/** Everything that somebody between us and the disk could do to an object. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { openOutcome, testArchive } from '../../../../test/support/sealing.ts';
import { recoveryRecipient } from '../keys/recovery-key.ts';
import { tlHeader } from './der.ts';
import { parseHead, type EnvelopeHead } from './envelope-head.ts';
import { EnvelopeWriter, HeadTemplate, prepareObject, sealWhole } from './envelope-writer.ts';
import { maxRecipientsBytes } from './profile.ts';
import { generateEphemeralKey } from './recipients.ts';

const archive = testArchive();
const random = new FakeRandom('tampering');

/** Small segments, so that every kind of boundary is in a short object. */
function sealSmall(content: Buffer, segmentSize = 64): Buffer {
  const template = new HeadTemplate([archive.keys.kekRecipient(1), recoveryRecipient(archive.recovery)]);
  const writer = new EnvelopeWriter(
    prepareObject(template, {
      contentKey: random.bytes(32),
      nonce: random.bytes(12),
      newEphemeralKey: generateEphemeralKey,
    }),
    segmentSize,
  );
  const out = [writer.head];
  writer.update(content, out);
  writer.finish(out);
  return Buffer.concat(out);
}

function headOf(sealed: Buffer): EnvelopeHead {
  const parsed = parseHead(sealed);
  if (parsed.tag === 'incomplete') throw new Error('incomplete');
  return parsed.head;
}

const content = random.bytes(200);
const sealed = sealSmall(content);
const head = headOf(sealed);
const trailerBytes = 28;
/** The KEK's entry comes first; the certificate's after it. */
const kekFrom = head.recipientsFrom + 4;
const kekBytes = 2 + (sealed[kekFrom + 1] ?? 0);
const agreementFrom = kekFrom + kekBytes;

function flipped(at: number, mask: number): Buffer {
  const copy = Buffer.from(sealed);
  copy[at] = (copy[at] ?? 0) ^ mask;
  return copy;
}

describe('a changed byte', () => {
  // Recipient entries are not under the tag (RFC 5083): a change there locks that recipient out or makes the object
  // unreadable, but can never bring out other content. The manifest's hash of the object tells.
  it.each([
    ['by the archive key', archive.byKek, kekFrom, agreementFrom],
    ['by the recovery key', archive.byRecovery, agreementFrom, head.recipientsTo],
  ] as const)('is refused everywhere but in another recipient’s entry (%s)', (_name, readers, from, to) => {
    for (let at = 0; at < sealed.length; at += 1) {
      const othersEntry = at >= kekFrom && at < head.recipientsTo && !(at >= from && at < to);
      for (const mask of [0x01, 0x80, 0xff]) {
        const outcome = openOutcome(readers, flipped(at, mask), content);
        if (othersEntry) expect(['ok', 'object-format'], `byte ${at}`).toContain(outcome);
        else expect(outcome, `byte ${at}`).toMatch(/^object-/);
      }
    }
  });

  it('is refused at any place with any value (random)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: sealed.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 3 }),
        (at, mask, sizes) => {
          fc.pre(at < agreementFrom || at >= head.recipientsTo);
          expect(openOutcome(archive.byKek, flipped(at, mask), content, sizes)).toMatch(/^object-/);
        },
      ),
      { numRuns: 500, seed: 11 },
    );
  });
});

describe('a cut or lengthened object', () => {
  it('is refused at every length below its own', () => {
    for (let size = 0; size < sealed.length; size += 1) {
      expect(openOutcome(archive.byKek, sealed.subarray(0, size), content), `${size} bytes`).toBe(
        'object-truncated',
      );
    }
  });

  it.each([1, 2, 16, 1000])('is refused with %d bytes behind its end', (size) => {
    for (const fill of [0x00, 0xff]) {
      const longer = Buffer.concat([sealed, Buffer.alloc(size, fill)]);
      expect(openOutcome(archive.byKek, longer, content)).toBe('object-tampered');
    }
  });

  it('is refused with a second object behind it', () => {
    expect(openOutcome(archive.byKek, Buffer.concat([sealed, sealed]), content)).toBe('object-tampered');
  });
});

describe('rearranged content', () => {
  const segment = (index: number): Buffer => {
    const from = head.sizeBytes + index * 66;
    return sealed.subarray(from, from + 66);
  };
  const rebuilt = (...segments: readonly Buffer[]): Buffer =>
    Buffer.concat([
      sealed.subarray(0, head.sizeBytes),
      ...segments,
      sealed.subarray(sealed.length - trailerBytes),
    ]);
  const last = sealed.subarray(head.sizeBytes + 3 * 66, sealed.length - trailerBytes);

  it('is the object again when nothing is moved', () => {
    expect(rebuilt(segment(0), segment(1), segment(2), last).equals(sealed)).toBe(true);
  });

  it.each([
    ['swapped', [segment(1), segment(0), segment(2), last]],
    ['doubled', [segment(0), segment(0), segment(1), segment(2), last]],
    ['dropped', [segment(0), segment(2), last]],
    ['all gone', []],
  ])('is refused: segments %s', (_name, segments) => {
    expect(openOutcome(archive.byKek, rebuilt(...segments), content)).toBe('object-tampered');
  });

  it('is refused: a segment of another object in its place', () => {
    const other = sealSmall(content);
    const foreign = other.subarray(head.sizeBytes, head.sizeBytes + 66);
    expect(openOutcome(archive.byKek, rebuilt(foreign, segment(1), segment(2), last), content)).toBe(
      'object-tampered',
    );
  });

  it('is refused: recipients, content or tag exchanged between two objects', () => {
    const other = sealSmall(content);
    const otherHead = headOf(other);
    const exchanged = [
      Buffer.concat([other.subarray(0, otherHead.recipientsTo), sealed.subarray(head.recipientsTo)]),
      Buffer.concat([other.subarray(0, otherHead.sizeBytes), sealed.subarray(head.sizeBytes)]),
      Buffer.concat([
        sealed.subarray(0, sealed.length - trailerBytes),
        other.subarray(other.length - trailerBytes),
      ]),
    ];
    for (const one of exchanged) {
      expect(openOutcome(archive.byKek, one, content)).toBe('object-tampered');
      expect(openOutcome(archive.byRecovery, one, content)).toBe('object-tampered');
    }
  });

  it('is refused: an empty segment, which the profile does not know', () => {
    const empty = Buffer.of(0x04, 0x00);
    expect(
      openOutcome(archive.byKek, rebuilt(empty, segment(0), segment(1), segment(2), last), content),
    ).toBe('object-format');
  });
});

describe('a short tag', () => {
  const tagAt = sealed.length - 22;

  it.each([0, 1, 4, 8, 12, 15])('of %d bytes is refused', (size) => {
    expect(sealed[tagAt - 1]).toBe(16);
    const short = Buffer.concat([
      sealed.subarray(0, tagAt - 1),
      Buffer.of(size),
      sealed.subarray(tagAt, tagAt + size),
      sealed.subarray(tagAt + 16),
    ]);
    expect(openOutcome(archive.byKek, short, content)).toBe('object-format');
  });
});

describe('hostile lengths and depths', () => {
  const before = Buffer.from('3080060b2a864886f70d0109100117a0803080020100', 'hex');

  it.each([
    ['recipients that claim 128 TiB', Buffer.concat([before, Buffer.from('3186800000000000', 'hex')])],
    ['recipients just over the limit', Buffer.concat([before, tlHeader(0x31, maxRecipientsBytes + 1)])],
    ['recipients of indefinite length', Buffer.concat([before, Buffer.from('3180', 'hex')])],
    ['no recipients', Buffer.concat([before, Buffer.from('3100', 'hex')])],
    ['deeply nested indefinite sequences', Buffer.alloc(200_000, Buffer.from('3080', 'hex'))],
    ['deeply nested recipients', Buffer.concat([before, tlHeader(0x31, 40_000), Buffer.alloc(40_000, 0xa2)])],
    ['DICOM', Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')])],
    ['text', Buffer.from('just some text')],
  ])('%s: refused at once', (_name, bytes) => {
    const opener = archive.byKek.create();
    expect(() => opener.push(bytes)).toThrow('not a sealed object');
  });

  it('takes memory for the bytes that came, not for those that were claimed', () => {
    const claims = Buffer.concat([
      sealed.subarray(0, head.sizeBytes),
      Buffer.from('0484ffffffff', 'hex'),
      Buffer.alloc(1000),
    ]);
    const opener = archive.byKek.create();
    const usedBefore = process.memoryUsage().arrayBuffers;
    opener.push(claims);
    expect(process.memoryUsage().arrayBuffers - usedBefore).toBeLessThan(10 * 1024 * 1024);
    expect(() => opener.end()).toThrow('cut short');
  });

  it('refuses content above the ceiling of GCM', () => {
    const claims = Buffer.concat([sealed.subarray(0, head.sizeBytes), Buffer.from('04851000000000', 'hex')]);
    expect(openOutcome(archive.byKek, claims, content)).toBe('object-format');
  });
});

describe('the wrong reader', () => {
  it('of another archive is told that the object is not for it', () => {
    const other = testArchive('other');
    const object = sealWhole(archive.sealers, content);
    expect(openOutcome(other.byKek, object, content)).toBe('object-no-recipient');
    expect(openOutcome(other.byRecovery, object, content)).toBe('object-no-recipient');
  });
});
