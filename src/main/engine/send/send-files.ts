/** C-STORE of files to another node, bit for bit: PS3.4 annex B. */
import { type FileHandle, open } from 'node:fs/promises';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { status } from '../dicom/dimse.ts';
import type { Clock } from '../ports.ts';
import { type OpenConnection, type Peer, Requestor } from './requestor.ts';
import {
  inspect,
  listFiles,
  type PlannedAssociation,
  planAssociations,
  type SendableFile,
} from './send-plan.ts';

export interface SendFilesOptions {
  /** Files, and folders with all that is in them. */
  readonly paths: readonly string[];
  readonly peer: Peer;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Default: plain TCP. */
  readonly openConnection?: OpenConnection | undefined;
  /** Called after every file and after every few hundred KB of a large one. */
  readonly onProgress?: (progress: SendProgress) => void;
}

export interface SendProgress {
  readonly files: number;
  readonly sent: number;
  readonly failed: number;
  /** Of datasets handed to the network so far, and in all. */
  readonly bytes: number;
  readonly totalBytes: number;
}

export type FileResult =
  | {
      readonly tag: 'sent';
      readonly path: string;
      readonly sopClassUid: string;
      readonly sopInstanceUid: string;
      /** 0000, or a warning of PS3.4 table B.2-1: the peer has the image and did something to it. */
      readonly status: number;
    }
  | { readonly tag: 'failed'; readonly path: string; readonly error: EdgeSyncError };

export interface SendReport {
  readonly sent: number;
  readonly failed: number;
  /** One per file; those that could not be read as DICOM first. */
  readonly results: readonly FileResult[];
}

/** Read at once from a file, about: rounded to whole PDUs. */
const readBytes = 524_288;

/**
 * Sends every file in its own transfer syntax, opening further associations where one has no room for all contexts or
 * breaks. Never rejects: each file has its result (peer-unreachable, peer-refused, peer-timeout, cancelled,
 * not-dicom, dicom-*, file-not-readable).
 */
export async function sendFiles(options: SendFilesOptions): Promise<SendReport> {
  const run = new SendRun(options);
  return run.start();
}

class SendRun {
  readonly #options: SendFilesOptions;
  readonly #results: FileResult[] = [];
  #files = 0;
  #sent = 0;
  #bytes = 0;
  #totalBytes = 0;

  constructor(options: SendFilesOptions) {
    this.#options = options;
  }

  async start(): Promise<SendReport> {
    const sendable: SendableFile[] = [];
    for await (const path of listFiles(this.#options.paths)) {
      this.#files += 1;
      const inspected = this.#cancelled ? cancelledFile(path) : await inspect(path);
      if (inspected.tag === 'failed') this.#settle(inspected);
      else {
        sendable.push(inspected.file);
        this.#totalBytes += inspected.file.datasetBytes;
      }
    }
    for (const association of planAssociations(sendable)) await this.#sendAssociation(association);
    return { sent: this.#sent, failed: this.#results.length - this.#sent, results: this.#results };
  }

  get #cancelled(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** An association that breaks after it has carried something is opened again for the rest. */
  async #sendAssociation(planned: PlannedAssociation): Promise<void> {
    const { peer, clock, signal, openConnection } = this.#options;
    let next = 0;
    while (next < planned.files.length) {
      let requestor: Requestor;
      try {
        requestor = await Requestor.open({ peer, contexts: planned.contexts, clock, signal, openConnection });
      } catch (error) {
        this.#failRest(planned, next, toEdgeSyncError(error));
        return;
      }
      const before = next;
      const failure = await this.#sendOver(requestor, planned, () => (next += 1), next);
      await requestor.release();
      const hasCarriedNothing = next <= before + 1;
      if (failure !== undefined && failure.code !== 'file-not-readable' && hasCarriedNothing) {
        this.#failRest(planned, next, failure);
        return;
      }
    }
  }

  /** Sends from `start` on until the end or until the association is over; returns why it is. */
  async #sendOver(
    requestor: Requestor,
    planned: PlannedAssociation,
    settled: () => void,
    start: number,
  ): Promise<EdgeSyncError | undefined> {
    for (const { file, contextId } of planned.files.slice(start)) {
      const { path } = file;
      if (requestor.accepted.get(contextId) !== file.transferSyntaxUid) {
        const error = new EdgeSyncError(
          'peer-refused',
          'it does not take this kind of image or its encoding',
        );
        this.#settle({ tag: 'failed', path, error });
        settled();
        continue;
      }
      try {
        this.#settle(await this.#sendFile(requestor, file, contextId));
        settled();
      } catch (error) {
        const failure = toEdgeSyncError(error, 'file-not-readable');
        this.#settle({ tag: 'failed', path, error: failure });
        settled();
        return failure;
      }
    }
    return undefined;
  }

