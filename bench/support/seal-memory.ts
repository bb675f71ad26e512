/**
 * A process of its own for `npm run bench -- seal`: seals a stream into a file and opens that file, as the product does,
 * and prints one JSON line with the peak of resident memory over idle of each.
 *
 *     node bench/support/seal-memory.ts MEGABYTES
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveKeys } from '../../src/main/engine/keys/archive-keys.ts';
import { deriveRecoveryKey, recoveryRecipient } from '../../src/main/engine/keys/recovery-key.ts';
import { openSealedFile } from '../../src/main/engine/restore/open-file.ts';
import { EnvelopeReaders } from '../../src/main/engine/seal/envelope-reader.ts';
import { EnvelopeWriters } from '../../src/main/engine/seal/envelope-writer.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { releaseMemory } from '../../src/main/engine/system/release-memory.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';

const mib = 1024 * 1024;
const chunkBytes = 256 * 1024;
const sampleEveryMs = 5;

/** Peak of resident memory while `work` runs, in bytes over `idleBytes`. */
async function peakOver(idleBytes: number, work: () => Promise<void>): Promise<number> {
  let peakBytes = process.memoryUsage.rss();
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }, sampleEveryMs);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return Math.max(peakBytes, process.memoryUsage.rss()) - idleBytes;
}

/** As the spool writes: every buffer's memory is given back once it is written. */
async function sealInto(file: string, writers: EnvelopeWriters, sizeBytes: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    const sealer = writers.create();
    const chunk = randomBytes(chunkBytes);
    const write = async (buffers: Buffer[]): Promise<void> => {
      await handle.writev(buffers);
      for (const buffer of buffers) releaseMemory(buffer);
    };
    await write([Buffer.from(sealer.head)]);
    for (let left = sizeBytes; left > 0; left -= chunkBytes) {
      const out: Buffer[] = [];
      sealer.update(chunk.subarray(0, left), out);
      if (out.length > 0) await write(out);
    }
    const out: Buffer[] = [];
    sealer.finish(out);
    await write(out);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

const sizeBytes = Number(process.argv[2] ?? 2048) * mib;
const archive = ArchiveKeys.fromArchiveKey(Secret.from(randomBytes(32)));
const recovery = deriveRecoveryKey(Secret.from(randomBytes(32)));
const random = new SystemRandom();
const writers = new EnvelopeWriters(
  random,
  [archive.kekRecipient(1), recoveryRecipient(recovery)],
  recovery.fingerprint,
);
const openers = new EnvelopeReaders({ kek: (id) => archive.kekById(id), agreements: [] });
const dir = await mkdtemp(join(tmpdir(), 'edge-sync-seal-memory-'));
try {
  const idleBytes = process.memoryUsage.rss();
  const file = join(dir, 'object.cms');
  const sealPeakBytes = await peakOver(idleBytes, () => sealInto(file, writers, sizeBytes));
  const openPeakBytes = await peakOver(idleBytes, async () => {
    const opened = await openSealedFile({ file, out: join(dir, 'object'), openers, random });
    if (opened !== sizeBytes) throw new Error(`opened ${opened} bytes of ${sizeBytes}`);
  });
  console.log(
    JSON.stringify({ sizeBytes, sealPeakMib: sealPeakBytes / mib, openPeakMib: openPeakBytes / mib }),
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}
