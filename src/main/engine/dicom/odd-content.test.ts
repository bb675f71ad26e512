/** Content that devices send against or at the edge of the standard: stored as it is, read as far as it can be. */
import { describe, expect, test } from 'vitest';
import {
  encodeDataset,
  header,
  itemHeader,
  makeDicomFile,
  testUid,
  type ByteForm,
  type TestElement,
} from '../../../../test/support/dicom-files.ts';
import { createHeaderScanner, isHeaderOdd, type ScanResult } from './header-scanner.ts';

const explicitLe = '1.2.840.10008.1.2.1';
const rle = '1.2.840.10008.1.2.5';
const forms: readonly (readonly [string, ByteForm])[] = [
  [explicitLe, 'explicit-le'],
  ['1.2.840.10008.1.2', 'implicit'],
  ['1.2.840.10008.1.2.2', 'big-endian'],
];

async function scan(syntax: string, chunks: Iterable<Uint8Array>): Promise<ScanResult> {
  const scanner = createHeaderScanner(syntax);
  for (const chunk of chunks) await scanner.push(chunk);
  const result = await scanner.finish();
  scanner.close();
  return result;
}

const start: readonly TestElement[] = [
  { group: 8, element: 0x16, vr: 'UI', value: '1.2.840.10008.5.1.4.1.1.7' },
  { group: 8, element: 0x18, vr: 'UI', value: testUid('x') },
  { group: 0x10, element: 0x10, vr: 'PN', value: 'Doe^Jane' },
  { group: 0x20, element: 0x0d, vr: 'UI', value: testUid('study') },
  { group: 0x20, element: 0x0e, vr: 'UI', value: testUid('series') },
];
const le = 'explicit-le';
const pixels = { group: 0x7fe0, element: 0x10, vr: 'OB' } as const;

/** Items of encapsulated pixel data, then the delimiter. */
function fragments(...sizes: readonly number[]): Buffer {
  return Buffer.concat([
    ...sizes.flatMap((size) => [itemHeader(0xe000, size, le), Buffer.alloc(size, 7)]),
    itemHeader(0xe0dd, 0, le),
  ]);
}

async function whole(syntax: string, ...parts: readonly Uint8Array[]): Promise<ScanResult> {
  const result = await scan(syntax, parts);
  expect(result).toMatchObject({
    tag: 'readable',
    ending: 'whole',
    identity: { sopInstanceUid: testUid('x') },
    display: { patientName: 'Doe^Jane' },
  });
  return result;
}

describe('encapsulated pixel data', () => {
  const head = Buffer.concat([encodeDataset(start, le), header(pixels, le, 0xffffffff)]);

  test('with an empty and with a filled basic offset table is whole', async () => {
    await whole(rle, head, fragments(0, 100, 200));
    const table = Buffer.alloc(8);
    table.writeUInt32LE(108, 4);
    const items = fragments(100, 200);
    await whole(rle, head, itemHeader(0xe000, 8, le), table, items);
  });

  test('with an extended offset table is whole (PS3.3 C.7.6.3.1.8)', async () => {
    const tables = encodeDataset(
      [
        { group: 0x7fe0, element: 1, vr: 'OV', value: Buffer.alloc(16) },
        { group: 0x7fe0, element: 2, vr: 'OV', value: Buffer.alloc(16, 1) },
      ],
      le,
    );
    await whole(rle, encodeDataset(start, le), tables, header(pixels, le, 0xffffffff), fragments(0, 64, 64));
  });

  test('with fragments of odd length is whole', async () => {
    await whole(rle, head, fragments(0, 101, 7, 1));
  });

  test('of more than 4 GiB in all is followed to its end', async () => {
    const fragment = Buffer.concat([itemHeader(0xe000, 1 << 20, le), Buffer.alloc(1 << 20)]);
    const stream = function* (): Generator<Uint8Array> {
      yield head;
      yield itemHeader(0xe000, 0, le);
      for (let count = 0; count < 4200; count += 1) yield fragment;
      yield itemHeader(0xe0dd, 0, le);
      yield encodeDataset([{ group: 0xfffc, element: 0xfffc, vr: 'OB', value: Buffer.alloc(10) }], le);
    };
    expect(await scan(rle, stream())).toMatchObject({ tag: 'readable', ending: 'whole', oddities: [] });
  });
});

test('native pixel data of 4 GiB less two bytes, the longest there is, is followed to its end', async () => {
  const piece = Buffer.alloc(1 << 20);
  const stream = function* (): Generator<Uint8Array> {
    yield encodeDataset(start, le);
    yield header(pixels, le, 0xfffffffe);
    for (let left = 0xfffffffe; left > 0; left -= piece.length) {
      yield left >= piece.length ? piece : piece.subarray(0, left);
    }
  };
  expect(await scan(explicitLe, stream())).toMatchObject({ tag: 'readable', ending: 'whole', oddities: [] });
});

describe.each(forms)('in %s', (syntax, form) => {
  test('group lengths, private elements and trailing padding are passed over', async () => {
    const length = Buffer.alloc(4);
    const odd: readonly TestElement[] = [
      { group: 8, element: 0, vr: 'UL', value: length },
      ...start,
      { group: 0x21, element: 0x10, vr: 'LO', value: 'PRIVATE CREATOR' },
      { group: 0x21, element: 0x1001, vr: 'UN', value: Buffer.alloc(70_000, 9) },
      { ...pixels, vr: 'OW', value: Buffer.alloc(64) },
      { group: 0xfffc, element: 0xfffc, vr: 'OB', value: Buffer.alloc(126) },
    ];
    const result = await whole(syntax, encodeDataset(odd, form));
    expect(isHeaderOdd(result)).toBe(false);
  });

  test('sequences of undefined and defined length, one in the other and empty, are passed over', async () => {
    const inner: TestElement = { group: 8, element: 0x18, vr: 'UI', value: testUid('not this one') };
    const nest = (depth: number): TestElement => ({
      group: 8,
      element: 0x1140,
      vr: 'SQ',
      lengths: depth % 2 === 0 ? 'undefined' : 'defined',
      value: depth === 0 ? [[]] : [[inner, nest(depth - 1)], [], [inner]],
    });
    const result = await whole(
      syntax,
      encodeDataset([...start.slice(0, 2), nest(9), ...start.slice(2)], form),
    );
    expect(isHeaderOdd(result)).toBe(false);
  });

  test('odd lengths are read by what they say', async () => {
    const description = { group: 8, element: 0x1030, vr: 'LO' } as const;
    await whole(
      syntax,
      encodeDataset(start.slice(0, 2), form),
      header(description, form, 3),
      Buffer.from('odd'),
      encodeDataset(start.slice(2), form),
    );
  });

  test('text that its character set does not know is shown with replacements, and flagged', async () => {
    const file = makeDicomFile({
      transferSyntaxUid: syntax,
      specificCharacterSet: 'ISO_IR 192',
      patientName: Buffer.from('M\xfcller^A', 'latin1'),
    });
    const result = await scan(syntax, [file.dataset]);
    expect(result).toMatchObject({
      display: { patientName: 'M\ufffdller^A' },
      oddities: ['text-not-decodable'],
    });
    expect(isHeaderOdd(result)).toBe(true);
  });
});
