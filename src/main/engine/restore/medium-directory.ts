/** The DICOMDIR of a medium: made from what lies there in the end, whichever run has put it there. */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { inflateRawSync, constants } from 'node:zlib';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { longestDirectoryBytes } from '../dicom/dicomdir.ts';
import { buildDicomdir, directoryElements, type DirectoryFile } from '../dicom/dicomdir-writer.ts';
import { DatasetWalker } from '../dicom/header-scanner-walker.ts';
import { implementationClassUid } from '../dicom/implementation.ts';
import { readPart10Head } from '../dicom/part10.ts';
import { transferSyntax } from '../dicom/transfer-syntaxes.ts';
import { newUid, unpadUid } from '../dicom/uid.ts';
import type { Clock, Random } from '../ports.ts';
import { writeFileDurably } from '../system/durable-file.ts';
import { mediumFolder } from './file-names.ts';
import { codeOf, diskError } from './unfinished-file.ts';

const directoryName = 'DICOMDIR';
/** The attributes of a directory stand in group 3004 at the latest: far before pixel data, and rarely beyond this. */
const headBytes = 256 * 1024;
/** Of a deflated dataset. */
const maxInflatedBytes = 4 * 1024 * 1024;
const longestValueBytes = 1024;

/**
 * A directory that another program has written is never replaced.
 * @throws EdgeSyncError file-exists when there is one; disk-error.
 */
export async function checkMediumFolder(folder: string): Promise<void> {
  const file = path.join(folder, directoryName);
  let bytes: Buffer;
  try {
    if ((await stat(file)).size > longestDirectoryBytes * 4) throw new EdgeSyncError('file-exists', file);
    bytes = await readFile(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw diskError(error);
  }
  if (!bytes.subarray(0, 1024).includes(implementationClassUid)) throw new EdgeSyncError('file-exists', file);
}

/** Writes the DICOMDIR of all images below `folder`, whole or not at all. @throws EdgeSyncError disk-full, disk-error. */
export async function writeMediumDirectory(
  folder: string,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<void> {
  const files: DirectoryFile[] = [];
  for await (const fileId of imagesOf(folder)) {
    const file = await directoryFile(folder, fileId);
    if (file !== undefined) files.push(file);
  }
  if (files.length === 0) return;
  await writeFileDurably(path.join(folder, directoryName), buildDicomdir(files, newUid(random)), { clock });
}

/** Files that have names of ours, in name order: nothing else is looked at. */
async function* imagesOf(folder: string): AsyncGenerator<readonly string[]> {
  for (const study of await namesIn([folder, mediumFolder], /^S[0-9A-Z]{7}$/))
    for (const series of await namesIn([folder, mediumFolder, study], /^E[0-9A-Z]{7}$/))
      for (const image of await namesIn([folder, mediumFolder, study, series], /^I[0-9A-Z]{7}$/))
        yield [mediumFolder, study, series, image];
}

async function namesIn(parts: readonly string[], pattern: RegExp): Promise<readonly string[]> {
  try {
    const entries = await readdir(path.join(...parts), { withFileTypes: true });
    return entries
      .filter((entry) => pattern.test(entry.name) && !entry.isSymbolicLink())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
    throw diskError(error);
  }
}

async function directoryFile(folder: string, fileId: readonly string[]): Promise<DirectoryFile | undefined> {
  const bytes = await headOf(path.join(folder, ...fileId));
  if (bytes === undefined) return undefined;
  const head = await readPart10Head(bytes, bytes.length < headBytes ? 'whole-file' : 'more-follows');
  if (head.tag !== 'dataset') return undefined;
  const { sopClassUid, sopInstanceUid, transferSyntaxUid, datasetOffset } = head;
  const values = valuesOf(bytes.subarray(datasetOffset), transferSyntaxUid);
  return { fileId, sopClassUid, sopInstanceUid, transferSyntaxUid, values };
}

async function headOf(file: string): Promise<Buffer | undefined> {
  try {
    await using handle = await open(file, 'r');
    if (!(await handle.stat()).isFile()) return undefined;
    const buffer = Buffer.alloc(headBytes);
    const { bytesRead } = await handle.read(buffer, 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw diskError(error);
  }
}

/** As they stand in the image, without padding; the first of each counts. */
function valuesOf(dataset: Buffer, transferSyntaxUid: string): ReadonlyMap<number, Buffer> {
  const values = new Map<number, Buffer>();
  const family = transferSyntax(transferSyntaxUid)?.family ?? 'explicit-le';
  const walker = new DatasetWalker(
    {
      order: family === 'big-endian' ? 'big' : 'little',
      vr: family === 'implicit' ? 'implicit' : 'explicit',
    },
    {
      keep: (tag) => (directoryElements.has(tag) && !values.has(tag) ? longestValueBytes : 0),
      value: (tag, bytes, declaredLength) => {
        // A value that is cut short would say something else.
        if (declaredLength > bytes.length) return;
        values.set(tag, Buffer.from(unpadUid(bytes), 'latin1'));
      },
      odd: () => undefined,
    },
  );
  walker.push(family === 'deflated' ? inflatedHead(dataset) : dataset);
  return values;
}

/** As much as the head of a deflated dataset gives (PS3.5 A.5); nothing when it is no deflate stream. */
function inflatedHead(dataset: Buffer): Buffer {
  try {
    return inflateRawSync(dataset, {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: maxInflatedBytes,
    });
  } catch {
    return Buffer.alloc(0);
  }
}
