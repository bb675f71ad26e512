/**
 * Walks the bytes of a dataset as they stream by (PS3.5 section 7): element headers are read, values are passed over
 * or, for the few asked for at the top level, kept up to a ceiling. Memory is constant whatever the content: nesting
 * is a counter, since inside a sequence of undefined length items and elements only alternate and everything of
 * defined length is passed over whole. Content never makes it throw.
 */

export interface Layout {
  readonly order: 'little' | 'big';
  readonly vr: 'explicit' | 'implicit';
}

/** Bends of the standard that were met; none of them keeps an image from being stored. */
export type Oddity =
  /** The bytes are in another VR form or byte order than the transfer syntax says. */
  | 'syntax-differs'
  | 'vr-unknown'
  | 'odd-length'
  | 'stray-delimiter'
  | 'trailing-zeros'
  /** An identity element twice at the top level; the first one counts. */
  | 'duplicate-element'
  /** A shown value longer than its ceiling; its start was kept. */
  | 'value-too-long'
  /** A UID that is usable but breaks PS3.5 section 9. */
  | 'uid-malformed'
  /** A shown text has bytes that its character set does not know: replacement characters stand for them. */
  | 'text-not-decodable'
  | 'no-sop-class'
  | 'no-study-or-series';

/**
 * How the bytes ended. `whole`: at the end of an element, every sequence closed. `cut`: in the middle of something.
 * `broken`: something that cannot be an element was met. `unknown`: a ceiling ended the walk.
 */
export type Ending = 'whole' | 'cut' | 'broken' | 'unknown';

export interface WalkLimits {
  /** Nested sequences and items of undefined length, each counting one. */
  readonly maxDepth: number;
  /** Element and item headers. */
  readonly maxHeaders: number;
}

/** Far above any real object: an enhanced multi-frame of 100,000 frames has some 10 million headers. */
export const defaultWalkLimits: WalkLimits = { maxDepth: 1024, maxHeaders: 20_000_000 };

export interface WalkSink {
  /** How many bytes of this top-level element's value to keep; 0 passes it over. `tag` is group * 65536 + element. */
  keep(tag: number): number;
  /** The kept bytes (valid until the call returns) and the length that the element declares. */
  value(tag: number, bytes: Uint8Array, declaredLength: number): void;
  odd(oddity: Oddity): void;
}

const undefinedLength = 0xffffffff;
const delimitationGroup = 0xfffe;
const itemElement = 0xe000;
const itemEnd = 0xe00d;
const sequenceEnd = 0xe0dd;
const pixelData = 0x7fe00010;

/** PS3.5 table 7.1-1: VRs with a 32-bit length behind two reserved bytes. */
const longForms = vrSet('OB OD OF OL OV OW SQ SV UC UN UR UT UV');
/** PS3.5 table 7.1-2. */
const shortForms = vrSet('AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US');
const unVr = vrCode('UN');

type State = 'elements' | 'padding' | 'lost';

export class DatasetWalker {
  readonly #sink: WalkSink;
  readonly #limits: WalkLimits;
  #little: boolean;
  #explicit: boolean;
  #state: State = 'elements';
  #ending: Ending = 'whole';
  #first = true;
  #headers = 0;
  /** Even: among elements; odd: among items (or fragments) of a sequence of undefined length. */
  #depth = 0;
  /** From this depth on the content is implicit VR little endian, whatever the syntax (PS3.5 6.2.2 note 2). */
  #implicitFrom = Infinity;
  #inFragments = false;
  #skipBytes = 0;
  readonly #head = new Uint8Array(12);
  #headBytes = 0;
  #headWanted = 8;
  #kept: Uint8Array | undefined;
  #keptBytes = 0;
  #keptTag = 0;
  #keptLength = 0;

