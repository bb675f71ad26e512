import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { Random } from '../ports.ts';
import { wholeSource } from './manifest-writer.ts';

/** Well inside the 24 h after which "All safe" needs a newer proof. */
export const probeEveryMs = 20 * 60 * 60_000;
const probeBytes = 64;

/**
 * Milliseconds until a destination has to be shown to work. `provenAtMs`: newest proof, epoch milliseconds. One that lies
 * ahead, since the clock was set back, counts for nothing.
 */
export function probeWaitMs(provenAtMs: number | null, nowMs: number): number {
  const ageMs = nowMs - (provenAtMs ?? Number.NEGATIVE_INFINITY);
  return ageMs < 0 ? 0 : Math.max(0, probeEveryMs - ageMs);
}

/**
 * Shows that an idle destination still takes and gives: writes random bytes under a new name and reads them back.
 * One stays for each idle day; the name says nothing.
 * @throws EdgeSyncError of the store; `cloud-checksum` when other bytes come back.
 */
export async function probe(
  store: CloudStore,
  installationId: string,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const bytes = random.bytes(probeBytes);
  const name = `checks/${installationId}/${random.bytes(16).toString('hex')}`;
  await store.putIfAbsent(name, wholeSource(bytes), { signal });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of store.read(name, signal)) {
    size += chunk.length;
    if (size > probeBytes) break;
    chunks.push(chunk);
  }
  if (size !== probeBytes || !Buffer.concat(chunks).equals(bytes)) {
    throw new EdgeSyncError('cloud-checksum', 'the probe came back changed');
  }
}
