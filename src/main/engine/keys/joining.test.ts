import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, KeyHome, otherWords, readersOf } from '../../../../test/support/key-life.ts';
import { openOutcome } from '../../../../test/support/sealing.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { sealWhole } from '../seal/envelope-writer.ts';
import { KeyRing } from './key-ring.ts';
import { recordFor } from './words-records.ts';
import { wordsFromEntropy } from './recovery-words.ts';

const content = Buffer.from('content of an image');
let home: KeyHome;
let other: KeyHome;

beforeEach(async () => {
  home = await KeyHome.create();
  other = await KeyHome.create();
});
afterEach(async () => {
  await home.dispose();
  await other.dispose();
});

function adopt(words: readonly string[], records?: readonly Buffer[]): Promise<KeyRing> {
  return KeyRing.adopt(home.deps({ sealedData: 'present' }), words, records);
}

describe('adopting after a lost key store entry', () => {
  it('goes on with the same archive, a new device key and everything else as it was', async () => {
    const { ring, words } = await home.enrolled();
    await ring.newEpoch();
    const sealed = sealWhole(ring.sealers, content);
    const column = ring.columns.seal('t.c', 'text');
    const before = ring.facts;
    home.store.entries.clear();
    expect(await codeOf(home.open({ sealedData: 'present' }))).toBe('keychain-entry-missing');
    const adopted = await adopt(words);
    expect(openOutcome(adopted.openers, sealed, content)).toBe('ok');
    expect(adopted.columns.open('t.c', column)).toBe('text');
    expect(adopted.recoveryState).toBe('proven');
    const { deviceKey, wrappedArchiveKey, recovery, ...rest } = adopted.facts;
    const { deviceKey: oldKey, wrappedArchiveKey: oldWrapped, recovery: _old, ...restBefore } = before;
    expect(rest).toEqual(restBefore);
    expect(deviceKey.entry).not.toBe(oldKey.entry);
    expect(wrappedArchiveKey).not.toBe(oldWrapped);
    expect(recovery.state).toBe('proven');
    expect((await home.open({ sealedData: 'present' })).archiveId).toBe(ring.archiveId);
  });

  it('proves words that had not been proven, and ends a replacement with the new words', async () => {
    const ring = await home.open();
    const { words } = await ring.createRecovery({ replace: false });
    home.store.entries.clear();
    const adopted = await adopt(words);
    expect(adopted.recoveryState).toBe('proven');
    const next = await adopted.replaceRecovery('begin');
    home.store.entries.clear();
    const again = await adopt(next.words);
    expect(again.recoveryFingerprint).toBe(next.fingerprint);
    expect(again.facts.recovery.state).toBe('proven');
    home.store.entries.clear();
    expect(await codeOf(adopt(words))).toBe('recovery-words-replaced');
  });

  it('is refused while nothing is lost, and changes nothing then', async () => {
    const { words } = await home.enrolled();
    const before = await home.snapshot();
    expect(await codeOf(adopt(words))).toBe('keys-in-order');
    expect(await home.snapshot()).toEqual(before);
  });

  it('with the words of today, where an older keys.json was put back: from the records of the cloud', async () => {
    const { ring, words } = await home.enrolled();
    const older = await readFile(home.keysFile);
    const next = await ring.replaceRecovery('begin');
    const records = ring.archiveKeyRecords().map(({ bytes }) => bytes);
    await ring.checkRecovery(next.words);
    const sealed = sealWhole(ring.sealers, content);
    await writeFile(home.keysFile, older);
    expect(await codeOf(adopt(next.words))).toBe('recovery-words-other');
    const adopted = await adopt(next.words, records);
    expect(openOutcome(adopted.openers, sealed, content)).toBe('ok');
    expect(adopted.recoveryFingerprint).toBe(next.fingerprint);
    expect(adopted.recoveryState).toBe('proven');
    // What was sealed from now on opens with the words of today alone.
    const after = sealWhole(adopted.sealers, content);
    expect(openOutcome(readersOf(next.words), after, content)).toBe('ok');
    expect(openOutcome(readersOf(words), after, content)).not.toBe('ok');
  });

  it('with words of another archive in the same cloud: not at all', async () => {
    await home.enrolled();
    const stranger = await other.enrolled();
    const records = stranger.ring.archiveKeyRecords().map(({ bytes }) => bytes);
    home.store.entries.clear();
    const before = await readFile(home.keysFile);
    expect(await codeOf(adopt(stranger.words, records))).toBe('recovery-words-other');
    expect((await readFile(home.keysFile)).equals(before)).toBe(true);
    expect(home.store.entries.size).toBe(0);
  });

  it('makes nothing while the key store is locked or late', async () => {
    const { words } = await home.enrolled();
    home.store.entries.clear();
    const before = await readFile(home.keysFile);
    for (const reason of ['it is locked', 'it did not answer in time']) {
      home.store.before = () => {
        throw new EdgeSyncError('keychain-unavailable', reason);
      };
      expect(await codeOf(adopt(words))).toBe('keychain-unavailable');
    }
    home.store.calm();
    expect((await readFile(home.keysFile)).equals(before)).toBe(true);
    expect(home.store.entries.size).toBe(0);
    expect(await codeOf(adopt(words))).toBe('ok');
  });

  it('is refused with wrong words and with valid words of another clinic, and makes nothing', async () => {
    const { words } = await home.enrolled();
    home.store.entries.clear();
    const before = await readFile(home.keysFile);
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [words.slice(1), /count/],
      [['abuot', ...words.slice(1)], /misspelt/],
      [[...words].reverse(), /checksum|other/],
      [wordsFromEntropy(otherWords()), /recovery-words-other/],
    ];
    for (const [typed, code] of wrong) expect(await codeOf(adopt(typed))).toMatch(code);
    expect((await readFile(home.keysFile)).equals(before)).toBe(true);
    expect(home.store.entries.size).toBe(0);
  });

  it('is refused when nobody has words', async () => {
    await home.open();
    home.store.entries.clear();
    expect(await codeOf(adopt(wordsFromEntropy(otherWords())))).toBe('recovery-missing');
  });

  it('goes on where the entry holds another key, and leaves that entry alone', async () => {
    const { ring, words } = await home.enrolled();
    const [name] = home.store.entries.keys();
    home.store.entries.set(name ?? '', Buffer.alloc(32, 5));
    const adopted = await adopt(words);
    expect(adopted.archiveId).toBe(ring.archiveId);
  });

  it('loses nothing when it is broken off at any call of the key store', async () => {
    const { ring, words } = await home.enrolled();
    const sealed = sealWhole(ring.sealers, content);
    home.store.entries.clear();
    const start = await readFile(home.keysFile);
    for (let failing = 0; failing < 20; failing += 1) {
      await writeFile(home.keysFile, start);
      home.store.entries.clear();
      let call = -1;
      home.store.before = () => {
        call += 1;
        if (call === failing) throw new EdgeSyncError('keychain-unavailable', 'gone');
      };
      const outcome = await codeOf(adopt(words));
      home.store.calm();
      if (outcome !== 'ok') {
        const opened = await codeOf(home.open({ sealedData: 'present' }));
        if (opened !== 'ok') expect(await codeOf(adopt(words)), `call ${failing}`).toBe('ok');
      }
      const again = await home.open({ sealedData: 'present' });
      expect(openOutcome(again.openers, sealed, content), `call ${failing}`).toBe('ok');
      if (call < failing) return;
    }
    throw new Error('it never got through');
  });
});

