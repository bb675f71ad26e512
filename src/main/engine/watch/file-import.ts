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
  stateOf,
  type FileState,
} from './imported-file.ts';
import type { DriveAccess } from './drive-access.ts';
import { notReadable } from './walk.ts';

export interface FileToImport {
  readonly path: string;
  readonly origin: Origin;
  readonly afterImport: 'keep' | 'delete';
  /**
   * What to do with a file whose end is nothing but zeros: an image with a black border, or a copy that was given its
   * full length before its content (Windows and network shares do so).
   */
  readonly zeroEnd: 'import' | 'tell';
}

export type FileOutcome =
  | { readonly tag: 'stored' | 'duplicate'; readonly version: FileState; readonly objectName: string }
  /** Nothing to import, and nothing to tell: a file that an operating system put there. */
  | { readonly tag: 'skipped'; readonly version: FileState }
  /** The directory of a medium (DICOMDIR). */
  | { readonly tag: 'directory'; readonly version: FileState }
  /** Its end is zeros, and the caller wanted to hear of it. Nothing was stored. */
  | { readonly tag: 'zero-end'; readonly version: FileState }
  /** Written while it was read: look at it again later. Nothing was stored. */
  | { readonly tag: 'changed' }
  | { readonly tag: 'refused'; readonly error: EdgeSyncError; readonly version: FileState | undefined };

const pieceBytes = 256 * 1024;

/** Hidden, or left by Windows and macOS beside images; skipped only when they really are no DICOM. */
const systemFile = /^(\..*|~\$.*|Thumbs\.db|ehthumbs(_vista)?\.db|desktop\.ini|autorun\.inf|Icon\r)$/i;
/** The last bytes that are looked at for zeros; smaller files are written in one go. */
const endBytes = 4096;
const leastForZeroEnd = 64 * 1024;

export interface ImportPorts {
  readonly intake: Intake;
  readonly access: DriveAccess;
  readonly signal?: AbortSignal | undefined;
}

/** Never rejects. An abort through `signal` comes back as refused with `cancelled`. */
export async function importFile(file: FileToImport, ports: ImportPorts): Promise<FileOutcome> {
  const { access, signal } = ports;
  let handle: FileHandle | undefined;
  let version: FileState | undefined;
  try {
    const opened = await access.run(
      () => openRegular(file.path),
      (late) => void late.close().catch(() => undefined),
    );
    handle = opened;
    version = await access.run(() => stateOfOpen(opened));
    return await importOpen(file, opened, version, ports);
  } catch (error) {
    const told = signal?.aborted === true ? new EdgeSyncError('cancelled') : notReadable(error);
    if (told.code === 'not-dicom' && version !== undefined && systemFile.test(basename(file.path))) {
      return { tag: 'skipped', version };
    }
    return { tag: 'refused', error: told, version };
  } finally {
    // Where a call is still out, closing waits for it: not we.
    const closing = handle?.close().catch(() => undefined);
    if (!access.isStuck) await closing;
  }
}

async function importOpen(
  file: FileToImport,
  handle: FileHandle,
  version: FileState,
  ports: ImportPorts,
): Promise<FileOutcome> {
  const { intake, access, signal } = ports;
  const head = await readHead(handle, version.sizeBytes, access);
  if (head.tag === 'dicomdir') return { tag: 'directory', version };
  const image = importable(head);
  if (file.zeroEnd === 'tell' && (await endsInZeros(handle, version.sizeBytes, access))) {
    return { tag: 'zero-end', version };
  }
  const sha256 = file.afterImport === 'delete' ? await hashFile(handle, access, signal) : undefined;
  const ticket =
    sha256 === undefined
      ? undefined
      : removalTicket({
          sizeBytes: version.sizeBytes,
          mtimeMs: version.mtimeMs,
          path: file.path,
          folder: await access.run(() => folderOf(file.path)),
          sha256,
        });
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
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    let position = 0;
    for (;;) {
      signal?.throwIfAborted();
      const from = position;
      const { bytesRead } = await access.run(() => handle.read(buffer, 0, buffer.length, from));
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      hash?.update(piece);
      const skip = Math.max(0, image.datasetOffset - position);
      if (skip < bytesRead) await stream.write(piece.subarray(skip));
      position += bytesRead;
    }
    const now = await access.run(() => stateOfOpen(handle));
    const isSame = position === version.sizeBytes && sameVersion(now, version);
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
    : { tag: outcome.tag, version, objectName: outcome.objectName };
}

async function readHead(handle: FileHandle, sizeBytes: number, access: DriveAccess): Promise<Part10Head> {
  for (const limit of [part10HeadBytes, longestMetaBytes]) {
    const start = await readBytes(handle, 0, Math.min(limit, sizeBytes), access);
    const head = await readPart10Head(start, start.length >= sizeBytes ? 'whole-file' : 'more-follows');
    if (head.tag !== 'more') return head;
  }
  return { tag: 'unreadable' };
}

async function endsInZeros(handle: FileHandle, sizeBytes: number, access: DriveAccess): Promise<boolean> {
  if (sizeBytes < leastForZeroEnd) return false;
  const end = await readBytes(handle, sizeBytes - endBytes, endBytes, access);
  return end.every((byte) => byte === 0);
}

async function readBytes(
  handle: FileHandle,
  position: number,
  wantedBytes: number,
  access: DriveAccess,
): Promise<Buffer> {
  const bytes = Buffer.alloc(wantedBytes);
  let filled = 0;
  while (filled < wantedBytes) {
    const at = filled;
    const { bytesRead } = await access.run(() => handle.read(bytes, at, wantedBytes - at, position + at));
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
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

async function stateOfOpen(handle: FileHandle): Promise<FileState> {
  return stateOf(await handle.stat());
}
