/** `edge-sync verify --words-file`: the cloud looked at with the recovery words alone, as on a new PC. */
import type { ManifestEvent, VerifyEvent, VerifySelection } from '../../../shared/contract-verify.ts';
import { archivesOf } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../../engine/cloud/cloud-store.ts';
import { restoreKeysFromRecords, type RestoreKeys } from '../../engine/keys/restore-keys.ts';
import { recordFits } from '../../engine/keys/words-records.ts';
import type { Clock } from '../../engine/ports.ts';
import { findArchiveKeyRecords } from '../../engine/restore/archive-key-records.ts';
import { SystemClock } from '../../engine/system/clock.ts';
import { eventStream } from '../../engine/system/event-stream.ts';
import { SystemRandom } from '../../engine/system/random.ts';
import { checkManifests } from '../../engine/verify/check-manifests.ts';
import { patience } from '../../engine/verify/patience.ts';
import { verifyFromCloud } from '../../engine/verify/verify-cloud.ts';
import { cancellable } from '../cancellable.ts';
import { connectToDestination } from '../cloud-connection.ts';
import type { Installation } from '../installation.ts';
import type { Output } from '../output.ts';
import { readWords } from '../words-input.ts';
import { showManifests, showVerify } from './verify.ts';
import type { Format } from '../option-values.ts';

interface Wanted {
  readonly selection: VerifySelection;
  /** null: the first required one. */
  readonly destination: string | null;
  readonly format: Format;
  readonly wordsFile: string;
}

/** Touches no data folder. Exit codes as without words. */
export function verifyWithWords(installation: Installation, wanted: Wanted, output: Output): Promise<number> {
  return withCloud(installation, wanted, (cloud, outer) => {
    const events = eventStream<VerifyEvent>(outer, (onEvent, signal) =>
      verifyFromCloud({ ...cloud, selection: wanted.selection, onEvent, signal, random: new SystemRandom() }),
    );
    return showVerify(events, wanted.format, output);
  });
}

export function verifyManifestsWithWords(
  installation: Installation,
  wanted: Wanted,
  output: Output,
): Promise<number> {
  return withCloud(installation, wanted, (cloud, outer) => {
    const events = eventStream<ManifestEvent>(outer, (onEvent, signal) =>
      checkManifests({
        ...cloud,
        ownInstallationId: undefined,
        patiently: patience(cloud.clock, signal),
        signal,
        onEvent,
      }),
    );
    return showManifests(events, wanted.format, output);
  });
}

interface Cloud {
  readonly destination: string;
  readonly store: CloudStore;
  readonly keys: RestoreKeys;
  readonly clock: Clock;
}

async function withCloud(
  installation: Installation,
  wanted: Wanted,
  use: (cloud: Cloud, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const words = await readWords(wanted.wordsFile);
  const fits = recordFits(words);
  const { destinations } = installation.settings;
  const settings =
    wanted.destination === null
      ? archivesOf(destinations).find((one) => one.required)
      : destinations.find((one) => one.name === wanted.destination);
  if (settings === undefined) throw new EdgeSyncError('no-destination');
  const clock = new SystemClock();
  const store = await connectToDestination(settings, installation, clock);
  try {
    return await cancellable(async (signal) => {
      await store.check(signal);
      const keys = restoreKeysFromRecords(words, await findArchiveKeyRecords(store, fits, signal));
      return use({ destination: settings.name, store, keys, clock }, signal);
    });
  } finally {
    await store.close();
  }
}
