/** The life of the keys at the command line: beside a running engine and a cloud, and with lost keys and no engine. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KeysStatus } from '../../src/shared/contract-keys.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { needs } from '../support/tools.ts';
import { blobsOf, openPractice, openWithOpenssl, type Practice } from '../support/whole-way.ts';

const passphrase = 'correct horse battery staple';
const nextPassphrase = 'another row of unlikely words';

needs('openssl')('the life of the keys', () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice({ passphrase });
  });
  afterEach(() => practice.dispose());

  const ok = async (args: readonly string[], environment: Record<string, string> = {}): Promise<string> => {
    const { code, out, err } = await practice.installation.command(args, { environment });
    expect(code, `${args.join(' ')}: ${err}`).toBe(0);
    return out;
  };
  const keysStatus = async (): Promise<KeysStatus> =>
    JSON.parse(await ok(['keys', 'status', '--json'])) as KeysStatus;
  const importImage = async (label: string): Promise<void> => {
    const path = practice.installation.path(`${label}.dcm`);
    await writeFile(path, makeDicomFile({ sopInstanceUid: testUid(label), pixelBytes: 20_000 }).bytes);
    await ok(['import', path]);
  };
  const verified = (count: number) =>
    practice.installation.statusWhere((one) => one.counts.verified === count);
  const keyFor = async (words: readonly string[], name: string): Promise<{ key: string; cert: string }> => {
    const wordsFile = practice.installation.path(`${name}.txt`);
    await writeFile(wordsFile, words.join(' '));
    const files = {
      key: practice.installation.path(`${name}.pem`),
      cert: practice.installation.path(`${name}.crt`),
    };
    await ok(['recovery', 'export-key', '--words-file', wordsFile, '--out', files.key, '--cert', files.cert]);
    return files;
  };

  it('renews keys and words beside a running engine, and the cloud has a record for each kit', async () => {
    const { installation, cloud } = practice;
    const engine = await installation.serve();
    const { words, fingerprint } = await installation.enrol();
    await importImage('first');
    await verified(1);
    const before = new Set((await blobsOf(cloud, 'objects/')).map((one) => one.name));

    await ok(['keys', 'rotate-device', '--yes']);
    await ok(['keys', 'new-epoch', '--yes']);
    expect((await installation.command(['keys', 'new-epoch'])).code).toBe(64);
    const made = JSON.parse(await ok(['recovery', 'replace', '--yes', '--json'])) as {
      words: string[];
      fingerprint: string;
    };
    expect((await keysStatus()).recovery).toMatchObject({
      state: 'replacing',
      kit: { fingerprint },
      next: { fingerprint: made.fingerprint },
    });
    await importImage('between');
    await verified(2);
    const records = (await blobsOf(cloud, 'keys/')).map((one) => one.name).sort();
    const { archiveId } = await keysStatus();
    expect(records).toEqual([
      `keys/${archiveId}-${made.fingerprint.slice(0, 16)}.json`,
      `keys/${archiveId}.json`,
    ]);
    const next = await keyFor(made.words, 'next');
    await ok(['recovery', 'check', '--words-file', installation.path('next.txt')]);
    await importImage('after');
    await verified(3);
    const old = await keyFor(words, 'old');
    const opens = { next: [] as boolean[], old: [] as boolean[] };
    const objects = (await blobsOf(cloud, 'objects/')).filter((one) => !before.has(one.name));
    for (const object of objects) {
      for (const [who, key] of [
        ['next', next],
        ['old', old],
      ] as const) {
        opens[who].push(
          await openWithOpenssl(object, { ...key, folder: installation.path(`opened-${who}`) }).then(
            () => true,
            () => false,
          ),
        );
      }
    }
    expect(opens.next).toEqual([true, true]);
    expect(opens.old.sort()).toEqual([false, true]);

    // A new PC has only the cloud and the newest words; the old ones open the archive still, and docs/keys.md says so.
    for (const name of ['next', 'old']) {
      const to = installation.path(`restored-${name}`);
      await ok([
        ...['restore', '--all', '--from-cloud', '--to', to],
        ...['--words-file', installation.path(`${name}.txt`)],
      ]);
    }
    expect((await keysStatus()).epoch).toBe(2);
    const text = await ok(['keys', 'status']);
    expect(text).toContain('Replaced kit');
    // No word, key or passphrase in the log.
    const log = engine.log();
    for (const secret of [words, made.words]) expect(log).not.toContain(secret.slice(0, 2).join(' '));
    expect(log).not.toContain(passphrase);
    const audit = await ok(['keys', 'status', '--json']);
    expect(audit).not.toContain(words.slice(0, 2).join(' '));
    expect(await engine.stop()).toBe(0);
  });

  it('changes the passphrase, and a restart needs the new one', async () => {
    const { installation } = practice;
    const engine = await installation.serve();
    const file = installation.path('new-passphrase');
    await writeFile(file, 'too short');
    const change = ['keys', 'change-passphrase', '--new-passphrase-file', file];
    const weak = await installation.command(change);
    expect([weak.code, weak.err]).toEqual([1, expect.stringContaining('passphrase-weak')]);
    await writeFile(file, `${nextPassphrase}\n`);
    const wrong = await installation.command(change, {
      environment: { EDGE_SYNC_PASSPHRASE: 'not this one at all' },
    });
    expect(wrong.err).toContain('passphrase-wrong');
    await ok(change);
    await ok(['keys', 'rotate-device', '--yes']);
    expect(engine.log()).not.toContain(nextPassphrase);
    await engine.stop();
    const old = await installation.command(['keys', 'status']);
    expect(old.err).toContain('passphrase-wrong');
    await ok(['keys', 'status'], { EDGE_SYNC_PASSPHRASE: nextPassphrase });
    for (const name of await readdir(installation.dataDir, { recursive: true })) {
      const bytes = await readFile(join(installation.dataDir, name)).catch(() => Buffer.alloc(0));
      for (const secret of [passphrase, nextPassphrase]) expect(bytes.includes(secret), name).toBe(false);
    }
  });

  it('goes on with the words after the key store entry, and after keys.json, was lost', async () => {
    const { installation } = practice;
    let engine = await installation.serve();
    const { wordsFile } = await installation.enrol();
    await importImage('before the loss');
    await verified(1);
    const { archiveId } = await keysStatus();
    const adopt = ['recovery', 'adopt', '--words-file', wordsFile];
    expect((await installation.command(adopt)).err).toContain('engine-already-running');
    await engine.stop();
    expect((await installation.command(adopt)).err).toContain('keys-in-order');

    await rm(join(installation.dataDir, 'key-file.json'));
    expect((await installation.command(['keys', 'status'])).err).toContain('keychain-entry-missing');
    const adopted = JSON.parse(await ok([...adopt, '--json'])) as { archiveId: string };
    expect(adopted.archiveId).toBe(archiveId);
    engine = await installation.serve();
    await importImage('after the loss');
    await verified(2);
    await engine.stop();

    await writeFile(join(installation.dataDir, 'keys.json'), 'damaged');
    expect((await installation.command(adopt)).err).toContain('key-file-damaged');
    await ok([...adopt, '--from-cloud']);
    engine = await installation.serve();
    await importImage('after the damage');
    await verified(3);
    await ok(['restore', '--all', '--from-cloud', '--to', installation.path('restored')]);
    await engine.stop();
  });

  it('seals new images to further certificates, which stock OpenSSL opens with their key', async () => {
    const { installation, cloud } = practice;
    const engine = await installation.serve();
    await installation.enrol();
    const [key, cert, rsa] = ['p.key', 'p.crt', 'r.crt'].map((name) => installation.path(name)) as [
      string,
      string,
      string,
    ];
    const made = (extra: readonly string[], out: string): void => {
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-nodes', '-subj', '/CN=Partner', '-days', '90', '-keyout', key, '-out', out],
          ...['-addext', 'basicConstraints=CA:FALSE', ...extra],
        ],
        { stdio: 'pipe' },
      );
    };
    made(['-newkey', 'rsa:2048'], rsa);
    const refused = await installation.command(['recipients', 'add', 'Partner', rsa, '--yes']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('its key is RSA')]);
    made(['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], cert);
    await ok(['recipients', 'add', 'Partner', cert, '--yes']);
    expect(await ok(['recipients', 'list'])).toContain('CN=Partner');
    await importImage('shared with the partner');
    await verified(1);
    const [object] = await blobsOf(cloud, 'objects/');
    if (object === undefined) throw new Error('nothing in the cloud');
    const folder = installation.path('opened');
    expect((await openWithOpenssl(object, { key, cert, folder })).length).toBeGreaterThan(20_000);
    await ok(['recipients', 'remove', 'Partner', '--yes']);
    await importImage('not shared');
    await verified(2);
    const later = (await blobsOf(cloud, 'objects/')).find((one) => one.name !== object.name);
    if (later === undefined) throw new Error('the second is missing');
    await expect(openWithOpenssl(later, { key, cert, folder })).rejects.toThrow();
    await engine.stop();
  });
});
