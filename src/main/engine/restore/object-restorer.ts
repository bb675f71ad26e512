import type { InstanceDetails } from '../model.ts';
import { type ExpectedObject, openProven, type RestoreKeys } from './proven-object.ts';
import type { RestoredFiles } from './restored-files.ts';

export type { RestoreKeys } from './proven-object.ts';

/** One copy of a sealed object to bring back. */
export interface RestoreObject extends ExpectedObject {
  readonly read: () => AsyncIterable<Buffer>;
}

export type ObjectOutcome =
  | { readonly tag: 'restored' | 'skipped'; readonly sizeBytes: number }
  /** Not part of what was asked for (known only after opening). */
  | { readonly tag: 'not-selected' };

/** Opens one object into an unfinished file, proves it, and gives it its name. */
export class ObjectRestorer {
  readonly #keys: RestoreKeys;
  readonly #files: RestoredFiles;

  constructor(keys: RestoreKeys, files: RestoredFiles) {
    this.#keys = keys;
    this.#files = files;
  }

  /**
   * @throws EdgeSyncError object-format, object-tampered, object-truncated, object-no-recipient for a damaged object;
   * what `read` throws (object-missing, cloud-*, disk-*); disk-full, disk-error of the target.
   */
  async restore(
    object: RestoreObject,
    isSelected: (details: InstanceDetails) => boolean,
  ): Promise<ObjectOutcome> {
    const { details } = object;
    if (details !== undefined && (await this.#files.holds(details, details.datasetSha256))) {
      return { tag: 'skipped', sizeBytes: 0 };
    }
    const file = await this.#files.create();
    try {
      const proven = await openProven(object.read(), object, this.#keys, (plaintext) =>
        file.write(plaintext),
      );
      if (!isSelected(proven.details)) {
        await file.discard();
        return { tag: 'not-selected' };
      }
      const placed = await this.#files.place(file, proven.details, proven.details.datasetSha256);
      return { tag: placed, sizeBytes: proven.sizeBytes };
    } catch (error) {
      await file.discard();
      throw error;
    }
  }
}
