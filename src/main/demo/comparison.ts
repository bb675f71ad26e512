/** Compares what came back from the cloud with what was sent, dataset byte by dataset byte (by SHA-256). */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeSyncError } from '../../shared/errors.ts';
import { readPart10Head } from '../engine/dicom/part10.ts';
import { journalName } from '../engine/restore/restored-files.ts';
import type { SentInstance } from './modality.ts';

/**
 * @param folder what `restore` wrote: `<study>/<series>/<instance>.dcm`
 * @returns how many are identical: all of them
 * @throws EdgeSyncError `demo-failed` saying how many differ, are missing, or are more than was sent
 */
export async function compareRestored(folder: string, sent: readonly SentInstance[]): Promise<number> {
  let missing = 0;
  let different = 0;
  for (const one of sent) {
    const path = join(folder, one.studyInstanceUid, one.seriesInstanceUid, `${one.sopInstanceUid}.dcm`);
    const digest = await datasetDigest(path);
    if (digest === undefined) missing += 1;
    else if (digest !== one.datasetSha256) different += 1;
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== journalName).length;
  const identical = sent.length - missing - different;
  if (identical !== sent.length || files !== sent.length) {
    throw new EdgeSyncError(
      'demo-failed',
      `of ${sent.length} sent images ${identical} came back identical, ${different} different, ${missing} not at all; ${files} files in all`,
    );
  }
  return identical;
}

/** SHA-256 of the dataset in a DICOM file, or undefined when there is no such file. */
async function datasetDigest(path: string): Promise<string | undefined> {
  let file: Buffer;
  try {
    file = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new EdgeSyncError('file-not-readable', undefined, { cause: error });
  }
  const head = await readPart10Head(file, 'whole-file');
  if (head.tag !== 'dataset') return '';
  return createHash('sha256').update(file.subarray(head.datasetOffset)).digest('hex');
}
