/** keys.json in the data folder: the wrapped archive key and the state of the recovery kit. No key is in clear. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import { readFileBounded, writeFileDurably } from '../system/durable-file.ts';
import type { ArchiveKeys } from './archive-keys.ts';
import {
  bodySchema,
  bodySchemaV1,
  fromVersion1,
  type KeyFileBody,
  type KeyFileBodyV1,
} from './key-file-schema.ts';

export type { KeyFileBody } from './key-file-schema.ts';

const fileName = 'keys.json';
/** Some 4 KiB in fact; with every place for recipients and replaced kits taken about 300 KiB. */
const maxFileBytes = 512 * 1024;
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const fileSchema = z.strictObject({
  body: z.discriminatedUnion('version', [bodySchemaV1, bodySchema]),
  /** SHA-256 of the body: tells accidents apart from other errors, without any key. */
  checksum: hash,
  /** HMAC of the body under a key from the archive key: nobody else can change the certificate in it. */
  mac: hash,
});

export interface StoredKeyFile {
  readonly body: KeyFileBody;
  /** Throws key-file-damaged unless the MAC was made with these keys. */
  verify(keys: ArchiveKeys): void;
}

/** undefined when there is none. Throws key-file-damaged (not ours, flipped, too long) or file-not-readable. */
export async function readKeyFile(dataDir: string): Promise<StoredKeyFile | undefined> {
  const bytes = await readFileBounded(join(dataDir, fileName), maxFileBytes, damaged);
  return bytes === undefined ? undefined : parseKeyFile(bytes);
}

/** Throws key-file-damaged. */
export function parseKeyFile(bytes: Buffer): StoredKeyFile {
  const text = bytes.toString('utf8');
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) throw damaged();
  const { body, checksum, mac } = parsed.data;
  // Written again it must give the same text: no byte of the file is without meaning.
  if (encodeFile(body, checksum, mac) !== text || checksumOf(body) !== checksum) throw damaged();
  return {
    body: body.version === 1 ? fromVersion1(body) : body,
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

type AnyBody = KeyFileBody | KeyFileBodyV1;

function encodeFile(body: AnyBody, checksum: string, mac: string): string {
  return `${JSON.stringify({ body, checksum, mac }, undefined, 2)}\n`;
}

function encodeBody(body: AnyBody): Buffer {
  return Buffer.from(JSON.stringify(body), 'utf8');
}

function checksumOf(body: AnyBody): string {
  return createHash('sha256').update(encodeBody(body)).digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
