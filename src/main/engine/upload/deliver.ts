import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames, maxRepairs, type CloudStore } from '../cloud/cloud-store.ts';
import type { MendingFacts, UploadJob, UploadProof } from '../queue/queue-types.ts';
import { isAboutTheCopy, type OpenerFactory } from '../seal/seal-port.ts';
import type { Spool } from '../spool/spool-port.ts';
import { CheckedSource, ObjectInspector } from './checked-source.ts';
import type { DatasetDigestFactory } from './dataset-digest.ts';
import { paced, type RateLimit } from './pacing-rate.ts';

export interface DeliverDeps {
  readonly spool: Pick<Spool, 'read'>;
  readonly openers: OpenerFactory;
  readonly newDatasetDigest: DatasetDigestFactory;
  /** What is sent goes no faster than each of these; absent: as fast as it can. */
  readonly rateLimits?: readonly RateLimit[];
}

/** What came of one attempt. Failures of the store itself are thrown as EdgeSyncError. */
export type DeliveryOutcome =
  /** `isNew`: stored by this attempt; else it lay there already. */
  | { readonly tag: 'uploaded'; readonly isNew: boolean; readonly proof: UploadProof }
  /** The copy on this PC is missing or damaged: nothing was sent that counts. */
  | { readonly tag: 'local-damage'; readonly error: EdgeSyncError }
  /** Under this name lies something else; nothing was overwritten. */
  | { readonly tag: 'conflict'; readonly error: EdgeSyncError };

/** A head with further recipients is longer than ours by less. */
const sizeSlackBytes = 1024 * 1024;

/** Sends one object, create-only. What is there already counts when the same dataset is inside (a resend, a second PC). */
export async function deliver(
  job: UploadJob,
  store: CloudStore,
  deps: DeliverDeps,
  options: DeliverOptions,
): Promise<DeliveryOutcome> {
  if (job.mending !== undefined) return mend(job, job.mending, store, deps, options);
  return put(cloudNames.object(job.objectName), job, store, deps, options);
}

interface DeliverOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (confirmedBytes: number) => void;
}

/**
 * Its cloud copy was found missing or damaged. Missing: it is stored under its own name again. Anything else there is
 * left as it is, since nothing is ever overwritten, and the good copy goes to the first free name beside it.
 */
async function mend(
  job: UploadJob,
  { objectSha256 }: MendingFacts,
  store: CloudStore,
  deps: DeliverDeps,
  options: DeliverOptions,
): Promise<DeliveryOutcome> {
  const local = new CheckedSource(
    { sizeBytes: job.sizeBytes, datasetSha256: job.details.datasetSha256 },
    () => deps.spool.read(job.spoolId),
    () => new ObjectInspector(deps.openers, deps.newDatasetDigest),
  );
  for (let repair = 0; repair <= maxRepairs; repair += 1) {
    const name =
      repair === 0 ? cloudNames.object(job.objectName) : cloudNames.repairedObject(job.objectName, repair);
    const outcome = await put(name, job, store, deps, options);
    switch (outcome.tag) {
      case 'uploaded': {
        const place = repair === 0 ? {} : { repair };
        const found = outcome.proof.objectSha256;
        // What lay there already: the proven bytes, or those of an attempt whose answer was lost. Another sealing of the
        // same image may lack a recipient: it does not do.
        const isOurs = outcome.isNew || found === objectSha256 || found === (await wholeSha256(local));
        if (isOurs) return { ...outcome, proof: { ...outcome.proof, ...place } };
        continue;
      }
      case 'local-damage':
        return outcome;
      case 'conflict':
        continue;
    }
  }
  return { tag: 'conflict', error: new EdgeSyncError('cloud-conflict', `${maxRepairs} copies are damaged`) };
}

/** undefined when the local copy is no longer what it was. */
async function wholeSha256(source: CheckedSource): Promise<string | undefined> {
  try {
    for await (const _chunk of source.read(0)) continue;
  } catch (error) {
    if (source.localFailure === undefined) throw error;
  }
  return source.objectSha256;
}

