/**
 * What a backup says, and how it proves itself: a sealed object whose content is one line of JSON (UTF-8) and one line
 * with the HMAC-SHA256 (hex) of that first line without its line feed, under the archive's backup key.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { deviceSchema } from '../../../shared/devices.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { provenJson, withProof, type ContentMac } from '../system/proven-json.ts';

export const backupVersion = 1;
/** 10,000 certificates at most (certificates/backup.ts), 256 devices, one file of settings: 48 MiB hold them all. */
export const maxBackupBytes = 48 * 1024 * 1024;
/** Ten digits in the name. */
export const maxBackupNumber = 9_999_999_999;

const maxCertificatesText = 40 * 1024 * 1024;
const maxSettingsText = 1024 * 1024;
const id32 = z.string().regex(/^[0-9a-f]{32}$/);

const contentShape = {
  installation: z.object({
    /** Of the PC, to tell several apart. */
    name: z.string().max(255),
    aeTitle: z.string().max(16),
    /** Of the program that wrote it. */
    programVersion: z.string().max(64),
  }),
  /** The configuration file as it is. Secrets are never in it. */
  settings: z
    .record(z.string(), z.unknown())
    .refine((tree) => JSON.stringify(tree).length <= maxSettingsText, 'too large'),
  devices: z.array(deviceSchema.omit({ lastSeenAt: true })).max(1000),
  /** The value of certificates/backup.ts: private keys in it. */
  certificates: z.string().max(maxCertificatesText),
};

const backupSchema = z.object({
  format: z.literal('edge-sync-backup'),
  version: z.literal(backupVersion),
  archiveId: id32,
  installationId: id32,
  number: z.int().min(1).max(maxBackupNumber),
  writtenAt: z.iso.datetime(),
  ...contentShape,
});
export type Backup = z.infer<typeof backupSchema>;

/** What there is to back up. */
export type BackupContent = Pick<Backup, keyof typeof contentShape>;
export type BackupHeader = Pick<Backup, 'archiveId' | 'installationId' | 'number' | 'writtenAt'>;

export type BackupMac = ContentMac;

/** The content to seal. Holds private keys. */
export function encodeBackup(header: BackupHeader, content: BackupContent, mac: BackupMac): Buffer {
  const backup: Backup = { format: 'edge-sync-backup', version: backupVersion, ...header, ...content };
  return withProof(backup, mac);
}

/** Checks HMAC, then shape. Throws EdgeSyncError `backup-broken`. */
export function decodeBackup(content: Buffer, mac: BackupMac): Backup {
  const parsed = backupSchema.safeParse(provenJson(content, mac, broken));
  if (!parsed.success) throw broken('it is of another version or shape');
  return parsed.data;
}

/** SHA-256 (hex) of what it says: the same as long as nothing changed. */
export function contentDigest(content: BackupContent): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

export function broken(problem: string): EdgeSyncError {
  return new EdgeSyncError('backup-broken', problem);
}
