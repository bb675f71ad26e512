/**
 * Finds who and what an image is while its dataset streams by: identity, display values, and whether the dataset ends
 * as it should. Bounded in memory and time, and content never makes it throw (PS3.5 section 7, A.4, A.5).
 */
import { createInflateRaw, type InflateRaw } from 'node:zlib';
import { textReader } from './character-set.ts';
import {
  DatasetWalker,
  defaultWalkLimits,
  type Ending,
  type Layout,
  type Oddity,
  type WalkLimits,
  type WalkSink,
} from './header-scanner-walker.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { releaseMemory } from '../system/release-memory.ts';
import { transferSyntax } from './transfer-syntaxes.ts';
import { isUsableUid, isWellFormedUid, unpadUid } from './uid.ts';

export type { Ending, Oddity } from './header-scanner-walker.ts';

/** UIDs without padding. Only usable ones (1 to 64 printable ASCII characters) are given. */
export interface ScannedIdentity {
  readonly sopInstanceUid: string;
  readonly sopClassUid?: string;
  readonly studyInstanceUid?: string;
  readonly seriesInstanceUid?: string;
}

/** Decoded by Specific Character Set, trimmed; PN keeps its carets and component groups. Absent and empty are one. */
export interface ScannedDisplay {
  readonly modality?: string;
  readonly patientName?: string;
  readonly patientId?: string;
  readonly patientBirthDate?: string;
  readonly studyDate?: string;
  readonly studyTime?: string;
  readonly studyDescription?: string;
  readonly seriesDescription?: string;
  readonly seriesNumber?: string;
  readonly instanceNumber?: string;
  readonly accessionNumber?: string;
}

export type ScanResult =
  | {
      readonly tag: 'readable';
      readonly identity: ScannedIdentity;
      readonly display: ScannedDisplay;
      readonly oddities: readonly Oddity[];
      readonly ending: Ending;
    }
  /** No usable SOP Instance UID was found at the top level. */
  | { readonly tag: 'unreadable'; readonly ending: Ending };

export interface HeaderScanner {
  /**
   * Takes the next dataset bytes; they belong to the caller again when it returns. A promise (deflated data only)
   * asks to wait before the next call. Never throws or rejects.
   */
  push(chunk: Uint8Array): Promise<void> | undefined;
  /** No more bytes will come. Never rejects. */
  finish(): Promise<ScanResult>;
  /** Frees what is held; the scanner is of no use afterwards. */
  close(): void;
}

export interface ScanLimits extends WalkLimits {
  /** Inflated bytes after which a deflated dataset is no longer followed; a header is far smaller. */
  readonly maxInflatedBytes: number;
  /** As much may come out of any, however little went in; a header with thumbnails is smaller. */
  readonly freeInflatedBytes: number;
  /** Beyond that, bytes out for a byte in. Images deflate to a third; to a thousandth only what is made for it. */
  readonly maxExpansion: number;
}

export const defaultScanLimits: ScanLimits = {
  ...defaultWalkLimits,
  maxInflatedBytes: 2 * 1024 ** 3,
  freeInflatedBytes: 4 * 1024 ** 2,
  maxExpansion: 32,
};

/** A scanner for dataset bytes in this transfer syntax; an unknown one is read as explicit VR little endian. */
export function createHeaderScanner(
  transferSyntaxUid: string,
  limits: ScanLimits = defaultScanLimits,
): HeaderScanner {
  const family = transferSyntax(transferSyntaxUid)?.family ?? 'explicit-le';
  const findings = new Findings();
  switch (family) {
    case 'implicit':
      return new PlainScanner({ order: 'little', vr: 'implicit' }, findings, limits);
    case 'big-endian':
      return new PlainScanner({ order: 'big', vr: 'explicit' }, findings, limits);
    case 'explicit-le':
    case 'encapsulated':
      return new PlainScanner({ order: 'little', vr: 'explicit' }, findings, limits);
    case 'deflated':
      return new DeflatedScanner(findings, limits);
  }
}

/** Oddities under which the header as shown may be wrong or incomplete, so that the instance is flagged. */
const tellingOddities: ReadonlySet<Oddity> = new Set<Oddity>([
  'syntax-differs',
  'duplicate-element',
  'value-too-long',
  'uid-malformed',
  'text-not-decodable',
  'no-sop-class',
  'no-study-or-series',
]);

