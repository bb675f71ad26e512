import { createHash, type Hash } from 'node:crypto';

/** PS3.10 7.1: preamble, "DICM", then (0002,0000) UL with the length of the rest of the group. */
const fixedBytes = 144;
/** A File Meta Information of ours has a few hundred bytes; more than this is none. */
const maxMetaBytes = 64 * 1024;

export interface FileMetaUids {
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/**
 * Takes a DICOM Part 10 file as we write it (group length first) and gives the SHA-256 of its dataset, and who the
 * File Meta Information says it is. Memory: the meta only.
 */
export class Part10Digest {
  readonly #hash: Hash = createHash('sha256');
  #head: Buffer[] = [];
  #headBytes = 0;
  #state: 'head' | 'dataset' | 'other' = 'head';
  #meta: FileMetaUids | undefined;

  update(plaintext: Uint8Array): void {
    switch (this.#state) {
      case 'dataset':
        this.#hash.update(plaintext);
        return;
      case 'other':
        return;
      case 'head':
        this.#head.push(Buffer.from(plaintext));
        this.#headBytes += plaintext.length;
        if (this.#headBytes >= fixedBytes) this.#parse();
    }
  }

  /** Hex; undefined when it is not a file that we wrote. Call once. */
  digest(): string | undefined {
    return this.#state === 'dataset' ? this.#hash.digest('hex') : undefined;
  }

  /** Known as soon as the meta has gone by. */
  get meta(): FileMetaUids | undefined {
    return this.#meta;
  }

  #parse(): void {
    const head = Buffer.concat(this.#head, this.#headBytes);
    this.#head = [head];
    const isOurs =
      head.toString('latin1', 128, 132) === 'DICM' &&
      head.readUInt32LE(132) === 0x0000_0002 &&
      head.toString('latin1', 136, 138) === 'UL' &&
      head.readUInt16LE(138) === 4;
    const end = isOurs ? fixedBytes + head.readUInt32LE(140) : 0;
    if (!isOurs || end > maxMetaBytes) {
      this.#state = 'other';
      this.#head = [];
      return;
    }
    if (head.length < end) return;
    this.#meta = metaUids(head.subarray(fixedBytes, end));
    this.#state = 'dataset';
    this.#head = [];
    this.#hash.update(head.subarray(end));
  }
}

/** Explicit VR little endian (PS3.10 7.1); stops at the first thing that does not fit. */
function metaUids(group: Buffer): FileMetaUids {
  const uids = { sopInstanceUid: '', transferSyntaxUid: '' };
  for (let at = 0; at + 8 <= group.length;) {
    const isLong = /^(OB|OW|UN|SQ|UT|OF)$/.test(group.toString('latin1', at + 4, at + 6));
    if (isLong && at + 12 > group.length) break;
    const from = at + (isLong ? 12 : 8);
    const to = from + (isLong ? group.readUInt32LE(at + 8) : group.readUInt16LE(at + 6));
    if (to > group.length) break;
    const value = group.toString('latin1', from, to).replace(/[\0 ]+$/, '');
    if (group.readUInt32LE(at) === 0x0003_0002) uids.sopInstanceUid = value;
    if (group.readUInt32LE(at) === 0x0010_0002) uids.transferSyntaxUid = value;
    at = to;
  }
  return uids;
}
