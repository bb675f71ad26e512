/**
 * What sealing must do alike on every runtime. Used by the unit tests under Node, and bundled and run under Electron's
 * Node, whose crypto library is another one. Gives plain values that both must agree on.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArchiveKeys } from '../../src/main/engine/keys/archive-keys.ts';
import {
  decodeRecord,
  encodeRecord,
  makeArchiveKeyRecord,
  openArchiveKeyRecord,
} from '../../src/main/engine/keys/archive-key-record.ts';
import {
  deriveRecoveryKey,
  exportRecoveryKey,
  recoveryRecipient,
} from '../../src/main/engine/keys/recovery-key.ts';
import { entropyFromWords } from '../../src/main/engine/keys/recovery-words.ts';
import { recipientFromCertificate } from '../../src/main/engine/seal/certificate.ts';
import { EnvelopeReaders } from '../../src/main/engine/seal/envelope-reader.ts';
import {
  EnvelopeWriter,
  EnvelopeWriters,
  HeadTemplate,
  prepareObject,
  sealWhole,
} from '../../src/main/engine/seal/envelope-writer.ts';
import type { OpenerFactory } from '../../src/main/engine/seal/seal-port.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { PassphraseKeyStore } from '../../src/main/engine/system/passphrase-key-store.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import {
  vectorArchiveKey,
  vectorContentKey,
  vectorEphemeralScalar,
  vectorNonce,
  vectorWords,
  type CmsVector,
} from './cms-vectors.ts';
import { ephemeralKeyFromScalar } from './ephemeral-key.ts';

export interface SelfcheckResult {
  /** Per vector file: outcome by the archive key and by the recovery key. */
  readonly outcomes: Readonly<Record<string, readonly [string, string]>>;
  /** The worked example, made anew: hex. */
  readonly example: string;
  readonly fingerprint: string;
  readonly objectName: string;
  readonly certificateIds: string;
  readonly roundTrips: readonly string[];
}

/** `vectorFolder`: test/vectors/cms. `scratchFolder`: an empty folder for the key file. */
export async function selfcheck(vectorFolder: string, scratchFolder: string): Promise<SelfcheckResult> {
  const keys = ArchiveKeys.fromArchiveKey(Secret.from(vectorArchiveKey));
  const recovery = deriveRecoveryKey(entropyFromWords(vectorWords));
  const byKek = new EnvelopeReaders({ kek: (id) => keys.kekById(id), agreements: [] });
  const byRecovery = new EnvelopeReaders({ kek: () => undefined, agreements: [recovery.agreement] });
  const recipients = [keys.kekRecipient(1), recoveryRecipient(recovery)];

  const outcomes: Record<string, readonly [string, string]> = {};
  const vectors = JSON.parse(
    readFileSync(join(vectorFolder, 'vectors.json'), 'utf8'),
  ) as readonly CmsVector[];
  for (const { file, contentSha256 } of vectors) {
    const sealed = readFileSync(join(vectorFolder, file));
    outcomes[file] = [outcome(byKek, sealed, contentSha256), outcome(byRecovery, sealed, contentSha256)];
  }

  const writer = new EnvelopeWriter(
    prepareObject(new HeadTemplate(recipients), {
      contentKey: Buffer.from(vectorContentKey),
      nonce: vectorNonce,
      newEphemeralKey: () => ephemeralKeyFromScalar(vectorEphemeralScalar),
    }),
  );
  const example: Buffer[] = [writer.head];
  writer.update(Buffer.from('Edge Sync'), example);
  writer.finish(example);

  const random = new SystemRandom();
  const writers = new EnvelopeWriters(random, recipients, recovery.fingerprint);
  const roundTrips: string[] = [];
  for (const size of [0, 1, 65_536, 262_144, 3_000_000]) {
    const content = random.bytes(size);
    const sealed = sealWhole(writers, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    roundTrips.push(`${size}: ${outcome(byKek, sealed, sha256)} ${outcome(byRecovery, sealed, sha256)}`);
  }

  const record = decodeRecord(encodeRecord(makeArchiveKeyRecord(keys, 1, recovery, random)));
  roundTrips.push(`record: ${openArchiveKeyRecord(record, recovery).archiveId === keys.archiveId}`);

  const open = (): PassphraseKeyStore =>
    new PassphraseKeyStore({
      path: join(scratchFolder, 'key-file.json'),
      passphrase: Secret.fromText('a passphrase'),
      random,
      clock: new SystemClock(),
    });
  await open().write('device-key', Secret.from(Buffer.alloc(32, 3)));
  const read = await open().read('device-key');
  roundTrips.push(`key file: ${read.tag === 'present' && read.secret.reveal().equals(Buffer.alloc(32, 3))}`);

  const exported = await exportRecoveryKey(vectorWords);
  return {
    outcomes,
    example: Buffer.concat(example).toString('hex'),
    fingerprint: exported.fingerprint,
    objectName: keys.objectName({
      sopInstanceUid: '1.2.3',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      datasetSha256: '00'.repeat(32),
    }),
    certificateIds: JSON.stringify(recipientFromCertificate(exported.certificatePem).ids),
    roundTrips,
  };
}

function outcome(readers: OpenerFactory, sealed: Buffer, contentSha256: string): string {
  const hash = createHash('sha256');
  const opener = readers.create();
  try {
    for (let at = 0; at < sealed.length; at += 97_531) {
      for (const piece of opener.push(sealed.subarray(at, at + 97_531))) hash.update(piece);
    }
    opener.end();
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
  return hash.digest('hex') === contentSha256 ? 'ok' : 'other content';
}
