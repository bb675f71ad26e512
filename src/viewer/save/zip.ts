/** All files of a share as one zip, written as it is made: one file at a time is in memory. */
import { Zip, ZipPassThrough } from 'fflate';
import { ViewerProblem } from '../open/problem.ts';
import type { Share } from '../open/share.ts';
import { zipNames } from './names.ts';
import type { Sink } from './sink.ts';

/** Above this a zip needs the 64-bit form, which is not written here. */
export const maxZipBytes = 4_000_000_000;
const maxZipFiles = 65_000;

export interface ZipProgress {
  readonly files: number;
  readonly bytes: number;
}

export function fitsInZip(share: Share): boolean {
  return totalBytes(share) <= maxZipBytes && share.index.files.length <= maxZipFiles;
}

export function totalBytes(share: Share): number {
  return share.index.files.reduce((sum, file) => sum + file.sizeBytes, 0);
}

/**
 * Not compressed: pixels hardly shrink, and what is saved must be the same bit for bit and quickly.
 * @throws ViewerProblem zip-too-large; those of Share.file, and then nothing is left under the zip's name.
 */
export async function saveZip(
  share: Share,
  sink: Sink,
  signal: AbortSignal,
  onProgress: (progress: ZipProgress) => void,
): Promise<void> {
  if (!fitsInZip(share)) throw new ViewerProblem('zip-too-large');
  const names = zipNames(share.index.files);
  const pending: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error;
    pending.push(chunk);
  });
  try {
    let bytes = 0;
    for (const [at, file] of share.index.files.entries()) {
      const content = await share.file(file, signal, (have) =>
        onProgress({ files: at, bytes: bytes + have }),
      );
      const entry = new ZipPassThrough(names[at] ?? `${at}.dcm`);
      zip.add(entry);
      entry.push(content, true);
      bytes += content.length;
      for (const chunk of pending.splice(0)) await sink.write(chunk);
      onProgress({ files: at + 1, bytes });
    }
    zip.end();
    for (const chunk of pending.splice(0)) await sink.write(chunk);
    await sink.close();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
