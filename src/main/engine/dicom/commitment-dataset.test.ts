import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CommitmentDataset,
  commitmentLayout,
  type CommitmentLimits,
  CommitmentReader,
  type CommitmentReading,
  CommitmentWriter,
  encodeCommitmentRequest,
} from './commitment-dataset.ts';
import type { Layout } from './header-scanner-walker.ts';
import { storageSopClasses } from './sop-classes.ts';

const implicit: Layout = { order: 'little', vr: 'implicit' };
const explicit: Layout = { order: 'little', vr: 'explicit' };
const big: Layout = { order: 'big', vr: 'explicit' };

const layouts = fc.constantFrom(implicit, explicit, big);
const uids = fc
  .array(fc.integer({ min: 0, max: 99_999_999 }), { minLength: 1, maxLength: 6 })
  .map((parts) => `1.2.${parts.join('.')}`);
const classes = fc.constantFrom(...storageSopClasses.slice(0, 20).map(({ uid }) => uid));
const references = fc.record({ sopClassUid: classes, sopInstanceUid: uids });
const failed = fc.record({
  ...{ sopClassUid: classes, sopInstanceUid: uids },
  failureReason: fc.integer({ min: 0, max: 0xffff }),
});
const unique = { selector: (one: { sopInstanceUid: string }) => one.sopInstanceUid, maxLength: 30 };

function write(layout: Layout, dataset: CommitmentDataset): Buffer {
  const writer = new CommitmentWriter(layout, dataset.transactionUid);
  for (const one of dataset.references) writer.reference(one);
  for (const one of dataset.failed) writer.failed(one);
  return writer.end();
}

function read(layout: Layout, bytes: Buffer, cuts: readonly number[] = [], limits?: CommitmentLimits) {
  const reader = new CommitmentReader(layout, limits);
  let at = 0;
  for (const cut of cuts) {
    // A copy that is overwritten afterwards, as a socket's buffer would be.
    const piece = Buffer.from(bytes.subarray(at, at + cut));
    reader.push(piece);
    piece.fill(0xee);
    at += cut;
  }
  reader.push(bytes.subarray(at));
  return reader.finish();
}

function problem(reading: CommitmentReading): string {
  return reading.tag === 'problem' ? reading.problem : 'none';
}

