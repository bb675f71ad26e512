/** Reads every list and every snapshot below a prefix and tells what does not fit; keeps no entries. */
import type { ManifestEvent } from '../../../shared/contract-verify.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import { followChains, type ChainFacts } from '../restore/manifest-chains.ts';
import type { RestoreKeys } from '../restore/proven-object.ts';
import type { Patiently } from './patience.ts';

const progressEvery = 50;

/** @throws EdgeSyncError cloud-* that stays, cancelled. */
export async function checkManifests(options: {
  readonly destination: string;
  /** undefined on a PC that has no chain of its own. */
  readonly ownInstallationId: string | undefined;
  readonly store: CloudStore;
  readonly keys: RestoreKeys;
  readonly patiently: Patiently;
  readonly signal: AbortSignal;
  readonly onEvent: (event: ManifestEvent) => void;
}): Promise<void> {
  const { destination, ownInstallationId, store, keys, patiently, signal, onEvent } = options;
  let lists = 0;
  const { chains, problems } = await followChains({
    store,
    keys,
    read: patiently,
    signal,
    reading: 'everything',
    onEntry: () => undefined,
    onList: () => {
      lists += 1;
      if (lists % progressEvery === 0) onEvent({ tag: 'progress', destination, lists });
    },
  });
  onEvent({ tag: 'progress', destination, lists });
  for (const facts of chains) {
    onEvent({ tag: 'chain', destination, chain: chainOf(facts, ownInstallationId) });
  }
  for (const { object, report } of problems) {
    onEvent({ tag: 'problem', problem: { ...report, object, destination, studyId: null } });
  }
}

function chainOf(
  { installationId, sequence, createdAt, lists, entries, snapshot }: ChainFacts,
  own: string | undefined,
): Extract<ManifestEvent, { tag: 'chain' }>['chain'] {
  return {
    installationId,
    sequence,
    createdAt,
    lists,
    entries,
    snapshot:
      snapshot === null
        ? null
        : { sequence: snapshot.sequence, parts: snapshot.parts, entries: snapshot.entries },
    isOurs: installationId === own,
  };
}
