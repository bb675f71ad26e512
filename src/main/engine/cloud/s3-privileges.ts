import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { FindingHow, FindingVerb } from '../../../shared/credential-findings.ts';
import { found, judged, type Finding } from './privileges.ts';
import { checksumOf, type RunS3Request, type S3Checksum } from './s3-parts.ts';

export interface S3Access {
  readonly client: S3Client;
  readonly bucket: string;
  /** Of keys; empty or with a slash at its end. */
  readonly prefix: string;
  readonly checksum: S3Checksum;
  readonly run: RunS3Request;
}

/** Written (0 bytes) by `check`; overwriting it with nothing again harms nothing. */
const probeName = 'checks/write';
/** Never exists: deleting it takes nothing away. */
const absentName = 'checks/never-there';

/**
 * Tries what a credential for adding and reading need not: deleting a name that does not exist, and overwriting the empty
 * probe object. Asks the bucket for versioning and object lock.
 */
export async function inspectS3(
  access: S3Access,
  signal: AbortSignal | undefined,
): Promise<readonly Finding[]> {
  const protection = await protectionOf(access, signal);
  const mayDelete = await isAllowed(access, signal, (abortSignal) =>
    access.client.send(new DeleteObjectCommand({ Bucket: access.bucket, Key: access.prefix + absentName }), {
      abortSignal,
    }),
  );
  const nothing = Buffer.alloc(0);
  const mayOverwrite = await isAllowed(access, signal, (abortSignal) =>
    access.client.send(
      new PutObjectCommand({
        Bucket: access.bucket,
        Key: access.prefix + probeName,
        Body: nothing,
        ...checksumOf(access.checksum, nothing),
      }),
      { abortSignal },
    ),
  );
  const can: readonly FindingVerb[] = [
    ...(mayDelete ? (['delete'] as const) : []),
    ...(mayOverwrite ? (['overwrite'] as const) : []),
  ];
  const first =
    can.length === 0
      ? found('note', { code: 'add-and-read-only' })
      : judged(can, protection.tag, protection.how);
  return [first, found('note', { code: 'bucket', how: protection.how })];
}

interface Protection {
  readonly tag: 'protected' | 'unprotected' | 'unknown';
  readonly how: FindingHow;
}

async function protectionOf(access: S3Access, signal: AbortSignal | undefined): Promise<Protection> {
  const { client, bucket, run } = access;
  const lock = await asked(
    run(0, signal, (abortSignal) =>
      client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket }), { abortSignal }),
    ),
  );
  const mode =
    lock.tag === 'told' ? lock.value.ObjectLockConfiguration?.Rule?.DefaultRetention?.Mode : undefined;
  if (mode === 'COMPLIANCE') return { tag: 'protected', how: 'lock-compliance' };
  if (mode === 'GOVERNANCE') return { tag: 'protected', how: 'lock-governance' };
  const versioning = await asked(
    run(0, signal, (abortSignal) =>
      client.send(new GetBucketVersioningCommand({ Bucket: bucket }), { abortSignal }),
    ),
  );
  if (versioning.tag !== 'told') {
    return { tag: 'unknown', how: 'not-to-be-seen' };
  }
  return versioning.value.Status === 'Enabled'
    ? { tag: 'protected', how: 'versions-kept' }
    : { tag: 'unprotected', how: 'no-versions' };
}

type Asked<T> = { readonly tag: 'told'; readonly value: T } | { readonly tag: 'not-told' };

/** What a service refuses to tell, or does not know of, is not known; a broken connection is a failure. */
async function asked<T>(answer: Promise<T>): Promise<Asked<T>> {
  try {
    return { tag: 'told', value: await answer };
  } catch (error) {
    if (isRefusal(error)) return { tag: 'not-told' };
    throw error;
  }
}

async function isAllowed(
  access: S3Access,
  signal: AbortSignal | undefined,
  request: (signal: AbortSignal) => Promise<unknown>,
): Promise<boolean> {
  return (await asked(access.run(0, signal, request))).tag === 'told';
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof EdgeSyncError && ['cloud-auth', 'cloud-refused', 'object-missing'].includes(error.code)
  );
}
