/** Files that are put together in an odd way: what the viewer shows of them is right, or it shows nothing. */
import { expect, it } from 'vitest';
import { fullRange } from '../../src/viewer/pixels/gray.ts';
import { ImageFile, type Picture } from '../../src/viewer/pixels/picture.ts';
import { itemHeader, makeDicomFile, type TestElement } from '../support/dicom-files.ts';
import { nodeCodecs, shortElement, testImage } from '../support/viewer-pixels.ts';

const codecs = nodeCodecs();

function picture(bytes: Buffer, frame = 0): Promise<Picture> {
  return new ImageFile(new Uint8Array(bytes), codecs).picture(frame);
}

async function code(bytes: Buffer, frame = 0): Promise<string | undefined> {
  return Promise.resolve()
    .then(() => picture(bytes, frame))
    .then(
      () => 'shown',
      (error: unknown) => (error as { readonly code?: string }).code,
    );
}

async function firstPixel(bytes: Buffer): Promise<number[]> {
  const shown = await picture(bytes);
  if (shown.tag !== 'colour') throw new Error('colour');
  return Array.from(shown.rgba.subarray(0, 3));
}

function gray(rows: number, columns: number, more: readonly TestElement[]): TestElement[] {
  return [
    shortElement(0x0028, 0x0010, rows),
    shortElement(0x0028, 0x0011, columns),
    shortElement(0x0028, 0x0002, 1),
    { group: 0x0028, element: 0x0004, vr: 'CS', value: 'MONOCHROME2' },
    shortElement(0x0028, 0x0100, 8),
    shortElement(0x0028, 0x0101, 8),
    shortElement(0x0028, 0x0102, 7),
    shortElement(0x0028, 0x0103, 0),
    ...more,
  ];
}

it('a palette in which one colour is dark throughout stays dark in it', async () => {
  const table = (most: number): Buffer => {
    const out = Buffer.alloc(512);
    for (let at = 0; at < 256; at += 1) out.writeUInt16LE(Math.round((at / 255) * most), at * 2);
    return out;
  };
  const bytes = testImage(
    {
      photometric: 'PALETTE COLOR',
      bitsAllocated: 8,
      bitsStored: 8,
      extra: [255, 65_535, 65_535].flatMap((most, channel) => [
        { group: 0x0028, element: 0x1101 + channel, vr: 'US', value: Buffer.from([0, 1, 0, 0, 16, 0]) },
        { group: 0x0028, element: 0x1201 + channel, vr: 'OW', value: table(most) },
      ]),
    },
    () => 255,
  );
  expect(await firstPixel(bytes)).toEqual([0, 255, 255]);
});

it('a palette whose writer filled the lower 8 bits alone is as bright as it was meant', async () => {
  const table = Buffer.alloc(512);
  for (let at = 0; at < 256; at += 1) table.writeUInt16LE(at, at * 2);
  const bytes = testImage(
    {
      photometric: 'PALETTE COLOR',
      bitsAllocated: 8,
      bitsStored: 8,
      extra: [0, 1, 2].flatMap((channel) => [
        { group: 0x0028, element: 0x1101 + channel, vr: 'US', value: Buffer.from([0, 1, 0, 0, 16, 0]) },
        { group: 0x0028, element: 0x1201 + channel, vr: 'OW', value: table },
      ]),
    },
    () => 200,
  );
  expect(await firstPixel(bytes)).toEqual([200, 200, 200]);
});

it('samples of full colour under the name YBR_FULL_422 are read as what they are', async () => {
  const value = [120, 90, 200] as const;
  const as = (photometric: string): Buffer =>
    testImage({ photometric, bitsAllocated: 8, bitsStored: 8 }, (x, y, channel) =>
      channel === 0 ? (value[0] + x + y) & 255 : (value[channel] ?? 0),
    );
  const [full, named] = [await picture(as('YBR_FULL')), await picture(as('YBR_FULL_422'))];
  if (full.tag !== 'colour' || named.tag !== 'colour') throw new Error('colour');
  expect(named.rgba).toEqual(full.rgba);
});

