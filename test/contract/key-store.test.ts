import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PassphraseKeyStore } from '../../src/main/engine/system/passphrase-key-store.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { FakeKeyStore } from '../fakes/fake-key-store.ts';
import { keyStoreContract } from '../support/key-store-contract.ts';
import { SecretServiceHome, type KeyringState } from '../support/secret-service.ts';
import { needs } from '../support/tools.ts';

const clock = new SystemClock();
const random = new SystemRandom();

describe('the fake key store', () => {
  const store = new FakeKeyStore();
  it.each(keyStoreContract)('$name', async (one) => {
    await one.run(() => store);
  });
});

describe('the passphrase key store', () => {
  let folder: string;
  const path = (): string => join(folder, 'data', 'key-file.json');
  const open = (passphrase = 'Grüße an die Praxis'): PassphraseKeyStore =>
    new PassphraseKeyStore({ path: path(), passphrase: Secret.fromText(passphrase), random, clock });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-sync-passphrase-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(keyStoreContract)('$name', async (one) => {
    await one.run(() => open());
  });

  const outcome = async (store: PassphraseKeyStore): Promise<string> => {
    const read = await store.read('device-key-1');
    return read.tag === 'unavailable' ? read.error.code : read.tag;
  };

  it('opens with the passphrase however its letters are composed', async () => {
    expect(await outcome(open('Grüße an die Praxis'.normalize('NFD')))).toBe('present');
  });

  it('tells a wrong passphrase, also when writing, and changes nothing', async () => {
    const before = await readFile(path());
    const wrong = open('gruesse');
    expect(await outcome(wrong)).toBe('passphrase-wrong');
    await expect(wrong.write('x', Secret.fromText('x'))).rejects.toMatchObject({ code: 'passphrase-wrong' });
    await expect(wrong.remove('one')).rejects.toMatchObject({ code: 'passphrase-wrong' });
    expect((await readFile(path())).equals(before)).toBe(true);
  });

  it('takes another passphrase in one write with a fresh salt, and keeps every entry', async () => {
    const folder2 = await mkdtemp(join(tmpdir(), 'edge-sync-passphrase-change-'));
    try {
      const file = join(folder2, 'key-file.json');
      const [old, next] = ['the first passphrase', 'four or five odd words'].map((one) =>
        Secret.fromText(one),
      );
      if (old === undefined || next === undefined) throw new Error('two');
      const with_ = (passphrase: Secret): PassphraseKeyStore =>
        new PassphraseKeyStore({ path: file, passphrase, random, clock });
      const store = with_(old);
      await store.write('device-key-1', Secret.fromText('a key'));
      await store.write('secret-cloud', Secret.fromText('a credential'));
      const before = await readFile(file, 'utf8');
      const refused = async (current: string, wanted: string): Promise<unknown> =>
        store
          .changePassphrase(Secret.fromText(current), Secret.fromText(wanted))
          .catch((error: unknown) => (error as { code?: string }).code);
      expect(await refused('another passphrase', 'four or five odd words')).toBe('passphrase-wrong');
      for (const weak of [
        'short',
        'aaaaaaaaaaaaaaaa',
        'abcabcabcabcabc',
        'abcdefghijklmn',
        ' spaces around it ',
      ])
        expect(await refused('the first passphrase', weak), weak).toBe('passphrase-weak');
      expect(await refused('the first passphrase', 'the first passphrase')).toBe('passphrase-weak');
      expect(await readFile(file, 'utf8')).toBe(before);

      await store.changePassphrase(old, next);
      const after = await readFile(file, 'utf8');
      const saltOf = (text: string): string =>
        (JSON.parse(text) as { body: { kdf: { salt: string } } }).body.kdf.salt;
      expect(saltOf(after)).not.toBe(saltOf(before));
      for (const open2 of [store, with_(next)]) {
        const read = await open2.read('secret-cloud');
        expect(read.tag === 'present' ? read.secret.revealText() : read.tag).toBe('a credential');
      }
      expect(await outcome(with_(next))).toBe('present');
      expect(await outcome(with_(old))).toBe('passphrase-wrong');
      await store.write('later', Secret.fromText('x'));
      expect((await with_(next).read('later')).tag).toBe('present');
      expect(after).not.toContain('odd words');
    } finally {
      await rm(folder2, { recursive: true, force: true });
    }
  });

  it('refuses an empty passphrase', () => {
    expect(() => open('')).toThrow('passphrase is needed');
  });

  it('keeps its file to its owner, with no secret and no passphrase in it', async () => {
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    const text = await readFile(path(), 'utf8');
    expect(text).not.toMatch(/canary-in|Praxis/);
    expect(text).not.toContain(Buffer.from('canary-in-the-store').toString('hex'));
  });

  it('calls the file damaged, not the passphrase wrong, whatever byte is flipped', async () => {
    const good = await readFile(path());
    const store = open();
    expect(await outcome(store)).toBe('present');
    const step = Math.max(1, Math.floor(good.length / 400));
    for (let at = 0; at < good.length; at += step) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      await writeFile(path(), bad);
      expect(await outcome(store), `byte ${at}`).toBe('key-file-damaged');
    }
    for (const bad of [good.subarray(0, 500), Buffer.alloc(0), Buffer.alloc(2_000_000, 0x20)]) {
      await writeFile(path(), bad);
      expect(await outcome(store)).toBe('key-file-damaged');
    }
    await writeFile(path(), good);
    expect(await outcome(store)).toBe('present');
  });

  it('finds an entry that somebody took out or put elsewhere, checksum and all', async () => {
    const good = await readFile(path(), 'utf8');
    const { createHash } = await import('node:crypto');
    const file = JSON.parse(good) as { body: { entries: { name: string }[] }; checksum: string; mac: string };
    const changes = [
      file.body.entries.filter((one) => one.name !== 'device-key-1'),
      file.body.entries.map((one) => (one.name === 'two' ? { ...one, name: 'device-key-2' } : one)),
    ];
    for (const entries of changes) {
      const body = { ...file.body, entries };
      const checksum = createHash('sha256').update(JSON.stringify(body)).digest('hex');
      await writeFile(path(), `${JSON.stringify({ body, checksum, mac: file.mac }, undefined, 2)}\n`);
      expect(await outcome(open())).toBe('key-file-damaged');
    }
    await writeFile(path(), good);
  });

  it('refuses a file that asks for more memory than we give', async () => {
    const good = await readFile(path(), 'utf8');
    await writeFile(path(), good.replace('131072', '1073741824'));
    expect(await outcome(open())).toBe('key-file-damaged');
    await writeFile(path(), good);
  });
});

