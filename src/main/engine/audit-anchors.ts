/**
 * How far the audit trail went, as the clouds have it: the lists of this installation carry the number and chain value of
 * its newest entry, sealed and authenticated. Whoever changes the trail on this PC cannot change those.
 */
import type { AuditReach } from '../../shared/contract-audit.ts';
import { EdgeSyncError, reportFor, type ErrorReport } from '../../shared/errors.ts';
import { cloudNames, type CloudStore } from './cloud/cloud-store.ts';
import type { AuditHead } from './queue/queue-types.ts';
import { mapBounded } from './restore/bounded.ts';
import { listOfName, maxListNames } from './restore/manifest-chains.ts';
import type { RestoreKeys } from './restore/proven-object.ts';
import { readManifest } from './restore/read-manifest.ts';
import type { Patiently } from './verify/patience.ts';

/** Lists from before there was a chain lie at the beginning; the newest of all has an anchor unless the trail was empty. */
const mostLookedBack = 20;
const readAhead = 8;

export interface CloudAnchorOptions {
  readonly store: CloudStore;
  readonly keys: RestoreKeys;
  readonly installationId: string;
  readonly reach: Exclude<AuditReach, 'here'>;
  /** Retries what may pass. */
  readonly patiently: Patiently;
  readonly signal: AbortSignal;
  readonly onList: (read: number, total: number) => void;
  readonly onProblem: (object: string, report: ErrorReport) => void;
}

/** Of one destination, the newest first. Throws cancelled and those of the store. */
export async function cloudAnchors(options: CloudAnchorOptions): Promise<readonly AuditHead[]> {
  const { store, keys, installationId, reach, patiently, signal, onList, onProblem } = options;
  const numbers = await patiently(() => listNumbers(store, installationId, signal));
  const wanted = reach === 'all' ? numbers : numbers.slice(0, mostLookedBack);
  const anchors: AuditHead[] = [];
  const read = async (number: number): Promise<AuditHead | undefined> => {
    const name = cloudNames.manifest(installationId, number);
    const result = await patiently(() => readManifest(store, keys, name, signal));
    if (result.tag === 'broken') {
      onProblem(name, reportFor('manifest-broken', result.error.report.message));
      return undefined;
    }
    const { list } = result;
    if (list.installationId !== installationId || list.sequence !== number) {
      onProblem(name, reportFor('manifest-broken', 'it was moved from another place'));
      return undefined;
    }
    return list.audit;
  };
  let done = 0;
  // The newest is nearly always enough: then nothing is read ahead for nothing.
  for await (const anchor of mapBounded(wanted, reach === 'all' ? readAhead : 1, read)) {
    if (signal.aborted) throw new EdgeSyncError('cancelled');
    done += 1;
    onList(done, wanted.length);
    if (anchor !== undefined) anchors.push(anchor);
    if (anchor !== undefined && reach === 'newest') break;
  }
  return anchors;
}

/** Numbers of this installation's lists, from the newest down. */
async function listNumbers(
  store: CloudStore,
  installationId: string,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const prefix = `${cloudNames.manifests}${installationId}/`;
  const numbers: number[] = [];
  for await (const { name } of store.list(prefix, signal)) {
    const list = listOfName(name);
    if (list?.installationId !== installationId) continue;
    numbers.push(list.sequence);
    if (numbers.length > maxListNames)
      throw new EdgeSyncError('manifest-broken', 'there are far too many lists');
  }
  return numbers.sort((a, b) => b - a);
}
