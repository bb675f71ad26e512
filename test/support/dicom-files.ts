/**
 * Makes small, valid DICOM files for tests: any transfer syntax and class, with a given identity.
 * Nothing random: the same arguments give the same bytes.
 */
import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { buildFileMeta } from '../../src/main/engine/dicom/part10.ts';
import { explicitVrLittleEndian, transferSyntax } from '../../src/main/engine/dicom/transfer-syntaxes.ts';

export type ByteForm = 'explicit-le' | 'implicit' | 'big-endian';

/** An element of a dataset: text, raw bytes, nested items or pixel data fragments. */
export interface TestElement {
  readonly group: number;
  readonly element: number;
  readonly vr: string;
  readonly value: string | Uint8Array | readonly TestItem[];
  /** Only for items: the length written in the sequence and item headers. */
  readonly lengths?: 'defined' | 'undefined';
}

export type TestItem = readonly TestElement[];

export interface TestImage {
  readonly transferSyntaxUid?: string;
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
  readonly studyInstanceUid?: string;
  readonly seriesInstanceUid?: string;
  readonly modality?: string;
  readonly patientName?: string | Uint8Array;
  readonly patientId?: string;
  readonly patientBirthDate?: string;
  readonly specificCharacterSet?: string;
  readonly studyDate?: string;
  readonly studyTime?: string;
  readonly studyDescription?: string;
  readonly seriesDescription?: string;
  readonly accessionNumber?: string;
  readonly seriesNumber?: string;
  readonly instanceNumber?: string;
  /** Bytes of pixel data; 8-bit, one row per 64. Default 512. */
  readonly pixelBytes?: number;
  /** Changes the pixels, so that the content differs under the same UIDs. */
  readonly seed?: string;
  /** Further elements, put where they belong by tag; one with a tag already there takes its place. */
  readonly extra?: readonly TestElement[];
  readonly preamble?: Uint8Array;
}

export interface TestFile {
  /** The Part 10 file. */
  readonly bytes: Buffer;
  /** The dataset alone, in the transfer syntax: what goes over the network. */
  readonly dataset: Buffer;
  readonly datasetSha256: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/** A UID made from a label: the same label gives the same UID. */
export function testUid(label: string): string {
  return `2.25.${BigInt(`0x${createHash('sha256').update(label).digest('hex').slice(0, 32)}`).toString()}`;
}

export const secondaryCapture = '1.2.840.10008.5.1.4.1.1.7';

/** A file with the identity given; everything else is made up from `sopInstanceUid` and `seed`. */
export function makeDicomFile(image: TestImage = {}): TestFile {
  const transferSyntaxUid = image.transferSyntaxUid ?? explicitVrLittleEndian;
  const facts = transferSyntax(transferSyntaxUid);
  if (facts === undefined) throw new Error(`not a transfer syntax that is stored: ${transferSyntaxUid}`);
  const form: ByteForm =
    facts.family === 'implicit' || facts.family === 'big-endian' ? facts.family : 'explicit-le';
  const identity = {
    sopClassUid: image.sopClassUid ?? secondaryCapture,
    sopInstanceUid: image.sopInstanceUid ?? testUid(`instance ${image.seed ?? ''}`),
    studyInstanceUid: image.studyInstanceUid ?? testUid('study'),
    seriesInstanceUid: image.seriesInstanceUid ?? testUid('series'),
  };
  const plain = encodeDataset(elementsOf(image, identity, facts.family === 'encapsulated'), form);
  const dataset = facts.family === 'deflated' ? evenLength(deflateRawSync(plain)) : plain;
  const meta = buildFileMeta({
    sopClassUid: identity.sopClassUid,
    sopInstanceUid: identity.sopInstanceUid,
    transferSyntaxUid,
    preamble: image.preamble,
  });
  return {
    ...identity,
    transferSyntaxUid,
    dataset,
    datasetSha256: createHash('sha256').update(dataset).digest('hex'),
    bytes: Buffer.concat([meta, dataset]),
  };
}

/** Encodes elements in the order given, with no check at all: wrong datasets can be made on purpose. */
export function encodeDataset(elements: readonly TestElement[], form: ByteForm): Buffer {
  return Buffer.concat(elements.map((one) => encodeElement(one, form)));
}

function elementsOf(
  image: TestImage,
  identity: Readonly<
    Record<'sopClassUid' | 'sopInstanceUid' | 'studyInstanceUid' | 'seriesInstanceUid', string>
  >,
  encapsulated: boolean,
): readonly TestElement[] {
  const seed = `${identity.sopInstanceUid} ${image.seed ?? ''}`;
  const pixels = pixelsOf(seed, image.pixelBytes ?? 512);
  const columns = 64;
  const elements: (TestElement | undefined)[] = [
    optional(0x0008, 0x0005, 'CS', image.specificCharacterSet),
    text(0x0008, 0x0008, 'CS', 'DERIVED\\SECONDARY'),
    text(0x0008, 0x0016, 'UI', identity.sopClassUid),
    text(0x0008, 0x0018, 'UI', identity.sopInstanceUid),
    text(0x0008, 0x0020, 'DA', image.studyDate ?? '20260105'),
    text(0x0008, 0x0030, 'TM', image.studyTime ?? '090000'),
    text(0x0008, 0x0050, 'SH', image.accessionNumber ?? ''),
    text(0x0008, 0x0060, 'CS', image.modality ?? 'OT'),
    text(0x0008, 0x0064, 'CS', 'WSD'),
    text(0x0008, 0x0090, 'PN', ''),
    optional(0x0008, 0x1030, 'LO', image.studyDescription),
    optional(0x0008, 0x103e, 'LO', image.seriesDescription),
    { group: 0x0010, element: 0x0010, vr: 'PN', value: image.patientName ?? 'Test^Patient' },
    text(0x0010, 0x0020, 'LO', image.patientId ?? 'TEST-1'),
    text(0x0010, 0x0030, 'DA', image.patientBirthDate ?? ''),
    text(0x0010, 0x0040, 'CS', ''),
    text(0x0020, 0x000d, 'UI', identity.studyInstanceUid),
    text(0x0020, 0x000e, 'UI', identity.seriesInstanceUid),
    text(0x0020, 0x0010, 'SH', '1'),
    text(0x0020, 0x0011, 'IS', image.seriesNumber ?? '1'),
    text(0x0020, 0x0013, 'IS', image.instanceNumber ?? '1'),
    us(0x0002, 1),
    text(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    us(0x0010, Math.max(1, Math.floor(pixels.length / columns))),
    us(0x0011, columns),
    us(0x0100, 8),
    us(0x0101, 8),
    us(0x0102, 7),
    us(0x0103, 0),
    {
      group: 0x7fe0,
      element: 0x0010,
      vr: 'OB',
      value: encapsulated ? fragments(pixels) : pixels,
    },
  ];
  const extra = image.extra ?? [];
  const replaced = new Set(extra.map(tagOf));
  return elements
    .filter((one): one is TestElement => one !== undefined && !replaced.has(tagOf(one)))
    .concat(extra)
    .sort((a, b) => tagOf(a) - tagOf(b));
}

function tagOf(element: TestElement): number {
  return element.group * 0x10000 + element.element;
}

function text(group: number, element: number, vr: string, value: string): TestElement {
  return { group, element, vr, value };
}

function optional(
  group: number,
  element: number,
  vr: string,
  value: string | undefined,
): TestElement | undefined {
  return value === undefined ? undefined : text(group, element, vr, value);
}

/** An unsigned short of group 0028, kept in little endian here; `encodeElement` swaps where needed. */
function us(element: number, value: number): TestElement {
  return { group: 0x0028, element, vr: 'US', value: Uint8Array.of(value & 0xff, value >> 8) };
}

function pixelsOf(seed: string, sizeBytes: number): Buffer {
  const pattern = createHash('sha256').update(seed).digest();
  return Buffer.alloc(sizeBytes + (sizeBytes % 2), pattern);
}

/** A whole encapsulated value: empty offset table, one fragment, sequence delimiter (PS3.5 A.4). */
function fragments(pixels: Buffer): Encapsulated {
  return Object.assign(
    Buffer.concat([
      itemHeader(0xe000, 0, 'explicit-le'),
      itemHeader(0xe000, pixels.length, 'explicit-le'),
      pixels,
    ]),
    { encapsulated: true as const },
  );
}

type Encapsulated = Buffer & { readonly encapsulated: true };

const longForms = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));

