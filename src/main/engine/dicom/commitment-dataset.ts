/**
 * The datasets of storage commitment (PS3.4 tables J.3-1 and J.3-2): the request of an N-ACTION and the result of an
 * N-EVENT-REPORT. Read as they stream by, so that memory holds what was named and nothing else; every length, depth and
 * count has a ceiling, and content never makes it throw.
 */
import type { Layout } from './header-scanner-walker.ts';
import { transferSyntax } from './transfer-syntaxes.ts';
import { isUsableUid, unpadUid } from './uid.ts';

/** An instance that a device names. UIDs without padding. */
export interface ReferencedInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

/** An instance that is not committed, and why: PS3.3 C.14.1.1. */
export interface FailedInstance extends ReferencedInstance {
  readonly failureReason: number;
}

/** PS3.3 C.14.1.1. */
export const failureReason = {
  processingFailure: 0x0110,
  noSuchInstance: 0x0112,
  classInstanceConflict: 0x0119,
  sopClassNotSupported: 0x0122,
  duplicateTransaction: 0x0131,
  resourceLimitation: 0x0213,
} as const;

/** What cannot be worked with. `cut`: the bytes end in the middle of an element. */
export type CommitmentProblem =
  | 'malformed'
  | 'cut'
  | 'too-large'
  | 'too-many'
  | 'missing-attribute'
  | 'empty-value'
  | 'invalid-value'
  | 'empty-sequence';

export interface CommitmentDataset {
  readonly transactionUid: string;
  /** In the order sent; whoever is named twice with the same class stands here once. */
  readonly references: readonly ReferencedInstance[];
  /** Results only. */
  readonly failed: readonly FailedInstance[];
}

export type CommitmentReading =
  | { readonly tag: 'read'; readonly dataset: CommitmentDataset }
  | { readonly tag: 'problem'; readonly problem: CommitmentProblem };

export interface CommitmentLimits {
  readonly maxBytes: number;
  /** Items of both sequences together. */
  readonly maxReferences: number;
}

/**
 * More than a day of a busy CT in one request. An item with two UIDs of full length takes 160 bytes, in the longest
 * form of headers 192.
 */
export const commitmentLimits: CommitmentLimits = { maxBytes: 24 * 1024 * 1024, maxReferences: 100_000 };

const tag = {
  referencedSopClass: 0x00081150,
  referencedSopInstance: 0x00081155,
  transactionUid: 0x00081195,
  failureReason: 0x00081197,
  failedSopSequence: 0x00081198,
  referencedSopSequence: 0x00081199,
  item: 0xfffee000,
  itemEnd: 0xfffee00d,
  sequenceEnd: 0xfffee0dd,
} as const;

const undefinedLength = 0xffffffff;
/** PS3.5 9.1, and room for padding by peers that use more than one byte of it. */
const longestUidBytes = 68;
/** Nothing of use is deeper than one; private elements may be. */
const maxDepth = 16;
const longForms = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

/** The byte form of a syntax that commitment is accepted in: uncompressed, not deflated. undefined for others. */
export function commitmentLayout(transferSyntaxUid: string): Layout | undefined {
  switch (transferSyntax(transferSyntaxUid)?.family) {
    case 'implicit':
      return { order: 'little', vr: 'implicit' };
    case 'explicit-le':
      return { order: 'little', vr: 'explicit' };
    case 'big-endian':
      return { order: 'big', vr: 'explicit' };
    default:
      return undefined;
  }
}

// ---- reading

/** Yields how many bytes it wants next; a negative number asks to pass that many over. */
type Pull<T> = Generator<number, T, Buffer>;

interface ElementHeader {
  readonly tag: number;
  readonly length: number;
  readonly bytes: number;
}

class Unusable extends Error {
  readonly problem: CommitmentProblem;

  constructor(problem: CommitmentProblem) {
    super(problem);
    this.problem = problem;
  }
}

