/** Planted values that must not be found where only sealed data may be. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const canary = {
  patientName: 'Canaryfamily^Canarygiven',
  patientId: 'CANARY-ID-4711',
  studyDescription: 'CANARYSTUDY ABDOMEN',
  accessionNumber: 'CANARYACC77',
} as const;

/** Every planted text a leak would show, also in UTF-16 and base64 (by its middle, whatever its alignment). */
export function needlesFor(texts: readonly string[]): readonly Buffer[] {
  return texts.flatMap((text) => [
    Buffer.from(text, 'latin1'),
    Buffer.from(text, 'utf16le'),
    ...[0, 1, 2].map((shift) => {
      const encoded = Buffer.from(' '.repeat(shift) + text).toString('base64');
      return Buffer.from(encoded.slice(4, -4));
    }),
  ]);
}

/** Paths (and names) below `folder` in which one of the needles occurs. */
export async function findIn(folder: string, needles: readonly Buffer[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const inName = needles.some((needle) => path.includes(needle.toString('latin1')));
    const bytes = entry.isFile() ? await readFile(path) : Buffer.alloc(0);
    if (inName || needles.some((needle) => bytes.includes(needle))) found.push(path);
  }
  return found;
}