/** Whether an instance deserves the flag `header-odd`: it is stored as it is, but somebody may want to look. */
export function isHeaderOdd(result: ScanResult): boolean {
  if (result.tag === 'unreadable' || result.ending !== 'whole') return true;
  return result.oddities.some((oddity) => tellingOddities.has(oddity));
}

type UidField = keyof ScannedIdentity;
type TextField = keyof ScannedDisplay;

type Wanted =
  | { readonly tag: 'uid'; readonly field: UidField }
  | { readonly tag: 'text'; readonly field: TextField; readonly kind: 'person-name' | 'text' }
  | { readonly tag: 'character-set' };

/** Top-level elements by group * 65536 + element. */
const wanted: ReadonlyMap<number, Wanted> = new Map<number, Wanted>([
  [0x00080005, { tag: 'character-set' }],
  [0x00080016, { tag: 'uid', field: 'sopClassUid' }],
  [0x00080018, { tag: 'uid', field: 'sopInstanceUid' }],
  [0x00080020, { tag: 'text', field: 'studyDate', kind: 'text' }],
  [0x00080030, { tag: 'text', field: 'studyTime', kind: 'text' }],
  [0x00080050, { tag: 'text', field: 'accessionNumber', kind: 'text' }],
  [0x00080060, { tag: 'text', field: 'modality', kind: 'text' }],
  [0x00081030, { tag: 'text', field: 'studyDescription', kind: 'text' }],
  [0x0008103e, { tag: 'text', field: 'seriesDescription', kind: 'text' }],
  [0x00100010, { tag: 'text', field: 'patientName', kind: 'person-name' }],
  [0x00100020, { tag: 'text', field: 'patientId', kind: 'text' }],
  [0x00100030, { tag: 'text', field: 'patientBirthDate', kind: 'text' }],
  [0x0020000d, { tag: 'uid', field: 'studyInstanceUid' }],
  [0x0020000e, { tag: 'uid', field: 'seriesInstanceUid' }],
  [0x00200011, { tag: 'text', field: 'seriesNumber', kind: 'text' }],
  [0x00200013, { tag: 'text', field: 'instanceNumber', kind: 'text' }],
]);

/** From here on (pixel data and what pads it) nothing is kept. */
const firstTagPastHeader = 0x7fe00000;

/** Generous for the longest VR wanted (PN: 3 groups of 64 characters, 4 bytes each, and escapes). */
const longestTextBytes = 1024;
/** 64 characters and any padding that occurs. */
const longestUidBytes = 128;

/** Collects wanted values; turns them into text only at the end, when the character set is surely known. */
class Findings implements WalkSink {
  readonly #values = new Map<number, Uint8Array>();
  readonly #oddities = new Set<Oddity>();
  #pastHeader = false;

  keep(tag: number): number {
    if (tag >= firstTagPastHeader) this.#pastHeader = true;
    if (this.#pastHeader) return 0;
    const what = wanted.get(tag);
    if (what === undefined) return 0;
    if (this.#values.has(tag)) {
      this.#oddities.add('duplicate-element');
      return 0;
    }
    return what.tag === 'uid' ? longestUidBytes : longestTextBytes;
  }

  value(tag: number, bytes: Uint8Array, declaredLength: number): void {
    if (declaredLength > bytes.length) this.#oddities.add('value-too-long');
    this.#values.set(tag, bytes);
  }

  odd(oddity: Oddity): void {
    this.#oddities.add(oddity);
  }

  result(ending: Ending): ScanResult {
    const identity: Partial<Record<UidField, string>> = {};
    const display: Partial<Record<TextField, string>> = {};
    const characterSet = this.#values.get(0x00080005);
    const read = textReader(characterSet === undefined ? undefined : unpadUid(characterSet));
    for (const [tag, bytes] of this.#values) {
      const what = wanted.get(tag);
      if (what?.tag === 'uid') this.#uid(identity, what.field, bytes);
      else if (what?.tag === 'text') {
        const text = read(bytes, what.kind);
        if (text.includes('\ufffd')) this.#oddities.add('text-not-decodable');
        if (text !== '') display[what.field] = text;
      }
    }
    const { sopInstanceUid } = identity;
    if (sopInstanceUid === undefined) return { tag: 'unreadable', ending };
    if (identity.studyInstanceUid === undefined || identity.seriesInstanceUid === undefined) {
      this.#oddities.add('no-study-or-series');
    }
    if (identity.sopClassUid === undefined) this.#oddities.add('no-sop-class');
    return {
      tag: 'readable',
      identity: { ...identity, sopInstanceUid },
      display,
      oddities: [...this.#oddities].sort(),
      ending,
    };
  }

  #uid(identity: Partial<Record<UidField, string>>, field: UidField, bytes: Uint8Array): void {
    const uid = unpadUid(bytes);
    if (uid === '') return;
    if (!isWellFormedUid(uid)) this.#oddities.add('uid-malformed');
    if (isUsableUid(uid)) identity[field] = uid;
  }
}

class PlainScanner implements HeaderScanner {
  readonly #findings: Findings;
  readonly #walker: DatasetWalker;

