import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeKeyStore } from '../../../../test/fakes/fake-key-store.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { openOutcome } from '../../../../test/support/sealing.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { headSize } from '../seal/add-recipients.ts';
import { EnvelopeReaders } from '../seal/envelope-reader.ts';
import { sealWhole } from '../seal/envelope-writer.ts';
import { Secret } from '../system/secret.ts';
import { KeyRing, type KeyRingDeps } from './key-ring.ts';
import { deriveRecoveryKey, exportRecoveryKey } from './recovery-key.ts';
import { entropyFromWords, wordsFromEntropy } from './recovery-words.ts';

const content = Buffer.from('content of an image');
let dataDir: string;
let keyStore: FakeKeyStore;
let logger: FakeLogger;
let clock: FakeClock;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'edge-sync-keys-'));
  keyStore = new FakeKeyStore();
  logger = new FakeLogger();
  clock = new FakeClock();
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

let opened = 0;
function open(changes: Partial<KeyRingDeps> = {}): Promise<KeyRing> {
  opened += 1;
  const random = new FakeRandom(`run ${opened}`);
  return KeyRing.open({ dataDir, keyStore, random, clock, logger, sealedData: 'absent', ...changes });
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'ok';
  } catch (error) {
    if (error instanceof EdgeSyncError) return error.code;
    throw error;
  }
}

const keysFile = (): string => join(dataDir, 'keys.json');

function readersFor(words: readonly string[]): EnvelopeReaders {
  return new EnvelopeReaders({
    kek: () => undefined,
    agreements: [deriveRecoveryKey(entropyFromWords(words)).agreement],
  });
}

