/** Seals a study anew for a link and puts it into the share place: every image, and the index last. */
import { createHash } from 'node:crypto';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { ShareStore } from '../cloud/share-store.ts';
import type { Clock, Random } from '../ports.ts';
import { forEachBounded } from '../restore/bounded.ts';
import { openProven, type RestoreKeys } from '../restore/proven-object.ts';
import { EnvelopeWriters, sealWhole } from '../seal/envelope-writer.ts';
import type { SealerFactory } from '../seal/seal-port.ts';
import type { Secret } from '../system/secret.ts';
import { releaseMemory } from '../system/release-memory.ts';
import { SealedDraft } from './sealed-draft.ts';
import type { StudyImage, StudyImages } from './study-images.ts';

/** Images under way at once. Each has a draft on the disk and up to a few blocks in memory. */
const atOnce = 3;
/** An address is good a little before now, for services whose clock is behind. */
const clockToleranceMs = 15 * 60_000;

export interface ShareProgress {
  readonly done: number;
  readonly total: number;
  /** Plaintext bytes of what is done. */
  readonly bytes: number;
}

export interface LinkShareOptions {
  readonly shareId: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly practice: string;
  readonly kek: Secret;
  readonly images: readonly StudyImage[];
  readonly copies: StudyImages;
  readonly keys: RestoreKeys;
  readonly store: ShareStore;
  readonly draftFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProgress: (progress: ShareProgress) => void;
  readonly signal: AbortSignal;
}

/** One line of the index. */
interface IndexFile {
  readonly url: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly seriesInstanceUid: string;
  readonly modality?: string | undefined;
  readonly seriesNumber?: string | undefined;
  readonly seriesDescription?: string | undefined;
  readonly instanceNumber?: string | undefined;
}

/**
 * Memory is flat: an image is sealed piece by piece into a draft of ciphertext, and sent from there.
 * @returns the address of the index, which reads it until the share expires. What was put stays when it throws:
 * cancelled, object-* (no whole copy of an image), cloud-*, disk-*.
 */
export async function putLinkShare(
  options: LinkShareOptions,
): Promise<{ readonly indexUrl: string; readonly objects: number; readonly sizeBytes: number }> {
  const { shareId, images, store, random, kek, onProgress, signal, copies } = options;
  const sealers = new EnvelopeWriters(
    random,
    [{ tag: 'kek', keyId: Buffer.from(shareId, 'hex'), kek }],
    null,
  );
  const files: IndexFile[] = [];
  const validity = {
    fromMs: options.createdAtMs - clockToleranceMs,
    untilMs: options.expiresAtMs,
  };
  let done = 0;
  let bytes = 0;
  let sealedBytes = 0;
  onProgress({ done, total: images.length, bytes });
  await forEachBounded(images.entries(), atOnce, async ([index, image]) => {
    const name = `${shareId}/${String(index + 1).padStart(6, '0')}.cms`;
    const draft = await SealedDraft.create(options.draftFolder, random);
    try {
      const opened = await copies.withCopy(
        image,
        (read) => resealInto(draft, read, image, sealers, options),
        signal,
      );
      // A cut connection after the service has stored it: it lies there already, and only we know the name.
      await copies.patiently(() => putOnce(store, name, draft, signal), signal);
      const { source } = draft;
      sealedBytes += source.sizeBytes;
      files[index] = { url: store.sign(name, validity), ...opened, ...indexDetails(image) };
      done += 1;
      bytes += opened.sizeBytes;
      onProgress({ done, total: images.length, bytes });
    } finally {
      await draft.discard();
    }
  });
  const name = `${shareId}/index.cms`;
  const index = sealWhole(sealers, Buffer.from(JSON.stringify(indexOf(options, files)), 'utf8'));
  const source = { sizeBytes: index.length, read: (start: number) => once(index.subarray(start)) };
  await copies.patiently(() => putSource(store, name, source, signal), signal);
  if (signal.aborted) throw new EdgeSyncError('cancelled');
  return {
    indexUrl: store.sign(name, validity),
    objects: files.length + 1,
    sizeBytes: sealedBytes + index.length,
  };
}

async function resealInto(
  draft: SealedDraft,
  read: () => AsyncIterable<Buffer>,
  image: StudyImage,
  sealers: SealerFactory,
  { keys, signal }: LinkShareOptions,
): Promise<{ readonly sizeBytes: number; readonly sha256: string }> {
  await draft.restart();
  const sealer = sealers.create();
  const hash = createHash('sha256');
  await draft.write([sealer.head]);
  const { sizeBytes } = await openProven(
    read(),
    { objectName: image.objectName, details: image.details },
    keys,
    async (plaintext) => {
      if (signal.aborted) throw new EdgeSyncError('cancelled');
      const out: Buffer[] = [];
      for (const piece of plaintext) {
        hash.update(piece);
        sealer.update(piece, out);
        releaseMemory(piece);
      }
      await draft.write(out);
      for (const piece of out) releaseMemory(piece);
    },
  );
  const out: Buffer[] = [];
  sealer.finish(out);
  await draft.write(out);
  return { sizeBytes, sha256: hash.digest('hex') };
}

function putOnce(store: ShareStore, name: string, draft: SealedDraft, signal: AbortSignal): Promise<void> {
  return putSource(store, name, draft.source, signal);
}

/** The names of a share are random and its own: what lies there is what an attempt of ours has put. */
async function putSource(
  store: ShareStore,
  name: string,
  source: SealedDraft['source'],
  signal: AbortSignal,
): Promise<void> {
  try {
    await store.put(name, source, signal);
  } catch (error) {
    if (!(error instanceof EdgeSyncError && error.code === 'cloud-conflict')) throw error;
    for await (const object of store.list(name.slice(0, 32), signal)) {
      if (object.name === name && object.sizeBytes === source.sizeBytes) return;
    }
    throw error;
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield bytes;
}

function indexOf(options: LinkShareOptions, files: readonly IndexFile[]): object {
  const { shareId, createdAtMs, expiresAtMs, practice, images } = options;
  const details = images[0]?.details;
  return {
    format: 'edge-sync-share',
    version: 1,
    shareId,
    createdAt: new Date(createdAtMs).toISOString(),
    expiresAt: new Date(expiresAtMs).toISOString(),
    practice,
    study: {
      studyInstanceUid: details?.studyInstanceUid,
      patientName: details?.patientName,
      patientId: details?.patientId,
      studyDate: details?.studyDate,
      studyDescription: details?.studyDescription,
    },
    files,
  };
}

function indexDetails({ details }: StudyImage): Omit<IndexFile, 'url' | 'sizeBytes' | 'sha256'> {
  const { sopInstanceUid, sopClassUid, transferSyntaxUid, seriesInstanceUid } = details;
  const { modality, seriesNumber, seriesDescription, instanceNumber } = details;
  return {
    sopInstanceUid,
    sopClassUid,
    transferSyntaxUid,
    seriesInstanceUid,
    modality,
    seriesNumber,
    seriesDescription,
    instanceNumber,
  };
}
