import { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import type { UploadJob, UploadProof } from '../queue/queue-types.ts';
import type { OpenerFactory } from '../seal/seal-port.ts';
import type { Spool } from '../spool/spool-port.ts';
import { CheckedSource, ObjectInspector } from './checked-source.ts';
import type { DatasetDigestFactory } from './dataset-digest.ts';

export interface DeliverDeps {
  readonly spool: Pick<Spool, 'read'>;
  readonly openers: OpenerFactory;
  readonly newDatasetDigest: DatasetDigestFactory;
}

/** What came of one attempt. Failures of the store itself are thrown as EdgeSyncError. */
export type DeliveryOutcome =
  | { readonly tag: 'uploaded'; readonly proof: UploadProof }
  /** The copy on this PC is missing or damaged: nothing was sent that counts. */
  | { readonly tag: 'local-damage'; readonly error: EdgeSyncError }
  /** Under this name lies something else; nothing was overwritten. */
  | { readonly tag: 'conflict'; readonly error: EdgeSyncError };

const damageCodes: ReadonlySet<string> = new Set([
  'object-missing',
  'object-format',
  'object-tampered',
  'object-truncated',
  'object-no-recipient',
]);

/** True for an error about the copy on this PC itself, when reading that copy threw it. */
export function isLocalDamage(error: EdgeSyncError): boolean {
  return damageCodes.has(error.code);
}

/** Sends one object, create-only. What is there already counts when the same dataset is inside (a resend, a second PC). */
export async function deliver(
  job: UploadJob,
  store: CloudStore,
  deps: DeliverDeps,
  options: { readonly signal: AbortSignal; readonly onProgress: (confirmedBytes: number) => void },
): Promise<DeliveryOutcome> {
  const name = cloudNames.object(job.objectName);
  const newInspector = (): ObjectInspector => new ObjectInspector(deps.openers, deps.newDatasetDigest);
  const source = new CheckedSource(
    { sizeBytes: job.sizeBytes, datasetSha256: job.details.datasetSha256 },
    () => deps.spool.read(job.spoolId),
    newInspector,
  );
  try {
    const outcome = await store.putIfAbsent(name, source, options);
    switch (outcome.tag) {
      case 'created': {
        const { objectSha256 } = source;
        if (objectSha256 === undefined)
          throw new EdgeSyncError('internal', 'stored without having been read');
        return { tag: 'uploaded', proof: { etag: outcome.etag, objectSha256, sizeBytes: outcome.sizeBytes } };
      }
      case 'exists':
        return await compare(name, job, store, newInspector(), options.signal);
    }
  } catch (error) {
    if (source.localFailure !== undefined && isLocalDamage(source.localFailure)) {
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
  inspector: ObjectInspector,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const before = await store.stat(name, signal);
  if (before === undefined) throw new EdgeSyncError('cloud-server-error', 'an object was there and is gone');
  const chunks = remote(store.read(name, signal));
  let found: ReturnType<ObjectInspector['end']>;
  let sizeBytes = 0;
  try {
    for await (const chunk of chunks) {
      sizeBytes += chunk.length;
      inspector.push(chunk);
    }
    found = inspector.end();
  } catch (error) {
    if (error instanceof RemoteReadError) throw error.reason;
    if (error instanceof EdgeSyncError && damageCodes.has(error.code)) {
      return {
        tag: 'conflict',
        error: new EdgeSyncError('cloud-conflict', 'what is there cannot be opened'),
      };
    }
    throw error;
  }
  if (found.datasetSha256 !== job.details.datasetSha256) {
    return { tag: 'conflict', error: new EdgeSyncError('cloud-conflict', 'another image is inside') };
  }
  return { tag: 'uploaded', proof: { etag: before.etag, objectSha256: found.objectSha256, sizeBytes } };
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
    const reason =
      error instanceof EdgeSyncError
        ? error.code === 'object-missing'
          ? new EdgeSyncError('cloud-server-error', 'an object was there and is gone')
          : error
        : new EdgeSyncError('internal', undefined, { cause: error });
    throw new RemoteReadError(reason);
  }
}