describe('opening', () => {
  it('makes the keys once and finds them again', async () => {
    const first = await open();
    const again = await open({ sealedData: 'present' });
    expect(again.installationId).toBe(first.installationId);
    expect(again.archiveId).toBe(first.archiveId);
    expect(openOutcome(again.openers, sealWhole(first.sealers, content), content)).toBe('ok');
    expect(again.columns.open('t.c', first.columns.seal('t.c', 'text'))).toBe('text');
    expect(again.manifestMac(content).equals(first.manifestMac(content))).toBe(true);
  });

  it('gives two installations nothing in common', async () => {
    const one = await open();
    await rm(keysFile());
    const two = await open();
    expect(two.archiveId).not.toBe(one.archiveId);
    expect(openOutcome(two.openers, sealWhole(one.sealers, content), content)).toBe('object-no-recipient');
  });

  it('lets the file be read by its owner alone and leaves no temporary file', async () => {
    await open();
    expect((await stat(keysFile())).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['keys.json']);
  });

  it('makes no key while the keychain cannot say whether there is one', async () => {
    keyStore.refuse(new EdgeSyncError('keychain-unavailable', 'it is locked'));
    expect(await codeOf(open())).toBe('keychain-unavailable');
    expect(await readdir(dataDir)).toEqual([]);
    keyStore.refuse(undefined);
    expect(await codeOf(open())).toBe('ok');
  });

  it('makes no key when something is sealed already and the file is gone', async () => {
    await open();
    await rm(keysFile());
    expect(await codeOf(open({ sealedData: 'present' }))).toBe('key-file-damaged');
    expect(keyStore.names).toHaveLength(1);
  });

  it('makes no key when the keychain has lost its entry and something is sealed', async () => {
    await open();
    const before = await readFile(keysFile());
    await keyStore.remove(keyStore.names[0] ?? '');
    expect(await codeOf(open({ sealedData: 'present' }))).toBe('keychain-entry-missing');
    expect((await readFile(keysFile())).equals(before)).toBe(true);
    expect(keyStore.names).toEqual([]);
  });

  it('makes no key when the keychain has lost its entry and somebody holds words', async () => {
    const ring = await open();
    await ring.createRecovery({ replace: false });
    await keyStore.remove(keyStore.names[0] ?? '');
    expect(await codeOf(open())).toBe('keychain-entry-missing');
  });

  it('begins anew when the entry is lost before anything was sealed or enrolled', async () => {
    const ring = await open();
    await keyStore.remove(keyStore.names[0] ?? '');
    const anew = await open();
    expect(anew.archiveId).not.toBe(ring.archiveId);
  });

  it('refuses an entry that is not the key it should be', async () => {
    await open();
    const name = keyStore.names[0] ?? '';
    await keyStore.write(name, Secret.fromText('short'));
    expect(await codeOf(open({ sealedData: 'present' }))).toBe('keychain-entry-missing');
    await keyStore.write(name, Secret.from(Buffer.alloc(32, 1)));
    expect(await codeOf(open({ sealedData: 'present' }))).toBe('key-file-damaged');
  });

  it('refuses the file with any byte flipped, cut, lengthened or emptied', async () => {
    const ring = await open();
    await ring.createRecovery({ replace: false });
    const good = await readFile(keysFile());
    for (let at = 0; at < good.length; at += 7) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      await writeFile(keysFile(), bad);
      expect(await codeOf(open({ sealedData: 'present' })), `byte ${at}`).toBe('key-file-damaged');
    }
    for (const bad of [
      good.subarray(0, 100),
      Buffer.concat([good, good]),
      Buffer.alloc(0),
      Buffer.alloc(100_000),
    ]) {
      await writeFile(keysFile(), bad);
      expect(await codeOf(open({ sealedData: 'present' }))).toBe('key-file-damaged');
    }
    await writeFile(keysFile(), good);
    expect(await codeOf(open({ sealedData: 'present' }))).toBe('ok');
  });

  it('refuses a recovery certificate that somebody put in, checksum and all', async () => {
    const ring = await open();
    await ring.createRecovery({ replace: false });
    const attackerDir = await mkdtemp(join(tmpdir(), 'edge-sync-attacker-'));
    try {
      const attacker = await open({ dataDir: attackerDir });
      await attacker.createRecovery({ replace: false });
      const ours = JSON.parse(await readFile(keysFile(), 'utf8')) as {
        body: { recovery: unknown };
        checksum: string;
      };
      const theirs = JSON.parse(await readFile(join(attackerDir, 'keys.json'), 'utf8')) as typeof ours;
      const { createHash } = await import('node:crypto');
      const body = { ...ours.body, recovery: theirs.body.recovery };
      const checksum = createHash('sha256').update(JSON.stringify(body)).digest('hex');
      await writeFile(keysFile(), `${JSON.stringify({ ...ours, body, checksum }, undefined, 2)}\n`);
      expect(await codeOf(open({ sealedData: 'present' }))).toBe('key-file-damaged');
    } finally {
      await rm(attackerDir, { recursive: true, force: true });
    }
  });
});

