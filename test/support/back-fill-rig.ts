/** An upload rig with two destinations, the second added when everything has left this PC. */
import type { CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { createDatasetDigest } from '../../src/main/engine/dicom/dataset-digest.ts';
import { BackFillStage, type BackFillStageDeps } from '../../src/main/engine/upload/back-fill-stage.ts';
import type { UploadStage } from '../../src/main/engine/upload/upload-stage.ts';
import type { UploadRig } from './upload-rig.ts';

export const both = [
  { name: 'cloud', required: true },
  { name: 'nas', required: true },
] as const;

/** Waits until everything is verified in the cloud, and takes the copies on this PC away. */
export async function verifiedAndGone(rig: UploadRig, connect: () => Promise<CloudStore>): Promise<void> {
  const stage = rig.stage(connect);
  stage.start();
  await rig.untilVerified(rig.queue.status().received);
  await stage.stop();
  for (const object of rig.queue.evictable(Number.MAX_SAFE_INTEGER, 1000)) {
    if (await rig.queue.markEvicted(object)) await rig.spool.remove(object.spoolId);
  }
  if (rig.queue.status().spoolBytes > 0) throw new Error('something is still on this PC');
}

export interface BackFillParts {
  readonly stages: Readonly<Record<string, UploadStage>>;
  readonly backFill: BackFillStage;
  /** Copies that were told as bad: destination and instance id. */
  readonly bad: (readonly [string, number])[];
  stop(): Promise<void>;
}

/** Uploads to both and copying to the second, as the engine wires them. */
export function startBackFill(
  rig: UploadRig,
  connect: (destination: string) => Promise<CloudStore>,
  overrides: Partial<BackFillStageDeps> = {},
): BackFillParts {
  const stages = Object.fromEntries(
    both.map(({ name }) => [name, rig.stage(() => connect(name), { destination: name })]),
  );
  const bad: (readonly [string, number])[] = [];
  const { queue, openers, clock, random, logger } = rig;
  const backFill = new BackFillStage({
    destination: 'nas',
    sources: ['cloud'],
    queue,
    openers,
    newDatasetDigest: createDatasetDigest,
    connect,
    standing: (name) => {
      const status = stages[name]?.status;
      if (status?.state !== 'ok' || status.link !== 'open') return 'closed';
      return status.active > 0 ? 'busy' : 'ok';
    },
    onBadCopy: (destination, instanceId) => bad.push([destination, instanceId]),
    reportIncident: (incident) => rig.incidents.push(incident),
    onChange: () => undefined,
    clock,
    random,
    logger,
    ...overrides,
  });
  queue.onChange(() => backFill.workArrived());
  for (const stage of Object.values(stages)) stage.start();
  backFill.start();
  const stop = async (): Promise<void> => {
    await backFill.stop();
    await Promise.all(Object.values(stages).map((stage) => stage.stop()));
  };
  return { stages, backFill, bad, stop };
}
