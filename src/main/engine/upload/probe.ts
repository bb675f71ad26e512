import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { Clock, Random } from '../ports.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import { wholeSource } from './manifest-writer.ts';
import type { Chore, Traffic } from './sender.ts';

/** Well inside the 24 h after which "All safe" needs a newer proof. */
export const probeEveryMs = 20 * 60 * 60_000;
const probeBytes = 64;

export interface ProbeDeps {
  readonly destination: string;
  readonly queue: Pick<UploadQueue, 'recordProbe'>;
  /** Newest proof that this destination works (an upload or a probe), epoch milliseconds. */
  readonly lastProofAtMs: () => number | null;
  readonly clock: Clock;
}

/**
 * The chore that shows by `show`, and records, that the destination works, when it is due and nothing is under way; else
 * milliseconds until it is due.
 */
export function dueProbe(
  { destination, queue, lastProofAtMs, clock }: ProbeDeps,
  { active, heldMs }: Traffic,
  show: (signal: AbortSignal) => Promise<void>,
): Chore | number | undefined {
  const waitMs = Math.max(heldMs, probeWaitMs(lastProofAtMs(), clock.nowMs()));
  if (waitMs > 0) return waitMs;
  if (active > 0) return undefined;
  return {
    what: 'probe',
    run: async (signal) => {
      await show(signal);
      await queue.recordProbe(destination);
    },
  };
}

/**
 * Milliseconds until a destination has to be shown to work. `provenAtMs`: newest proof, epoch milliseconds. One that lies
 * ahead, since the clock was set back, counts for nothing.
 */
function probeWaitMs(provenAtMs: number | null, nowMs: number): number {
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