describe('enrolment', () => {
  it('goes from none to created to proven, and stays so', async () => {
    const ring = await open();
    expect([ring.recoveryState, ring.recoveryFingerprint]).toEqual(['none', null]);
    expect(() => ring.archiveKeyRecord()).toThrow('No recovery kit');
    const { words, fingerprint } = await ring.createRecovery({ replace: false });
    expect(words).toHaveLength(24);
    expect([ring.recoveryState, ring.recoveryFingerprint]).toEqual(['created', fingerprint]);
    expect((await open()).recoveryState).toBe('created');
    await clock.advance(60_000);
    expect(await ring.checkRecovery(words)).toEqual({ fingerprint, provenAt: '2026-01-05T09:01:00.000Z' });
    const again = await open({ sealedData: 'present' });
    expect([again.recoveryState, again.recoveryProvenAtMs]).toEqual(['proven', clock.nowMs()]);
  });

  it('is followed by the next object at once', async () => {
    const ring = await open();
    const { sealers } = ring;
    const before = sealWhole(sealers, content);
    const { words, fingerprint } = await ring.createRecovery({ replace: false });
    expect(sealers.recoveryFingerprint).toBe(fingerprint);
    const after = sealWhole(sealers, content);
    expect(openOutcome(readersFor(words), before, content)).toBe('object-no-recipient');
    expect(openOutcome(readersFor(words), after, content)).toBe('ok');
    expect(openOutcome(ring.openers, after, content)).toBe('ok');
  });

  it('gives an object sealed before it the recovery recipient without its content', async () => {
    const ring = await open();
    const early = sealWhole(ring.sealers, content);
    const size = headSize(early);
    if (size.tag !== 'head') throw new Error('incomplete');
    expect(() => ring.addRecoveryRecipient(early.subarray(0, size.sizeBytes))).toThrow('No recovery kit');
    const { words } = await ring.createRecovery({ replace: false });
    const head = ring.addRecoveryRecipient(early.subarray(0, size.sizeBytes));
    const renewed = Buffer.concat([head, early.subarray(size.sizeBytes)]);
    expect(openOutcome(readersFor(words), renewed, content)).toBe('ok');
    expect(openOutcome(ring.openers, renewed, content)).toBe('ok');
  });

  it('is replaced only when asked, and only before the words are proven', async () => {
    const ring = await open();
    const first = await ring.createRecovery({ replace: false });
    expect(await codeOf(ring.createRecovery({ replace: false }))).toBe('recovery-exists');
    const second = await ring.createRecovery({ replace: true });
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(await codeOf(ring.checkRecovery(first.words))).toBe('recovery-words-other');
    await ring.checkRecovery(second.words);
    expect(await codeOf(ring.createRecovery({ replace: true }))).toBe('recovery-exists');
  });

  it('done twice at the same time makes one kit', async () => {
    const ring = await open();
    const both = await Promise.all([
      codeOf(ring.createRecovery({ replace: false })),
      codeOf(ring.createRecovery({ replace: false })),
    ]);
    expect(both.sort()).toEqual(['ok', 'recovery-exists']);
  });

  it('is not proven by wrong words: misspelt, too few, swapped, or another archive’s', async () => {
    const ring = await open();
    expect(await codeOf(ring.checkRecovery([]))).toBe('recovery-missing');
    const { words } = await ring.createRecovery({ replace: false });
    const others = wordsFromEntropy(Secret.from(new FakeRandom('others').bytes(32)));
    const swapped = [words[1] ?? '', words[0] ?? '', ...words.slice(2)];
    expect(await codeOf(ring.checkRecovery(['abuot', ...words.slice(1)]))).toBe('recovery-words-misspelt');
    expect(await codeOf(ring.checkRecovery(words.slice(1)))).toBe('recovery-words-count');
    expect(await codeOf(ring.checkRecovery(swapped))).toMatch(/^recovery-words-(checksum|other)$/);
    expect(await codeOf(ring.checkRecovery(others))).toBe('recovery-words-other');
    expect(ring.recoveryState).toBe('created');
    expect((await open()).recoveryState).toBe('created');
  });

  it('makes a certificate that the exported key belongs to', async () => {
    const ring = await open();
    const { words, fingerprint } = await ring.createRecovery({ replace: false });
    expect((await exportRecoveryKey(words)).fingerprint).toBe(fingerprint);
    expect(ring.recoveryCertificatePem).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });
});

