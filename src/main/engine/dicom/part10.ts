/**
 * DICOM files (PS3.10 section 7): writes the preamble and File Meta Information that stand in front of a dataset, and
 * finds a dataset in files that keep to the standard and in those that do not. No I/O.
 */
import { createHeaderScanner } from './header-scanner.ts';
import { implementationClassUid, implementationVersionName } from './implementation.ts';
import { mediaStorageDirectorySopClass } from './sop-classes.ts';
import {
  explicitVrBigEndian,
  explicitVrLittleEndian,
  implicitVrLittleEndian,
  transferSyntax,
} from './transfer-syntaxes.ts';
import { isUsableUid, unpadUid } from './uid.ts';

/** PS3.10 7.1. */
export const preambleBytes = 128;
const magic = Buffer.from('DICM', 'latin1');

/**
 * Starts of what an operating system, a shell or a runtime would run or open as something else than an image. The
 * preamble is for TIFF or for nothing (PS3.10 7.1), so there is no harm in a long list.
 */
const programStarts = [
  '4d5a', // MZ: DOS, Windows (the PE header may lie anywhere behind)
  '5a4d', // ZM, which old loaders take too
  '7f454c46', // ELF
  'feedface', // Mach-O, both widths and orders
  'feedfacf',
  'cefaedfe',
  'cffaedfe',
  'cafebabe', // Mach-O universal, both widths and orders; Java class
  'cafebabf',
  'bebafeca',
  'bfbafeca',
  '2321', // #! scripts
  '504b0304', // ZIP: JAR, APK, Office
  '504b0506',
  '504b0708',
  '4c000000', // Windows shortcut
  '0061736d', // WebAssembly
  '6465780a', // Dalvik
  'd0cf11e0', // OLE: Office macros, MSI
  '25504446', // PDF
  '3c', // < of HTML, HTA, SVG and XML, which Windows runs scripts of
  '4d534346', // cabinet
];

export interface FileMetaFacts {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** 128 bytes; absent means zeros. */
  readonly preamble?: Uint8Array | undefined;
}

/** Preamble, prefix and File Meta Information in explicit VR little endian (PS3.10 7.1): our own group 0002. */
export function buildFileMeta(facts: FileMetaFacts): Buffer {
  const elements = Buffer.concat([
    metaElement(0x0001, 'OB', Buffer.from([0, 1])),
    metaElement(0x0002, 'UI', padded(facts.sopClassUid, 0)),
    metaElement(0x0003, 'UI', padded(facts.sopInstanceUid, 0)),
    metaElement(0x0010, 'UI', padded(facts.transferSyntaxUid, 0)),
    metaElement(0x0012, 'UI', padded(implementationClassUid, 0)),
    metaElement(0x0013, 'SH', padded(implementationVersionName, 0x20)),
  ]);
  const groupLength = Buffer.alloc(4);
  groupLength.writeUInt32LE(elements.length);
  const preamble = Buffer.alloc(preambleBytes);
  if (facts.preamble?.length === preambleBytes) preamble.set(facts.preamble);
  return Buffer.concat([preamble, magic, metaElement(0x0000, 'UL', groupLength), elements]);
}

/**
 * Whether a preamble starts like a program. A file can be an image and malware at once (CVE-2019-11687); a TIFF
 * start (II*, MM*) is a legal use of the preamble (PS3.10 7.1) and is not one.
 */
export function looksLikeProgram(preamble: Uint8Array): boolean {
  const start = Buffer.from(preamble.subarray(0, 4)).toString('hex');
  return programStarts.some((program) => start.startsWith(program));
}

export type Part10Head =
  | {
      readonly tag: 'dataset';
      /** Without padding; from the dataset where it says so near its start, else from the file meta. */
      readonly sopClassUid: string;
      readonly sopInstanceUid: string;
      readonly transferSyntaxUid: string;
      readonly preamble: Uint8Array | undefined;
      /** Where the dataset begins, in bytes from the start of the file. */
      readonly datasetOffset: number;
    }
  /** The directory of a medium; where its dataset begins. */
  | { readonly tag: 'dicomdir'; readonly datasetOffset: number }
  | { readonly tag: 'not-dicom' }
  /** DICOM, but it ends before an image begins. */
  | { readonly tag: 'truncated' }
  /** DICOM, but without a readable identity. */
  | { readonly tag: 'unreadable' };

