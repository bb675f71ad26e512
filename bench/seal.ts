/**
 * Sealing and opening beside the bare primitives: AES-256-GCM plus SHA-256 of the ciphertext, same process,
 * no format, no disk. They run in turn, in small slices; a ratio is the median of five rounds' own ratios, 1 being as
 * fast as the bare primitives. Then a process of its own seals and opens 2 GB, for its peak of memory. Prints a table,
 * then one JSON line.
 *
 *     npm run bench -- seal [--quick]
 */
import { execFile } from 'node:child_process';
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ArchiveKeys } from '../src/main/engine/keys/archive-keys.ts';
import { deriveRecoveryKey, recoveryRecipient } from '../src/main/engine/keys/recovery-key.ts';
import { EnvelopeReaders } from '../src/main/engine/seal/envelope-reader.ts';
import { EnvelopeWriters } from '../src/main/engine/seal/envelope-writer.ts';
import { SystemRandom } from '../src/main/engine/system/random.ts';
import { Secret } from '../src/main/engine/system/secret.ts';

const kib = 1024;
const mib = 1024 * kib;
/** What the receiver hands over at a time, and what a file is read in. */
const chunkBytes = 256 * kib;
/** Each measurement seals about this much in all, so that small objects are timed over many. */
const workBytes = 64 * mib;
const rounds = 5;
/** Small objects change places this often within a round, so that a burst of other work meets all alike. */
const slices = 16;

interface SealBenchRow {
  readonly sizeBytes: number;
  readonly floor: number;
  readonly bareSealMBs: number;
  readonly sealMBs: number;
  readonly sealRatio: number;
  readonly bareOpenMBs: number;
  readonly openMBs: number;
  readonly openRatio: number;
  readonly openByCertificateRatio: number;
}

/** Floors: the issue that asks for this bench. */
const sizes = [
  { name: '64 KB', sizeBytes: 64 * kib, floor: 0.2 },
  { name: '0.5 MB', sizeBytes: 512 * kib, floor: 0.65 },
  { name: '500 MB', sizeBytes: 500 * mib, floor: 0.9 },
] as const;

function chunksOf(sizeBytes: number): Buffer[] {
  const source = randomBytes(Math.min(sizeBytes, chunkBytes));
  const chunks: Buffer[] = [];
  for (let left = sizeBytes; left > 0; left -= chunkBytes) chunks.push(source.subarray(0, left));
  return chunks;
}

function bareSeal(chunks: readonly Buffer[]): Buffer {
  const cipher = createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12), { authTagLength: 16 });
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(cipher.update(chunk));
  cipher.final();
  hash.update(cipher.getAuthTag());
  return hash.digest();
}

function bareOpen(chunks: readonly Buffer[], tag: Buffer, key: Buffer, nonce: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  const hash = createHash('sha256');
  for (const chunk of chunks) {
    hash.update(chunk);
    decipher.update(chunk);
  }
  decipher.setAuthTag(tag);
  decipher.final();
  return hash.digest();
}

function makeKeys(): { writers: EnvelopeWriters; byKek: EnvelopeReaders; byCertificate: EnvelopeReaders } {
  const archive = ArchiveKeys.fromArchiveKey(Secret.from(randomBytes(32)));
  const recovery = deriveRecoveryKey(Secret.from(randomBytes(32)));
  return {
    writers: new EnvelopeWriters(
      new SystemRandom(),
      [archive.kekRecipient(1), recoveryRecipient(recovery)],
      recovery.fingerprint,
    ),
    byKek: new EnvelopeReaders({ kek: (id) => archive.kekById(id), agreements: [] }),
    byCertificate: new EnvelopeReaders({ kek: () => undefined, agreements: [recovery.agreement] }),
  };
}

function seal(writers: EnvelopeWriters, chunks: readonly Buffer[]): Buffer {
  const sealer = writers.create();
  const hash = createHash('sha256');
  hash.update(sealer.head);
  let out: Buffer[] = [];
  for (const chunk of chunks) {
    sealer.update(chunk, out);
    for (const buffer of out) hash.update(buffer);
    out = [];
  }
  sealer.finish(out);
  for (const buffer of out) hash.update(buffer);
  return hash.digest();
}

function open(readers: EnvelopeReaders, sealed: readonly Buffer[]): Buffer {
  const opener = readers.create();
  const hash = createHash('sha256');
  for (const chunk of sealed) {
    hash.update(chunk);
    opener.push(chunk);
  }
  opener.end();
  return hash.digest();
}

function sealedChunks(writers: EnvelopeWriters, chunks: readonly Buffer[]): Buffer[] {
  const sealer = writers.create();
  const out: Buffer[] = [sealer.head];
  for (const chunk of chunks) sealer.update(chunk, out);
  sealer.finish(out);
  const whole = Buffer.concat(out);
  const cut: Buffer[] = [];
  for (let at = 0; at < whole.length; at += chunkBytes) cut.push(whole.subarray(at, at + chunkBytes));
  return cut;
}

interface Speed {
  /** Median over the rounds. */
  readonly mbPerSecond: number;
  /** Median over the rounds of this task's speed beside that of the task it is compared with, in the same round. */
  readonly ratio: number;
}

