/** Reads what a sealed object without a row is, so that it can be received after all. */
import { createHash } from 'node:crypto';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { createHeaderScanner, isHeaderOdd } from '../dicom/header-scanner.ts';
import { longestMetaBytes, part10HeadBytes, readPart10Head, type Part10Head } from '../dicom/part10.ts';
import type { NewInstance } from '../queue/queue-types.ts';
import type { NameObject } from './intake-stage.ts';
import { detailsOf } from './intake-stream.ts';

export type AdoptedInstance = Omit<NewInstance, 'spoolId' | 'sizeBytes' | 'deleteAfterVerify'>;

type Dataset = Extract<Part10Head, { tag: 'dataset' }>;

/**
 * Reads the plaintext of a sealed object (a Part 10 file of ours) to its end. To which certificate it was sealed is not
 * looked at: null has the upload give it the current one, which leaves a recipient that is there alone.
 * Rejects with not-dicom, dicom-*, or what the stream throws (it has not proven whole then).
 */
export async function adoptPlaintext(
  plaintext: AsyncIterable<Buffer>,
  objectName: NameObject,
): Promise<AdoptedInstance> {
  const chunks = plaintext[Symbol.asyncIterator]();
  try {
    return await adoptChunks(chunks, objectName);
  } finally {
    // What was not read to its end would keep its file open.
    await chunks.return?.();
  }
}

async function adoptChunks(chunks: AsyncIterator<Buffer>, objectName: NameObject): Promise<AdoptedInstance> {
  const { head, start } = await readHead(chunks);
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = head;
  const hash = createHash('sha256');
  const scanner = createHeaderScanner(transferSyntaxUid);
  try {
    const take = async (bytes: Buffer): Promise<void> => {
      hash.update(bytes);
      await scanner.push(bytes);
    };
    await take(start.subarray(head.datasetOffset));
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      await take(next.value);
    const scan = await scanner.finish();
    if (scan.tag === 'unreadable') throw new EdgeSyncError('dicom-unreadable');
    const datasetSha256 = hash.digest('hex');
    const origin = { tag: 'import', path: '' } as const;
    return {
      objectName: objectName(sopInstanceUid, transferSyntaxUid, datasetSha256),
      details: detailsOf(scan, { sopClassUid, sopInstanceUid, transferSyntaxUid, origin }, datasetSha256),
      source: null,
      flags: isHeaderOdd(scan) ? ['header-odd'] : [],
      recoveryFingerprint: null,
    };
  } finally {
    scanner.close();
  }
}

async function readHead(
  chunks: AsyncIterator<Buffer>,
): Promise<{ readonly head: Dataset; readonly start: Buffer }> {
  let start = Buffer.alloc(0);
  let isEnded = false;
  for (let wanted = part10HeadBytes; ; wanted = longestMetaBytes) {
    while (start.length < wanted && !isEnded) {
      const next = await chunks.next();
      if (next.done === true) isEnded = true;
      else start = Buffer.concat([start, next.value]);
    }
    const head = await readPart10Head(start, isEnded ? 'whole-file' : 'more-follows');
    switch (head.tag) {
      case 'dataset':
        return { head, start };
      case 'more':
        if (wanted === longestMetaBytes || isEnded) throw new EdgeSyncError('dicom-unreadable');
        continue;
      case 'not-dicom':
      case 'dicomdir':
        throw new EdgeSyncError('not-dicom');
      case 'truncated':
        throw new EdgeSyncError('dicom-truncated');
      case 'unreadable':
        throw new EdgeSyncError('dicom-unreadable');
      default:
        assertNever(head);
    }
  }
}