/** Takes the dataset in pieces of any size. After a problem the rest is passed over. */
export class CommitmentReader {
  readonly #limits: CommitmentLimits;
  readonly #pull: Pull<never>;
  readonly #references: ReferencedInstance[] = [];
  readonly #failed: FailedInstance[] = [];
  /** The class that each instance was named with first, and the rare others. */
  readonly #classOf = new Map<string, string>();
  readonly #otherClasses = new Set<string>();
  /** Class UIDs are few: one string each, however often they are named. */
  readonly #classes = new Map<string, string>();
  #transactionUid: string | undefined;
  #sequences = new Set<number>();
  #problem: CommitmentProblem | undefined;
  #sizeBytes = 0;
  /** Between two elements of the top level. */
  #isBetween = true;
  #wanted = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(layout: Layout, limits: CommitmentLimits = commitmentLimits) {
    this.#limits = limits;
    this.#pull = this.#dataset(layout);
    this.#wanted = this.#pull.next().value;
  }

  /** Instances named so far. */
  get count(): number {
    return this.#references.length + this.#failed.length;
  }

  /** The bytes belong to the caller again afterwards. */
  push(chunk: Buffer): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.#limits.maxBytes) this.#problem ??= 'too-large';
    if (this.#problem !== undefined) {
      this.#forget();
      return;
    }
    try {
      this.#take(chunk);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      this.#problem = error.problem;
      this.#forget();
    }
  }

  /** No more bytes will come. */
  finish(): CommitmentReading {
    const transactionUid = this.#transactionUid;
    const problem = this.#problem ?? this.#lacking();
    if (problem !== undefined || transactionUid === undefined)
      return { tag: 'problem', problem: problem ?? 'missing-attribute' };
    return {
      tag: 'read',
      dataset: { transactionUid, references: this.#references, failed: this.#failed },
    };
  }

  #lacking(): CommitmentProblem | undefined {
    if (!this.#isBetween || this.#heldBytes > 0) return 'cut';
    if (this.#sequences.size === 0) return 'missing-attribute';
    return this.count === 0 ? 'empty-sequence' : undefined;
  }

  #forget(): void {
    this.#held = [];
    this.#references.length = 0;
    this.#failed.length = 0;
    this.#classOf.clear();
    this.#otherClasses.clear();
  }

  #take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#wanted < 0) {
        const step = Math.min(-this.#wanted, chunk.length - at);
        this.#wanted += step;
        at += step;
        if (this.#wanted === 0) this.#wanted = this.#pull.next(empty).value;
        continue;
      }
      const missing = this.#wanted - this.#heldBytes;
      const piece = chunk.subarray(at, at + missing);
      at += piece.length;
      if (piece.length < missing) {
        this.#held.push(Buffer.from(piece));
        this.#heldBytes += piece.length;
        return;
      }
      const whole = this.#heldBytes === 0 ? piece : Buffer.concat([...this.#held, piece]);
      this.#held = [];
      this.#heldBytes = 0;
      this.#wanted = this.#pull.next(whole).value;
    }
  }

  *#dataset(layout: Layout): Pull<never> {
    for (;;) {
      this.#isBetween = true;
      const header = yield* this.#header(layout);
      if (header.tag === tag.transactionUid) {
        if (this.#transactionUid !== undefined) throw new Unusable('malformed');
        this.#transactionUid = yield* readUid(header);
      } else if (header.tag === tag.referencedSopSequence || header.tag === tag.failedSopSequence) {
        if (this.#sequences.has(header.tag)) throw new Unusable('malformed');
        this.#sequences.add(header.tag);
        yield* this.#sequence(layout, header);
      } else {
        yield* this.#pass(layout, header, 0);
      }
    }
  }

  *#header(layout: Layout): Pull<ElementHeader> {
    const head = yield 8;
    this.#isBetween = false;
    const little = layout.order === 'little';
    const number = ((u16(head, 0, little) << 16) | u16(head, 2, little)) >>> 0;
    if (layout.vr === 'implicit' || number >>> 16 === 0xfffe)
      return { tag: number, length: u32(head, 4, little), bytes: 8 };
    const vr = head.toString('latin1', 4, 6);
    if (!/^[A-Z]{2}$/.test(vr)) throw new Unusable('malformed');
    if (!longForms.has(vr)) return { tag: number, length: u16(head, 6, little), bytes: 8 };
    return { tag: number, length: u32(yield 4, 0, little), bytes: 12 };
  }

  /** The items of one of the two sequences. */
  *#sequence(layout: Layout, sequence: ElementHeader): Pull<void> {
    let left = sequence.length === undefinedLength ? Infinity : sequence.length;
    while (left > 0) {
      const header = yield* this.#header(layout);
      left -= header.bytes;
      if (header.tag === tag.sequenceEnd && left === Infinity) return;
      if (header.tag !== tag.item) throw new Unusable('malformed');
      if (this.count === this.#limits.maxReferences) throw new Unusable('too-many');
      if (header.length !== undefinedLength && header.length > left) throw new Unusable('malformed');
      left -= yield* this.#item(layout, header, sequence.tag);
      if (left < 0) throw new Unusable('malformed');
    }
  }

  /** Gives back the bytes it took. */
  *#item(layout: Layout, item: ElementHeader, sequence: number): Pull<number> {
    let taken = 0;
    let sopClassUid: string | undefined;
    let sopInstanceUid: string | undefined;
    let reason: number | undefined;
    while (taken < item.length) {
      const header = yield* this.#header(layout);
      taken += header.bytes;
      if (header.tag === tag.itemEnd && item.length === undefinedLength) break;
      if (
        item.length !== undefinedLength &&
        header.length !== undefinedLength &&
        taken + header.length > item.length
      )
        throw new Unusable('malformed');
      if (header.tag === tag.referencedSopClass && sopClassUid === undefined) {
        sopClassUid = yield* readUid(header);
        taken += header.length;
      } else if (header.tag === tag.referencedSopInstance && sopInstanceUid === undefined) {
        sopInstanceUid = yield* readUid(header);
        taken += header.length;
      } else if (header.tag === tag.failureReason && reason === undefined) {
        if (header.length !== 2) throw new Unusable('invalid-value');
        reason = u16(yield 2, 0, layout.order === 'little');
        taken += 2;
      } else {
        taken += yield* this.#pass(layout, header, 1);
      }
    }
    if (item.length !== undefinedLength && taken > item.length) throw new Unusable('malformed');
    if (sopClassUid === undefined || sopInstanceUid === undefined) throw new Unusable('missing-attribute');
    if (sequence === tag.failedSopSequence && reason === undefined) throw new Unusable('missing-attribute');
    this.#keep(sopClassUid, sopInstanceUid, sequence === tag.failedSopSequence ? reason : undefined);
    return taken;
  }

  #keep(classUid: string, sopInstanceUid: string, reason: number | undefined): void {
    const sopClassUid = this.#classes.get(classUid) ?? classUid;
    this.#classes.set(sopClassUid, sopClassUid);
    const before = this.#classOf.get(sopInstanceUid);
    if (before === undefined) this.#classOf.set(sopInstanceUid, sopClassUid);
    else {
      const other = `${sopClassUid}\\${sopInstanceUid}`;
      if (before === sopClassUid || this.#otherClasses.has(other)) return;
      this.#otherClasses.add(other);
    }
    if (reason === undefined) this.#references.push({ sopClassUid, sopInstanceUid });
    else this.#failed.push({ sopClassUid, sopInstanceUid, failureReason: reason });
  }

  /** Passes an element over, with all that is nested in it. Gives back the bytes behind its header. */
  *#pass(layout: Layout, header: ElementHeader, depth: number): Pull<number> {
    if (header.tag >>> 16 === 0xfffe || depth > maxDepth) throw new Unusable('malformed');
    if (header.length !== undefinedLength) {
      if (header.length > this.#limits.maxBytes) throw new Unusable('too-large');
      if (header.length > 0) yield -header.length;
      return header.length;
    }
    let taken = 0;
    for (;;) {
      const item = yield* this.#header(layout);
      taken += item.bytes;
      if (item.tag === tag.sequenceEnd) return taken;
      if (item.tag !== tag.item) throw new Unusable('malformed');
      if (item.length !== undefinedLength) {
        if (item.length > this.#limits.maxBytes) throw new Unusable('too-large');
        if (item.length > 0) yield -item.length;
        taken += item.length;
        continue;
      }
      for (;;) {
        const element = yield* this.#header(layout);
        taken += element.bytes;
        if (element.tag === tag.itemEnd) break;
        taken += yield* this.#pass(layout, element, depth + 1);
      }
    }
  }
}