describe('adopting without a good keys.json', () => {
  it('takes the record of the cloud, keeps the damaged file, and checks whose images are here', async () => {
    const { ring, words } = await home.enrolled();
    const sealed = sealWhole(ring.sealers, content);
    const records = [Buffer.from('not a record'), ring.archiveKeyRecord()];
    const good = await readFile(home.keysFile);
    const bad = Buffer.from(good);
    bad[200] = (bad[200] ?? 0) ^ 1;
    await writeFile(home.keysFile, bad);
    expect(await codeOf(adopt(words))).toBe('key-file-damaged');
    const elsewhere = (): void => {
      throw new EdgeSyncError('database-other-key');
    };
    const deps = home.deps({ sealedData: 'present' });
    expect(await codeOf(KeyRing.adopt({ ...deps, checkBelongs: elsewhere }, words, records))).toBe(
      'database-other-key',
    );
    expect((await readFile(home.keysFile)).equals(bad)).toBe(true);
    const adopted = await adopt(words, records);
    expect(openOutcome(adopted.openers, sealed, content)).toBe('ok');
    expect(await readdir(home.dataDir)).toEqual(['keys.json', 'keys.json.damaged']);
    await rm(home.keysFile);
    expect(await codeOf(adopt(words))).toBe('key-file-damaged');
    expect((await adopt(words, records)).archiveId).toBe(ring.archiveId);
  });
});

