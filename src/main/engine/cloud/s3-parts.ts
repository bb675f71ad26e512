import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  type Part,
  type S3Client,
} from '@aws-sdk/client-s3';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { PartSink } from './part-stager.ts';

/** Parts of one object have this size but for the last; also the largest object that goes as one request. */
export const partBytes = 8 * 1024 * 1024;
/** S3's limit. */
const maxParts = 10_000;
/** Unfinished uploads of one name that are looked at; more is nobody's doing but an attacker's. */
const maxUploadsOfOneName = 20;
/** What no attempt has moved for this long is abandoned: a new attempt begins anew. */
const abandonedAfterMs = 7 * 24 * 60 * 60_000;

export type S3Checksum = 'md5' | 'sha256';

/** Runs one request with a deadline for `sizeBytes` of payload; maps what it throws. */
export type RunS3Request = <T>(
  sizeBytes: number,
  signal: AbortSignal | undefined,
  request: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/** A part as it is named when the parts are joined. */
export interface SentPart {
  readonly PartNumber: number;
  readonly ETag: string;
  readonly ChecksumSHA256?: string;
}

export interface UploadPlace {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly checksum: S3Checksum;
  readonly run: RunS3Request;
}

/** The header by which the service itself checks these bytes. */
export function checksumOf(
  kind: S3Checksum,
  bytes: Uint8Array,
): { ContentMD5: string } | { ChecksumSHA256: string } {
  const digest = createHash(kind).update(bytes).digest('base64');
  return kind === 'md5' ? { ContentMD5: digest } : { ChecksumSHA256: digest };
}

/** @throws EdgeSyncError `cloud-refused` for more than the service can hold as one object in parts of ours. */
export function checkFits(sizeBytes: number): void {
  if (sizeBytes > maxParts * partBytes) {
    throw new EdgeSyncError('cloud-refused', 'the object is larger than its parts can be');
  }
}

/** An unfinished upload of this name with what it holds already. */
export interface OpenUpload {
  readonly uploadId: string;
  readonly parts: ReadonlyMap<number, Part>;
}

/**
 * The newest unfinished upload of exactly this name that `mayUse`, with its parts; a new one when there is none, or
 * when this credential may not list (then nothing is resumed).
 */
export async function openUpload(
  place: UploadPlace,
  contentType: string,
  mayUse: (uploadId: string) => boolean,
  signal: AbortSignal | undefined,
): Promise<OpenUpload> {
  const found = (await uploadsOf(place, signal)).findLast((one) => mayUse(one));
  if (found !== undefined) {
    const parts = await heldParts(place, found, signal);
    if (parts !== undefined) return { uploadId: found, parts };
  }
  const { client, bucket, key, checksum, run } = place;
  const answer = await run(0, signal, (abortSignal) =>
    client.send(
      new CreateMultipartUploadCommand({
        Bucket: bucket,
        Key: key,
        ContentType: contentType,
        ...(checksum === 'sha256' ? { ChecksumAlgorithm: 'SHA256' as const } : {}),
      }),
      { abortSignal },
    ),
  );
  if (answer.UploadId === undefined || answer.UploadId === '') {
    throw new EdgeSyncError('cloud-server-error', 'an upload without an id');
  }
  return { uploadId: answer.UploadId, parts: new Map() };
}

/** Sends parts into one upload; a part that lies there already with the same checksum is not sent again. */
export function partSink(place: UploadPlace, upload: OpenUpload): PartSink<SentPart> {
  const { client, bucket, key, checksum, run } = place;
  return {
    held: (index, bytes) => {
      const part = upload.parts.get(index + 1);
      if (part?.ETag === undefined || part.Size !== bytes.length) return undefined;
      const digest = createHash(checksum).update(bytes).digest();
      if (checksum === 'md5') {
        // An etag that is no MD5 (encrypted by a key of the service) proves nothing: then the part goes again.
        return bare(part.ETag) === digest.toString('hex')
          ? { PartNumber: index + 1, ETag: part.ETag }
          : undefined;
      }
      return part.ChecksumSHA256 === digest.toString('base64')
        ? { PartNumber: index + 1, ETag: part.ETag, ChecksumSHA256: part.ChecksumSHA256 }
        : undefined;
    },
    send: async (index, bytes, stop) => {
      const sum = checksumOf(checksum, bytes);
      const answer = await run(bytes.length, stop, (abortSignal) =>
        client.send(
          new UploadPartCommand({
            Bucket: bucket,
            Key: key,
            UploadId: upload.uploadId,
            PartNumber: index + 1,
            Body: bytes,
            ...sum,
          }),
          { abortSignal },
        ),
      );
      if (answer.ETag === undefined) throw new EdgeSyncError('cloud-server-error', 'a part without an etag');
      return {
        PartNumber: index + 1,
        ETag: answer.ETag,
        ...('ChecksumSHA256' in sum ? { ChecksumSHA256: sum.ChecksumSHA256 } : {}),
      };
    },
  };
}

/** Joins the parts, create-only. @returns the etag. */
export async function joinParts(
  place: UploadPlace,
  uploadId: string,
  parts: readonly SentPart[],
  condition: { readonly IfNoneMatch?: '*' },
  signal: AbortSignal | undefined,
): Promise<string> {
  const { client, bucket, key, run } = place;
  const answer = await run(0, signal, (abortSignal) =>
    client.send(
      new CompleteMultipartUploadCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        MultipartUpload: { Parts: [...parts] },
        ...condition,
      }),
      { abortSignal },
    ),
  );
  return bare(answer.ETag);
}

