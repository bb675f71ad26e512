import { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import { objectOfName } from './copies.ts';
import type { EntryTable } from './entry-table.ts';

/** More than this in no manifest is no archive of a practice; a hostile listing could go on for ever. */
const maxUnnamed = 500_000;
const maxListed = 20_000_000;

export interface UnnamedObjects {
  /** By object name: the size of its largest copy, as the listing says. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly ending: 'whole' | 'too-many';
}

/**
 * Objects that no manifest names, each once however many copies it has. Names that are not ours are left alone. Of those
 * that are named, `named` is told which copies there are.
 */
export async function unnamedObjects(
  store: CloudStore,
  named: Pick<EntryTable, 'has' | 'sawCopy'>,
  signal: AbortSignal,
): Promise<UnnamedObjects> {
  const sizes = new Map<string, number>();
  let listed = 0;
  for await (const { name, sizeBytes } of store.list(cloudNames.objects, signal)) {
    if (signal.aborted) throw new EdgeSyncError('cancelled');
    listed += 1;
    if (listed > maxListed) return { sizes, ending: 'too-many' };
    const { objectName, repair } = objectOfName(name) ?? {};
    if (objectName === undefined || repair === undefined) continue;
    if (named.has(objectName)) {
      named.sawCopy(objectName, repair);
      continue;
    }
    const size = Number.isSafeInteger(sizeBytes) && sizeBytes > 0 ? sizeBytes : 0;
    const before = sizes.get(objectName);
    if (before === undefined && sizes.size >= maxUnnamed) return { sizes, ending: 'too-many' };
    sizes.set(objectName, Math.max(before ?? 0, size));
  }
  return { sizes, ending: 'whole' };
}
