import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, KeyHome, readersOf } from '../../../../test/support/key-life.ts';
import { openOutcome } from '../../../../test/support/sealing.ts';
import { needs } from '../../../../test/support/tools.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { headSize } from '../seal/add-recipients.ts';
import { sealWhole } from '../seal/envelope-writer.ts';
import { Secret } from '../system/secret.ts';
import { parseKeyFile } from './key-file.ts';
import { recordFor } from './words-records.ts';
import { exportRecoveryKey } from './recovery-key.ts';

const content = Buffer.from('content of an image');
let home: KeyHome;

beforeEach(async () => {
  home = await KeyHome.create();
});
afterEach(() => home.dispose());

describe('a new epoch', () => {
  it('counts for the next object at once, and older ones stay readable', async () => {
    const { ring, words } = await home.enrolled();
    const { sealers } = ring;
    const before = sealWhole(sealers, content);
    expect(await ring.newEpoch()).toEqual({ epoch: 2 });
    const after = sealWhole(sealers, content);
    const epochIn = (sealed: Buffer): number => sealed.readUInt32BE(sealed.indexOf('040c', 'hex') + 10);
    expect([epochIn(before), epochIn(after)]).toEqual([1, 2]);
    const again = await home.open({ sealedData: 'present' });
    for (const sealed of [before, after]) {
      expect(openOutcome(again.openers, sealed, content)).toBe('ok');
      expect(openOutcome(readersOf(words), sealed, content)).toBe('ok');
    }
    // The record of the first epoch opens them all: it need not change.
    const { keys } = recordFor(words, [ring.archiveKeyRecord()]);
    expect(keys.kekById(keys.kekId(2))).toBeDefined();
  });
});

describe('replacing the recovery words', () => {
  it('has no moment in which only words nobody has proven open new objects', async () => {
    const { ring, words } = await home.enrolled();
    const { sealers } = ring;
    const next = await ring.replaceRecovery('begin');
    const between = sealWhole(sealers, content);
    expect(openOutcome(readersOf(words), between, content)).toBe('ok');
    expect(openOutcome(readersOf(next.words), between, content)).toBe('ok');
    expect([ring.recoveryState, ring.recoveryFingerprint]).not.toContain(next.fingerprint);
    await ring.checkRecovery(next.words);
    const after = sealWhole(sealers, content);
    expect(openOutcome(readersOf(words), after, content)).toBe('object-no-recipient');
    expect(openOutcome(readersOf(next.words), after, content)).toBe('ok');
    expect(openOutcome(ring.openers, after, content)).toBe('ok');
    expect(await codeOf(ring.checkRecovery(words))).toBe('recovery-words-replaced');
    expect(ring.facts.retiredKits).toHaveLength(1);
    expect((await home.open({ sealedData: 'present' })).recoveryFingerprint).toBe(next.fingerprint);
  });

  it('survives a restart at each of its steps', async () => {
    const { words } = await home.enrolled();
    const next = await (await home.open()).replaceRecovery('begin');
    const between = await home.open({ sealedData: 'present' });
    expect(between.facts.recovery.state).toBe('replacing');
    const sealed = sealWhole(between.sealers, content);
    expect(openOutcome(readersOf(words), sealed, content)).toBe('ok');
    await between.checkRecovery(next.words);
    expect((await home.open()).facts.recovery).toMatchObject({ state: 'proven' });
  });

  it('keeps a record for each kit in force, each under a name of its own', async () => {
    const { ring, words } = await home.enrolled();
    const next = await ring.replaceRecovery('begin');
    const both = ring.archiveKeyRecords();
    expect(both.map((one) => one.fingerprint)).toEqual([undefined, next.fingerprint]);
    expect(recordFor(words, [both[0]?.bytes ?? Buffer.alloc(0)]).keys.archiveId).toBe(ring.archiveId);
    await ring.checkRecovery(next.words);
    expect(ring.archiveKeyRecords().map((one) => one.fingerprint)).toEqual([next.fingerprint]);
    expect(recordFor(next.words, [ring.archiveKeyRecord()]).keys.archiveId).toBe(ring.archiveId);
  });

  it('marks objects sealed in between as done, and gives earlier ones both recipients', async () => {
    const { ring, words } = await home.enrolled();
    const early = sealWhole(ring.sealers, content);
    const next = await ring.replaceRecovery('begin');
    expect(ring.sealers.recoveryFingerprint).toBe(next.fingerprint);
    const size = headSize(early);
    if (size.tag !== 'head') throw new Error('incomplete');
    const head = ring.addRecoveryRecipient(early.subarray(0, size.sizeBytes));
    const renewed = Buffer.concat([head, early.subarray(size.sizeBytes)]);
    for (const one of [words, next.words]) expect(openOutcome(readersOf(one), renewed, content)).toBe('ok');
    await ring.checkRecovery(next.words);
    expect(ring.sealers.recoveryFingerprint).toBe(next.fingerprint);
  });

  it('can be begun again, or given up: then the old words are the only ones', async () => {
    const { ring, words } = await home.enrolled();
    expect(await codeOf(ring.cancelReplacement())).toBe('recovery-not-replacing');
    const first = await ring.replaceRecovery('begin');
    expect(await codeOf(ring.replaceRecovery('begin'))).toBe('recovery-replacing');
    const second = await ring.replaceRecovery('again');
    expect(await codeOf(ring.checkRecovery(first.words))).toBe('recovery-words-other');
    expect(openOutcome(readersOf(first.words), sealWhole(ring.sealers, content), content)).toBe(
      'object-no-recipient',
    );
    await ring.cancelReplacement();
    expect(await codeOf(ring.checkRecovery(second.words))).toBe('recovery-words-other');
    expect(await codeOf(ring.checkRecovery(words))).toBe('ok');
  });

  it('proves the old words again without ending the replacement', async () => {
    const { ring, words } = await home.enrolled();
    const next = await ring.replaceRecovery('begin');
    await home.clock.advance(60_000);
    await ring.checkRecovery(words);
    expect(ring.recoveryProvenAtMs).toBe(home.clock.nowMs());
    expect(ring.facts.recovery).toMatchObject({
      state: 'replacing',
      next: { fingerprint: next.fingerprint },
    });
  });

  it('is for a kit that was proven', async () => {
    const ring = await home.open();
    expect(await codeOf(ring.replaceRecovery('begin'))).toBe('recovery-missing');
    await ring.createRecovery({ replace: false });
    expect(await codeOf(ring.replaceRecovery('begin'))).toBe('recovery-not-proven');
  });

  it('stays unfinished while the key store is locked, and ends when it is open again', async () => {
    const { ring } = await home.enrolled();
    const next = await ring.replaceRecovery('begin');
    home.store.before = () => {
      throw new EdgeSyncError('keychain-unavailable', 'it is locked');
    };
    expect(await codeOf(ring.checkRecovery(next.words))).toBe('keychain-unavailable');
    expect(ring.facts.recovery.state).toBe('replacing');
    home.store.calm();
    expect(await codeOf(ring.checkRecovery(next.words))).toBe('ok');
  });
});

