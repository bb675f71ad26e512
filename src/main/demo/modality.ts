/** The demo's devices: draw the phantom studies into files and send them over DICOM, as CT, US and DX. */
import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeSyncError } from '../../shared/errors.ts';
import { buildFileMeta } from '../engine/dicom/part10.ts';
import type { Clock, Random } from '../engine/ports.ts';
import { sendFiles } from '../engine/send/send-files.ts';
import { makePhantomStudies, type PhantomInstance } from './phantoms/phantom-studies.ts';

/** Few enough that the page has something to show while the next ones are drawn. */
const imagesPerAssociation = 16;

/** What must come back from the cloud: where it will lie, and what its dataset must be. */
export interface SentInstance {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly datasetSha256: string;
}

export interface ModalityOptions {
  readonly folder: string;
  readonly node: { readonly host: string; readonly port: number; readonly aet: string };
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Images drawn and sent so far. */
  readonly onProgress: (drawn: number, sent: number) => void;
}

/**
 * Draws and sends every phantom study, some images at a time; their files are removed once sent.
 * @throws EdgeSyncError when an image is not accepted, `cancelled` on abort
 */
export async function drawAndSend(options: ModalityOptions): Promise<readonly SentInstance[]> {
  const sent: SentInstance[] = [];
  let drawn = 0;
  let batch: PhantomInstance[] = [];
  const flush = async (): Promise<void> => {
    const first = batch[0];
    if (first === undefined) return;
    const folder = join(options.folder, String(sent.length));
    await mkdir(folder, { recursive: true });
    const written: SentInstance[] = [];
    for (const instance of batch) {
      if (options.signal.aborted) throw new EdgeSyncError('cancelled');
      written.push(await writeInstance(instance, join(folder, `${written.length}.dcm`)));
      drawn += 1;
      options.onProgress(drawn, sent.length);
      // Drawing is one long computation: let the rest of the process have its turn.
      await options.clock.sleep(1);
    }
    await send(options, first.modality, folder, (count) => options.onProgress(drawn, sent.length + count));
    sent.push(...written);
    await rm(folder, { recursive: true });
    batch = [];
  };
  const world = { random: options.random, nowMs: options.clock.nowMs() };
  for (const instance of makePhantomStudies(world)) {
    const isOtherStudy = batch[0] !== undefined && batch[0].studyInstanceUid !== instance.studyInstanceUid;
    if (isOtherStudy || batch.length === imagesPerAssociation) await flush();
    batch.push(instance);
  }
  await flush();
  return sent;
}

async function writeInstance(instance: PhantomInstance, path: string): Promise<SentInstance> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = instance;
  const dataset = instance.dataset();
  await writeFile(path, [buildFileMeta(instance), dataset]);
  const datasetSha256 = createHash('sha256').update(dataset).digest('hex');
  return { studyInstanceUid, seriesInstanceUid, sopInstanceUid, datasetSha256 };
}

async function send(
  { node, clock, signal }: ModalityOptions,
  modality: string,
  folder: string,
  onSent: (count: number) => void,
): Promise<void> {
  const report = await sendFiles({
    paths: [folder],
    peer: { host: node.host, port: node.port, callingAe: `PHANTOM-${modality}`, calledAe: node.aet },
    clock,
    signal,
    onProgress: (progress) => onSent(progress.sent),
  });
  for (const result of report.results) if (result.tag === 'failed') throw result.error;
}