/** Stores it under one name, or takes what is there already when the same dataset is inside. */
async function put(
  name: string,
  job: UploadJob,
  store: CloudStore,
  deps: DeliverDeps,
  options: DeliverOptions,
): Promise<DeliveryOutcome> {
  const newInspector = (): ObjectInspector => new ObjectInspector(deps.openers, deps.newDatasetDigest);
  const source = new CheckedSource(
    { sizeBytes: job.sizeBytes, datasetSha256: job.details.datasetSha256 },
    () => deps.spool.read(job.spoolId),
    newInspector,
  );
  try {
    const slowed = paced(source, deps.rateLimits ?? [], options.signal);
    const outcome = await store.putIfAbsent(name, slowed, options);
    switch (outcome.tag) {
      case 'created': {
        const { objectSha256 } = source;
        if (objectSha256 === undefined)
          throw new EdgeSyncError('internal', 'stored without having been read');
        const { etag, sizeBytes } = outcome;
        return { tag: 'uploaded', isNew: true, proof: { etag, objectSha256, sizeBytes } };
      }
      case 'exists':
        return await compare(name, job, store, newInspector, options.signal);
    }
  } catch (error) {
    if (isAboutTheCopy(source.localFailure)) {
      return { tag: 'local-damage', error: source.localFailure };
    }
    throw error;
  }
}

/** Downloads and opens what lies under the name, and records its own hash when the same dataset is inside. */
async function compare(
  name: string,
  job: UploadJob,
  store: CloudStore,
  newInspector: () => ObjectInspector,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const before = await store.stat(name, signal);
  if (before === undefined) throw new EdgeSyncError('cloud-server-error', 'an object was there and is gone');
  // Nobody adds more than recipients to the head: what is larger is another object, however large.
  const look = { name, sizeBytes: before.sizeBytes, maxBytes: job.sizeBytes + sizeSlackBytes, store, signal };
  let found = await inspect(look, newInspector());
  // Parking is for a person to undo: what the way spoiled only once must not lead to it.
  if (found.tag === 'unreadable') found = await inspect(look, newInspector());
  switch (found.tag) {
    case 'too-large':
      return conflict('what is there is much larger');
    case 'unreadable':
      return conflict('what is there cannot be opened');
    case 'opened': {
      if (found.datasetSha256 !== job.details.datasetSha256) return conflict('another image is inside');
      const { objectSha256, sizeBytes } = found;
      return { tag: 'uploaded', isNew: false, proof: { etag: before.etag, objectSha256, sizeBytes } };
    }
  }
}

function conflict(detail: string): DeliveryOutcome {
  return { tag: 'conflict', error: new EdgeSyncError('cloud-conflict', detail) };
}

type Inspected =
  | ({ readonly tag: 'opened'; readonly sizeBytes: number } & ReturnType<ObjectInspector['end']>)
  | { readonly tag: 'too-large' | 'unreadable' };

/** @throws EdgeSyncError of the store; `cloud-checksum` when not as much comes as lies there. */
async function inspect(
  look: {
    readonly name: string;
    /** What the service says its size is. */
    readonly sizeBytes: number;
    readonly maxBytes: number;
    readonly store: CloudStore;
    readonly signal: AbortSignal;
  },
  inspector: ObjectInspector,
): Promise<Inspected> {
  if (look.sizeBytes > look.maxBytes) return { tag: 'too-large' };
  let sizeBytes = 0;
  let isReadable = true;
  try {
    for await (const chunk of remote(look.store.read(look.name, look.signal))) {
      sizeBytes += chunk.length;
      // Whatever size it was said to have.
      if (sizeBytes > look.maxBytes) return { tag: 'too-large' };
      // To its end all the same: its length tells whether it is the object, or what the way left of it.
      isReadable = isReadable && push(inspector, chunk);
    }
    if (sizeBytes !== look.sizeBytes) {
      throw new RemoteReadError(new EdgeSyncError('cloud-checksum', 'not as much came as lies there'));
    }
    return isReadable ? { tag: 'opened', sizeBytes, ...inspector.end() } : { tag: 'unreadable' };
  } catch (error) {
    if (error instanceof RemoteReadError) throw error.reason;
    if (isAboutTheCopy(error)) return { tag: 'unreadable' };
    throw error;
  }
}

/** False when it cannot be one of ours. */
function push(inspector: ObjectInspector, chunk: Buffer): boolean {
  try {
    inspector.push(chunk);
    return true;
  } catch (error) {
    if (isAboutTheCopy(error)) return false;
    throw error;
  }
}

/** Marks what went wrong with reading, so that it is not taken for what was read. */
class RemoteReadError extends Error {
  readonly reason: EdgeSyncError;

  constructor(reason: EdgeSyncError) {
    super(reason.message);
    this.reason = reason;
  }
}

async function* remote(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    const reason = toEdgeSyncError(error);
    throw new RemoteReadError(
      reason.code === 'object-missing'
        ? new EdgeSyncError('cloud-server-error', 'an object was there and is gone')
        : reason,
    );
  }
}
