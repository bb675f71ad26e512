/** Where a restore puts what it has proven. */
import type { RestoreNode, RestoreRequest } from '../../../shared/contract-restore.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { InstanceDetails } from '../model.ts';
import type { Clock, Random } from '../ports.ts';
import { tlsConnection } from '../send/tls-connection.ts';
import type { OpenConnection } from '../send/requestor.ts';
import { Secret } from '../system/secret.ts';
import { mediumNaming, uidNaming } from './file-names.ts';
import type { JournalMac } from './journal.ts';
import { checkMediumFolder, writeMediumDirectory } from './medium-directory.ts';
import { NodeTarget } from './node-target.ts';
import { RestoredFiles, type PlaceOutcome } from './restored-files.ts';
import type { UnfinishedFile } from './unfinished-file.ts';

/** An image by its object and what is known of it. */
export interface ImageOfObject {
  readonly objectName: string;
  readonly details: InstanceDetails;
}

/** Opens the target for one run. */
export type RestoreTarget = () => Promise<OpenTarget>;

export interface OpenTarget {
  /** Is it there already, whole? @throws EdgeSyncError disk-*, file-not-writable. */
  holds(image: ImageOfObject): Promise<boolean>;
  /** Somewhere private for what is not proven yet. */
  create(): Promise<UnfinishedFile>;
  /**
   * Takes a proven image; the file is the target's from here on, and gone or at its place afterwards.
   * @throws EdgeSyncError peer-refused when a node does not take this one; disk-*, peer-* when going on is useless.
   */
  take(file: UnfinishedFile, image: ImageOfObject): Promise<PlaceOutcome>;
  /** All is there that will come. */
  finish(): Promise<void>;
  /** Leaves nothing unfinished behind, however the run ended. */
  close(): Promise<void>;
}

export interface TargetDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly journalMac: JournalMac;
  /** Of this program alone: plaintext on its way to a node lies there for a moment, and what was sent is noted there. */
  readonly privateFolder: string;
}

/** The folder or node that a request names. */
export function restoreTarget(
  request: Pick<RestoreRequest, 'to' | 'node' | 'layout'>,
  deps: TargetDeps,
): RestoreTarget {
  const { to, node, layout = 'uids' } = request;
  if (node !== undefined) return nodeTarget(node, deps);
  if (to === undefined) throw new EdgeSyncError('usage', 'a folder or a node to restore to');
  switch (layout) {
    case 'uids':
      return () => FolderTarget.open(to, deps);
    case 'medium':
      return () => MediumTarget.open(to, deps);
  }
}

function nodeTarget(node: RestoreNode, deps: TargetDeps): RestoreTarget {
  const { tls, ...peer } = node;
  const openConnection = tls === undefined ? undefined : connectionOf(tls, deps.clock);
  return () => NodeTarget.open({ ...deps, peer, openConnection });
}

function connectionOf(tls: NonNullable<RestoreNode['tls']>, clock: Clock): OpenConnection {
  const { trustedPem, certificatePem, keyPem, peerSha256 } = tls;
  const identity = { certificatePem, keyPem: Secret.fromText(keyPem) };
  return tlsConnection(
    {
      trustedPem,
      identities: () => [identity],
      expected: peerSha256 === undefined ? { tag: 'name' } : { tag: 'fingerprint', sha256: [peerSha256] },
    },
    clock,
  );
}

/** STUDY/SERIES/INSTANCE.dcm below a folder. */
class FolderTarget implements OpenTarget {
  readonly #files: RestoredFiles;

  protected constructor(files: RestoredFiles) {
    this.#files = files;
  }

  static async open(to: string, { random, journalMac }: TargetDeps): Promise<OpenTarget> {
    return new FolderTarget(await RestoredFiles.open(to, random, { naming: uidNaming, journalMac }));
  }

  holds({ details }: ImageOfObject): Promise<boolean> {
    return this.#files.holds(details, details.datasetSha256);
  }

  create(): Promise<UnfinishedFile> {
    return this.#files.create();
  }

  take(file: UnfinishedFile, { details }: ImageOfObject): Promise<PlaceOutcome> {
    return this.#files.place(file, details, details.datasetSha256);
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#files.close();
  }
}

/** The same under file IDs of a medium, with a DICOMDIR of everything that lies there in the end. */
class MediumTarget extends FolderTarget {
  readonly #to: string;
  readonly #deps: TargetDeps;

  private constructor(files: RestoredFiles, to: string, deps: TargetDeps) {
    super(files);
    this.#to = to;
    this.#deps = deps;
  }

  static override async open(to: string, deps: TargetDeps): Promise<OpenTarget> {
    const { random, journalMac } = deps;
    await checkMediumFolder(to);
    return new MediumTarget(
      await RestoredFiles.open(to, random, { naming: mediumNaming, journalMac }),
      to,
      deps,
    );
  }

  override finish(): Promise<void> {
    return writeMediumDirectory(this.#to, this.#deps);
  }
}
