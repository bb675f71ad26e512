import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QueueKit } from '../../../../test/support/queue-kit.ts';

let kit: QueueKit;
let db: Database.Database;

beforeEach(() => {
  kit = new QueueKit();
  db = new Database(path.join(kit.dir, 'queue.db'));
});

afterEach(() => {
  db.close();
  kit.dispose();
});

/**
 * Bounded by the configuration, the list of error codes or a ceiling of their own, not by what was received: reading all
 * of it is cheap.
 */
const smallTables = [
  'destination',
  't',
  'failure',
  'f',
  'source',
  'commitment_source',
  'device',
  'caller',
  'observed_class',
  'watched_folder',
  'listen_address',
];

function plan(sql: string): string[] {
  const parameters = Array.from({ length: (sql.match(/\?/g) ?? []).length }, () => null);
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[];
  return rows.map(({ detail }) => detail);
}

/** Steps whose cost grows with the number of rows: reading a whole table or index, or sorting. */
function growing(sql: string): string[] {
  const steps = plan(sql);
  const read = steps.flatMap((step) => /^(?:SCAN|SEARCH) (\w+)/.exec(step)?.[1] ?? []);
  if (read.length > 0 && read.every((table) => smallTables.includes(table))) return [];
  return steps.filter((step) => {
    const scanned = /^SCAN (\w+)/.exec(step)?.[1];
    if (scanned === undefined) return step.startsWith('USE TEMP B-TREE') && step.includes('ORDER BY');
    return !smallTables.includes(scanned) && step !== 'SCAN CONSTANT ROW';
  });
}

/** They walk an index from one end and stop at LIMIT, or read only open incidents (bounded per code). */
const walksAnIndex = [
  /^SCAN study USING INDEX study_recent$/,
  /^SCAN incident USING INDEX incident_open$/,
  /^SCAN source_file USING INDEX source_file_ready$/,
  /^SCAN watched_file USING INDEX watched_file_(open|bad)$/,
];

describe('the queue at a million rows', () => {
  it('has no statement that reads or sorts a whole table', () => {
    expect(kit.queue.statements.length).toBeGreaterThan(40);
    const costly = kit.queue.statements.flatMap((sql) =>
      growing(sql)
        .filter((step) => !walksAnIndex.some((pattern) => pattern.test(step)))
        .map((step) => ({ sql, step })),
    );
    expect(costly).toEqual([]);
  });

  it('would notice one that does', () => {
    expect(growing('SELECT count(*) FROM instance')).not.toEqual([]);
    expect(growing('SELECT id FROM instance WHERE source = ?')).not.toEqual([]);
    expect(growing('SELECT id FROM instance WHERE study_id = ? ORDER BY size_bytes')).not.toEqual([]);
  });

  it('finds the next job in its index', () => {
    const claims = kit.queue.statements.filter((sql) => /state = '(queued|failed)'\s+(AND|ORDER)/.test(sql));
    expect(claims.length).toBeGreaterThanOrEqual(4);
    for (const sql of claims) expect(plan(sql).join()).toMatch(/INDEX delivery_(small|big|retry|away)/);
  });

  it('changes counters through keys only, in every trigger', () => {
    // Each trigger's statements, with NEW and OLD as parameters.
    const triggers = db
      .prepare<[], string>(
        // Those of append-only tables change nothing: they refuse.
        `SELECT sql FROM sqlite_master WHERE type = 'trigger' AND sql NOT LIKE '%RAISE(%'`,
      )
      .pluck()
      .all();
    expect(triggers.length).toBeGreaterThan(6);
    const statements = triggers.flatMap((sql) =>
      sql
        .slice(sql.indexOf('BEGIN') + 5, sql.lastIndexOf('END'))
        .replace(/--.*$/gm, '')
        .split(';')
        .map((one) => one.trim().replace(/\b(NEW|OLD)\.\w+/g, '?'))
        .filter((one) => one !== ''),
    );
    expect(statements.flatMap((sql) => growing(sql).map((step) => ({ sql, step })))).toEqual([]);
  });
});