/** Takes away an upload of ours that can come to nothing. What the credential may not abort the bucket's own rule clears. */
export async function abortUpload(
  place: UploadPlace,
  uploadId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { client, bucket, key, run } = place;
  await run(0, signal, (abortSignal) =>
    client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }), {
      abortSignal,
    }),
  ).catch(() => undefined);
}

/**
 * Aborts uploads below `prefix` that nobody has finished for a week: parts are paid for and no listing shows them.
 * One page at a time of the service's own; failures are left for the next time.
 * @param nowMs the service's own time.
 */
export async function sweepUploads(
  place: Omit<UploadPlace, 'key'>,
  prefix: string,
  nowMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { client, bucket, run } = place;
  const page = await run(0, signal, (abortSignal) =>
    client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, MaxUploads: 100 }), {
      abortSignal,
    }),
  ).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    return undefined;
  });
  for (const { Key, UploadId, Initiated } of page?.Uploads ?? []) {
    const isOld = Initiated !== undefined && nowMs - Initiated.getTime() > abandonedAfterMs;
    if (!isOld || Key === undefined || UploadId === undefined || !Key.startsWith(prefix)) continue;
    await abortUpload({ ...place, key: Key }, UploadId, signal);
  }
}

/** Etags come quoted; we keep them bare. */
export function bare(etag: string | undefined): string {
  return etag === undefined ? '' : etag.replace(/^(W\/)?"(.*)"$/, '$2');
}

/** Ids of the unfinished uploads of exactly this name, oldest first. */
async function uploadsOf(place: UploadPlace, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const { client, bucket, key, run } = place;
  const page = await run(0, signal, (abortSignal) =>
    client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key, MaxUploads: maxUploadsOfOneName }),
      {
        abortSignal,
      },
    ),
  ).catch(unlessDenied);
  const own = (page?.Uploads ?? []).filter((one) => one.Key === key && one.UploadId !== undefined);
  return own
    .toSorted((a, b) => (a.Initiated?.getTime() ?? 0) - (b.Initiated?.getTime() ?? 0))
    .flatMap((one) => (one.UploadId === undefined ? [] : [one.UploadId]));
}

/** undefined when the upload has gone meanwhile or may not be looked at. */
async function heldParts(
  place: UploadPlace,
  uploadId: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, Part> | undefined> {
  const { client, bucket, key, run } = place;
  const parts = new Map<number, Part>();
  let marker: string | undefined;
  for (;;) {
    const from = marker;
    const page = await run(0, signal, (abortSignal) =>
      client.send(
        new ListPartsCommand({
          Bucket: bucket,
          Key: key,
          UploadId: uploadId,
          ...(from === undefined ? {} : { PartNumberMarker: from }),
        }),
        { abortSignal },
      ),
    ).catch((error: unknown) => {
      if (error instanceof EdgeSyncError && error.code === 'cloud-server-error') return undefined;
      return unlessDenied(error);
    });
    if (page === undefined) return undefined;
    for (const part of page.Parts ?? []) if (part.PartNumber !== undefined) parts.set(part.PartNumber, part);
    const next = page.NextPartNumberMarker;
    if (page.IsTruncated !== true || next === undefined || Number(next) <= Number(from ?? 0)) return parts;
    if (parts.size > maxParts) throw new EdgeSyncError('cloud-server-error', 'more parts than there can be');
    marker = next;
  }
}

/** A credential that may add but not list unfinished uploads is a good one: it only cannot resume. */
function unlessDenied(error: unknown): undefined {
  if (error instanceof EdgeSyncError && (error.code === 'cloud-auth' || error.code === 'cloud-refused'))
    return undefined;
  throw error;
}
