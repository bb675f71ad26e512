/**
 * Makes test/vectors/cms anew: `node test/support/make-cms-vectors.ts`. Everything but OpenSSL's own objects comes from
 * fixed keys and is the same each time; run it only when the format gets a new profile, never to make a test pass.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveKeys } from '../../src/main/engine/keys/archive-keys.ts';
import {
  deriveRecoveryKey,
  exportRecoveryKey,
  recoveryRecipient,
} from '../../src/main/engine/keys/recovery-key.ts';
import { entropyFromWords } from '../../src/main/engine/keys/recovery-words.ts';
import { addRecipients } from '../../src/main/engine/seal/add-recipients.ts';
import { EnvelopeWriter, HeadTemplate, prepareObject } from '../../src/main/engine/seal/envelope-writer.ts';
import type { Recipient } from '../../src/main/engine/seal/recipients.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import {
  vectorArchiveKey,
  vectorContentKey,
  vectorEphemeralScalar,
  vectorFolder,
  vectorNonce,
  vectorWords,
  type CmsVector,
} from './cms-vectors.ts';
import { ephemeralKeyFromScalar } from './ephemeral-key.ts';

const archive = ArchiveKeys.fromArchiveKey(Secret.from(vectorArchiveKey));
const recovery = deriveRecoveryKey(entropyFromWords(vectorWords));
const kek = archive.kekRecipient(1);
const certificate = recoveryRecipient(recovery);
const newEphemeralKey = () => ephemeralKeyFromScalar(vectorEphemeralScalar);

/** Synthetic content: a run of SHA-256 values. */
function content(size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < size; i += 1) blocks.push(createHash('sha256').update(`content ${i}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}

function seal(recipients: readonly Recipient[], plaintext: Buffer, segmentBytes?: number): Buffer[] {
  const writer = new EnvelopeWriter(
    prepareObject(new HeadTemplate(recipients), {
      contentKey: Buffer.from(vectorContentKey),
      nonce: vectorNonce,
      newEphemeralKey,
    }),
    segmentBytes,
  );
  const out: Buffer[] = [];
  writer.update(plaintext, out);
  writer.finish(out);
  return [writer.head, Buffer.concat(out)];
}

const sealWhole = (...args: Parameters<typeof seal>): Buffer => Buffer.concat(seal(...args));

interface Vector {
  readonly file: string;
  readonly note: string;
  readonly bytes: Buffer;
  readonly plaintext: Buffer;
  readonly byKek: string;
  readonly byRecovery: string;
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length + at] = (copy[copy.length + at] ?? 0) ^ 1;
  return copy;
}

const text = Buffer.from('Edge Sync');
const example = sealWhole([kek, certificate], text);
const long = content(1000);
const longSealed = sealWhole([kek, certificate], long, 256);
const [earlyHead = Buffer.alloc(0), earlyRest = Buffer.alloc(0)] = seal([kek], long, 256);
const tagAt = example.length - 22;
const shortTag = Buffer.concat([
  example.subarray(0, tagAt - 1),
  Buffer.of(4),
  example.subarray(tagAt, tagAt + 4),
  example.subarray(tagAt + 16),
]);

const ours: readonly Vector[] = [
  vector('example', 'the worked example of docs/sealed-object.md', example, text),
  vector('empty', 'no content', sealWhole([kek, certificate], Buffer.alloc(0)), Buffer.alloc(0)),
  vector('one-byte', '1 byte', sealWhole([kek, certificate], content(1)), content(1)),
  vector('segments', '1,000 bytes in segments of 256', longSealed, long),
  vector(
    'whole-segments',
    'exactly 2 segments of 256',
    sealWhole([kek, certificate], content(512), 256),
    content(512),
  ),
  {
    ...vector('kek-only', 'before enrolment', sealWhole([kek], text), text),
    byRecovery: 'object-no-recipient',
  },
  {
    ...vector('certificate-only', 'as the archive key is sealed', sealWhole([certificate], text), text),
    byKek: 'object-no-recipient',
  },
  vector(
    'recipient-added',
    'sealed before enrolment, recipient added to the head afterwards',
    Buffer.concat([
      addRecipients(
        earlyHead,
        { kek: (id) => archive.kekById(id), agreements: [] },
        [certificate],
        newEphemeralKey,
      ),
      earlyRest,
    ]),
    long,
  ),
  bad('bad-tag', 'a bit of the tag', changed(example, -22), 'object-tampered'),
  bad('bad-ciphertext', 'a bit of the ciphertext', changed(example, -29), 'object-tampered'),
  bad('bad-short-tag', 'the true tag cut to 4 bytes', shortTag, 'object-format'),
  bad('bad-trailing', 'a byte behind the end', Buffer.concat([example, Buffer.of(0)]), 'object-tampered'),
  bad('bad-truncated', 'the last byte missing', example.subarray(0, -1), 'object-truncated'),
];

function vector(name: string, note: string, bytes: Buffer, plaintext: Buffer): Vector {
  return { file: `${name}.cms`, note, bytes, plaintext, byKek: 'ok', byRecovery: 'ok' };
}

function bad(name: string, note: string, bytes: Buffer, code: string): Vector {
  return { ...vector(name, note, bytes, text), byKek: code, byRecovery: code };
}

/** Objects that OpenSSL's command line made for the same keys. */
async function opensslVectors(): Promise<Vector[]> {
  const folder = mkdtempSync(join(tmpdir(), 'edge-sync-vectors-'));
  try {
    const { certificatePem } = await exportRecoveryKey(vectorWords);
    writeFileSync(join(folder, 'content'), long);
    writeFileSync(join(folder, 'cert.pem'), certificatePem);
    const keyId = archive.kekId(1);
    const kekHex = archive.kekById(keyId)?.reveal().toString('hex') ?? '';
    const make = (name: string, note: string, ...options: readonly string[]): Vector => {
      const args = ['cms', '-encrypt', '-binary', '-outform', 'DER', '-aes-256-gcm', ...options];
      args.push('-in', join(folder, 'content'), '-secretkey', kekHex, '-secretkeyid', keyId.toString('hex'));
      args.push('-recip', join(folder, 'cert.pem'), '-keyopt', 'ecdh_kdf_md:sha256');
      return vector(name, note, execFileSync('openssl', args), long);
    };
    return [
      make('openssl-definite', 'made by OpenSSL 3.0, definite lengths'),
      make('openssl-stream', 'made by OpenSSL 3.0, indefinite lengths', '-stream', '-keyid'),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

mkdirSync(vectorFolder, { recursive: true });
const all = [...ours, ...(await opensslVectors())];
for (const { file, bytes } of all) writeFileSync(join(vectorFolder, file), bytes);
const index: readonly CmsVector[] = all.map(({ file, note, plaintext, byKek, byRecovery }) => ({
  file,
  note,
  contentSha256: createHash('sha256').update(plaintext).digest('hex'),
  byKek,
  byRecovery,
}));
writeFileSync(join(vectorFolder, 'vectors.json'), `${JSON.stringify(index, undefined, 2)}\n`);
