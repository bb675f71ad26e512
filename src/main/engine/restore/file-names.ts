/** Names of restored files below their target. Outside values never become names but as UIDs of digits and dots. */
import { createHash } from 'node:crypto';
import type { RestoredIdentity } from './restored-files.ts';

/** Where an image goes, below the target: the folders one below the other, then the file's name. */
export interface FilePlace {
  readonly folders: readonly string[];
  readonly name: string;
}

/** `double`: 1, then 2 and so on while others have the name. */
export type FileNaming = (identity: RestoredIdentity, double: number) => FilePlace;

/** STUDY/SERIES/INSTANCE.dcm. */
export const uidNaming: FileNaming = (identity, double) => {
  const name = safeName(identity.sopInstanceUid);
  return {
    folders: [safeName(identity.studyInstanceUid), safeName(identity.seriesInstanceUid)],
    name: double === 1 ? `${name}.dcm` : `${name}.${double}.dcm`,
  };
};

/** Folder of the images on a medium. */
export const mediumFolder = 'DICOM';

/**
 * File IDs of a medium (PS3.10 8.2): components of 1 to 8 characters of A-Z, 0-9 and _. Taken from hashes, so that the
 * same image has the same name in every run; two that fall together are told apart like doubles.
 */
export const mediumNaming: FileNaming = (
  { studyInstanceUid, seriesInstanceUid, sopInstanceUid },
  double,
) => ({
  folders: [mediumFolder, fileId('S', studyInstanceUid), fileId('E', seriesInstanceUid)],
  name: fileId('I', double === 1 ? sopInstanceUid : `${sopInstanceUid} ${double}`),
});

/** One letter and seven characters of base 36: 78 thousand million of each kind. */
function fileId(letter: string, text: string): string {
  const hash = createHash('sha256').update(text, 'utf8').digest().readBigUInt64BE(0);
  return letter + (hash % 36n ** 7n).toString(36).toUpperCase().padStart(7, '0');
}

/** A UID of digits and dots as it is; anything else by the SHA-256 of its text (PS3.5 9.1 allows nothing else). */
export function safeName(uid: string): string {
  const isPlain = /^[0-9.]{1,64}$/.test(uid) && uid.split('.').every((part) => part !== '');
  return isPlain ? uid : createHash('sha256').update(uid, 'utf8').digest('hex');
}
