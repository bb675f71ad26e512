/** keys.json in the data folder: the wrapped archive key and the state of the recovery kit. No key is in clear. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import { readFileBounded, writeFileDurably } from '../system/durable-file.ts';
import { archiveKeyRecordSchema } from './archive-key-record.ts';
import { maxEpoch, type ArchiveKeys } from './archive-keys.ts';

const fileName = 'keys.json';
/** Some 3 KiB in fact. */
const maxFileBytes = 64 * 1024;
const hexOf = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

const kitFields = {
  certificatePem: z.string().max(8192),
  fingerprint: hexOf(64),
  createdAt: z.iso.datetime(),
  archiveKeyRecord: archiveKeyRecordSchema,
};

const recoverySchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('none') }),
  z.strictObject({ state: z.literal('created'), ...kitFields }),
  z.strictObject({ state: z.literal('proven'), ...kitFields, provenAt: z.iso.datetime() }),
]);

const bodySchema = z.strictObject({
  format: z.literal('edge-sync-keys'),
  version: z.literal(1),
  installationId: hexOf(32),
  archiveId: hexOf(32),
  epoch: z.int().min(1).max(maxEpoch),
  /** AES key wrap (RFC 3394) of the archive key under the device key: 40 bytes. */
  wrappedArchiveKey: hexOf(80),
  recovery: recoverySchema,
});

const fileSchema = z.strictObject({
  body: bodySchema,
  /** SHA-256 of the body: tells accidents apart from other errors, without any key. */
  checksum: hexOf(64),
  /** HMAC of the body under a key from the archive key: nobody else can change the certificate in it. */
  mac: hexOf(64),
});

export type KeyFileBody = Readonly<z.infer<typeof bodySchema>>;
export type RecoveryRecord = KeyFileBody['recovery'];

export interface StoredKeyFile {
  readonly body: KeyFileBody;
  /** Throws key-file-damaged unless the MAC was made with these keys. */
  verify(keys: ArchiveKeys): void;
}

/** undefined when there is none. Throws key-file-damaged (not ours, flipped, too long) or file-not-readable. */
export async function readKeyFile(dataDir: string): Promise<StoredKeyFile | undefined> {
  const bytes = await readFileBounded(join(dataDir, fileName), maxFileBytes, damaged);
  if (bytes === undefined) return undefined;
  const text = bytes.toString('utf8');
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) throw damaged();
  const { body, checksum, mac } = parsed.data;
  // Written again it must give the same text: no byte of the file is without meaning.
  if (encodeFile(body, checksum, mac) !== text || checksumOf(body) !== checksum) throw damaged();
  return {
    body,
    verify: (keys) => {
      const same = timingSafeEqual(keys.keyFileMac(encodeBody(body)), Buffer.from(mac, 'hex'));
      if (!same || keys.archiveId !== body.archiveId) throw damaged();
    },
  };
}

export async function writeKeyFile(
  dataDir: string,
  unordered: KeyFileBody,
  keys: ArchiveKeys,
  clock: Clock,
): Promise<void> {
  // The schema's order of fields, so that reading gives the same text again.
  const body = bodySchema.parse(unordered);
  const mac = keys.keyFileMac(encodeBody(body)).toString('hex');
  const text = encodeFile(body, checksumOf(body), mac);
  await writeFileDurably(join(dataDir, fileName), Buffer.from(text, 'utf8'), { clock, mode: 0o600 });
}

export function damaged(): EdgeSyncError {
  return new EdgeSyncError('key-file-damaged', fileName);
}

function encodeFile(body: KeyFileBody, checksum: string, mac: string): string {
  return `${JSON.stringify({ body, checksum, mac }, undefined, 2)}\n`;
}

function encodeBody(body: KeyFileBody): Buffer {
  return Buffer.from(JSON.stringify(body), 'utf8');
}

function checksumOf(body: KeyFileBody): string {
  return createHash('sha256').update(encodeBody(body)).digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
