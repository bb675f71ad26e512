/** Names of saved files: made of UIDs, and of a UID only when it is one. */
import type { SharedFile } from '../open/share-index.ts';

/** PS3.5 9.1: digits and dots, at most 64, no empty part. */
function isUid(text: string): boolean {
  return text.length <= 64 && /^\d+(\.\d+)*$/.test(text);
}

export function fileName(file: SharedFile): string {
  return isUid(file.sopInstanceUid) ? `${file.sopInstanceUid}.dcm` : `file-${file.number + 1}.dcm`;
}

/** One folder for each series; a name that is there already gets a number. */
export function zipNames(files: readonly SharedFile[]): readonly string[] {
  const taken = new Set<string>();
  /** How far the numbers of a name's doubles have come, so that many of them take no time. */
  const copies = new Map<string, number>();
  return files.map((file) => {
    const folder = isUid(file.seriesInstanceUid) ? file.seriesInstanceUid : 'series';
    const base = `DICOM/${folder}/${fileName(file).slice(0, -'.dcm'.length)}`;
    let name = `${base}.dcm`;
    for (let copy = copies.get(base) ?? 2; taken.has(name); copy += 1) {
      name = `${base}.${copy}.dcm`;
      copies.set(base, copy + 1);
    }
    taken.add(name);
    return name;
  });
}

export function zipName(studyInstanceUid: string): string {
  return isUid(studyInstanceUid) ? `study-${studyInstanceUid}.zip` : 'study.zip';
}
