import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GroupCommit } from './group-commit.ts';

let db: Database.Database;
let commits: GroupCommit;
let events: string[];
let flush: () => Promise<void>;
let failure: Error | undefined;

beforeEach(() => {
  db = new Database(':memory:');
  db.exec(`CREATE TABLE a (x INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE b (x INTEGER REFERENCES a (x) DEFERRABLE INITIALLY DEFERRED) STRICT;`);
  events = [];
  flush = () => Promise.resolve();
  failure = undefined;
  commits = new GroupCommit(
    db,
    {
      flush: () => flush(),
      get failure() {
        return failure;
      },
    },
    () => events.push('committed'),
    () => events.push('undone'),
  );
});

afterEach(() => db.close());

const rows = (): unknown[] => db.prepare('SELECT x FROM a ORDER BY x').pluck().all();
const insert = (x: number) => () => db.prepare('INSERT INTO a VALUES (?)').run(x).changes;

describe('a group commit', () => {
  it('puts the writes of one turn into one transaction and answers after it', async () => {
    const insideTransaction: boolean[] = [];
    const writes = [1, 2, 3].map((x) =>
      commits.add(() => {
        insideTransaction.push(db.inTransaction);
        return insert(x)();
      }),
    );
    expect(rows()).toEqual([]);
    expect(await Promise.all(writes)).toEqual([1, 1, 1]);
    expect(db.inTransaction).toBe(false);
    expect(insideTransaction).toEqual([true, true, true]);
    expect(events).toEqual(['committed']);
  });

  it('undoes alone what throws', async () => {
    const results = await Promise.allSettled([
      commits.add(insert(1)),
      commits.add(() => {
        insert(2)();
        insert(1)();
      }),
      commits.add(insert(3)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(rows()).toEqual([1, 3]);
    expect(events).toEqual(['undone', 'committed']);
  });

  it('rejects everybody when the COMMIT itself fails, and goes on afterwards', async () => {
    const results = await Promise.allSettled([
      commits.add(insert(1)),
      commits.add(() => db.prepare('INSERT INTO b VALUES (99)').run()),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(rows()).toEqual([]);
    expect(events).toEqual(['undone', 'committed']);
    await commits.add(insert(5));
    expect(rows()).toEqual([5]);
  });

  it('answers only when the log was flushed, and the event loop goes on meanwhile', async () => {
    const flushing = Promise.withResolvers<undefined>();
    flush = () => flushing.promise;
    let answered = false;
    const write = commits.add(insert(1)).then(() => (answered = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([rows(), answered]).toEqual([[1], false]);
    flushing.resolve(undefined);
    await write;
  });

  it('rejects everybody when the log cannot be flushed', async () => {
    flush = () => Promise.reject(Object.assign(new Error('i/o'), { code: 'EIO' }));
    const results = await Promise.allSettled([commits.add(insert(1)), commits.add(insert(2))]);
    expect(results).toMatchObject([
      { reason: { code: 'disk-error', detail: 'EIO' } },
      { reason: { code: 'disk-error' } },
    ]);
  });

  it('writes nothing behind a log that could not be flushed', async () => {
    failure = Object.assign(new Error('i/o'), { code: 'EIO' });
    await expect(commits.add(insert(1))).rejects.toMatchObject({ code: 'disk-error', detail: 'EIO' });
    expect(rows()).toEqual([]);
  });

  it('leaves every other write of the connection fully synchronous', async () => {
    let inside: unknown;
    await commits.add(() => (inside = db.pragma('synchronous', { simple: true })));
    expect([inside, db.pragma('synchronous', { simple: true })]).toEqual([1, 2]);
    await Promise.allSettled([commits.add(() => db.prepare('INSERT INTO b VALUES (99)').run())]);
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
  });

  it('takes a large group in several transactions, in order', async () => {
    await Promise.all(Array.from({ length: 600 }, (_, x) => commits.add(insert(x))));
    expect(rows()).toHaveLength(600);
    expect(events).toEqual(['committed', 'committed', 'committed']);
  });

  it('commits what waits when it is closed, and nothing later', async () => {
    const before = commits.add(insert(1));
    commits.close();
    expect(rows()).toEqual([1]);
    await before;
    await expect(commits.add(insert(2))).rejects.toMatchObject({ code: 'engine-stopped' });
  });
});
