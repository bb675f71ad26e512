import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Random } from '../ports.ts';
import type { OpenerFactory } from '../seal/seal-port.ts';
import { UnfinishedFile } from './unfinished-file.ts';

const readBytes = 1024 * 1024;

/**
 * Opens one sealed object into `out`, which appears only when the tag has verified. Never over a file that is there.
 * Resolves with the size of the plaintext. Rejects with file-not-readable, file-exists, file-not-writable, object-*,
 * disk-*.
 */
export async function openSealedFile(options: {
  readonly file: string;
  readonly out: string;
  readonly openers: OpenerFactory;
  readonly random: Random;
}): Promise<number> {
  const { file, out, openers, random } = options;
  const sealed = await open(file, 'r').catch((error: unknown) => {
    throw new EdgeSyncError('file-not-readable', file, { cause: error });
  });
  try {
    if ((await stat(out).catch(() => undefined)) !== undefined) throw new EdgeSyncError('file-exists', out);
    const temporary = join(dirname(out), `.${basename(out)}.${random.bytes(4).toString('hex')}.tmp`);
    const handle = await open(temporary, 'wx', 0o600).catch((error: unknown) => {
      throw new EdgeSyncError('file-not-writable', out, { cause: error });
    });
    const unfinished = new UnfinishedFile(temporary, handle);
    try {
      const opener = openers.create();
      const chunk = Buffer.allocUnsafeSlow(readBytes);
      let sizeBytes = 0;
      for (let position = 0; ;) {
        const { bytesRead } = await sealed.read(chunk, 0, readBytes, position).catch((error: unknown) => {
          throw new EdgeSyncError('file-not-readable', file, { cause: error });
        });
        if (bytesRead === 0) break;
        position += bytesRead;
        const plaintext = opener.push(chunk.subarray(0, bytesRead));
        for (const piece of plaintext) sizeBytes += piece.length;
        await unfinished.write(plaintext);
      }
      opener.end();
      await unfinished.finish();
      await rename(temporary, out);
      return sizeBytes;
    } catch (error) {
      await unfinished.discard();
      await rm(temporary, { force: true });
      throw error;
    }
  } finally {
    await sealed.close();
  }
}
