/** SHA-256 of the dataset inside a Part 10 file that we wrote ourselves, as the file streams by. */
import { createHash } from 'node:crypto';
import { longestMetaBytes, preambleBytes } from './part10.ts';

/** Preamble, "DICM", then (0002,0000) UL: group, element, VR, length 4, value (PS3.10 7.1). */
const groupLengthAt = preambleBytes + 4;
const prefixBytes = groupLengthAt + 12;
const marker = Buffer.from('DICM\x02\x00\x00\x00UL\x04\x00', 'latin1');

export interface DatasetDigest {
  update(plaintext: Uint8Array): void;
  /** Hex; undefined when the bytes were not a whole file of ours up to its dataset. Call once. */
  digest(): string | undefined;
}

/** `buildFileMeta` always writes a right group length, so the dataset's place is known after 144 bytes. */
export function createDatasetDigest(): DatasetDigest {
  const hash = createHash('sha256');
  let prefix: Buffer = Buffer.alloc(0);
  /** Bytes of file meta still to pass over; undefined until the prefix is whole; negative: not ours. */
  let metaLeft: number | undefined;

  const pass = (bytes: Uint8Array): void => {
    if (metaLeft === undefined || metaLeft < 0) return;
    const skip = Math.min(metaLeft, bytes.length);
    metaLeft -= skip;
    if (skip < bytes.length) hash.update(bytes.subarray(skip));
  };

  return {
    update: (plaintext) => {
      if (metaLeft !== undefined) {
        pass(plaintext);
        return;
      }
      prefix = Buffer.concat([prefix, plaintext]);
      if (prefix.length < prefixBytes) return;
      const isOurs = prefix.subarray(preambleBytes, preambleBytes + marker.length).equals(marker);
      const length = prefix.readUInt32LE(groupLengthAt + 8);
      metaLeft = isOurs && length <= longestMetaBytes ? length : -1;
      const rest = prefix.subarray(prefixBytes);
      prefix = Buffer.alloc(0);
      pass(rest);
    },
    digest: () => (metaLeft === 0 ? hash.digest('hex') : undefined),
  };
}