  async #sendFile(requestor: Requestor, file: SendableFile, contextId: number): Promise<FileResult> {
    const { path, sopClassUid, sopInstanceUid } = file;
    let handle: FileHandle;
    try {
      handle = await open(path, 'r');
    } catch (error) {
      return { tag: 'failed', path, error: toEdgeSyncError(error, 'file-not-readable') };
    }
    try {
      const answer = await requestor.request(
        contextId,
        {
          tag: 'c-store-rq',
          messageId: requestor.nextMessageId,
          sopClassUid,
          sopInstanceUid,
          priority: 0,
          dataset: 'follows',
        },
        this.#dataset(handle, file, requestor.fragmentBytes),
        this.#options.signal,
      );
      return resultOf(file, 'status' in answer ? answer.status : status.processingFailure);
    } finally {
      await handle.close();
    }
  }

  /** The file from its dataset on, in pieces of whole PDUs. */
  async *#dataset(handle: FileHandle, file: SendableFile, fragmentBytes: number): AsyncGenerator<Buffer> {
    const pieceBytes = Math.max(1, Math.floor(readBytes / fragmentBytes)) * fragmentBytes;
    const endBytes = file.datasetOffset + file.datasetBytes;
    for (let at = file.datasetOffset; at < endBytes;) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, endBytes - at));
      for (let filled = 0; filled < piece.length;) {
        const { bytesRead } = await handle.read(piece, filled, piece.length - filled, at + filled);
        // It became shorter since its head was read.
        if (bytesRead === 0) throw new EdgeSyncError('file-not-readable');
        filled += bytesRead;
      }
      at += piece.length;
      yield piece;
      this.#bytes += piece.length;
      this.#tell();
    }
  }

  #failRest(planned: PlannedAssociation, from: number, error: EdgeSyncError): void {
    for (const { file } of planned.files.slice(from)) {
      this.#settle({ tag: 'failed', path: file.path, error });
    }
  }

  #settle(result: FileResult): void {
    this.#results.push(result);
    if (result.tag === 'sent') this.#sent += 1;
    this.#tell();
  }

  #tell(): void {
    this.#options.onProgress?.({
      files: this.#files,
      sent: this.#sent,
      failed: this.#results.length - this.#sent,
      bytes: this.#bytes,
      totalBytes: this.#totalBytes,
    });
  }
}

function cancelledFile(path: string): { tag: 'failed'; path: string; error: EdgeSyncError } {
  return { tag: 'failed', path, error: new EdgeSyncError('cancelled') };
}

/** PS3.7 annex C: Bxxx, 0001, 0107 and 0116 are warnings; the peer has stored the image. */
function resultOf(file: SendableFile, code: number): FileResult {
  const { path, sopClassUid, sopInstanceUid } = file;
  const isWarning = (code & 0xf000) === 0xb000 || code === 0x0001 || code === 0x0107 || code === 0x0116;
  if (code === status.success || isWarning)
    return { tag: 'sent', path, sopClassUid, sopInstanceUid, status: code };
  const shown = code.toString(16).toUpperCase().padStart(4, '0');
  return { tag: 'failed', path, error: new EdgeSyncError('peer-refused', `status ${shown}`) };
}
