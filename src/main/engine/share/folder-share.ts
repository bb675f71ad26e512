/** A study's objects for one certificate: their content as it is, with a head that only this certificate opens. */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { forEachBounded } from '../restore/bounded.ts';
import { openProven, type RestoreKeys } from '../restore/proven-object.ts';
import { headSize } from '../seal/add-recipients.ts';
import { releaseMemory } from '../system/release-memory.ts';
import { folderReadme } from './folder-readme.ts';
import type { ShareProgress } from './link-share.ts';
import type { CertificateFacts } from './recipient.ts';
import type { StudyImage, StudyImages } from './study-images.ts';

const atOnce = 3;

export interface FolderShareOptions {
  /** Absolute; made when absent, must be empty when there. */
  readonly folder: string;
  readonly practice: string;
  readonly certificate: CertificateFacts & { readonly pem: string };
  readonly images: readonly StudyImage[];
  readonly copies: StudyImages;
  readonly keys: RestoreKeys;
  /** A head for the same content that only this recipient can open. */
  readonly headFor: (head: Buffer) => Buffer;
  readonly onProgress: (progress: ShareProgress) => void;
  readonly signal: AbortSignal;
}

/**
 * Writes `000001.cms` ..., `SHA256SUMS` of the files inside, the certificate and a README. An object gets its name only
 * when it was opened whole and proven. Leaves nothing when it throws: cancelled, file-exists, file-not-writable,
 * object-*, cloud-*, disk-*.
 */
export async function writeFolderShare(
  options: FolderShareOptions,
): Promise<{ readonly objects: number; readonly sizeBytes: number }> {
  const { folder, images, copies, onProgress, signal } = options;
  const made = await openFolder(folder);
  const written: string[] = [];
  try {
    const sums: string[] = [];
    let done = 0;
    let bytes = 0;
    let sealedBytes = 0;
    onProgress({ done, total: images.length, bytes });
    await forEachBounded(images.entries(), atOnce, async ([index, image]) => {
      const number = String(index + 1).padStart(6, '0');
      const path = join(folder, `${number}.cms`);
      const temporary = `${path}.part`;
      written.push(temporary, path);
      const result = await copies.withCopy(image, (read) => rewrite(read, image, temporary, options), signal);
      await rename(temporary, path).catch(notWritable);
      sums[index] = `${result.sha256}  ${number}.dcm\n`;
      sealedBytes += result.sealedBytes;
      done += 1;
      bytes += result.sizeBytes;
      onProgress({ done, total: images.length, bytes });
    });
    const texts = {
      SHA256SUMS: sums.join(''),
      'recipient.crt': options.certificate.pem,
      'README.txt': folderReadme(options),
    };
    for (const [name, text] of Object.entries(texts)) {
      written.push(join(folder, name));
      await writeText(join(folder, name), text);
    }
    if (signal.aborted) throw new EdgeSyncError('cancelled');
    return { objects: images.length, sizeBytes: sealedBytes };
  } catch (error) {
    for (const path of written) await rm(path, { force: true }).catch(() => undefined);
    if (made === 'made') await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

interface Rewritten {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly sealedBytes: number;
}

/** Opens the object to prove it, and writes its own ciphertext behind the new head, in one pass. */
async function rewrite(
  read: () => AsyncIterable<Buffer>,
  image: StudyImage,
  path: string,
  { keys, headFor, signal }: FolderShareOptions,
): Promise<Rewritten> {
  const file = await open(path, 'w', 0o600).catch(notWritable);
  const hash = createHash('sha256');
  let sealedBytes = 0;
  const put = async (bytes: Buffer): Promise<void> => {
    sealedBytes += bytes.length;
    await writeAll(file, bytes);
  };
  try {
    let start: Buffer | undefined = Buffer.alloc(0);
    async function* copied(): AsyncGenerator<Buffer> {
      for await (const chunk of read()) {
        if (signal.aborted) throw new EdgeSyncError('cancelled');
        if (start === undefined) {
          await put(chunk);
        } else {
          start = Buffer.concat([start, chunk]);
          const size = headSize(start);
          if (size.tag === 'head') {
            await put(headFor(start.subarray(0, size.sizeBytes)));
            await put(start.subarray(size.sizeBytes));
            start = undefined;
          }
        }
        yield chunk;
      }
    }
    const { sizeBytes } = await openProven(
      copied(),
      { objectName: image.objectName, details: image.details },
      keys,
      (plaintext) => {
        for (const piece of plaintext) {
          hash.update(piece);
          releaseMemory(piece);
        }
        return Promise.resolve();
      },
    );
    await file.sync().catch(notWritable);
    return { sizeBytes, sealedBytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

async function openFolder(folder: string): Promise<'made' | 'there'> {
  const entries = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    return notWritable(error);
  });
  if (entries === undefined) {
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch(notWritable);
    return 'made';
  }
  if (entries.length > 0) throw new EdgeSyncError('file-exists', 'the folder is not empty');
  return 'there';
}

async function writeText(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch(notWritable);
  try {
    await writeAll(file, Buffer.from(text, 'utf8'));
    await file.sync().catch(notWritable);
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at).catch(notWritable);
    at += bytesWritten;
  }
}

function notWritable(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC') throw new EdgeSyncError('disk-full', undefined, { cause: error });
  throw new EdgeSyncError('file-not-writable', typeof code === 'string' ? code : undefined, { cause: error });
}
