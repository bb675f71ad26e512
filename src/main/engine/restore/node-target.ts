/** Restores to another DICOM node: proven images go there bit for bit and lie on this disk only for that long. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, Random } from '../ports.ts';
import { echo } from '../send/echo.ts';
import type { OpenConnection, Peer } from '../send/requestor.ts';
import { sendFiles, type FileResult } from '../send/send-files.ts';
import { Journal, type JournalMac } from './journal.ts';
import { makeUnfinishedFolder, removeFolder, sweepUnfinished, type PlaceOutcome } from './restored-files.ts';
import type { ImageOfObject, OpenTarget } from './target.ts';
import { createUnfinishedFile, diskError, type UnfinishedFile } from './unfinished-file.ts';

export interface NodeTargetOptions {
  readonly peer: Peer;
  /** Default: plain TCP. */
  readonly openConnection: OpenConnection | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly journalMac: JournalMac;
  readonly privateFolder: string;
}

interface Waiting {
  readonly file: UnfinishedFile;
  readonly objectName: string;
  readonly settled: PromiseWithResolvers<PlaceOutcome>;
}

/** A node that is restarted comes back within a minute or two. */
const attempts = 6;
const firstRetryMs = 1000;
const folderMode = 0o700;

export class NodeTarget implements OpenTarget {
  readonly #options: NodeTargetOptions;
  readonly #folder: string;
  readonly #journal: Journal;
  #waiting: Waiting[] = [];
  #sending: Promise<void> | undefined;
  #created = 0;

  private constructor(options: NodeTargetOptions, folder: string, journal: Journal) {
    this.#options = options;
    this.#folder = folder;
    this.#journal = journal;
  }

  /**
   * Asks the node by C-ECHO first: a wrong address or AE title is told before anything is opened.
   * @throws EdgeSyncError peer-unreachable, peer-timeout, peer-refused, tls-*, disk-full, disk-error.
   */
  static async open(options: NodeTargetOptions): Promise<NodeTarget> {
    const { peer, clock, signal, openConnection, privateFolder, random, journalMac } = options;
    await echo({ ...peer, clock, signal, openConnection });
    try {
      await mkdir(privateFolder, { recursive: true, mode: folderMode });
      await sweepUnfinished(privateFolder);
      const folder = await makeUnfinishedFolder(privateFolder, random);
      const which = journalMac(Buffer.from(JSON.stringify(['node', ...nameOf(peer)]), 'utf8'));
      const name = `sent-${which.toString('hex').slice(0, 16)}.journal`;
      return new NodeTarget(options, folder, await Journal.open(path.join(privateFolder, name), journalMac));
    } catch (error) {
      throw diskError(error);
    }
  }

  /** What the node has answered for in an earlier run; it may have deleted it since, which nobody here can know. */
  holds({ objectName }: ImageOfObject): Promise<boolean> {
    return Promise.resolve(this.#journal.has(this.#sent(objectName)));
  }

  create(): Promise<UnfinishedFile> {
    this.#created += 1;
    return createUnfinishedFile(path.join(this.#folder, `${this.#created}.dcm`));
  }

  /** Goes with whatever else is waiting when the association before it is over. */
  async take(file: UnfinishedFile, { objectName }: ImageOfObject): Promise<PlaceOutcome> {
    try {
      await file.end();
      const settled = Promise.withResolvers<PlaceOutcome>();
      this.#waiting.push({ file, objectName, settled });
      this.#sending ??= this.#sendAll().finally(() => {
        this.#sending = undefined;
      });
      return await settled.promise;
    } finally {
      await file.discard();
    }
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#sending;
    await this.#journal.close();
    await removeFolder(this.#folder);
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#sendBatch(batch);
    }
  }

  /** Never rejects: each image has its outcome. */
  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    const { clock, signal } = this.#options;
    let left = batch;
    for (let tried = 1; left.length > 0; tried += 1) {
      const results = await this.#sendOnce(left);
      const again: Waiting[] = [];
      for (const one of left) {
        const error = await this.#settle(one, results.get(one.file.path));
        if (error === undefined) continue;
        const mayPass = error.persistence === 'transient' && error.code !== 'cancelled';
        if (mayPass && tried < attempts && !signal.aborted) again.push(one);
        else one.settled.reject(error);
      }
      left = again;
      if (left.length > 0) await clock.sleep(firstRetryMs * 2 ** (tried - 1), signal).catch(() => undefined);
    }
  }

  async #sendOnce(batch: readonly Waiting[]): Promise<ReadonlyMap<string, FileResult>> {
    const { peer, clock, signal, openConnection } = this.#options;
    const paths = batch.map(({ file }) => file.path);
    const { results } = await sendFiles({ paths, peer, clock, signal, openConnection });
    return new Map(results.map((result) => [result.path, result]));
  }

  /** Returns why it is not there yet. */
  async #settle(one: Waiting, result: FileResult | undefined): Promise<EdgeSyncError | undefined> {
    if (result?.tag !== 'sent') return result?.error ?? new EdgeSyncError('internal');
    await this.#journal.add(this.#sent(one.objectName));
    one.settled.resolve('restored');
    return undefined;
  }

  #sent(objectName: string): readonly string[] {
    return ['sent', ...nameOf(this.#options.peer), objectName];
  }
}

function nameOf({ calledAe, host, port }: Peer): readonly string[] {
  return [calledAe, host.toLowerCase(), String(port)];
}
