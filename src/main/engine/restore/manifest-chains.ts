/** Reads all manifest chains below a prefix and says what is wrong with them; what is proven is used all the same. */
import { createHash } from 'node:crypto';
import { EdgeSyncError, reportFor, type ErrorReport } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import {
  decodeManifest,
  manifestEntries,
  maxManifestBytes,
  type Manifest,
  type ManifestEntry,
} from '../upload/manifest.ts';
import { mapBounded } from './bounded.ts';
import type { RestoreKeys } from './object-restorer.ts';

/** Where one installation's chain ends: to be compared with the kit, or with what somebody remembers. */
export interface ChainHead {
  readonly installationId: string;
  readonly sequence: number;
  readonly createdAt: string;
}

export interface ChainProblem {
  /** Name of the manifest. */
  readonly object: string;
  readonly report: ErrorReport;
}

export interface ManifestChains {
  /** By object name; proven by HMAC. */
  readonly entries: ReadonlyMap<string, ManifestEntry>;
  readonly heads: readonly ChainHead[];
  readonly problems: readonly ChainProblem[];
}

const namePattern = /^manifests\/([0-9a-f]{32})\/(\d{10})\.cms$/;
const readAhead = 8;

type ReadManifest =
  | { readonly tag: 'read'; readonly manifest: Manifest; readonly sha256: string }
  | { readonly tag: 'broken'; readonly error: EdgeSyncError; readonly sha256: string | undefined };

/** `read` retries what may pass; what it throws ends the whole reading. */
export async function readManifestChains(
  store: CloudStore,
  keys: RestoreKeys,
  read: <T>(attempt: () => Promise<T>) => Promise<T>,
  signal?: AbortSignal,
): Promise<ManifestChains> {
  const entries = new Map<string, ManifestEntry>();
  const heads: ChainHead[] = [];
  const problems: ChainProblem[] = [];
  const chains = await namesByInstallation(store, problems, read, signal);
  for (const [installationId, names] of chains) {
    const chain = new Chain(installationId, problems);
    const manifests = mapBounded(names, readAhead, async (name) => ({
      name,
      result: await read(() => readManifest(store, keys, name, signal)),
    }));
    for await (const { name, result } of manifests) {
      chain.add(name, result);
      if (result.tag === 'broken') continue;
      for (const entry of manifestEntries(result.manifest)) {
        if (!entries.has(entry.objectName)) entries.set(entry.objectName, entry);
      }
    }
    if (chain.head !== undefined) heads.push(chain.head);
  }
  return { entries, heads, problems };
}

async function namesByInstallation(
  store: CloudStore,
  problems: ChainProblem[],
  read: <T>(attempt: () => Promise<T>) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = await read(async () => {
    const found: string[] = [];
    for await (const object of store.list(cloudNames.manifests, signal)) found.push(object.name);
    return found;
  });
  const chains = new Map<string, string[]>();
  for (const name of names) {
    const installationId = namePattern.exec(name)?.[1];
    if (installationId === undefined) {
      problems.push({
        object: printable(name),
        report: reportFor('manifest-broken', 'it does not belong here'),
      });
      continue;
    }
    const chain = chains.get(installationId) ?? [];
    chain.push(name);
    chains.set(installationId, chain);
  }
  return chains;
}

/** Follows one chain in order: numbers without a gap, each with the hash of the one before. */
class Chain {
  readonly #installationId: string;
  readonly #problems: ChainProblem[];
  #lastSequence = 0;
  #lastSha256: string | null | undefined = null;
  #head: ChainHead | undefined;

  constructor(installationId: string, problems: ChainProblem[]) {
    this.#installationId = installationId;
    this.#problems = problems;
  }

  get head(): ChainHead | undefined {
    return this.#head;
  }

  add(name: string, result: ReadManifest): void {
    const sequence = Number(namePattern.exec(name)?.[2]);
    const missing = sequence - this.#lastSequence - 1;
    if (missing > 0) {
      const from = this.#lastSequence + 1;
      this.#tell(
        name,
        missing === 1 ? `number ${from} is missing` : `numbers ${from} to ${sequence - 1} are missing`,
      );
    }
    if (result.tag === 'broken') {
      this.#problems.push({
        object: name,
        report: reportFor('manifest-broken', result.error.report.message),
      });
    } else {
      const { manifest } = result;
      if (manifest.installationId !== this.#installationId || manifest.sequence !== sequence) {
        this.#tell(name, 'it was moved from another place');
      } else {
        this.#head = { installationId: this.#installationId, sequence, createdAt: manifest.createdAt };
        const isKnown = missing === 0 && this.#lastSha256 !== undefined;
        if (isKnown && manifest.previousSha256 !== this.#lastSha256) {
          this.#tell(name, 'it does not follow the one before: one of them was replaced');
        }
      }
    }
    this.#lastSequence = sequence;
    this.#lastSha256 = result.sha256;
  }

  #tell(object: string, problem: string): void {
    this.#problems.push({ object, report: reportFor('manifest-broken', problem) });
  }
}

async function readManifest(
  store: CloudStore,
  keys: RestoreKeys,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ReadManifest> {
  const hash = createHash('sha256');
  const opener = keys.openers.create();
  const content: Buffer[] = [];
  let contentBytes = 0;
  let broken: EdgeSyncError | undefined;
  for await (const chunk of store.read(name, signal)) {
    hash.update(chunk);
    if (broken !== undefined) continue;
    try {
      for (const plaintext of opener.push(chunk)) {
        contentBytes += plaintext.length;
        content.push(plaintext);
      }
    } catch (error) {
      broken = asOurs(error);
    }
    if (contentBytes > maxManifestBytes) broken = new EdgeSyncError('manifest-broken', 'it is too large');
  }
  const sha256 = hash.digest('hex');
  try {
    if (broken !== undefined) throw broken;
    opener.end();
    const manifest = decodeManifest(Buffer.concat(content), (bytes) => keys.manifestMac(bytes));
    return { tag: 'read', manifest, sha256 };
  } catch (error) {
    return { tag: 'broken', error: asOurs(error), sha256 };
  }
}

function asOurs(error: unknown): EdgeSyncError {
  return error instanceof EdgeSyncError ? error : new EdgeSyncError('internal', undefined, { cause: error });
}

/** A name from the cloud, fit for a message. */
function printable(name: string): string {
  return name.slice(0, 128).replace(/[^A-Za-z0-9_./-]/g, '?');
}
