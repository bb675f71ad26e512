import { createDatasetDigest, type DatasetDigest } from '../dicom/dataset-digest.ts';

/** PS3.10 7.1: preamble, "DICM", then (0002,0000) UL with the length of the rest of the group. */
const fixedBytes = 144;
/** A File Meta Information of ours has a few hundred bytes; more than this is none. */
const maxMetaBytes = 64 * 1024;

export interface FileMetaUids {
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/** The dataset digest of a DICOM Part 10 file of ours, and who its File Meta Information says it is. */
export class Part10Digest implements DatasetDigest {
  readonly #digest: DatasetDigest = createDatasetDigest();
  #head: Buffer[] = [];
  #headBytes = 0;
  #meta: FileMetaUids | undefined;
  #isHeadOver = false;

  update(plaintext: Uint8Array): void {
    this.#digest.update(plaintext);
    if (this.#isHeadOver) return;
    this.#head.push(Buffer.from(plaintext));
    this.#headBytes += plaintext.length;
    if (this.#headBytes >= fixedBytes) this.#parse();
  }

  digest(): string | undefined {
    return this.#digest.digest();
  }

  /** Known as soon as the meta has gone by; of a file that is not ours it means nothing, and `digest` says so. */
  get meta(): FileMetaUids | undefined {
    return this.#meta;
  }

  #parse(): void {
    const head = Buffer.concat(this.#head, this.#headBytes);
    this.#head = [head];
    const end = fixedBytes + head.readUInt32LE(140);
    if (end <= maxMetaBytes && head.length < end) return;
    if (end <= maxMetaBytes) this.#meta = metaUids(head.subarray(fixedBytes, end));
    this.#isHeadOver = true;
    this.#head = [];
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
