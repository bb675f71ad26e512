import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeColumnSealer } from '../../../../test/fakes/fake-column-sealer.ts';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import { DataDirLock } from './data-dir-lock.ts';
import { applicationId, openDatabase } from './database.ts';
import { migrations, type Migration } from './migrations/index.ts';

let dir: string;
let file: string;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-sync-db-'));
  file = path.join(dir, 'queue.db');
});

afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const two: readonly Migration[] = [
  { version: 1, sql: 'CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);' },
  { version: 2, sql: 'CREATE TABLE b (y INTEGER) STRICT; INSERT INTO b SELECT x + 1 FROM a;' },
];

function codeThrown(work: () => void): unknown {
  try {
    work();
    return 'nothing thrown';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe('opening the database', () => {
  it('makes every commit wait for the disk, and says whose file it is', () => {
    const db = openDatabase(file, migrations);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(db.pragma('application_id', { simple: true })).toBe(applicationId);
    expect(db.pragma('user_version', { simple: true })).toBe(migrations.at(-1)?.version);
    db.close();
  });

  it.skipIf(process.platform === 'win32')('lets only the owner read the database and its log', () => {
    const db = openDatabase(file, migrations);
    for (const name of fs.readdirSync(dir)) {
      expect([name, fs.statSync(path.join(dir, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    db.close();
  });

  it('migrates an older one after copying it', () => {
    openDatabase(file, two.slice(0, 1)).close();
    const db = openDatabase(file, two);
    expect(db.prepare('SELECT y FROM b').pluck().all()).toEqual([2]);
    db.close();
    const backup = path.join(dir, 'queue-before-v2.db');
    expect(fs.statSync(backup).mode & 0o777).toBe(0o600);
    const copy = new Database(backup, { readonly: true });
    expect(copy.pragma('user_version', { simple: true })).toBe(1);
    expect(copy.prepare('SELECT x FROM a').pluck().all()).toEqual([1]);
    copy.close();
  });

  it('migrates wholly or not at all, and can be tried again', () => {
    openDatabase(file, two.slice(0, 1)).close();
    const broken = [...two, { version: 3, sql: 'CREATE TABLE c (z INTEGER) STRICT; nonsense;' }];
    expect(() => openDatabase(file, broken)).toThrow();
    const db = openDatabase(file, two.slice(0, 1));
    expect(db.pragma('user_version', { simple: true })).toBe(1);
    db.close();
    openDatabase(file, two).close();
  });

  it('refuses a newer one and does not change a byte', () => {
    const newer = openDatabase(file, two);
    newer.pragma('wal_checkpoint(TRUNCATE)');
    newer.exec('INSERT INTO a VALUES (5)');
    // As after a crash: the last commit is only in the log.
    const copied = path.join(dir, 'crashed');
    fs.mkdirSync(copied);
    for (const name of ['queue.db', 'queue.db-wal'])
      fs.copyFileSync(path.join(dir, name), path.join(copied, name));
    newer.close();
    const read = (): Buffer[] =>
      ['queue.db', 'queue.db-wal'].map((name) => fs.readFileSync(path.join(copied, name)));
    const before = read();
    expect(() => openDatabase(path.join(copied, 'queue.db'), two.slice(0, 1))).toThrow(
      expect.objectContaining({ code: 'database-too-new' }),
    );
    expect(read()).toEqual(before);
  });

  it('calls a file that is no database, is cut short or is not ours damaged, and leaves it alone', () => {
    openDatabase(file, migrations).close();
    const whole = fs.readFileSync(file);
    const foreign = new Database(path.join(dir, 'foreign.db'));
    foreign.exec('CREATE TABLE x (y)');
    foreign.close();
    const cases = {
      garbage: Buffer.alloc(8192, 'x'),
      short: whole.subarray(0, 4096 * 3),
      scrambled: Buffer.concat([whole.subarray(0, 100), Buffer.alloc(4000, 0xff), whole.subarray(4100)]),
      foreign: fs.readFileSync(path.join(dir, 'foreign.db')),
    };
    for (const [name, bytes] of Object.entries(cases)) {
      const damaged = path.join(dir, `${name}.db`);
      fs.writeFileSync(damaged, bytes);
      const code = codeThrown(() => openDatabase(damaged, migrations).close());
      expect([name, code]).toEqual([name, 'database-damaged']);
      expect(fs.readFileSync(damaged).equals(bytes)).toBe(true);
    }
  });

  it('starts afresh on an empty file, which a crash in the first moment leaves', () => {
    fs.writeFileSync(file, '');
    openDatabase(file, migrations).close();
    openDatabase(file, migrations).close();
  });

  it('says so when the folder cannot be written', () => {
    fs.writeFileSync(path.join(dir, 'file'), '');
    expect(() => openDatabase(path.join(dir, 'file', 'queue.db'), migrations)).toThrow(
      expect.objectContaining({ code: 'data-dir-not-writable' }),
    );
  });
});

describe('the queue', () => {
  it('keeps its installation id and refuses keys it was not made with', async () => {
    const kit = new QueueKit();
    const { installationId } = kit.queue;
    expect(installationId).toMatch(/^[0-9a-f]{32}$/);
    await kit.queue.recordReceived(newInstance('a'));
    expect(kit.reopen().installationId).toBe(installationId);
    expect(() => kit.open(new FakeColumnSealer(Buffer.alloc(32, 9)))).toThrow(
      expect.objectContaining({ code: 'database-other-key' }),
    );
    kit.dispose();
  });

  it('rejects writes after it was closed, and has committed those before', async () => {
    const kit = new QueueKit();
    const before = kit.queue.recordReceived(newInstance('a'));
    kit.queue.close();
    await expect(before).resolves.toMatchObject({ tag: 'recorded' });
    await expect(kit.queue.recordReceived(newInstance('b'))).rejects.toMatchObject({
      code: 'engine-stopped',
    });
    kit.queue = kit.open();
    expect(kit.queue.status().received).toBe(1);
    kit.dispose();
  });

  it('says database-damaged when a page is found damaged later', () => {
    const kit = new QueueKit();
    kit.queue.close();
    const bytes = fs.readFileSync(path.join(kit.dir, 'queue.db'));
    bytes.fill(0xa5, 4096 * 2);
    fs.writeFileSync(path.join(kit.dir, 'queue.db'), bytes);
    expect(() => {
      kit.queue = kit.open();
      kit.queue.status();
    }).toThrow(expect.objectContaining({ code: 'database-damaged' }));
    kit.dispose();
  });
});

describe('the lock on the data folder', () => {
  it('is refused to a second engine, and free again when released', () => {
    const lock = DataDirLock.acquire(dir);
    expect(() => DataDirLock.acquire(dir)).toThrow(
      expect.objectContaining({ code: 'engine-already-running' }),
    );
    lock.release();
    lock.release();
    DataDirLock.acquire(dir).release();
  });

  it('is held against other processes after this one asked for it twice', async () => {
    const lock = DataDirLock.acquire(dir);
    expect(() => DataDirLock.acquire(dir)).toThrow(
      expect.objectContaining({ code: 'engine-already-running' }),
    );
    expect(await anotherProcess(`try { ${ACQUIRE} } catch (error) { console.log(error.code) }`)).toBe(
      'engine-already-running',
    );
    lock.release();
    expect(await anotherProcess(`${ACQUIRE} console.log('free')`)).toBe('free');
  });

  it('is held until it is released, even if nothing refers to it', async () => {
    const holder = lockingProcess(
      `(() => { ${ACQUIRE} })(); await new Promise(setImmediate); gc(); await new Promise(setImmediate);
       console.log('held'); setInterval(() => {}, 1000);`,
    );
    try {
      await once(holder.stdout, 'data');
      expect(() => DataDirLock.acquire(dir)).toThrow(
        expect.objectContaining({ code: 'engine-already-running' }),
      );
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
  });

  it('is held against other processes and goes with a process that is killed', async () => {
    const holder = lockingProcess(`${ACQUIRE} console.log('held'); setInterval(() => {}, 1000);`);
    try {
      await once(holder.stdout, 'data');
      expect(() => DataDirLock.acquire(dir)).toThrow(
        expect.objectContaining({ code: 'engine-already-running' }),
      );
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    DataDirLock.acquire(dir).release();
  });

  const ACQUIRE = 'DataDirLock.acquire(process.argv[1]);';

  /** A Node process that runs this code; the data folder is its first argument. */
  function lockingProcess(code: string) {
    const lockModule = pathToFileURL(path.join(import.meta.dirname, 'data-dir-lock.ts')).href;
    const script = `const { DataDirLock } = await import(${JSON.stringify(lockModule)}); ${code}`;
    return spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script, '--', dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  async function anotherProcess(code: string): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of lockingProcess(code).stdout) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString().trim();
  }
});
