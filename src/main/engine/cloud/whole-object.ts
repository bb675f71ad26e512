import { EdgeSyncError } from '../../../shared/errors.ts';
import type { ObjectSource } from './cloud-store.ts';

/** The whole object in one buffer; it is at most one block. */
export async function collect(source: ObjectSource): Promise<Buffer> {
  if (source.whole !== undefined) {
    const bytes = await source.whole();
    if (bytes.length !== source.sizeBytes) throw sizeDiffers();
    return bytes;
  }
  const bytes = Buffer.allocUnsafeSlow(source.sizeBytes);
  let filled = 0;
  for await (const chunk of source.read(0)) {
    if (filled + chunk.length > bytes.length) throw sizeDiffers();
    filled += chunk.copy(bytes, filled);
  }
  if (filled !== bytes.length) throw sizeDiffers();
  return bytes;
}

/** The source broke its promise about its length: the local copy is not what was recorded. */
export function sizeDiffers(): EdgeSyncError {
  return new EdgeSyncError('object-truncated', 'its size is not the one recorded');
}
