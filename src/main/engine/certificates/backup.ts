/**
 * Certificates, private keys and revocations as one value, for the sealed configuration backup: a new PC goes on with
 * the same site CA, so that no device has to be visited. Not sealed itself: whoever takes it seals it.
 */
import { z } from 'zod';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CertificateRows } from '../queue/certificates.ts';
import { Secret } from '../system/secret.ts';
import { fits } from './keys.ts';
import { factsOf } from './pem.ts';

/** Some thousand devices; beyond it the value is not one of ours. */
export const largestBackupBytes = 32 * 1024 * 1024;

const pem = z.string().max(32 * 1024);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const backupSchema = z.strictObject({
  format: z.literal('edge-sync-certificates'),
  version: z.literal(1),
  certificates: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[0-9a-f]{32}$/),
        role: z.enum(['issuer', 'anchor', 'server', 'device']),
        origin: z.enum(['made', 'signed', 'imported']),
        name: z.string().max(128),
        pem,
        chain: z.array(pem).max(16),
        createdAtMs: z.int().min(0),
        replacedBy: z.string().max(32).nullable(),
        /** PKCS#8, base64. */
        key: z
          .string()
          .max(32 * 1024)
          .nullable(),
      }),
    )
    .max(10_000),
  revocations: z
    .array(z.strictObject({ sha256, reason: z.string().max(64), revokedAtMs: z.int().min(0) }))
    .max(100_000),
  revocationLists: z
    .array(
      z.strictObject({
        issuerSha256: sha256,
        issuerName: z.string().max(4096),
        serials: z.array(z.string().regex(/^[0-9a-f]{1,64}$/)).max(100_000),
        thisUpdateMs: z.int(),
        nextUpdateMs: z.int().nullable(),
        number: z
          .string()
          .regex(/^[0-9a-f]{1,40}$/)
          .optional(),
      }),
    )
    .max(64),
});
type Backup = z.infer<typeof backupSchema>;

/** UTF-8 JSON. Holds private keys. */
export function backupOf(store: CertificateRows): Secret {
  const backup: Backup = {
    format: 'edge-sync-certificates',
    version: 1,
    certificates: store.all().map((row) => ({
      id: row.id,
      role: row.role,
      origin: row.origin,
      name: row.name,
      pem: row.pem,
      chain: [...row.chain],
      createdAtMs: row.createdAtMs,
      replacedBy: row.replacedBy ?? null,
      key: row.hasKey ? store.key(row.id).reveal().toString('base64') : null,
    })),
    revocations: store.revocations(),
    revocationLists: store.revocationLists().map((list) => ({ ...list, serials: [...list.serials] })),
  };
  return Secret.fromText(JSON.stringify(backup));
}

/** Adds what is not here. Throws EdgeSyncError certificate-import-unusable before anything is changed. */
export function restoreBackup(store: CertificateRows, secret: Secret): void {
  const backup = parse(secret);
  const certificates = backup.certificates.map((one) => {
    const key = one.key === null ? undefined : Secret.from(Buffer.from(one.key, 'base64'));
    if (key !== undefined && !fits(one.pem, key)) throw unusable();
    return { ...one, sha256: factsOf(one.pem).sha256, key };
  });
  const known = new Set(store.all().map((row) => row.sha256));
  for (const one of certificates.filter((each) => !known.has(each.sha256))) {
    store.add(one);
    if (one.replacedBy !== null) store.replace(one.id, one.replacedBy);
  }
  for (const one of backup.revocations) store.revoke(one);
  const newest = new Map(store.revocationLists().map((list) => [list.issuerSha256, list.thisUpdateMs]));
  for (const list of backup.revocationLists) {
    if (list.thisUpdateMs > (newest.get(list.issuerSha256) ?? -Infinity)) store.putRevocationList(list);
  }
}

function parse(secret: Secret): Backup {
  if (secret.sizeBytes > largestBackupBytes) throw unusable();
  try {
    return backupSchema.parse(JSON.parse(secret.revealText()));
  } catch {
    throw unusable();
  }
}

function unusable(): EdgeSyncError {
  return new EdgeSyncError('certificate-import-unusable', 'it is not a backup of certificates');
}