describe('a dataset of storage commitment', () => {
  it('is read as it was written, in every byte form and however it is cut', () => {
    fc.assert(
      fc.property(
        layouts,
        uids,
        fc.uniqueArray(references, { ...unique, minLength: 1 }),
        fc.uniqueArray(failed, unique),
        fc.array(fc.integer({ min: 1, max: 40 })),
        (layout, transactionUid, named, notCommitted, cuts) => {
          const others = new Set(notCommitted.map((one) => one.sopInstanceUid));
          const kept = named.filter((one) => !others.has(one.sopInstanceUid));
          const dataset = { transactionUid, references: kept, failed: notCommitted };
          fc.pre(kept.length + notCommitted.length > 0);
          expect(read(layout, write(layout, dataset), cuts)).toEqual({ tag: 'read', dataset });
        },
      ),
    );
  });

  it('is refused at any place where it is cut off', () => {
    const whole = encodeCommitmentRequest(explicit, '1.2.3.4', [
      { sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '1.2.3.5' },
      { sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '1.2.3.6' },
    ]);
    for (let end = 0; end < whole.length; end += 1)
      expect(read(explicit, whole.subarray(0, end)).tag, `${end} bytes`).toBe('problem');
    expect(read(explicit, whole).tag).toBe('read');
  });

  it('never makes the reader throw, whatever bytes come', () => {
    fc.assert(
      fc.property(layouts, fc.uint8Array({ maxLength: 400 }), (layout, bytes) => {
        expect(['read', 'problem']).toContain(read(layout, Buffer.from(bytes)).tag);
      }),
    );
  });

  it('never makes the reader throw when bits of a good one are changed', () => {
    fc.assert(
      fc.property(
        layouts,
        fc.uniqueArray(references, { ...unique, minLength: 1 }),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
        (layout, named, changes) => {
          const bytes = encodeCommitmentRequest(layout, '1.2.3', named);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          expect(['read', 'problem']).toContain(read(layout, bytes).tag);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is read with lengths left open, foreign and nested elements between, and padding', () => {
    const bytes = Buffer.concat([
      short(0x0008, 0x0005, 'CS', 'ISO_IR 100'),
      short(0x0008, 0x1195, 'UI', '1.2.3\0'),
      open(0x0008, 0x1199),
      openItem(),
      short(0x0008, 0x1150, 'UI', '1.2.840.10008.5.1.4.1.1.2\0'),
      short(0x0008, 0x1155, 'UI', '1.2.3.4 '),
      // A private sequence with an item in an item.
      ...[open(0x0009, 0x1001), openItem(), open(0x0009, 0x1002), openItem()],
      ...[itemEnd, sequenceEnd, itemEnd, sequenceEnd],
      itemEnd,
      sequenceEnd,
      short(0x0088, 0x0130, 'SH', 'FILESET '),
    ]);
    expect(read(explicit, bytes)).toEqual({
      tag: 'read',
      dataset: {
        transactionUid: '1.2.3',
        references: [{ sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '1.2.3.4' }],
        failed: [],
      },
    });
  });

  it('names an instance once however often it is named, and twice under two classes', () => {
    const one = { sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '1.2.3.4' };
    const other = { ...one, sopClassUid: '1.2.840.10008.5.1.4.1.1.4' };
    const bytes = encodeCommitmentRequest(implicit, '1.2.3', [one, one, other, one, other]);
    expect(read(implicit, bytes)).toMatchObject({ dataset: { references: [one, other] } });
  });
});

describe('a dataset that cannot be worked with', () => {
  const one = { sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '1.2.3.4' };
  const good = encodeCommitmentRequest(explicit, '1.2.3', [one]);

  it('tells what is wrong with it', () => {
    expect(problem(read(explicit, Buffer.alloc(0)))).toBe('missing-attribute');
    expect(problem(read(explicit, encodeCommitmentRequest(explicit, '1.2.3', [])))).toBe('missing-attribute');
    expect(problem(read(explicit, encodeCommitmentRequest(explicit, '', [one])))).toBe('empty-value');
    expect(problem(read(explicit, encodeCommitmentRequest(explicit, '1 2', [one])))).toBe('invalid-value');
    const long = encodeCommitmentRequest(explicit, '1'.repeat(66), [one]);
    expect(problem(read(explicit, long))).toBe('invalid-value');
    expect(problem(read(implicit, good))).not.toBe('none');
    const twice = Buffer.concat([good, good]);
    expect(problem(read(explicit, twice))).toBe('malformed');
  });

  it('is refused when it is nested deeper than anything of use', () => {
    const deep = [short(0x0008, 0x1195, 'UI', '1.2.3\0')];
    for (let depth = 0; depth < 10_000; depth += 1) deep.push(open(0x0009, 0x1001), openItem());
    expect(problem(read(explicit, Buffer.concat(deep)))).toBe('malformed');
  });

  it('is refused beyond its ceilings, and nothing of it is kept', () => {
    const many = Array.from({ length: 11 }, (_, index) => ({ ...one, sopInstanceUid: `1.2.${index}` }));
    const bytes = encodeCommitmentRequest(explicit, '1.2.3', many);
    const limits = { maxBytes: 1_000_000, maxReferences: 10 };
    expect(problem(read(explicit, bytes, [], limits))).toBe('too-many');
    expect(problem(read(explicit, bytes, [], { ...limits, maxBytes: 100 }))).toBe('too-large');
    const reader = new CommitmentReader(explicit, limits);
    reader.push(bytes);
    expect(reader.count).toBe(0);
  });

  it('is not one in a compressed syntax', () => {
    expect(commitmentLayout('1.2.840.10008.1.2.1.99')).toBeUndefined();
    expect(commitmentLayout('1.2.840.10008.1.2.4.70')).toBeUndefined();
    expect(commitmentLayout('1.2.840.10008.1.2.2')).toEqual(big);
  });
});

function short(group: number, element: number, vr: string, value: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(element, 2);
  head.write(vr, 4, 'latin1');
  head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, Buffer.from(value, 'latin1')]);
}

function open(group: number, element: number): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(element, 2);
  head.write('SQ', 4, 'latin1');
  head.writeUInt32LE(0xffffffff, 8);
  return head;
}

function openItem(): Buffer {
  return Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
}

const itemEnd = Buffer.from([0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0]);
const sequenceEnd = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
