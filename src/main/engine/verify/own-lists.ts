/** The lists this installation has written at one destination, as far as they are asked for: what they say of an image. */
import type { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames } from '../cloud/cloud-store.ts';
import type { CopyToCheck } from '../queue/verification-types.ts';
import { isAboutTheCopy } from '../seal/seal-port.ts';
import { readManifest } from '../restore/read-manifest.ts';
import { manifestEntries, type ManifestEntry } from '../upload/manifest.ts';
import type { CheckTools } from './check-copy.ts';

/** Lists kept at once: 500 entries each, and images are looked at in the order in which they were stored. */
const mostKept = 16;

export type Listed =
  | { readonly tag: 'fits' }
  /** It is not recorded in which list it stands. */
  | { readonly tag: 'unknown' }
  | { readonly tag: 'differs'; readonly list: string }
  | { readonly tag: 'broken'; readonly list: string; readonly error: EdgeSyncError };

type Known =
  | { readonly tag: 'read'; readonly entries: ReadonlyMap<string, readonly ManifestEntry[]> }
  | { readonly tag: 'broken'; readonly error: EdgeSyncError };

export class OwnLists {
  readonly #installationId: string;
  readonly #tools: Pick<CheckTools, 'store' | 'keys' | 'patiently' | 'signal'>;
  readonly #known = new Map<number, Promise<Known>>();

  constructor(installationId: string, tools: Pick<CheckTools, 'store' | 'keys' | 'patiently' | 'signal'>) {
    this.#installationId = installationId;
    this.#tools = tools;
  }

  /** @throws EdgeSyncError what is not about the list: cloud-*, cancelled. */
  async look(copy: CopyToCheck): Promise<Listed> {
    const { manifestSequence, objectName, objectSha256, objectSizeBytes, repair } = copy;
    if (manifestSequence === null) return { tag: 'unknown' };
    const list = cloudNames.manifest(this.#installationId, manifestSequence);
    const known = await this.#list(manifestSequence, list);
    if (known.tag === 'broken') return { ...known, list };
    const fits = known.entries
      .get(objectName)
      ?.some(
        (entry) =>
          entry.objectSha256 === objectSha256 &&
          entry.sizeBytes === objectSizeBytes &&
          (entry.repair ?? 0) === repair,
      );
    return fits === true ? { tag: 'fits' } : { tag: 'differs', list };
  }

  #list(sequence: number, name: string): Promise<Known> {
    const known = this.#known.get(sequence) ?? this.#read(name);
    this.#known.delete(sequence);
    this.#known.set(sequence, known);
    const oldest = this.#known.keys().next();
    if (this.#known.size > mostKept && oldest.done !== true) this.#known.delete(oldest.value);
    return known;
  }

  async #read(name: string): Promise<Known> {
    const { store, keys, patiently, signal } = this.#tools;
    try {
      const result = await patiently(() => readManifest(store, keys, name, signal));
      if (result.tag === 'broken') return { tag: 'broken', error: result.error };
      const entries = new Map<string, ManifestEntry[]>();
      for (const entry of manifestEntries(result.list)) {
        entries.set(entry.objectName, [...(entries.get(entry.objectName) ?? []), entry]);
      }
      return { tag: 'read', entries };
    } catch (error) {
      if (isAboutTheCopy(error)) return { tag: 'broken', error };
      throw error;
    }
  }
}