/** What a caller gives at least, unless the file is shorter: room for odd metas and the identity elements. */
export const part10HeadBytes = 64 * 1024;
/** A meta that does not end within this is no meta. */
export const longestMetaBytes = 1024 * 1024;

/**
 * Reads the head of a file. `start` holds its first bytes: at least `part10HeadBytes`, or all of it.
 * `more` means that the meta goes on behind `start`: call again with more (at most `longestMetaBytes`).
 */
export async function readPart10Head(
  start: Uint8Array,
  extent: 'whole-file' | 'more-follows',
): Promise<Part10Head | { readonly tag: 'more' }> {
  const hasPreamble = startsWithMagic(start, preambleBytes);
  const metaAt = hasPreamble ? preambleBytes + 4 : startsWithMagic(start, 0) ? 4 : 0;
  const meta = readMeta(start, metaAt);
  if (meta.ending === 'beyond') {
    if (metaAt === 0 && meta.count === 0) return { tag: 'not-dicom' };
    if (extent === 'whole-file') return { tag: 'truncated' };
    return start.length < longestMetaBytes ? { tag: 'more' } : { tag: 'unreadable' };
  }
  const datasetOffset = meta.end;
  const directory = { tag: 'dicomdir', datasetOffset } as const;
  if (meta.sopClassUid === mediaStorageDirectorySopClass) return directory;
  const dataset = start.subarray(datasetOffset);
  const isMarked = metaAt > 0 || meta.count > 0;
  if (dataset.length === 0) return { tag: isMarked ? 'truncated' : 'not-dicom' };
  // Group 0004 is the directory of a medium (PS3.3 annex F).
  if (u16(dataset, 0) === 0x0004) return isMarked ? directory : { tag: 'not-dicom' };
  const guessed = guessSyntax(dataset);
  if (guessed === undefined && !isMarked) return { tag: 'not-dicom' };
  const transferSyntaxUid = meta.transferSyntaxUid ?? guessed ?? explicitVrLittleEndian;
  const found = await identify(dataset, transferSyntaxUid);
  const sopClassUid = found.sopClassUid ?? meta.sopClassUid;
  const sopInstanceUid = found.sopInstanceUid ?? meta.sopInstanceUid;
  if (sopClassUid === mediaStorageDirectorySopClass) return directory;
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    if (extent === 'whole-file' && found.ending === 'cut')
      return { tag: isMarked ? 'truncated' : 'not-dicom' };
    return { tag: isMarked ? 'unreadable' : 'not-dicom' };
  }
  const preamble = hasPreamble ? Uint8Array.from(start.subarray(0, preambleBytes)) : undefined;
  return { tag: 'dataset', sopClassUid, sopInstanceUid, transferSyntaxUid, preamble, datasetOffset };
}

interface FoundMeta {
  /** `beyond`: the next element header or value lies behind the bytes given. */
  readonly ending: 'complete' | 'beyond';
  readonly end: number;
  readonly count: number;
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
  readonly transferSyntaxUid?: string;
}

