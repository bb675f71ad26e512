/**
 * The copies of one object in a cloud: under its own name, and beside it those that took the place of a damaged one.
 * Every reader tries them in this order and takes the first that fits.
 */
import { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames, maxRepairs, type CloudStore } from '../cloud/cloud-store.ts';
import { isAboutTheCopy } from '../seal/seal-port.ts';

export interface ObjectCopy {
  /** Below the destination's prefix. */
  readonly name: string;
  /** From its first byte, each time it is called. */
  read(this: void): AsyncIterable<Buffer>;
}

/** A copy that is not there (object-missing) or not what it should be. */
export interface DamagedCopy {
  readonly name: string;
  readonly error: EdgeSyncError;
}

export type CopiesRead<T> =
  /** `damaged`: the copies tried before this one, the object's own name first; empty when that was good. */
  | {
      readonly tag: 'read';
      readonly name: string;
      readonly value: T;
      readonly damaged: readonly DamagedCopy[];
    }
  /** No copy fits. `error`: what is wrong with the best known one, missing only when there is none at all. */
  | { readonly tag: 'none'; readonly error: EdgeSyncError; readonly damaged: readonly DamagedCopy[] };

/** The object's own name, then `maxRepairs` names of repaired copies. */
export function copyNames(objectName: string): readonly string[] {
  const repaired = Array.from({ length: maxRepairs }, (_, index) =>
    cloudNames.repairedObject(objectName, index + 1),
  );
  return [cloudNames.object(objectName), ...repaired];
}

const namePattern = /^objects\/([0-9a-f]{2})\/([0-9a-f]{64})(?:\.r([1-9]))?\.cms$/;

/** The object that a name of the cloud belongs to; `repair`: 0 for its own name. undefined: no name of ours. */
export function objectOfName(
  name: string,
): { readonly objectName: string; readonly repair: number } | undefined {
  const [, folder, objectName, repair = '0'] = namePattern.exec(name) ?? [];
  if (objectName === undefined || folder !== objectName.slice(0, 2)) return undefined;
  return { objectName, repair: Number(repair) };
}

/**
 * Gives `attempt` one copy after the other until one passes. What `attempt` throws about the copy itself
 * (object-missing, -format, -tampered, -truncated, -no-recipient) leads to the next; anything else is passed on:
 * retrying is the caller's. `mayExist` spares names that a listing does not have; the own name is always tried.
 */
export async function readCopies<T>(
  store: CloudStore,
  objectName: string,
  attempt: (copy: ObjectCopy) => Promise<T>,
  signal?: AbortSignal,
  mayExist: (repair: number) => boolean = () => true,
): Promise<CopiesRead<T>> {
  const damaged: DamagedCopy[] = [];
  for (const [repair, name] of copyNames(objectName).entries()) {
    if (repair > 0 && !mayExist(repair)) continue;
    try {
      const value = await attempt({ name, read: () => store.read(name, signal) });
      return { tag: 'read', name, value, damaged };
    } catch (error) {
      if (!isAboutTheCopy(error)) throw error;
      // Numbers that were never given are no damage; a gap in them hides nothing, so all are tried.
      const isOwn = damaged.length === 0;
      if (isOwn || error.code !== 'object-missing') damaged.push({ name, error });
    }
  }
  const error =
    damaged.find((one) => one.error.code !== 'object-missing')?.error ??
    damaged[0]?.error ??
    new EdgeSyncError('object-missing');
  return { tag: 'none', error, damaged };
}