const empty = Buffer.alloc(0);
const blockBytes = 65_536;

function* readUid(header: ElementHeader): Pull<string> {
  if (header.length === 0) throw new Unusable('empty-value');
  if (header.length > longestUidBytes) throw new Unusable('invalid-value');
  const uid = unpadUid(yield header.length);
  if (uid === '') throw new Unusable('empty-value');
  if (!isUsableUid(uid)) throw new Unusable('invalid-value');
  return uid;
}

function u16(bytes: Buffer, at: number, little: boolean): number {
  return little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

function u32(bytes: Buffer, at: number, little: boolean): number {
  return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

// ---- writing

/**
 * Puts a dataset together instance by instance, already in its bytes: what it holds at once is what goes out. Attributes
 * that are retired or would promise what is not there stay away: a Retrieve AE Title (0008,0054) names a node to fetch
 * images from by C-MOVE, which this is not, and a Storage Media File-Set (0088,0130) is the business of media.
 */
export class CommitmentWriter {
  readonly #layout: Layout;
  readonly #transactionUid: Buffer;
  readonly #references = new Items();
  readonly #failed = new Items();

  constructor(layout: Layout, transactionUid: string) {
    this.#layout = layout;
    this.#transactionUid = this.#uid(tag.transactionUid, transactionUid);
  }

  reference(instance: ReferencedInstance): void {
    this.#references.add(this.#item(this.#uids(instance)));
  }

  failed(instance: FailedInstance): void {
    const reason = Buffer.alloc(2);
    if (this.#layout.order === 'little') reason.writeUInt16LE(instance.failureReason);
    else reason.writeUInt16BE(instance.failureReason);
    this.#failed.add(this.#item([...this.#uids(instance), this.#element(tag.failureReason, 'US', [reason])]));
  }

  get referenceCount(): number {
    return this.#references.count;
  }

  get failedCount(): number {
    return this.#failed.count;
  }

  /** The whole dataset. A sequence without items is left out: both are of type 1C in PS3.4 table J.3-2. */
  end(): Buffer {
    const parts = [this.#transactionUid];
    if (this.#failed.count > 0) parts.push(this.#element(tag.failedSopSequence, 'SQ', this.#failed.all()));
    if (this.#references.count > 0)
      parts.push(this.#element(tag.referencedSopSequence, 'SQ', this.#references.all()));
    return Buffer.concat(parts);
  }

  #uids(instance: ReferencedInstance): readonly Buffer[] {
    return [
      this.#uid(tag.referencedSopClass, instance.sopClassUid),
      this.#uid(tag.referencedSopInstance, instance.sopInstanceUid),
    ];
  }

  #item(parts: readonly Buffer[]): Buffer {
    return Buffer.concat([this.#head(tag.item, undefined, lengthOf(parts)), ...parts]);
  }

  #uid(number: number, uid: string): Buffer {
    return this.#element(number, 'UI', [Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`, 'latin1')]);
  }

  #element(number: number, vr: 'UI' | 'US' | 'SQ', parts: readonly Buffer[]): Buffer {
    return Buffer.concat([this.#head(number, vr, lengthOf(parts)), ...parts]);
  }

  #head(number: number, vr: 'UI' | 'US' | 'SQ' | undefined, length: number): Buffer {
    const little = this.#layout.order === 'little';
    const isExplicit = this.#layout.vr === 'explicit' && vr !== undefined;
    const head = Buffer.alloc(isExplicit && vr === 'SQ' ? 12 : 8);
    put16(head, 0, number >>> 16, little);
    put16(head, 2, number & 0xffff, little);
    if (!isExplicit) put32(head, 4, length, little);
    else {
      head.write(vr, 4, 'latin1');
      if (vr === 'SQ') put32(head, 8, length, little);
      else put16(head, 6, length, little);
    }
    return head;
  }
}

/** Items in blocks: a buffer of its own for each of 100,000 would weigh more than what is in it. */
class Items {
  count = 0;
  readonly #blocks: Buffer[] = [];
  #block: Buffer[] = [];
  #blockBytes = 0;

  add(item: Buffer): void {
    this.count += 1;
    this.#block.push(item);
    this.#blockBytes += item.length;
    if (this.#blockBytes >= blockBytes) this.#close();
  }

  all(): readonly Buffer[] {
    this.#close();
    return this.#blocks;
  }

  #close(): void {
    if (this.#block.length > 0) this.#blocks.push(Buffer.concat(this.#block));
    this.#block = [];
    this.#blockBytes = 0;
  }
}

/** A request (PS3.4 table J.3-1), as our own sender makes it. */
export function encodeCommitmentRequest(
  layout: Layout,
  transactionUid: string,
  references: Iterable<ReferencedInstance>,
): Buffer {
  const writer = new CommitmentWriter(layout, transactionUid);
  for (const reference of references) writer.reference(reference);
  return writer.end();
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function put16(bytes: Buffer, at: number, value: number, little: boolean): void {
  if (little) bytes.writeUInt16LE(value, at);
  else bytes.writeUInt16BE(value, at);
}

function put32(bytes: Buffer, at: number, value: number, little: boolean): void {
  if (little) bytes.writeUInt32LE(value, at);
  else bytes.writeUInt32BE(value, at);
}