/** Walks group 0002 element by element; its group length is not needed and often wrong or absent. */
function readMeta(bytes: Uint8Array, from: number): FoundMeta {
  const uids: { sopClassUid?: string; sopInstanceUid?: string; transferSyntaxUid?: string } = {};
  let at = from;
  let count = 0;
  for (;;) {
    if (at === bytes.length && count > 0) return { ...uids, ending: 'complete', end: at, count };
    if (at + 8 > bytes.length) return { ...uids, ending: 'beyond', end: at, count };
    if (u16(bytes, at) !== 0x0002) return { ...uids, ending: 'complete', end: at, count };
    const element = u16(bytes, at + 2);
    const header = metaElementHeader(bytes, at);
    if (header === undefined || at + header.size + header.length > bytes.length) {
      return { ...uids, ending: 'beyond', end: at, count };
    }
    const value = bytes.subarray(at + header.size, at + header.size + header.length);
    if (element === 0x0002) assignUid(uids, 'sopClassUid', value);
    else if (element === 0x0003) assignUid(uids, 'sopInstanceUid', value);
    else if (element === 0x0010) assignUid(uids, 'transferSyntaxUid', value);
    at += header.size + header.length;
    count += 1;
  }
}

/** Explicit VR little endian by the standard; implicit where the VR is missing, as some old writers do. */
function metaElementHeader(
  bytes: Uint8Array,
  at: number,
): { readonly size: number; readonly length: number } | undefined {
  const vr = Buffer.from(bytes.subarray(at + 4, at + 6)).toString('latin1');
  if (!/^[A-Z]{2}$/.test(vr)) return { size: 8, length: u32(bytes, at + 4) };
  if (!/^(OB|OW|OF|SQ|UT|UN)$/.test(vr)) return { size: 8, length: u16(bytes, at + 6) };
  return at + 12 > bytes.length ? undefined : { size: 12, length: u32(bytes, at + 8) };
}

function assignUid<K extends string>(uids: Partial<Record<K, string>>, field: K, value: Uint8Array): void {
  const uid = value.length > 128 ? '' : unpadUid(value);
  if (isUsableUid(uid)) uids[field] = uid;
}

/**
 * The syntax of a dataset that stands there without a meta saying it: only a first element that cannot well be
 * anything else counts (group 0008, a small even length). Compressed syntaxes cannot be told apart.
 */
function guessSyntax(dataset: Uint8Array): string | undefined {
  if (dataset.length < 8) return undefined;
  const vr = Buffer.from(dataset.subarray(4, 6)).toString('latin1');
  const isVr = /^(AE|CS|DA|DT|IS|LO|LT|OB|PN|SH|SQ|ST|TM|UI|UL|UN|US)$/.test(vr);
  if (isVr && dataset[0] === 0x08 && dataset[1] === 0) return explicitVrLittleEndian;
  if (isVr && dataset[0] === 0 && dataset[1] === 0x08) return explicitVrBigEndian;
  const length = u32(dataset, 4);
  if (u16(dataset, 0) === 0x0008 && u16(dataset, 2) <= 0x0018 && length <= 128 && (length & 1) === 0) {
    return implicitVrLittleEndian;
  }
  return undefined;
}

interface FoundIdentity {
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
  readonly ending: string;
}

async function identify(dataset: Uint8Array, transferSyntaxUid: string): Promise<FoundIdentity> {
  // A deflated start could inflate to a thousand times its size; its meta has to say who it is.
  if (transferSyntax(transferSyntaxUid)?.family === 'deflated') return { ending: 'unknown' };
  const scanner = createHeaderScanner(transferSyntaxUid);
  await scanner.push(dataset);
  const result = await scanner.finish();
  return result.tag === 'readable'
    ? { ...result.identity, ending: result.ending }
    : { ending: result.ending };
}

function startsWithMagic(bytes: Uint8Array, at: number): boolean {
  return magic.equals(bytes.subarray(at, at + 4));
}

function metaElement(element: number, vr: 'OB' | 'UI' | 'SH' | 'UL', value: Buffer): Buffer {
  const header = Buffer.alloc(vr === 'OB' ? 12 : 8);
  header.writeUInt16LE(0x0002, 0);
  header.writeUInt16LE(element, 2);
  header.write(vr, 4, 'latin1');
  if (vr === 'OB') header.writeUInt32LE(value.length, 8);
  else header.writeUInt16LE(value.length, 6);
  return Buffer.concat([header, value]);
}

function padded(text: string, pad: number): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([pad])]);
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) + u16(bytes, at + 2) * 0x10000;
}