describe('keys.json', () => {
  interface Vector {
    readonly entry: string;
    readonly deviceKey: string;
    readonly words: readonly string[];
    readonly content: string;
    readonly sealed: string;
    readonly created: string;
    readonly proven: string;
  }
  const put = async (state: 'created' | 'proven'): Promise<Vector> => {
    const file = new URL('../../../../test/vectors/keys/keys-version-1.json', import.meta.url);
    const vector = JSON.parse(await readFile(file, 'utf8')) as Vector;
    await mkdir(home.dataDir, { recursive: true });
    await writeFile(home.keysFile, vector[state]);
    await home.store.write(vector.entry, Secret.from(Buffer.from(vector.deviceKey, 'hex')));
    return vector;
  };

  it('of version 1 opens as it is, and becomes version 2 with the next change', async () => {
    const vector = await put('proven');
    const ring = await home.open({ sealedData: 'present' });
    const sealed = Buffer.from(vector.sealed, 'base64');
    expect(openOutcome(ring.openers, sealed, Buffer.from(vector.content))).toBe('ok');
    expect(ring.recoveryState).toBe('proven');
    expect(await readFile(home.keysFile, 'utf8')).toBe(vector.proven);
    await ring.checkRecovery(vector.words);
    expect(JSON.parse(await readFile(home.keysFile, 'utf8'))).toMatchObject({ body: { version: 2 } });
    const again = await home.open({ sealedData: 'present' });
    expect(openOutcome(again.openers, sealed, Buffer.from(vector.content))).toBe('ok');
    await again.rotateDeviceKey();
    expect(home.store.entries.has(vector.entry)).toBe(false);
    expect(again.archiveKeyRecords()[0]?.fingerprint).toBeUndefined();
  });

  it('of version 1 is adopted like any other', async () => {
    const vector = await put('created');
    expect((await home.open()).recoveryState).toBe('created');
    home.store.entries.clear();
    const { KeyRing } = await import('./key-ring.ts');
    const adopted = await KeyRing.adopt(home.deps({ sealedData: 'present' }), vector.words);
    expect(
      openOutcome(adopted.openers, Buffer.from(vector.sealed, 'base64'), Buffer.from(vector.content)),
    ).toBe('ok');
  });

  it('of either version with any byte flipped is refused', async () => {
    const vector = await put('proven');
    const ring = await home.open();
    const { keys } = recordFor(vector.words, [ring.archiveKeyRecord()]);
    await ring.replaceRecovery('begin');
    for (const good of [Buffer.from(vector.proven), await readFile(home.keysFile)]) {
      expect(() => parseKeyFile(good).verify(keys)).not.toThrow();
      for (let at = 0; at < good.length; at += 1) {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
        expect(() => parseKeyFile(bad).verify(keys), `byte ${at}`).toThrow('is damaged');
      }
    }
  });
});