describe('a new PC', () => {
  const identity = {
    sopInstanceUid: '1.2',
    transferSyntaxUid: '1.2.840.10008.1.2',
    datasetSha256: '00'.repeat(32),
  };

  it('opens everything with the words and the archive key record alone', async () => {
    const ring = await open();
    const early = sealWhole(ring.sealers, content);
    const { words } = await ring.createRecovery({ replace: false });
    const restore = KeyRing.fromWords(words, ring.archiveKeyRecord());
    expect(restore.archiveId).toBe(ring.archiveId);
    expect(openOutcome(restore.openers, early, content)).toBe('ok');
    expect(openOutcome(restore.openers, sealWhole(ring.sealers, content), content)).toBe('ok');
    expect(restore.objectName(identity)).toBe(ring.objectName(identity));
    expect(restore.manifestMac(content).equals(ring.manifestMac(content))).toBe(true);
  });

  it('refuses the words of another archive, and a record with any byte flipped', async () => {
    const ring = await open();
    const { words } = await ring.createRecovery({ replace: false });
    const record = ring.archiveKeyRecord();
    const others = wordsFromEntropy(Secret.from(new FakeRandom('others').bytes(32)));
    expect(() => KeyRing.fromWords(others, record)).toThrow('belong to another archive');
    for (let at = 0; at < record.length - 1; at += 3) {
      const bad = Buffer.from(record);
      bad[at] = (bad[at] ?? 0) ^ 2;
      expect(() => KeyRing.fromWords(words, bad), `byte ${at}`).toThrow(EdgeSyncError);
    }
    expect(() => KeyRing.fromWords(words, Buffer.alloc(1_000_000))).toThrow('not a sealed object');
  });

  it('refuses an archive key that somebody with the certificate alone has planted', async () => {
    const ring = await open();
    const { words } = await ring.createRecovery({ replace: false });
    const { sealed, ...rest } = JSON.parse(ring.archiveKeyRecord().toString()) as { sealed: string };
    const { recipientFromCertificate } = await import('../seal/certificate.ts');
    const { EnvelopeWriters } = await import('../seal/envelope-writer.ts');
    const { recipient } = recipientFromCertificate(ring.recoveryCertificatePem ?? '');
    const planted = sealWhole(
      new EnvelopeWriters(new FakeRandom('x'), [recipient], null),
      Buffer.alloc(32, 9),
    );
    expect(planted.toString('base64').length).toBe(sealed.length);
    const record = Buffer.from(JSON.stringify({ ...rest, sealed: planted.toString('base64') }));
    expect(() => KeyRing.fromWords(words, record)).toThrow('was not made with these words');
  });
});

describe('secrets', () => {
  it('are in no file, log line, error or printed object', async () => {
    const ring = await open();
    const { words } = await ring.createRecovery({ replace: false });
    const errors: unknown[] = [];
    const others = wordsFromEntropy(Secret.from(new FakeRandom('others').bytes(32)));
    for (const wrong of [others, words.slice(1), [...words].reverse(), words.map((word) => `${word}q`)]) {
      await ring.checkRecovery(wrong).catch((error: unknown) => errors.push(error));
    }
    expect(errors).toHaveLength(4);
    await ring.checkRecovery(words);
    const restore = KeyRing.fromWords(words, ring.archiveKeyRecord());
    const exported = await exportRecoveryKey(words);
    const deviceKeyName = keyStore.names[0] ?? '';
    const read = await keyStore.read(deviceKeyName);
    const deviceKey = read.tag === 'present' ? read.secret.reveal() : Buffer.alloc(0);
    expect(deviceKey).toHaveLength(32);
    const recovery = deriveRecoveryKey(entropyFromWords(words));

    const places = [
      inspect([ring, restore, exported, recovery, ring.sealers, ring.openers, ring.columns], {
        depth: 20,
        showHidden: true,
        getters: true,
        maxArrayLength: null,
      }),
      JSON.stringify([ring, restore, exported]),
      inspect(logger.lines, { depth: 20 }),
      await readFile(keysFile(), 'utf8'),
      ...errors.slice(0, 3).map((error) => inspect(error, { depth: 20, showHidden: true })),
    ];
    const entropy = entropyFromWords(words).reveal();
    const pkcs8 = recovery.pkcs8.reveal();
    const keys = [deviceKey, entropy, pkcs8.subarray(36, 68), recovery.recordMacKey.reveal()];
    for (const place of places) {
      expect(place).not.toContain(words.slice(0, 3).join(' '));
      expect(words.filter((word) => new RegExp(`["' ]${word}["' ]`).test(place)).length).toBeLessThan(4);
      for (const key of keys) {
        for (const encoding of ['hex', 'base64', 'base64url'] as const) {
          expect(place).not.toContain(key.toString(encoding).slice(0, 20));
        }
        expect(place).not.toContain(inspect(key).slice(8, 40));
      }
    }
  });
});
