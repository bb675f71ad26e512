import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogFlush } from './log-flush.ts';

let dir: string;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-sync-log-'));
});

afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

it('flushes a log that SQLite goes on writing, and lets go of it at the end', async () => {
  const file = path.join(dir, 'a.db');
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE a (x)');
  const log = new LogFlush(`${file}-wal`);
  for (let round = 0; round < 5; round += 1) {
    db.exec('INSERT INTO a VALUES (1)');
    await Promise.all([log.flush(), log.flush(), log.flush()]);
  }
  // Closing the extra descriptor must not take SQLite's own locks away.
  await log.close();
  const other = new Database(file);
  db.exec('BEGIN IMMEDIATE');
  expect(() => other.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE')).toThrow(/locked/);
  db.exec('COMMIT');
  other.close();
  db.close();
  expect(fs.existsSync(`${file}-wal`)).toBe(false);
});

it('starts a new flush for what was committed while one was under way', async () => {
  const file = path.join(dir, 'log');
  fs.writeFileSync(file, 'x');
  const log = new LogFlush(file);
  const first = log.flush();
  const second = log.flush();
  const third = log.flush();
  expect(second).not.toBe(first);
  expect(third).toBe(second);
  await Promise.all([first, second]);
  await log.close();
});

it('fails for good once a flush has failed, also those that waited for it', async () => {
  const file = path.join(dir, 'nothing');
  const log = new LogFlush(file);
  const flushes = [log.flush(), log.flush()];
  // Whatever is there later: it cannot be known whether what failed is in it.
  fs.writeFileSync(file, 'x');
  expect(await Promise.allSettled(flushes)).toMatchObject([
    { reason: { code: 'ENOENT' } },
    { reason: { code: 'ENOENT' } },
  ]);
  await expect(log.flush()).rejects.toMatchObject({ code: 'ENOENT' });
  expect(log.failure).toMatchObject({ code: 'ENOENT' });
  await log.close();
});
