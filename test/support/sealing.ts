/** Small builders for tests of sealed objects. */
import { ArchiveKeys } from '../../src/main/engine/keys/archive-keys.ts';
import {
  deriveRecoveryKey,
  recoveryRecipient,
  type RecoveryKey,
} from '../../src/main/engine/keys/recovery-key.ts';
import { EnvelopeReaders } from '../../src/main/engine/seal/envelope-reader.ts';
import { EnvelopeWriters } from '../../src/main/engine/seal/envelope-writer.ts';
import type { Opener, OpenerFactory, SealerFactory } from '../../src/main/engine/seal/seal-port.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { FakeRandom } from '../fakes/fake-random.ts';

export interface TestArchive {
  readonly keys: ArchiveKeys;
  readonly recovery: RecoveryKey;
  readonly sealers: EnvelopeWriters;
  readonly byKek: EnvelopeReaders;
  readonly byRecovery: EnvelopeReaders;
}

/** An archive with repeatable keys: KEK of epoch 1 and a recovery key, as after enrolment. */
export function testArchive(seed = 'archive'): TestArchive {
  const random = new FakeRandom(seed);
  const keys = ArchiveKeys.fromArchiveKey(Secret.from(random.bytes(32)));
  const recovery = deriveRecoveryKey(Secret.from(random.bytes(32)));
  return {
    keys,
    recovery,
    sealers: new EnvelopeWriters(
      random,
      [keys.kekRecipient(1), recoveryRecipient(recovery)],
      recovery.fingerprint,
    ),
    byKek: new EnvelopeReaders({ kek: (id) => keys.kekById(id), agreements: [] }),
    byRecovery: new EnvelopeReaders({ kek: () => undefined, agreements: [recovery.agreement] }),
  };
}

/** Seals `content` cut into pieces of the sizes given, over and over; a size of 0 is an empty update. */
export function sealInPieces(sealers: SealerFactory, content: Buffer, sizes: readonly number[]): Buffer {
  const sealer = sealers.create();
  const out: Buffer[] = [sealer.head];
  cut(content, sizes).forEach((piece) => sealer.update(piece, out));
  sealer.finish(out);
  return Buffer.concat(out);
}

export function openInPieces(readers: OpenerFactory, sealed: Buffer, sizes: readonly number[]): Buffer {
  return drain(readers.create(), cut(sealed, sizes));
}

function drain(opener: Opener, pieces: readonly Buffer[]): Buffer {
  const out: Buffer[] = [];
  for (const piece of pieces) out.push(...opener.push(piece));
  opener.end();
  return Buffer.concat(out);
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const usable = sizes.some((size) => size > 0) ? sizes : [bytes.length || 1];
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = usable[turn % usable.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** `ok`, or the code of the error that opening gives; "wrong content" when other bytes come out. */
export function openOutcome(
  readers: OpenerFactory,
  sealed: Buffer,
  content: Buffer,
  sizes: readonly number[] = [65_536],
): string {
  try {
    return openInPieces(readers, sealed, sizes).equals(content) ? 'ok' : 'wrong content';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