describe('joining', () => {
  const records = (rings: readonly KeyRing[]): readonly Buffer[] =>
    rings.flatMap((ring) => ring.archiveKeyRecords().map((one) => one.bytes));

  it('makes a further installation of the archive that the words belong to', async () => {
    const { ring, words } = await home.enrolled();
    const { ring: stranger } = await other.enrolled();
    const second = await KeyHome.create();
    try {
      const joined = await KeyRing.join(second.deps(), words, records([stranger, ring]));
      expect(joined.archiveId).toBe(ring.archiveId);
      expect(joined.installationId).not.toBe(ring.installationId);
      expect([joined.recoveryState, joined.recoveryFingerprint]).toEqual([
        'proven',
        ring.recoveryFingerprint,
      ]);
      const sealed = sealWhole(joined.sealers, content);
      for (const reader of [ring.openers, joined.openers, readersOf(words)])
        expect(openOutcome(reader, sealed, content)).toBe('ok');
      expect(joined.columns.open('t.c', ring.columns.seal('t.c', 'text'))).toBe('text');
      const again = await second.open({ sealedData: 'present' });
      expect(again.installationId).toBe(joined.installationId);
      expect(again.archiveKeyRecord().equals(ring.archiveKeyRecord())).toBe(true);
    } finally {
      await second.dispose();
    }
  });

  it('is refused where there are keys, damaged keys or sealed data already', async () => {
    const { ring, words } = await home.enrolled();
    const all = records([ring]);
    await other.open();
    const before = await other.snapshot();
    expect(await codeOf(KeyRing.join(other.deps(), words, all))).toBe('keys-exist');
    expect(await other.snapshot()).toEqual(before);
    await writeFile(other.keysFile, 'damaged');
    expect(await codeOf(KeyRing.join(other.deps(), words, all))).toBe('keys-exist');
    await rm(other.keysFile);
    expect(await codeOf(KeyRing.join(other.deps({ sealedData: 'present' }), words, all))).toBe('keys-exist');
  });

  it('makes nothing with words of another clinic, without records, or with a locked key store', async () => {
    const { ring, words } = await home.enrolled();
    const strangers = wordsFromEntropy(otherWords());
    const all = records([ring]);
    expect(await codeOf(KeyRing.join(other.deps(), strangers, all))).toBe('recovery-words-other');
    expect(await codeOf(KeyRing.join(other.deps(), words, []))).toBe('archive-key-missing');
    other.store.before = () => {
      throw new EdgeSyncError('keychain-unavailable', 'it is locked');
    };
    expect(await codeOf(KeyRing.join(other.deps(), words, all))).toBe('keychain-unavailable');
    other.store.calm();
    await mkdir(other.dataDir, { recursive: true });
    expect(await readdir(other.dataDir)).toEqual([]);
    expect(other.store.entries.size).toBe(0);
  });

  it('tells nothing of words, keys and entropy in logs, files and errors', async () => {
    const { ring, words } = await home.enrolled();
    const joined = await KeyRing.join(other.deps(), words, records([ring]));
    await joined.rotateDeviceKey();
    const next = await joined.replaceRecovery('begin');
    await joined.checkRecovery(next.words);
    const errors: unknown[] = [];
    await KeyRing.join(other.deps(), words, []).catch((error: unknown) => errors.push(error));
    await KeyRing.adopt(other.deps(), next.words).catch((error: unknown) => errors.push(error));
    expect(errors).toHaveLength(2);
    const [deviceKey] = other.store.entries.values();
    const text = [
      inspect([other.logger.lines, home.logger.lines, errors, joined, joined.facts], {
        depth: 20,
        showHidden: true,
        getters: true,
      }),
      await readFile(other.keysFile, 'utf8'),
      JSON.stringify([joined, errors]),
    ].join('\n');
    for (const secret of [words, next.words]) expect(text).not.toContain(secret.slice(0, 3).join(' '));
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(text).not.toContain(deviceKey?.toString(encoding).slice(0, 20));
    expect((await readdir(other.dataDir)).sort()).toEqual(['keys.json']);
    expect(join(other.dataDir)).not.toContain(words[0]);
  });
});

describe('the record that fits the words', () => {
  it('is found among replaced, planted, broken and strange ones', async () => {
    const { ring, words } = await home.enrolled();
    const { ring: stranger } = await other.enrolled();
    const first = ring.archiveKeyRecord();
    const next = await ring.replaceRecovery('begin');
    await ring.checkRecovery(next.words);
    const second = ring.archiveKeyRecord();
    // Whoever may write to the cloud can put the right fingerprint on a record of its own.
    const planted = Buffer.from(
      JSON.stringify({
        ...(JSON.parse(stranger.archiveKeyRecord().toString()) as object),
        fingerprint: next.fingerprint,
      }),
    );
    const all = [Buffer.from('{'), planted, stranger.archiveKeyRecord(), first, second];
    expect(recordFor(next.words, all).record.fingerprint).toBe(next.fingerprint);
    expect(recordFor(words, all).keys.archiveId).toBe(ring.archiveId);
    const codeFor = (records: readonly Buffer[]): string => {
      try {
        return recordFor(next.words, records).keys.archiveId;
      } catch (error) {
        return (error as EdgeSyncError).code;
      }
    };
    expect(codeFor([first, stranger.archiveKeyRecord()])).toBe('recovery-words-other');
    expect(codeFor([planted, first])).toBe('object-tampered');
    expect(codeFor([Buffer.alloc(100)])).toBe('object-format');
    expect(codeFor([])).toBe('archive-key-missing');
  });
});