it('a colour space that comes in videos alone is not guessed at', async () => {
  const bytes = testImage(
    { photometric: 'YBR_PARTIAL_420', bitsAllocated: 8, bitsStored: 8 },
    (x, y) => x + y,
  );
  expect(await code(bytes)).toBe('pixels-unsupported');
});

it('frames whose offset table leads into the middle of a fragment are not shown', async () => {
  // PackBits: one run of 16 for each frame, and the value tells which it is.
  const segment = (value: number): Buffer => {
    const header = Buffer.alloc(64);
    header.writeUInt32LE(1, 0);
    header.writeUInt32LE(64, 4);
    return Buffer.concat([header, Buffer.of(257 - 16, value)]);
  };
  const fragments = [segment(10).subarray(0, 32), segment(10).subarray(32), segment(20), segment(30)];
  const items = fragments.map((one) => Buffer.concat([itemHeader(0xe000, one.length, 'explicit-le'), one]));
  const starts = [0, items[0]!.length + items[1]!.length];
  starts.push(starts[1]! + items[2]!.length);
  const file = (offsets: readonly number[]): Buffer => {
    const table = Buffer.alloc(12);
    offsets.forEach((offset, at) => table.writeUInt32LE(offset, at * 4));
    const value = Object.assign(Buffer.concat([itemHeader(0xe000, 12, 'explicit-le'), table, ...items]), {
      encapsulated: true as const,
    });
    return makeDicomFile({
      transferSyntaxUid: '1.2.840.10008.1.2.5',
      extra: gray(4, 4, [
        { group: 0x0028, element: 0x0008, vr: 'IS', value: '3' },
        { group: 0x7fe0, element: 0x0010, vr: 'OB', value },
      ]),
    }).bytes;
  };
  const good = file(starts);
  const values = [];
  for (const frame of [0, 1, 2]) {
    const shown = await picture(good, frame);
    values.push(shown.tag === 'gray' ? shown.samples[0] : undefined);
  }
  expect(values).toEqual([10, 20, 30]);
  expect(await code(file([0, starts[1]! + 2, 100_000]), 1)).toBe('pixels-damaged');
});

it('in big endian the last byte of an odd number of pixels is its own', async () => {
  const stored = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]).swap16();
  const bytes = makeDicomFile({
    transferSyntaxUid: '1.2.840.10008.1.2.2',
    extra: gray(3, 3, [{ group: 0x7fe0, element: 0x0010, vr: 'OW', value: stored }]),
  }).bytes;
  const shown = await picture(bytes);
  expect(Array.from(shown.tag === 'gray' ? shown.samples : [])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it('padding around an image does not make the image dark or flat', async () => {
  const bytes = testImage(
    {
      bitsStored: 16,
      sign: 'signed',
      extra: [
        { group: 0x0028, element: 0x0120, vr: 'SS', value: Buffer.from(Int16Array.of(-32_768).buffer) },
      ],
    },
    (x) => (x < 10 ? -32_768 : x),
  );
  const shown = await picture(bytes);
  if (shown.tag !== 'gray') throw new Error('grey');
  expect(fullRange(shown)).toMatchObject({ center: (10 + 51) / 2, width: 41 });
});

it('spacing in a projection image that does not say how it was corrected is not taken for calibrated', async () => {
  const spacing = { group: 0x0028, element: 0x0030, vr: 'DS', value: '0.1\\0.1' };
  const as = async (modality: string, extra: readonly TestElement[]): Promise<string | undefined> => {
    const made = makeDicomFile({ modality, extra: gray(8, 64, [spacing, ...extra]) });
    return (await picture(made.bytes)).geometry.spacing?.at;
  };
  const corrected = { group: 0x0028, element: 0x0a02, vr: 'CS', value: 'FIDUCIAL' };
  expect(await as('CT', [])).toBe('patient');
  expect(await as('DX', [corrected])).toBe('patient');
  expect(await as('DX', [])).toBe('detector');
  expect(await as('PX', [])).toBe('detector');
});
