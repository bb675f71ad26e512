import { EdgeSyncError } from '../../../shared/errors.ts';
import type { InstanceDetails } from '../model.ts';
import { type ExpectedObject, openProven, type RestoreKeys } from './proven-object.ts';
import type { OpenTarget } from './target.ts';
import type { UnfinishedFile } from './unfinished-file.ts';

export type { RestoreKeys } from './proven-object.ts';

/** One copy of a sealed object to bring back. */
export interface RestoreObject extends ExpectedObject {
  readonly read: () => AsyncIterable<Buffer>;
}

export type ObjectOutcome =
  | { readonly tag: 'restored' | 'skipped'; readonly sizeBytes: number }
  /** Not part of what was asked for (known only after opening). */
  | { readonly tag: 'not-selected' };

/** Opens one object into an unfinished file, proves it, and hands it to the target. */
export class ObjectRestorer {
  readonly #keys: RestoreKeys;
  readonly #target: OpenTarget;

  constructor(keys: RestoreKeys, target: OpenTarget) {
    this.#keys = keys;
    this.#target = target;
  }

  /** Is it there already? Only an object that a manifest or the database names can be looked for. */
  async holds({ objectName, details }: ExpectedObject): Promise<boolean> {
    return details !== undefined && (await this.#target.holds({ objectName, details }));
  }

  /**
   * @throws EdgeSyncError object-format, object-tampered, object-truncated, object-no-recipient for a damaged object;
   * what `read` throws (object-missing, cloud-*, disk-*); what the target throws (disk-*, file-not-writable, peer-*).
   */
  async restore(
    object: RestoreObject,
    isSelected: (details: InstanceDetails) => boolean,
  ): Promise<ObjectOutcome> {
    // Only when something comes: an object that is missing under all its names costs no file.
    let file: UnfinishedFile | undefined;
    try {
      const { details, sizeBytes } = await openProven(
        object.read(),
        object,
        this.#keys,
        async (plaintext) => {
          file ??= await this.#target.create();
          await file.write(plaintext);
        },
      );
      if (file === undefined) throw new EdgeSyncError('object-format', 'there is no image inside');
      if (!isSelected(details)) {
        await file.discard();
        return { tag: 'not-selected' };
      }
      const taken = await this.#target.take(file, { objectName: object.objectName, details });
      return { tag: taken, sizeBytes };
    } catch (error) {
      await file?.discard();
      throw error;
    }
  }
}

/** Stands for what a local copy that is gone would have given. */
export async function* gone(): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield* [];
  throw new EdgeSyncError('object-missing', 'no copy is left on this PC');
}