needs('gnome-keyring', 'dbus')('the keychain of Linux (a real gnome-keyring in a private session)', () => {
  const script = resolve(import.meta.dirname, '../support/keychain-in-session.ts');
  let home: SecretServiceHome;
  const run = async (action: string, keyring: KeyringState): Promise<unknown> => {
    const result = await home.run(script, [action], keyring);
    if (result.exitCode !== 0) throw new Error(`exit ${result.exitCode}: ${result.stderr}`);
    return JSON.parse(result.stdout) as unknown;
  };

  beforeAll(async () => {
    home = await SecretServiceHome.create();
  });
  afterAll(() => home.remove());

  it('holds the contract of every key store', async () => {
    const results = (await run('contract', 'unlocked')) as Readonly<Record<string, string>>;
    expect(results).toEqual(Object.fromEntries(keyStoreContract.map(({ name }) => [name, 'ok'])));
  });

  it('keeps an entry from one login to the next', async () => {
    expect(await run('read', 'unlocked')).toEqual({ tag: 'absent' });
    expect(await run('write', 'unlocked')).toEqual({ tag: 'written' });
    expect(await run('read', 'unlocked')).toEqual({ tag: 'present', hex: 'a5'.repeat(32) });
  });

  it('locked, it is unavailable and never absent, and takes nothing', async () => {
    expect(await run('write', 'unlocked')).toEqual({ tag: 'written' });
    const locked = { code: 'keychain-unavailable', detail: 'it is locked' };
    expect(await run('read', 'locked')).toEqual({ tag: 'unavailable', ...locked });
    expect(await run('write', 'locked')).toEqual({ tag: 'refused', ...locked });
  });

  it('without a keychain service it is unavailable and never absent, and takes nothing', async () => {
    const none = { code: 'keychain-unavailable', detail: 'no keychain service answers' };
    expect(await run('read', 'no-service')).toEqual({ tag: 'unavailable', ...none });
    expect(await run('write', 'no-service')).toEqual({ tag: 'refused', ...none });
  });

  it.each([
    ['whose person lets its prompt stand', 'read-briefly', 'asking'],
    ['whose process hangs', 'read-from-stopped', 'unlocked'],
  ] as const)('%s is unavailable after a while', async (_name, action, keyring) => {
    expect(await run(action, keyring)).toEqual({
      tag: 'unavailable',
      code: 'keychain-unavailable',
      detail: 'it did not answer in time',
    });
  });
});