/** Runs the tasks in turn, `rounds` times; each is compared with the task at `beside`. */
function alternate(
  sizeBytes: number,
  tasks: readonly { readonly run: () => unknown; readonly beside: number }[],
): readonly Speed[] {
  const repeat = Math.max(1, Math.round(workBytes / sizeBytes / slices));
  const slicesOfRound = sizeBytes > workBytes ? 1 : slices;
  for (const task of tasks) task.run();
  const speeds = Array.from({ length: rounds }, () => {
    const spentMs = tasks.map(() => 0);
    for (let slice = 0; slice < slicesOfRound; slice += 1) {
      for (const [index, task] of tasks.entries()) {
        const startMs = performance.now();
        for (let i = 0; i < repeat; i += 1) task.run();
        spentMs[index] = (spentMs[index] ?? 0) + performance.now() - startMs;
      }
    }
    return spentMs.map((ms) => (slicesOfRound * repeat * sizeBytes) / mib / (ms / 1000));
  });
  return tasks.map(({ beside }, index) => ({
    mbPerSecond: median(speeds.map((round) => round[index] ?? 0)),
    ratio: median(speeds.map((round) => (round[index] ?? 0) / (round[beside] ?? 1))),
  }));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function measure(sizeBytes: number, floor: number): SealBenchRow {
  const chunks = chunksOf(sizeBytes);
  const { writers, byKek, byCertificate } = makeKeys();
  const sealed = sealedChunks(writers, chunks);
  const key = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  const bareSealed = chunks.map((chunk) => cipher.update(chunk));
  cipher.final();
  const tag = cipher.getAuthTag();
  const none: Speed = { mbPerSecond: 0, ratio: 0 };
  const [
    bareSealing = none,
    sealing = none,
    bareOpening = none,
    opening = none,
    byCertificateOpening = none,
  ] = alternate(sizeBytes, [
    { run: () => bareSeal(chunks), beside: 0 },
    { run: () => seal(writers, chunks), beside: 0 },
    { run: () => bareOpen(bareSealed, tag, key, nonce), beside: 2 },
    { run: () => open(byKek, sealed), beside: 2 },
    { run: () => open(byCertificate, sealed), beside: 2 },
  ]);
  return {
    sizeBytes,
    floor,
    bareSealMBs: bareSealing.mbPerSecond,
    sealMBs: sealing.mbPerSecond,
    sealRatio: sealing.ratio,
    bareOpenMBs: bareOpening.mbPerSecond,
    openMBs: opening.mbPerSecond,
    openRatio: opening.ratio,
    openByCertificateRatio: byCertificateOpening.ratio,
  };
}

/** `quick` leaves out the largest size. */
export function benchSeal(extent: 'full' | 'quick'): readonly SealBenchRow[] {
  const chosen = extent === 'quick' ? sizes.filter((one) => one.sizeBytes < 100 * mib) : sizes;
  return chosen.map(({ sizeBytes, floor }) => measure(sizeBytes, floor));
}

function print(rows: readonly SealBenchRow[]): void {
  console.log(
    'object      bare MB/s  seal MB/s  ratio  floor |  bare MB/s  open MB/s  ratio  by certificate',
  );
  for (const row of rows) {
    const name = sizes.find((one) => one.sizeBytes === row.sizeBytes)?.name ?? String(row.sizeBytes);
    console.log(
      `${name.padEnd(10)}${row.bareSealMBs.toFixed(0).padStart(11)}${row.sealMBs.toFixed(0).padStart(11)}` +
        `${row.sealRatio.toFixed(2).padStart(7)}${row.floor.toFixed(2).padStart(7)} |` +
        `${row.bareOpenMBs.toFixed(0).padStart(11)}${row.openMBs.toFixed(0).padStart(11)}` +
        `${row.openRatio.toFixed(2).padStart(7)}${row.openByCertificateRatio.toFixed(2).padStart(16)}`,
    );
  }
}

interface MemoryRow {
  readonly sizeBytes: number;
  readonly sealPeakMib: number;
  readonly openPeakMib: number;
}

/** Most that sealing or opening may take over idle, however large the object is. */
const memoryFloorMib = 64;

async function measureMemory(megabytes: number): Promise<MemoryRow> {
  const child = join(import.meta.dirname, 'support/seal-memory.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [child, String(megabytes)]);
  const row = JSON.parse(stdout) as MemoryRow;
  console.log(
    `${megabytes} MB: peak over idle ${row.sealPeakMib.toFixed(0)} MiB sealing, ` +
      `${row.openPeakMib.toFixed(0)} MiB opening (at most ${memoryFloorMib})`,
  );
  return row;
}

export async function run(args: readonly string[]): Promise<void> {
  const extent = args.includes('--quick') ? 'quick' : 'full';
  const rows = benchSeal(extent);
  print(rows);
  const memory = await measureMemory(extent === 'quick' ? 256 : 2048);
  console.log(JSON.stringify({ bench: 'seal', node: process.versions.node, rows, memory }));
}