  constructor(layout: Layout, findings: Findings, limits: WalkLimits) {
    this.#findings = findings;
    this.#walker = new DatasetWalker(layout, findings, limits);
  }

  push(chunk: Uint8Array): undefined {
    this.#walker.push(chunk);
  }

  finish(): Promise<ScanResult> {
    return Promise.resolve(this.#findings.result(this.#walker.finish()));
  }

  close(): void {
    // Holds nothing but memory.
  }
}

type InflateState = 'open' | 'ended' | 'cut' | 'broken' | 'too-much';

/** Larger than what Node takes from its pool, so that each can be given back at once. */
const inflatedChunkBytes = 65_536;

/**
 * Of the whole process: inflating runs on the few threads that also write and flush files, and whatever many senders
 * want inflated may not keep those busy.
 */
const inflating = new OneAtATime();

/** PS3.5 A.5: the whole dataset is one raw deflate stream (RFC 1951). Inflated bytes are walked and dropped. */
class DeflatedScanner implements HeaderScanner {
  readonly #findings: Findings;
  readonly #walker: DatasetWalker;
  readonly #limits: ScanLimits;
  readonly #inflate: InflateRaw;
  #state: InflateState = 'open';
  #deflatedBytes = 0;
  #inflatedBytes = 0;
  /** One piece is inflated at a time: one waits. */
  #wake: (() => void) | undefined;

  constructor(findings: Findings, limits: ScanLimits) {
    this.#findings = findings;
    this.#limits = limits;
    this.#walker = new DatasetWalker({ order: 'little', vr: 'explicit' }, findings, limits);
    this.#inflate = createInflateRaw({ chunkSize: inflatedChunkBytes });
    this.#inflate.on('data', (chunk: Buffer) => this.#inflated(chunk));
    this.#inflate.on('end', () => this.#end('ended'));
    this.#inflate.on('error', (error: NodeJS.ErrnoException) =>
      this.#end(error.code === 'Z_BUF_ERROR' ? 'cut' : 'broken'),
    );
  }

  push(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#state !== 'open') return undefined;
    const bytes = Buffer.from(chunk);
    return inflating.run(() => {
      if (this.#state !== 'open') return Promise.resolve();
      this.#deflatedBytes += bytes.length;
      const settled = this.#settled();
      // After an error it is not called: then the end wakes up.
      this.#inflate.write(bytes, () => this.#wakeUp());
      return settled;
    });
  }

  async finish(): Promise<ScanResult> {
    await inflating.run(() => {
      if (this.#state !== 'open') return Promise.resolve();
      const settled = this.#settled();
      this.#inflate.end();
      return settled;
    });
    return this.#findings.result(this.#ending(this.#walker.finish()));
  }

  close(): void {
    this.#end('too-much');
  }

  #inflated(chunk: Buffer): void {
    const { maxInflatedBytes, freeInflatedBytes, maxExpansion } = this.#limits;
    this.#inflatedBytes += chunk.length;
    this.#walker.push(chunk);
    releaseMemory(chunk);
    const most = Math.min(maxInflatedBytes, freeInflatedBytes + maxExpansion * this.#deflatedBytes);
    if (this.#inflatedBytes > most) this.#end('too-much');
  }

  #ending(walked: Ending): Ending {
    switch (this.#state) {
      case 'open':
      case 'ended':
        return walked;
      case 'cut':
      case 'broken':
        return this.#state;
      case 'too-much':
        return walked === 'broken' ? 'broken' : 'unknown';
    }
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #end(state: InflateState): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    this.#inflate.destroy();
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