function encodeElement(one: TestElement, form: ByteForm): Buffer {
  const { value } = one;
  if (typeof value === 'string') return withHeader(one, form, paddedText(value, one.vr));
  if (isEncapsulated(value)) {
    return Buffer.concat([header(one, form, 0xffffffff), value, itemHeader(0xe0dd, 0, form)]);
  }
  if (value instanceof Uint8Array) {
    const swap = form === 'big-endian' && one.vr === 'US';
    return withHeader(one, form, evenLength(swap ? Buffer.from(value).swap16() : Buffer.from(value)));
  }
  const open = one.lengths === 'undefined';
  const items = value.map((item) => {
    const content = encodeDataset(item, form);
    return open
      ? Buffer.concat([itemHeader(0xe000, 0xffffffff, form), content, itemHeader(0xe00d, 0, form)])
      : Buffer.concat([itemHeader(0xe000, content.length, form), content]);
  });
  if (!open) return withHeader(one, form, Buffer.concat(items));
  return Buffer.concat([header(one, form, 0xffffffff), ...items, itemHeader(0xe0dd, 0, form)]);
}

function isEncapsulated(value: TestElement['value']): value is Encapsulated {
  return typeof value === 'object' && 'encapsulated' in value;
}

function withHeader(one: TestElement, form: ByteForm, value: Buffer): Buffer {
  return Buffer.concat([header(one, form, value.length), value]);
}

/** An element header on its own, with any length: for broken datasets. */
export function header(
  one: Pick<TestElement, 'group' | 'element' | 'vr'>,
  form: ByteForm,
  length: number,
): Buffer {
  if (form === 'implicit') return numbers(form, [one.group, 2], [one.element, 2], [length, 4]);
  const tag = Buffer.concat([numbers(form, [one.group, 2], [one.element, 2]), Buffer.from(one.vr, 'latin1')]);
  return Buffer.concat([
    tag,
    longForms.has(one.vr) ? numbers(form, [0, 2], [length, 4]) : numbers(form, [length, 2]),
  ]);
}

/** A header of group FFFE: item E000, item end E00D, sequence end E0DD. */
export function itemHeader(element: number, length: number, form: ByteForm): Buffer {
  return numbers(form, [0xfffe, 2], [element, 2], [length, 4]);
}

function numbers(form: ByteForm, ...parts: readonly (readonly [value: number, size: 2 | 4])[]): Buffer {
  return Buffer.concat(
    parts.map(([value, size]) => {
      const bytes = Buffer.alloc(size);
      if (form === 'big-endian') bytes.writeUIntBE(value, 0, size);
      else bytes.writeUIntLE(value, 0, size);
      return bytes;
    }),
  );
}

function paddedText(value: string, vr: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([vr === 'UI' ? 0 : 0x20])]);
}

function evenLength(bytes: Buffer): Buffer {
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([0])]);
}
