/** A DatasetStage on an upload rig's spool, queue and keys. */
import { createDatasetDigest } from '../../src/main/engine/dicom/dataset-digest.ts';
import type { DatasetStore } from '../../src/main/engine/cloud/dataset-store.ts';
import { DicomwebStore } from '../../src/main/engine/cloud/dicomweb-store.ts';
import { direct, type Outgoing } from '../../src/main/engine/cloud/outgoing.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { DatasetStage, type DatasetStageDeps } from '../../src/main/engine/upload/dataset-stage.ts';
import {
  destinationSchema,
  type DicomwebDestinationSettings,
} from '../../src/shared/destination-settings.ts';
import { destination, type UploadRig } from './upload-rig.ts';

export function dicomwebSettings(
  given: Partial<DicomwebDestinationSettings> & { readonly url: string },
): DicomwebDestinationSettings {
  return destinationSchema.parse({
    name: destination,
    kind: 'dicomweb',
    ...given,
  }) as DicomwebDestinationSettings;
}

export function openDicomweb(
  given: Partial<DicomwebDestinationSettings> & { readonly url: string },
  credential?: string,
  outgoing: Outgoing = direct,
): Promise<DatasetStore> {
  return DicomwebStore.open({
    settings: dicomwebSettings(given),
    secret: credential === undefined ? undefined : Secret.fromText(credential),
    clock: new SystemClock(),
    random: new SystemRandom(),
    outgoing,
  });
}

/** Not started. Stop it before the rig is disposed of. */
export function datasetStage(
  rig: UploadRig,
  url: string,
  connect: () => Promise<DatasetStore>,
  overrides: Partial<DatasetStageDeps> = {},
): DatasetStage {
  const stage = new DatasetStage({
    destination,
    url,
    wantedProof: 'identical',
    concurrency: 4,
    connect,
    queue: rig.queue,
    proofs: rig.queue.datasetProofs,
    spool: rig.spool,
    openers: rig.openers,
    newDatasetDigest: createDatasetDigest,
    rateLimits: [],
    mayUpload: () => true,
    hold: () => undefined,
    lastProofAtMs: () => rig.clock.nowMs(),
    reportIncident: (incident) => rig.incidents.push(incident),
    onChange: () => undefined,
    clock: rig.clock,
    random: rig.random,
    logger: rig.logger,
    ...overrides,
  });
  rig.queue.onChange(() => stage.workArrived());
  return stage;
}
