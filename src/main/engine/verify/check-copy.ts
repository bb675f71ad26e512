/** Downloads one cloud copy, opens it and compares it with what was recorded. Changes nothing. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import type { InstanceDetails } from '../model.ts';
import type { CopyToCheck, OtherCopy } from '../queue/verification-types.ts';
import { copyNames, readCopies } from '../restore/copies.ts';
import { isAboutTheCopy } from '../seal/seal-port.ts';
import { openProven, type ProvenObject, type RestoreKeys } from '../restore/proven-object.ts';
import type { Patiently } from './patience.ts';

export type CopyFinding =
  /** `other`: not where or what was recorded, but a good copy of the image all the same. */
  | { readonly tag: 'good'; readonly other: OtherCopy | undefined }
  | {
      readonly tag: 'missing' | 'damaged';
      readonly error: EdgeSyncError;
      /** The right image under its own name, sealed otherwise than recorded: better than nothing, if nothing else is left. */
      readonly altered: OtherCopy | undefined;
    };

export interface CheckTools {
  readonly store: CloudStore;
  readonly keys: RestoreKeys;
  readonly patiently: Patiently;
  readonly signal: AbortSignal;
  /** Goes around whatever is downloaded: counting, slowing down. */
  readonly counted: (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;
}

/**
 * Proven are tag, dataset digest and object name; then size and SHA-256 of the sealed bytes are compared with the row.
 * @throws EdgeSyncError what is not about the copy: cloud-*, cancelled.
 */
export async function checkCopy(
  copy: CopyToCheck,
  details: InstanceDetails,
  tools: CheckTools,
): Promise<CopyFinding> {
  const recorded = nameOf(copy);
  let altered: OtherCopy | undefined;
  const attempt = async (name: string): Promise<ProvenObject> => {
    const proven = await open(copy, details, name, tools);
    if (proven.sealedBytes === 'as-recorded') return proven;
    // A repaired copy of another PC has bytes of its own; under the recorded name they must be those recorded.
    const isAnother = name !== recorded && repairOf(copy.objectName, name) > 0;
    if (isAnother) return proven;
    altered ??= await otherCopy(copy, name, proven, tools);
    throw new EdgeSyncError('object-tampered', 'it holds the image, but is not the object that was stored');
  };
  try {
    await attempt(recorded);
    return { tag: 'good', other: undefined };
  } catch (error) {
    if (!isAboutTheCopy(error)) throw error;
    const found = await readCopies(
      tools.store,
      copy.objectName,
      ({ name }) => (name === recorded ? Promise.reject(error) : attempt(name)),
      tools.signal,
    );
    if (found.tag === 'read') {
      return { tag: 'good', other: await otherCopy(copy, found.name, found.value, tools) };
    }
    return { tag: error.code === 'object-missing' ? 'missing' : 'damaged', error, altered };
  }
}

/** Where the recorded copy lies. */
export function nameOf({ objectName, repair }: Pick<CopyToCheck, 'objectName' | 'repair'>): string {
  return repair === 0 ? cloudNames.object(objectName) : cloudNames.repairedObject(objectName, repair);
}

function repairOf(objectName: string, name: string): number {
  return Math.max(0, copyNames(objectName).indexOf(name));
}

async function open(
  copy: CopyToCheck,
  details: InstanceDetails,
  name: string,
  { store, keys, patiently, signal, counted }: CheckTools,
): Promise<ProvenObject> {
  const { objectName, objectSha256, objectSizeBytes } = copy;
  const sealed = { objectSha256, sizeBytes: objectSizeBytes };
  return patiently(() =>
    openProven(counted(store.read(name, signal)), { objectName, details, sealed }, keys),
  );
}

async function otherCopy(
  copy: CopyToCheck,
  name: string,
  { sealed }: ProvenObject,
  { store, patiently, signal }: CheckTools,
): Promise<OtherCopy> {
  const stored = await patiently(() => store.stat(name, signal));
  return { ...sealed, etag: stored?.etag ?? '', repair: repairOf(copy.objectName, name) };
}
