/** One file into the intake: its head is read, its dataset is streamed, and it must not change meanwhile. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { longestMetaBytes, part10HeadBytes, readPart10Head, type Part10Head } from '../dicom/part10.ts';
import { isStorageSopClass } from '../dicom/sop-classes.ts';
import { isAcceptedTransferSyntax } from '../dicom/transfer-syntaxes.ts';
import type { Intake, IntakeOutcome, Origin } from '../intake/intake-port.ts';
import {
  folderOf,
  hashFile,
  openRegular,
  removalTicket,
  sameVersion,
  type FileVersion,
} from './imported-file.ts';
import { notReadable } from './walk.ts';

export interface FileToImport {
  readonly path: string;
  readonly origin: Origin;
  readonly afterImport: 'keep' | 'delete';
}

export type FileOutcome =
  | { readonly tag: 'stored' | 'duplicate'; readonly version: FileVersion }
  /** Nothing to import, and nothing to tell: a DICOMDIR, or a file that the operating system put there. */
  | { readonly tag: 'skipped'; readonly version: FileVersion }
  /** Written while it was read: look at it again later. Nothing was stored. */
  | { readonly tag: 'changed' }
  | { readonly tag: 'refused'; readonly error: EdgeSyncError; readonly version: FileVersion | undefined };

const readBytes = 256 * 1024;

/** Left by Windows and macOS beside images; skipped only when they really are no DICOM. */
const systemFile = /^(\.DS_Store|\._.*|Thumbs\.db|desktop\.ini)$/i;

/** Never rejects. An abort through `signal` comes back as refused with `cancelled`. */
export async function importFile(
  file: FileToImport,
  intake: Intake,
  signal?: AbortSignal,
): Promise<FileOutcome> {
  let handle: FileHandle | undefined;
  let version: FileVersion | undefined;
  try {
    handle = await openRegular(file.path);
    version = await versionOf(handle);
    return await importOpen(file, handle, version, intake, signal);
  } catch (error) {
    const told = signal?.aborted === true ? new EdgeSyncError('cancelled') : notReadable(error);
    if (told.code === 'not-dicom' && version !== undefined && systemFile.test(basename(file.path))) {
      return { tag: 'skipped', version };
    }
    return { tag: 'refused', error: told, version };
  } finally {
    await handle?.close().catch(() => undefined);
  }
}

async function importOpen(
  file: FileToImport,
  handle: FileHandle,
  version: FileVersion,
  intake: Intake,
  signal: AbortSignal | undefined,
): Promise<FileOutcome> {
  const head = await readHead(handle, version.sizeBytes);
  if (head.tag === 'dicomdir') return { tag: 'skipped', version };
  const image = importable(head);
  const sha256 = file.afterImport === 'delete' ? await hashFile(handle, signal) : undefined;
  const ticket =
    sha256 === undefined
      ? undefined
      : removalTicket({ ...version, path: file.path, folder: await folderOf(file.path), sha256 });
  const stream = intake.begin({
    sopClassUid: image.sopClassUid,
    sopInstanceUid: image.sopInstanceUid,
    transferSyntaxUid: image.transferSyntaxUid,
    origin: file.origin,
    ...(image.preamble === undefined ? {} : { preamble: image.preamble }),
    ...(ticket === undefined ? {} : { deleteAfterVerify: ticket }),
  });
  let outcome: IntakeOutcome;
  try {
    const hash = sha256 === undefined ? undefined : createHash('sha256');
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    let position = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      hash?.update(piece);
      const skip = Math.max(0, image.datasetOffset - position);
      if (skip < bytesRead) await stream.write(piece.subarray(skip));
      position += bytesRead;
    }
    const isSame = position === version.sizeBytes && sameVersion(await versionOf(handle), version);
    if (!isSame || hash?.digest('hex') !== sha256) {
      await stream.abort();
      return { tag: 'changed' };
    }
    outcome = await stream.finish();
  } catch (error) {
    await stream.abort();
    throw error;
  }
  return outcome.tag === 'refused'
    ? { tag: 'refused', error: outcome.error, version }
    : { tag: outcome.tag, version };
}

async function readHead(handle: FileHandle, sizeBytes: number): Promise<Part10Head> {
  for (const limit of [part10HeadBytes, longestMetaBytes]) {
    const start = await readStart(handle, Math.min(limit, sizeBytes));
    const head = await readPart10Head(start, start.length >= sizeBytes ? 'whole-file' : 'more-follows');
    if (head.tag !== 'more') return head;
  }
  return { tag: 'unreadable' };
}

async function readStart(handle: FileHandle, wantedBytes: number): Promise<Buffer> {
  const start = Buffer.alloc(wantedBytes);
  let filled = 0;
  while (filled < wantedBytes) {
    const { bytesRead } = await handle.read(start, filled, wantedBytes - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return start.subarray(0, filled);
}

/** The image at the head, or an error that says why it is none that we take. */
function importable(head: Exclude<Part10Head, { tag: 'dicomdir' }>): Extract<Part10Head, { tag: 'dataset' }> {
  switch (head.tag) {
    case 'not-dicom':
      throw new EdgeSyncError('not-dicom');
    case 'truncated':
      throw new EdgeSyncError('dicom-truncated');
    case 'unreadable':
      throw new EdgeSyncError('dicom-unreadable');
    case 'dataset':
      if (!isStorageSopClass(head.sopClassUid)) throw new EdgeSyncError('dicom-class-refused');
      if (!isAcceptedTransferSyntax(head.transferSyntaxUid)) throw new EdgeSyncError('dicom-syntax-refused');
      return head;
  }
}

async function versionOf(handle: FileHandle): Promise<FileVersion> {
  const stats = await handle.stat();
  return { sizeBytes: stats.size, mtimeMs: stats.mtimeMs };
}
