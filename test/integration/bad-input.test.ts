/** Bad input gets one clear line with the next step, a non-zero exit, and nothing is lost. */
import { createServer, type Server } from 'node:net';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { makeDicomFile } from '../support/dicom-files.ts';
import { TestInstallation, withoutRootsRights, type CommandResult } from '../support/installation.ts';
import { needs } from '../support/tools.ts';

let installation: TestInstallation;
beforeEach(async () => {
  installation = await TestInstallation.create();
});
afterEach(() => installation.dispose());

/** One line on stderr besides log lines, with the code in brackets and a next step. */
function expectOneLine(result: CommandResult, code: string, said?: string): void {
  const lines = result.err.split('\n').filter((line) => line.startsWith('edge-sync: '));
  expect(result.code, result.err).not.toBe(0);
  expect(lines, result.err).toHaveLength(1);
  expect(lines[0]).toContain(`[${code}]`);
  expect(lines[0]?.match(/\. /g)?.length ?? 0, 'a next step behind the message').toBeGreaterThanOrEqual(1);
  if (said !== undefined) expect(lines[0]).toContain(said);
}

describe('starting the engine', () => {
  it('says when the port is taken, by number', async () => {
    const other: Server = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as { port: number };
    await installation.configure({ dicom: { port } });
    const result = await installation.command(['serve']);
    other.close();
    expectOneLine(result, 'port-taken', String(port));
    expect(JSON.parse(result.out)).toMatchObject({ event: 'failed', code: 'port-taken' });
  });

  it('says when an AE title is longer than 16 characters', async () => {
    await installation.configure({ dicom: { aeTitle: 'A'.repeat(17) } });
    expectOneLine(await installation.command(['serve']), 'config-bad-value', 'at most 16 characters');
  });

  it('says which configuration key is unknown', async () => {
    await installation.configure({ dicom: { prot: 104 } });
    expectOneLine(await installation.command(['serve']), 'config-unknown-key', '"dicom.prot"');
  });

  it('says when the passphrase is wrong, or missing', async () => {
    await (await installation.serve()).stop();
    const wrong = await installation.command(['serve'], {
      environment: { EDGE_SYNC_PASSPHRASE: 'not this one' },
    });
    expectOneLine(wrong, 'passphrase-wrong');
    const missing = await installation.command(['serve'], { environment: { EDGE_SYNC_PASSPHRASE: '' } });
    expectOneLine(missing, 'passphrase-missing');
    await (await installation.serve()).stop();
  });

  it('says when there is no keychain', async () => {
    await installation.configure({ keys: { store: 'keychain' } });
    const nowhere = {
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${installation.path('no-bus')}`,
      DISPLAY: '',
      WAYLAND_DISPLAY: '',
    };
    expectOneLine(await installation.command(['serve'], { environment: nowhere }), 'keychain-unavailable');
  });

  it('says when another engine uses the data folder, which goes on', async () => {
    const engine = await installation.serve();
    expectOneLine(await installation.command(['serve']), 'engine-already-running');
    expect(await installation.status()).toMatchObject({ listener: { up: true } });
    expect(await engine.stop()).toBe(0);
  });

  it('refuses a database of a newer version and leaves it alone', async () => {
    await (await installation.serve()).stop();
    const file = join(installation.dataDir, 'queue.db');
    const db = new Database(file);
    db.pragma('user_version = 999');
    db.close();
    const before = await readFile(file);
    expectOneLine(await installation.command(['serve']), 'database-too-new');
    expect((await readFile(file)).equals(before)).toBe(true);
  });
});

describe('importing', () => {
  it('says what is not DICOM, what is cut short, and what cannot be read; the rest is stored', async () => {
    const folder = installation.path('mixed');
    await mkdir(join(folder, 'locked'), { recursive: true });
    const image = makeDicomFile({ pixelBytes: 20_000 });
    await writeFile(join(folder, 'letter.txt'), 'Dear colleague');
    await writeFile(join(folder, 'half.dcm'), image.bytes.subarray(0, image.bytes.length - 5000));
    await writeFile(join(folder, 'whole.dcm'), image.bytes);
    const result = await installation.command(['import', folder, installation.path('not-there')]);
    expect(result.code).toBe(2);
    expect(result.err).toContain('[not-dicom]');
    expect(result.err).toContain('[dicom-truncated]');
    expect(result.err).toContain('[file-not-readable]');
    expect(result.out).toContain('imported 1, already held 0, failed 3');
    const again = await installation.command(['import', join(folder, 'whole.dcm')]);
    expect(again.out).toContain('imported 0, already held 1, failed 0');
    expect(again.code).toBe(0);
  });

  it('says when a folder may not be read', async () => {
    const folder = installation.path('locked');
    await mkdir(folder);
    await chmod(folder, 0o000);
    const result = await installation.command(['import', folder], { through: withoutRootsRights });
    await chmod(folder, 0o700);
    expectOneLine(result, 'file-not-readable');
  });
});

describe('recovery words', () => {
  it('names the misspelt word and its place, and tells wrong from foreign words', async () => {
    const { words } = await installation.enrol();
    const check = async (given: readonly string[]): Promise<CommandResult> => {
      const file = installation.path('given.txt');
      await writeFile(file, given.join(' '));
      return installation.command(['recovery', 'check', '--words-file', file]);
    };
    const misspelt = await check(words.map((word, index) => (index === 6 ? `${word}x` : word)));
    expectOneLine(misspelt, 'recovery-words-misspelt', `word 7`);
    expectOneLine(await check(words.slice(1)), 'recovery-words-count');
    const swapped = words.with(0, words[1] ?? '').with(1, words[0] ?? '');
    const afterSwap = await check(swapped);
    expect(afterSwap.err).toMatch(/\[recovery-words-(checksum|other)\]/);
    const other = await TestInstallation.create();
    try {
      const foreign = await other.enrol();
      expectOneLine(await check(foreign.words), 'recovery-words-other');
    } finally {
      await other.dispose();
    }
    expect((await check(words)).code).toBe(0);
  });

  it('are not made twice once they are proven', async () => {
    await installation.enrol();
    expectOneLine(await installation.command(['recovery', 'create']), 'recovery-exists');
    expectOneLine(await installation.command(['recovery', 'create', '--replace']), 'recovery-exists');
  });
});

describe('opening a sealed object', () => {
  it('refuses one that was changed, cut or is something else, and leaves no file', async () => {
    const image = makeDicomFile({ pixelBytes: 5000 });
    const path = installation.path('image.dcm');
    await writeFile(path, image.bytes);
    await installation.command(['import', path]);
    const sealed = await firstSpooled(installation.dataDir);
    const attempt = async (bytes: Buffer, code: string): Promise<void> => {
      const file = installation.path('attempt.cms');
      const out = installation.path('attempt.dcm');
      await writeFile(file, bytes);
      expectOneLine(await installation.command(['open', file, '--out', out]), code);
      await expect(readFile(out)).rejects.toThrow();
    };
    const changed = Buffer.from(sealed);
    const middle = changed.length - 2000;
    changed[middle] = (changed[middle] ?? 0) ^ 1;
    await attempt(changed, 'object-tampered');
    await attempt(sealed.subarray(0, sealed.length - 10), 'object-truncated');
    await attempt(image.bytes, 'object-format');
    const out = installation.path('whole.dcm');
    const whole = installation.path('whole.cms');
    await writeFile(whole, sealed);
    expect((await installation.command(['open', whole, '--out', out])).code).toBe(0);
    expectOneLine(await installation.command(['open', whole, '--out', out]), 'file-exists');
  });
});

describe('a destination', () => {
  let cloud: Azurite;
  beforeEach(async () => {
    cloud = await startAzurite();
  });
  afterEach(() => cloud.stop());

  const destinations = [{ name: 'cloud', kind: 'azure', container: 'edge-sync' }];

  async function refusedWith(connection: string): Promise<string> {
    const environment = { EDGE_SYNC_SECRET_CLOUD: connection };
    const checked = await installation.command(['config', 'check'], { environment });
    expect(checked.code).not.toBe(0);
    expect(checked.out + checked.err).not.toContain(cloud.accountKey);
    return checked.out;
  }

  it('is checked: wrong key, unknown host, missing container, no credential, nonsense for a credential', async () => {
    await installation.configure({ destinations });
    const good = cloud.connectionString();
    expect(await refusedWith(good)).toContain('[cloud-container-missing]');
    await cloud.makeContainer('edge-sync');
    const wrongKey = Buffer.alloc(64, 7).toString('base64');
    expect(await refusedWith(good.replace(cloud.accountKey, wrongKey))).toContain('[cloud-auth]');
    expect(await refusedWith(good.replace('http://127.0.0.1', 'https://no-such-account.invalid'))).toContain(
      '[cloud-host-unknown]',
    );
    expect(await refusedWith('')).toContain('[cloud-secret-missing]');
    expect(await refusedWith('hello')).toContain('[cloud-secret-malformed]');
    const fine = await installation.command(['config', 'check'], {
      environment: { EDGE_SYNC_SECRET_CLOUD: good },
    });
    expect(fine.code, fine.out).toBe(0);
  });

  it('that refuses is shown as refused, the images stay safe, and nothing is green', async () => {
    await cloud.makeContainer('edge-sync');
    const wrongKey = Buffer.alloc(64, 7).toString('base64');
    const other = await TestInstallation.create({
      config: { destinations },
      secrets: { cloud: cloud.connectionString().replace(cloud.accountKey, wrongKey) },
    });
    try {
      await other.serve();
      await other.enrol();
      const path = other.path('image.dcm');
      await writeFile(path, makeDicomFile().bytes);
      await other.command(['import', path]);
      const status = await other.statusWhere((one) => one.destinations[0]?.state === 'refused');
      expect(status).toMatchObject({
        safe: false,
        headline: 'attention',
        counts: { received: 1, verified: 0 },
      });
      expect(status.destinations[0]?.error?.code).toBe('cloud-auth');
      expect(status.failures.find((one) => one.code === 'cloud-auth')?.imagesSafe).toBe(true);
    } finally {
      await other.dispose();
    }
  });
});

needs('faketime')('a wrong clock', () => {
  it('is named as the reason why the cloud refuses', async () => {
    const cloud = await startAzurite();
    try {
      await cloud.makeContainer('edge-sync');
      await installation.configure({
        destinations: [{ name: 'cloud', kind: 'azure', container: 'edge-sync' }],
      });
      const preload = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
      const checked = await installation.command(['config', 'check'], {
        environment: {
          EDGE_SYNC_SECRET_CLOUD: cloud.connectionString(),
          LD_PRELOAD: preload,
          FAKETIME: '-3h',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        },
      });
      expect(checked.out).toContain('[cloud-clock-skew]');
    } finally {
      await cloud.stop();
    }
  });
});

async function firstSpooled(dataDir: string): Promise<Buffer> {
  const spool = join(dataDir, 'spool');
  for (const entry of await readdir(spool, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    if (bytes.length > 0) return bytes;
  }
  throw new Error('the spool is empty');
}
