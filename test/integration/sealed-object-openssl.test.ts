/** A second, independent reader: stock OpenSSL, with nothing of ours but the kit's key. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wordsFromEntropy } from '../../src/main/engine/keys/recovery-words.ts';
import { exportRecoveryKey } from '../../src/main/engine/keys/recovery-key.ts';
import { addRecipients, headSize } from '../../src/main/engine/seal/add-recipients.ts';
import { recipientFromCertificate } from '../../src/main/engine/seal/certificate.ts';
import { EnvelopeReaders } from '../../src/main/engine/seal/envelope-reader.ts';
import { EnvelopeWriters, sealWhole } from '../../src/main/engine/seal/envelope-writer.ts';
import { generateEphemeralKey } from '../../src/main/engine/seal/recipients.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { FakeRandom } from '../fakes/fake-random.ts';
import { openOutcome, sealInPieces, testArchive } from '../support/sealing.ts';
import { needs } from '../support/tools.ts';

const segment = 262_144;

needs('openssl')('stock openssl cms', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const random = new SystemRandom();
  // The test archive's recovery key comes from the second 32 bytes of its seed.
  const seeded = new FakeRandom('archive');
  const archive = testArchive('archive');
  seeded.bytes(32);
  const words = wordsFromEntropy(Secret.from(seeded.bytes(32)));
  let certificatePem: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-sync-openssl-'));
    const exported = await exportRecoveryKey(words);
    expect(exported.fingerprint).toBe(archive.recovery.fingerprint);
    certificatePem = exported.certificatePem;
    writeFileSync(at('recovery.pem'), exported.keyPem.revealText(), { mode: 0o600 });
    writeFileSync(at('recovery.crt'), certificatePem);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const kekId = archive.keys.kekId(1);
  const holders: Readonly<Record<string, () => readonly string[]>> = {
    'the recovery key alone': () => ['-inkey', at('recovery.pem')],
    'the recovery key and certificate': () => ['-inkey', at('recovery.pem'), '-recip', at('recovery.crt')],
    'the archive’s KEK': () => [
      '-secretkey',
      archive.keys.kekById(kekId)?.reveal().toString('hex') ?? '',
      '-secretkeyid',
      kekId.toString('hex'),
    ],
  };

  function decrypt(
    sealed: Buffer,
    key: readonly string[],
  ): { readonly exit: number | null; readonly output: Buffer } {
    writeFileSync(at('in.cms'), sealed);
    const out = at('out.bin');
    const args = ['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', at('in.cms'), '-out', out, ...key];
    const { status } = spawnSync('openssl', args);
    return { exit: status, output: existsSync(out) ? readFileSync(out) : Buffer.alloc(0) };
  }

  for (const [holder, key] of Object.entries(holders)) {
    it.each([0, 1, 1000, segment - 1, segment, 2 * segment, 2 * segment + 1, 7_000_000])(
      `opens %d bytes with ${holder}`,
      (size) => {
        const content = random.bytes(size);
        const { exit, output } = decrypt(sealInPieces(archive.sealers, content, [65_536]), key());
        expect(exit).toBe(0);
        expect(output.equals(content)).toBe(true);
      },
    );
  }

  it('opens an object whose recovery recipient was added afterwards', () => {
    const content = random.bytes(500_000);
    const early = sealWhole(new EnvelopeWriters(random, [archive.keys.kekRecipient(1)], null), content);
    const size = headSize(early);
    if (size.tag !== 'head') throw new Error('incomplete');
    const head = addRecipients(
      early.subarray(0, size.sizeBytes),
      { kek: (id) => archive.keys.kekById(id), agreements: [] },
      [recipientFromCertificate(certificatePem).recipient],
      generateEphemeralKey,
    );
    const { exit, output } = decrypt(Buffer.concat([head, early.subarray(size.sizeBytes)]), [
      '-inkey',
      at('recovery.pem'),
    ]);
    expect(exit).toBe(0);
    expect(output.equals(content)).toBe(true);
  });

  it.each([
    ['with a key identifier', true],
    ['without one, by issuer and serial number', false],
  ])('opens what we seal to a partner’s certificate %s', (_name, hasKeyId) => {
    const [key, certificate] = [at('partner.pem'), at('partner.crt')];
    execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key]);
    const extension = hasKeyId ? 'subjectKeyIdentifier=hash' : 'subjectKeyIdentifier=none';
    execFileSync('openssl', [
      ...['req', '-x509', '-new', '-key', key, '-out', certificate, '-days', '30'],
      ...['-subj', '/CN=Partner/O=Practice', '-addext', extension],
    ]);
    const partner = recipientFromCertificate(readFileSync(certificate, 'utf8'));
    expect(partner.recipient.id.tag).toBe(hasKeyId ? 'key-id' : 'issuer-serial');
    const content = random.bytes(10_000);
    const sealed = sealWhole(
      new EnvelopeWriters(random, [archive.keys.kekRecipient(1), partner.recipient], null),
      content,
    );
    const { exit, output } = decrypt(sealed, ['-inkey', key, '-recip', certificate]);
    expect(exit).toBe(0);
    expect(output.equals(content)).toBe(true);
  });

  it.each([[['-stream']], [['-keyid']], [[]]])('writes objects that we open (%j)', (options) => {
    const content = random.bytes(20_000);
    writeFileSync(at('content'), content);
    const sealed = execFileSync('openssl', [
      ...['cms', '-encrypt', '-binary', '-outform', 'DER', '-aes-256-gcm', ...options, '-in', at('content')],
      ...['-recip', at('recovery.crt'), '-keyopt', 'ecdh_kdf_md:sha256'],
    ]);
    expect(openOutcome(archive.byRecovery, sealed, content)).toBe('ok');
    expect(openOutcome(new EnvelopeReaders({ kek: () => undefined, agreements: [] }), sealed, content)).toBe(
      'object-no-recipient',
    );
  });

  describe('by the line of the printed kit', () => {
    /** The line stands in docs/sealed-object.md between these marks, and is run as it stands there. */
    async function kitLine(): Promise<string> {
      const doc = await readFile(resolve(import.meta.dirname, '../../docs/sealed-object.md'), 'utf8');
      const line = /<!-- kit line -->\s*```sh\n([\s\S]*?)```/.exec(doc)?.[1];
      if (line === undefined) throw new Error('docs/sealed-object.md has no kit line');
      return line;
    }

    it('keeps the content of a good object', async () => {
      const content = random.bytes(300_000);
      writeFileSync(at('X.cms'), sealWhole(archive.sealers, content));
      const { status } = spawnSync('sh', ['-c', await kitLine()], { cwd: folder });
      expect(status).toBe(0);
      expect(
        createHash('sha256')
          .update(readFileSync(at('X.dcm')))
          .digest('hex'),
      ).toBe(createHash('sha256').update(content).digest('hex'));
      await rm(at('X.dcm'));
    });

    it('keeps nothing of a tampered one', async () => {
      const sealed = sealWhole(archive.sealers, random.bytes(300_000));
      sealed[200_000] = (sealed[200_000] ?? 0) ^ 1;
      writeFileSync(at('X.cms'), sealed);
      const { status } = spawnSync('sh', ['-c', await kitLine()], { cwd: folder });
      expect(status).not.toBe(0);
      expect(existsSync(at('X.dcm'))).toBe(false);
    });
  });
});