  constructor(layout: Layout, sink: WalkSink, limits: WalkLimits = defaultWalkLimits) {
    this.#little = layout.order === 'little';
    this.#explicit = layout.vr === 'explicit';
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Takes the next bytes; they belong to the caller again afterwards. */
  push(chunk: Uint8Array): void {
    const size = chunk.length;
    let at = 0;
    while (at < size) {
      if (this.#skipBytes > 0) {
        const step = Math.min(this.#skipBytes, size - at);
        this.#skipBytes -= step;
        at += step;
      } else if (this.#kept !== undefined) {
        at = this.#fillKept(chunk, at, this.#kept);
      } else if (this.#state === 'lost') {
        return;
      } else if (this.#state === 'padding') {
        at = this.#passZeros(chunk, at);
      } else if (this.#headBytes === 0 && size - at >= 12) {
        at += this.#header(chunk, at, 12);
      } else {
        at = this.#fillHead(chunk, at);
      }
    }
  }

  /** No more bytes will come. */
  finish(): Ending {
    if (this.#state === 'lost') return this.#ending;
    if (this.#skipBytes > 0 || this.#kept !== undefined || this.#depth > 0) return 'cut';
    if (this.#headBytes > 0) {
      if (this.#head.subarray(0, this.#headBytes).some((byte) => byte !== 0)) return 'cut';
      this.#sink.odd('trailing-zeros');
    }
    return 'whole';
  }

  #fillKept(chunk: Uint8Array, at: number, kept: Uint8Array): number {
    const step = Math.min(kept.length - this.#keptBytes, chunk.length - at);
    kept.set(chunk.subarray(at, at + step), this.#keptBytes);
    this.#keptBytes += step;
    if (this.#keptBytes === kept.length) {
      this.#kept = undefined;
      this.#skipBytes = this.#keptLength - kept.length;
      this.#sink.value(this.#keptTag, kept, this.#keptLength);
    }
    return at + step;
  }

  #passZeros(chunk: Uint8Array, at: number): number {
    for (let here = at; here < chunk.length; here += 1)
      if (chunk[here] !== 0) return this.#lose('broken', here);
    return chunk.length;
  }

  #fillHead(chunk: Uint8Array, at: number): number {
    const step = Math.min(this.#headWanted - this.#headBytes, chunk.length - at);
    this.#head.set(chunk.subarray(at, at + step), this.#headBytes);
    this.#headBytes += step;
    if (this.#headBytes < this.#headWanted) return at + step;
    const used = this.#header(this.#head, 0, this.#headBytes);
    if (used === 0) {
      this.#headWanted = 12;
      return at + step;
    }
    // A header of 12 bytes is asked for only when it is one, so nothing of `head` is left over.
    this.#headBytes = 0;
    this.#headWanted = 8;
    return at + step;
  }

  /** Reads one header at `at`, of which `available` (8 or 12) bytes are there. Returns its size; 0: 12 are needed. */
  #header(bytes: Uint8Array, at: number, available: number): number {
    if (this.#first) this.#settleLayout(bytes, at);
    const nested = this.#depth >= this.#implicitFrom;
    const little = this.#little || nested;
    const group = u16(bytes, at, little);
    const element = u16(bytes, at + 2, little);
    if (group === delimitationGroup) {
      this.#count();
      this.#delimiter(element, u32(bytes, at + 4, little));
      return 8;
    }
    if ((this.#depth & 1) === 1) return this.#lose('broken', 8);
    if (group === 0) {
      if (element !== 0 || u32(bytes, at + 4, true) !== 0 || this.#depth > 0) return this.#lose('broken', 8);
      this.#state = 'padding';
      this.#sink.odd('trailing-zeros');
      return 8;
    }
    const tag = group * 0x10000 + element;
    if (!this.#explicit || nested) {
      this.#element(tag, u32(bytes, at + 4, little), 0);
      return 8;
    }
    const vr = ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0);
    const form = this.#form(vr, bytes, at);
    switch (form) {
      case 'short':
        this.#element(tag, u16(bytes, at + 6, little), vr);
        return 8;
      case 'long':
        if (available < 12) return 0;
        this.#element(tag, u32(bytes, at + 8, little), vr);
        return 12;
      case 'without-vr':
        this.#element(tag, u32(bytes, at + 4, little), 0);
        return 8;
    }
  }

  #form(vr: number, bytes: Uint8Array, at: number): 'short' | 'long' | 'without-vr' {
    if (shortForms.has(vr)) return 'short';
    if (longForms.has(vr)) return 'long';
    this.#sink.odd('vr-unknown');
    const reservedIsZero = bytes[at + 6] === 0 && bytes[at + 7] === 0;
    // PS3.5 6.2: VRs added later have the long form; what is not even letters is written either way.
    if (isVrLetters(vr)) return reservedIsZero ? 'long' : 'short';
    return vr === 0 && !reservedIsZero ? 'short' : 'without-vr';
  }

  #element(tag: number, length: number, vr: number): void {
    this.#count();
    if (length === undefinedLength) {
      if (tag === pixelData) this.#inFragments = true;
      else if (vr === unVr && this.#implicitFrom === Infinity) this.#implicitFrom = this.#depth + 1;
      this.#descend();
      return;
    }
    if ((length & 1) === 1) this.#sink.odd('odd-length');
    const ceiling = this.#depth === 0 ? this.#sink.keep(tag) : 0;
    if (ceiling === 0) {
      this.#skipBytes = length;
      return;
    }
    if (length === 0) {
      this.#sink.value(tag, new Uint8Array(0), 0);
      return;
    }
    this.#kept = new Uint8Array(Math.min(length, ceiling));
    this.#keptBytes = 0;
    this.#keptTag = tag;
    this.#keptLength = length;
  }

  #delimiter(element: number, length: number): void {
    if ((this.#depth & 1) === 1) {
      if (element === itemElement) {
        if (length !== undefinedLength) this.#skipBytes = length;
        else if (this.#inFragments) this.#lose('broken', 0);
        else this.#descend();
      } else if (element === sequenceEnd) {
        this.#ascend(1);
      } else if (element === itemEnd) {
        this.#sink.odd('stray-delimiter');
      } else {
        this.#lose('broken', 0);
      }
      return;
    }
    if (element === itemEnd && this.#depth > 0) {
      this.#ascend(1);
      return;
    }
    this.#sink.odd('stray-delimiter');
    if (element === sequenceEnd) {
      // The item's own delimiter was left out.
      if (this.#depth > 0) this.#ascend(2);
    } else if (element === itemElement) {
      if (length === undefinedLength) this.#lose('broken', 0);
      else this.#skipBytes = length;
    } else if (element !== itemEnd) {
      this.#lose('broken', 0);
    }
  }

  #descend(): void {
    this.#depth += 1;
    if (this.#depth > this.#limits.maxDepth) this.#lose('unknown', 0);
  }

  #ascend(levels: number): void {
    this.#depth -= levels;
    this.#inFragments = false;
    if (this.#depth < this.#implicitFrom) this.#implicitFrom = Infinity;
  }

  #count(): void {
    this.#headers += 1;
    if (this.#headers > this.#limits.maxHeaders) this.#lose('unknown', 0);
  }

  /** Gives up; what was kept so far stays good. */
  #lose(ending: 'broken' | 'unknown', used: number): number {
    if (this.#state !== 'lost') this.#ending = ending;
    this.#state = 'lost';
    return used;
  }

  /** The first element tells whether the bytes are what the syntax says: groups there are small, VRs are letters. */
  #settleLayout(bytes: Uint8Array, at: number): void {
    this.#first = false;
    const low = bytes[at] ?? 0;
    const high = bytes[at + 1] ?? 0;
    const vr = ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0);
    const hasVr = shortForms.has(vr) || longForms.has(vr);
    const swapped = this.#little ? low === 0 && high !== 0 : high === 0 && low !== 0;
    if (swapped && (hasVr || !this.#little)) {
      this.#little = !this.#little;
      this.#explicit = hasVr;
      this.#sink.odd('syntax-differs');
    } else if (this.#explicit !== hasVr && !(this.#explicit && isVrLetters(vr))) {
      this.#explicit = hasVr;
      this.#sink.odd('syntax-differs');
    }
  }
}

function u16(bytes: Uint8Array, at: number, little: boolean): number {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  return little ? first | (second << 8) : (first << 8) | second;
}

function u32(bytes: Uint8Array, at: number, little: boolean): number {
  const first = u16(bytes, at, little);
  const second = u16(bytes, at + 2, little);
  return little ? second * 0x10000 + first : first * 0x10000 + second;
}

function vrCode(vr: string): number {
  return (vr.charCodeAt(0) << 8) | vr.charCodeAt(1);
}

function vrSet(vrs: string): ReadonlySet<number> {
  return new Set(vrs.split(' ').map(vrCode));
}

function isVrLetters(vr: number): boolean {
  const first = vr >> 8;
  const second = vr & 0xff;
  return first >= 0x41 && first <= 0x5a && second >= 0x41 && second <= 0x5a;
}
