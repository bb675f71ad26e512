/** Looks at the whole database; for `doctor` and for tests. Reads every row: not for every start. */
import type Database from 'better-sqlite3';
import { aggregateInstance } from './aggregate.ts';

/** Each gives a row per mismatch. They recount what the triggers keep. */
const checks: readonly (readonly [what: string, sql: string])[] = [
  [
    'instance counters',
    `SELECT 1 FROM tally WHERE received <> (SELECT count(*) FROM instance)
       OR received <> pending + verified + failed + parked
       OR pending <> (SELECT count(*) FROM instance WHERE state = 'pending')
       OR verified <> (SELECT count(*) FROM instance WHERE state = 'verified')
       OR failed <> (SELECT count(*) FROM instance WHERE state = 'failed')
       OR parked <> (SELECT count(*) FROM instance WHERE state = 'parked')
       OR studies <> (SELECT count(*) FROM study)
       OR spool_bytes <> (SELECT coalesce(sum(size_bytes), 0) FROM instance WHERE spool_id IS NOT NULL)`,
  ],
  [
    'study counters',
    `SELECT 1 FROM study AS s WHERE (s.instances, s.verified, s.failed, s.parked, s.size_bytes, s.verified_bytes) <>
       (SELECT count(*), coalesce(sum(state = 'verified'), 0), coalesce(sum(state = 'failed'), 0),
          coalesce(sum(state = 'parked'), 0), coalesce(sum(size_bytes), 0),
          coalesce(sum(iif(state = 'verified', size_bytes, 0)), 0)
          FROM instance WHERE study_id = s.id)`,
  ],
  [
    'source counters',
    `SELECT 1 FROM source AS s WHERE (s.received, s.verified) <>
       (SELECT count(*), coalesce(sum(state = 'verified'), 0) FROM instance WHERE source = s.ae_title)`,
  ],
  [
    'destination counters',
    `SELECT 1 FROM destination AS t WHERE (t.queued, t.uploaded, t.verified, t.failed, t.parked) <>
       (SELECT coalesce(sum(state = 'queued'), 0), coalesce(sum(state = 'uploaded'), 0),
          coalesce(sum(state = 'verified'), 0), coalesce(sum(state = 'failed'), 0), coalesce(sum(state = 'parked'), 0)
          FROM delivery WHERE destination_id = t.id)`,
  ],
  [
    'failure groups',
    `SELECT 1 FROM failure AS f WHERE f.count <>
       (SELECT count(*) FROM delivery AS d WHERE d.destination_id = f.destination_id AND d.state = f.state
          AND coalesce(d.error_code, 'internal') = f.code)`,
  ],
  [
    'missing deliveries',
    `SELECT 1 FROM destination AS t JOIN instance AS i WHERE t.active = 1 AND NOT EXISTS (
       SELECT 1 FROM delivery AS d WHERE d.instance_id = i.id AND d.destination_id = t.id)`,
  ],
  [
    'verified copies that nobody looks at again',
    `SELECT 1 FROM delivery AS d WHERE d.state = 'verified' AND NOT EXISTS (
       SELECT 1 FROM verification AS v WHERE v.destination_id = d.destination_id AND v.instance_id = d.instance_id)`,
  ],
  [
    'arrivals by time',
    `WITH counted AS (
       SELECT received_at / 900000, source, count(*), sum(state = 'verified'),
           sum(state = 'verified' AND instr(flags, 'uid-conflict') = 0 AND EXISTS (
             SELECT 1 FROM commitment_answer AS a
               WHERE a.uid_lookup = instance.uid_lookup AND a.ae_title = instance.source AND a.committed = 1))
         FROM instance WHERE source IS NOT NULL GROUP BY 1, 2),
     kept AS (SELECT slot, ae_title, images, verified, committed FROM arrival WHERE ae_title <> '' AND images <> 0)
     SELECT 1 FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept)
       UNION ALL SELECT 1 FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted)`,
  ],
  [
    'queued without a local copy',
    `SELECT 1 FROM delivery AS d JOIN instance AS i ON i.id = d.instance_id JOIN destination AS t ON t.id = d.destination_id
       WHERE d.state = 'queued' AND i.spool_id IS NULL AND d.away = 0 AND t.active = 1`,
  ],
  [
    'copied from elsewhere although it is here',
    `SELECT 1 FROM delivery AS d JOIN instance AS i ON i.id = d.instance_id
       WHERE d.away = 1 AND d.state IN ('queued', 'failed') AND i.spool_id IS NOT NULL`,
  ],
  [
    'back-fill counters',
    `SELECT 1 FROM destination AS t LEFT JOIN back_fill AS f ON f.destination_id = t.id
       WHERE coalesce(f.waiting, 0) <> (SELECT count(*) FROM delivery
         WHERE destination_id = t.id AND away = 1 AND state IN ('queued', 'failed')) OR f.total < f.waiting`,
  ],
];

/** What does not hold, in words; empty when all is well. */
export function checkConsistency(db: Database.Database): string[] {
  const damage = (db.pragma('integrity_check') as { integrity_check: string }[])
    .map((row) => row.integrity_check)
    .filter((line) => line !== 'ok');
  const references = (db.pragma('foreign_key_check') as unknown[]).length;
  const counters = checks.flatMap(([what, sql]) => (db.prepare(sql).get() === undefined ? [] : [what]));
  return [
    ...damage,
    ...(references > 0 ? ['references'] : []),
    ...counters,
    ...(aggregatesHold(db) ? [] : ['instance states']),
  ];
}

function aggregatesHold(db: Database.Database): boolean {
  const [state, complete] = aggregateInstance.split(', complete = ');
  const wanted = state?.replace(/^state = /, '') ?? 'NULL';
  return (
    db
      .prepare(`SELECT 1 FROM instance WHERE state <> ${wanted} OR complete <> ${complete ?? 'NULL'}`)
      .get() === undefined
  );
}