needs('openssl')('further recipients', () => {
  const made = async (
    label: string,
    extensions: readonly string[],
    key: readonly string[] = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    dates: readonly string[] = ['-days', '3650'],
  ): Promise<{ readonly pem: string; readonly key: string; readonly file: string }> => {
    const at = (kind: string): string => join(home.dir, `${label}.${kind}`);
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-nodes', ...key, '-subj', `/O=Partner/CN=${label}`, ...dates],
        ...['-config', '/dev/null', '-keyout', at('key'), '-out', at('crt')],
        ...extensions.flatMap((one) => ['-addext', one]),
      ],
      { stdio: 'pipe', env: { ...process.env, OPENSSL_CONF: '/dev/null' } },
    );
    return { pem: await readFile(at('crt'), 'utf8'), key: at('key'), file: at('crt') };
  };
  const leaf = ['basicConstraints=CA:FALSE'];
  const agreement = [...leaf, 'keyUsage=critical,keyAgreement'];

  it('open each new object with stock OpenSSL, until they are removed', async () => {
    const { ring, words } = await home.enrolled();
    const partner = await made('partner', [...agreement, 'subjectKeyIdentifier=hash']);
    const nameless = await made('nameless', [...agreement, 'subjectKeyIdentifier=none']);
    const added = await ring.addRecipient('Partner', partner.pem);
    await ring.addRecipient('Old device', nameless.pem);
    const reopened = await home.open({ sealedData: 'present' });
    for (const sealers of [ring.sealers, reopened.sealers]) {
      const sealed = sealWhole(sealers, content);
      for (const one of [partner, nameless]) {
        const file = join(home.dir, 'object.cms');
        await writeFile(file, sealed);
        const opened = execFileSync(
          'openssl',
          [
            ...['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', file],
            ...['-inkey', one.key, '-recip', one.file],
          ],
          { stdio: 'pipe' },
        );
        expect(opened.equals(content)).toBe(true);
      }
      expect(openOutcome(readersOf(words), sealed, content)).toBe('ok');
    }
    const recipientsIn = (sealed: Buffer): number => sealed.toString('hex').split('2b8104010b01').length - 1;
    expect(recipientsIn(sealWhole(ring.sealers, content))).toBe(3);
    await ring.removeRecipient(added.fingerprint);
    expect(recipientsIn(sealWhole(ring.sealers, content))).toBe(2);
    expect(await codeOf(ring.removeRecipient(added.fingerprint))).toBe('recipient-unknown');
  });

  it('are refused where they could not open anything, and it is said why', async () => {
    const { ring, words } = await home.enrolled();
    const good = await made('good', agreement);
    const p384 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'];
    const refused: readonly (readonly [string, string])[] = [
      [(await made('rsa', leaf, ['-newkey', 'rsa:2048'])).pem, 'its key is RSA'],
      [(await made('p384', agreement, p384)).pem, 'not on P-256'],
      [(await made('ed', leaf, ['-newkey', 'ed25519'])).pem, 'not elliptic-curve'],
      [(await made('ca', ['basicConstraints=critical,CA:TRUE'])).pem, 'certificate authority'],
      [(await made('sign', [...leaf, 'keyUsage=digitalSignature'])).pem, 'key agreement'],
      [`${good.pem}${good.pem}`, 'one PEM certificate'],
      ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'PEM certificate'],
      [await readFile(good.key, 'utf8'), 'PEM certificate'],
      ['x'.repeat(20_000), 'too long'],
    ];
    for (const [pem, reason] of refused) {
      await expect(ring.addRecipient('x', pem), reason).rejects.toMatchObject({
        code: 'certificate-unusable',
        detail: expect.stringContaining(reason) as string,
      });
    }
    await ring.addRecipient('Good', good.pem);
    expect(await codeOf(ring.addRecipient('Again', good.pem))).toBe('recipient-exists');
    const own = (await exportRecoveryKey(words)).certificatePem;
    expect(await codeOf(ring.addRecipient('Own', own))).toMatch(/recipient-exists|certificate-unusable/);
    expect(ring.facts.recipients).toHaveLength(1);
  });

  it('that have expired or are not valid yet are refused, and one that expires later stays', async () => {
    const { ring } = await home.enrolled();
    const partner = await made('partner', agreement);
    await ring.addRecipient('Partner', partner.pem);
    await home.clock.advance(4000 * 24 * 3600_000);
    const again = await home.open({ sealedData: 'present' });
    expect(again.facts.recipients).toHaveLength(1);
    await again.removeRecipient(again.facts.recipients[0]?.fingerprint ?? '');
    await expect(again.addRecipient('Partner', partner.pem)).rejects.toMatchObject({
      code: 'certificate-unusable',
      detail: expect.stringContaining('expired on') as string,
    });
  });

  it('are bounded', async () => {
    const { ring } = await home.enrolled();
    for (let index = 0; index < 16; index += 1)
      await ring.addRecipient(`Partner ${index}`, (await made(`p${index}`, agreement)).pem);
    const last = await made('last', agreement);
    expect(await codeOf(ring.addRecipient('One more', last.pem))).toBe('recipient-too-many');
    expect(openOutcome(ring.openers, sealWhole(ring.sealers, content), content)).toBe('ok');
    expect((await home.open({ sealedData: 'present' })).facts.recipients).toHaveLength(16);
  });
});
