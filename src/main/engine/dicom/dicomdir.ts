/**
 * The directory of a medium (DICOMDIR; PS3.3 annex F, PS3.10 section 8): which files it names. Read from a whole file,
 * in any of the three layouts that occur; content never makes it throw, and nothing is read outside the bytes given.
 */
import { longestMetaBytes, readPart10Head } from './part10.ts';

/** A directory of some 50,000 images. A larger one is not looked into: reading it takes a quarter of a second. */
export const longestDirectoryBytes = 32 * 1024 * 1024;
const mostFiles = 50_000;
const mostHeaders = 2_000_000;
/** PS3.10 8.2: eight at most. Some writers nest deeper. */
const mostComponents = 16;
const longestComponent = 255;

/** (0004,1220), the sequence of all records, and (0004,1500) inside each: the parts of a path below the folder. */
const recordSequence = 0x00041220;
const referencedFile = 0x00041500;
const undefinedLength = 0xffffffff;
const item = 0xfffee000;
const itemEnd = 0xfffee00d;
const sequenceEnd = 0xfffee0dd;
/** Records of undefined length nest no deeper than this: media have four levels, side by side. */
const deepest = 16;

export interface MediumDirectory {
  /** Each file as the parts of its path below the folder of the DICOMDIR, as written; each once. */
  readonly files: readonly (readonly string[])[];
  /** Names that lead nowhere below the folder (`..`, a slash, an empty part) and were left out. */
  readonly refused: number;
}

/** VRs with a 32-bit length behind two reserved bytes (PS3.5 table 7.1-1), as two letters in a number. */
const longForms: ReadonlySet<number> = new Set(
  ['OB', 'OW', 'OF', 'SQ', 'UT', 'UN'].map((vr) => Buffer.from(vr).readUInt16BE()),
);
const sequenceVr = Buffer.from('SQ').readUInt16BE();

interface Cursor {
  readonly bytes: Buffer;
  readonly little: boolean;
  readonly explicit: boolean;
  /** Nothing more is read when it comes to zero. */
  headersLeft: number;
}

/** `bytes`: the whole file. undefined: it is no directory of a medium, or names more files than are looked for. */
export async function readMediumDirectory(bytes: Buffer): Promise<MediumDirectory | undefined> {
  const head = await readPart10Head(bytes.subarray(0, longestMetaBytes), 'whole-file');
  if (head.tag !== 'dicomdir') return undefined;
  const files = new Map<string, readonly string[]>();
  let refused = 0;
  let named = 0;
  const cursor = layoutOf(bytes, head.datasetOffset);
  walk(cursor, head.datasetOffset, bytes.length, 0, (value) => {
    const parts = value.split('\\').map((part) => part.trim());
    if (parts.length === 1 && parts[0] === '') return;
    named += 1;
    if (named > mostFiles) cursor.headersLeft = 0;
    if (parts.length <= mostComponents && parts.every(isPlainName)) files.set(parts.join('\\'), parts);
    else refused += 1;
  });
  return cursor.headersLeft > 0 ? { files: [...files.values()], refused } : undefined;
}

function isPlainName(part: string): boolean {
  if (part === '' || part === '.' || part === '..' || part.length > longestComponent) return false;
  // eslint-disable-next-line no-control-regex
  return !/[/\\:\u0000-\u001f]/.test(part);
}

/** The first element of a directory is in group 0004: its bytes tell order and form, whatever the meta says. */
function layoutOf(bytes: Buffer, at: number): Cursor {
  const little = bytes[at] !== 0;
  const vr = bytes.toString('latin1', at + 4, at + 6);
  return { bytes, little, explicit: /^[A-Z]{2}$/.test(vr), headersLeft: mostHeaders };
}

/** Returns where it ended. */
function walk(
  cursor: Cursor,
  from: number,
  end: number,
  depth: number,
  found: (value: string) => void,
): number {
  const { bytes, explicit } = cursor;
  let at = from;
  while (at + 8 <= end) {
    cursor.headersLeft -= 1;
    if (cursor.headersLeft <= 0) return end;
    const tag = u16(cursor, at) * 0x10000 + u16(cursor, at + 2);
    if (tag === itemEnd || tag === sequenceEnd) return at + 8;
    let length = u32(cursor, at + 4);
    let size = 8;
    let isSequence = tag === recordSequence;
    if (explicit && tag !== item) {
      const vr = bytes.readUInt16BE(at + 4);
      isSequence ||= vr === sequenceVr;
      if (longForms.has(vr)) {
        if (at + 12 > end) return end;
        size = 12;
        length = u32(cursor, at + 8);
      } else length = u16(cursor, at + 6);
    }
    const start = at + size;
    const isOpen = length === undefinedLength;
    const stop = isOpen ? end : Math.min(end, start + length);
    if (tag === referencedFile && !isOpen) found(bytes.toString('latin1', start, stop).replace(/\0+$/, ''));
    // Sequences inside records are passed over where their length says how; the rest is walked into.
    if ((tag === item || isSequence || isOpen) && (depth < 2 || isOpen)) {
      if (depth >= deepest) return end;
      const ended = walk(cursor, start, stop, depth + 1, found);
      at = isOpen ? ended : stop;
    } else at = stop;
  }
  return end;
}

function u16({ bytes, little }: Cursor, at: number): number {
  return little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

function u32({ bytes, little }: Cursor, at: number): number {
  return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}
