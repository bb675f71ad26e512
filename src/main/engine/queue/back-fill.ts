/**
 * Images that a destination lacks and that are no longer on this PC, but verified at another destination: which come
 * next, and where they are. Outcomes are written like those of any delivery (`Queue.markUploaded` and its like).
 */
import type Database from 'better-sqlite3';
import type { InstanceDetails, SpoolId } from '../model.ts';
import { fromHex, openDetailsIfWhole, toHex, type QueueCore } from './queue-core.ts';

/** A proven copy of the object in another destination. */
export interface CopyElsewhere {
  readonly destination: string;
  /** 0: under its own name; else the number of the repaired copy. */
  readonly repair: number;
  /** As it was proven there. */
  readonly sizeBytes: number;
  /** SHA-256 of its sealed bytes, hex. */
  readonly objectSha256: string;
}

export interface BackFillJob {
  readonly instanceId: number;
  /** The destination that lacks it. */
  readonly destination: string;
  readonly objectName: string;
  /** undefined: the row is damaged, nobody can say what it should be. */
  readonly details: InstanceDetails | undefined;
  /** Failed ones so far. */
  readonly attempts: number;
  readonly receivedAtMs: number;
  /** Empty when no active destination has it any more. */
  readonly copies: readonly CopyElsewhere[];
}

/** How far the copying of one destination is. */
export interface BackFillFacts {
  readonly destination: string;
  readonly waiting: number;
  /** Since there was nothing to copy, those waiting included. */
  readonly total: number;
}

interface JobRow {
  readonly object_name: Buffer;
  readonly study_id: number;
  readonly details: Buffer;
  readonly received_at: number;
  readonly attempts: number;
}

interface CopyRow {
  readonly name: string;
  readonly repair: number | null;
  readonly object_size_bytes: number;
  readonly object_sha256: Buffer;
}

/**
 * SQL: 1 when another active destination than `destinationId` has `instanceId` verified.
 * @param instanceId @param destinationId expressions of the statement around it.
 */
export function isElsewhere(instanceId: string, destinationId: string): string {
  return `EXISTS (SELECT 1 FROM delivery AS o JOIN destination AS ot ON ot.id = o.destination_id
     WHERE o.instance_id = ${instanceId} AND o.destination_id <> ${destinationId} AND o.state = 'verified'
       AND o.object_sha256 IS NOT NULL AND ot.active = 1)`;
}

export class BackFill {
  readonly #core: QueueCore;
  /** Of one that lacks something: asked after every commit, mostly in vain. */
  readonly #destinationId: Database.Statement<[string], number>;
  readonly #again: Database.Statement<[number, number, number], number>;
  readonly #newest: Database.Statement<[number, number], number>;
  readonly #firstAgain: Database.Statement<
    [number, number],
    { instance_id: number; next_attempt_at: number }
  >;
  readonly #job: Database.Statement<[number, number], JobRow>;
  readonly #copies: Database.Statement<[number, number], CopyRow>;
  readonly #adopt: Database.Statement<[Buffer, number, number]>;
  readonly #facts: Database.Statement<[], { name: string; waiting: number; total: number }>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#destinationId = core
      .prepare<[string], number>(
        `SELECT t.id FROM destination AS t JOIN back_fill AS f ON f.destination_id = t.id
           WHERE t.name = ? AND t.active = 1 AND f.waiting > 0`,
      )
      .pluck();
    this.#again = core
      .prepare<[number, number, number], number>(
        `SELECT instance_id FROM delivery WHERE destination_id = ? AND state = 'failed' AND away = 1
           AND next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?`,
      )
      .pluck();
    this.#newest = core
      .prepare<[number, number], number>(
        `SELECT instance_id FROM delivery WHERE destination_id = ? AND state = 'queued' AND away = 1
           ORDER BY rank DESC, instance_id LIMIT ?`,
      )
      .pluck();
    this.#firstAgain = core.prepare(
      `SELECT instance_id, next_attempt_at FROM delivery WHERE destination_id = ? AND state = 'failed' AND away = 1
         ORDER BY next_attempt_at LIMIT ?`,
    );
    this.#job = core.prepare(
      `SELECT i.object_name, i.study_id, i.details, i.received_at, d.attempts FROM delivery AS d
         JOIN instance AS i ON i.id = d.instance_id WHERE d.instance_id = ? AND d.destination_id = ?`,
    );
    this.#copies = core.prepare(
      `SELECT t.name, o.repair, o.object_size_bytes, o.object_sha256 FROM delivery AS o
         CROSS JOIN destination AS t ON t.id = o.destination_id
         WHERE o.instance_id = ? AND o.destination_id <> ? AND o.state = 'verified' AND o.object_sha256 IS NOT NULL
           AND t.active = 1`,
    );
    // Whom it was sealed to there is not known: it gets the recovery recipients of today before it is sent sealed.
    this.#adopt = core.prepare(
      `UPDATE instance SET spool_id = ?, size_bytes = ?, lost = 0, recovery_fingerprint = NULL
         WHERE id = ? AND spool_id IS NULL`,
    );
    this.#facts = core.prepare(
      `SELECT t.name, f.waiting, f.total FROM destination AS t JOIN back_fill AS f ON f.destination_id = t.id
         WHERE t.active = 1 AND f.waiting > 0`,
    );
  }

  /**
   * Takes up to `limit` that are due, failed ones first, then the newest study; a claim lives in this process only and
   * ends with an outcome or with `Queue.release`.
   */
  claim(destination: string, limit: number, nowMs: number): BackFillJob[] {
    const { claims, changes } = this.#core;
    return this.#core.read(() => {
      const id = this.#destinationId.get(destination);
      if (id === undefined || limit <= 0) return [];
      const depth = limit + claims.count(destination);
      const due = [...this.#again.all(id, nowMs, depth), ...this.#newest.all(id, depth)];
      const jobs: BackFillJob[] = [];
      for (const instanceId of due) {
        if (jobs.length >= limit) break;
        if (claims.isHeld(destination, instanceId)) continue;
        const row = this.#job.get(instanceId, id);
        if (row === undefined) continue;
        jobs.push(this.#jobOf(destination, id, instanceId, row));
        claims.hold(destination, instanceId, row.study_id);
        changes.study(row.study_id);
      }
      if (jobs.length > 0) changes.publish();
      return jobs;
    });
  }

  /** 0 when something waits right now, else when the next failed one is due; undefined when nothing waits. */
  nextDueAtMs(destination: string): number | undefined {
    const { claims } = this.#core;
    return this.#core.read(() => {
      const id = this.#destinationId.get(destination);
      if (id === undefined) return undefined;
      const depth = 1 + claims.count(destination);
      const isFree = (instanceId: number): boolean => !claims.isHeld(destination, instanceId);
      if (this.#newest.all(id, depth).some(isFree)) return 0;
      return this.#firstAgain.all(id, depth).find((row) => isFree(row.instance_id))?.next_attempt_at;
    });
  }

  /** A sealed file that was brought back becomes the copy on this PC; false when there is one already. */
  adopt(instanceId: number, spoolId: SpoolId, sizeBytes: number): Promise<boolean> {
    return this.#core.write(() => {
      this.#core.changes.status();
      return this.#adopt.run(fromHex(spoolId, 16), sizeBytes, instanceId).changes > 0;
    });
  }

  /** Of the active destinations that lack something. */
  facts(): BackFillFacts[] {
    return this.#core.read(() =>
      this.#facts.all().map(({ name, waiting, total }) => ({ destination: name, waiting, total })),
    );
  }

  #jobOf(destination: string, destinationId: number, instanceId: number, row: JobRow): BackFillJob {
    return {
      instanceId,
      destination,
      objectName: toHex(row.object_name),
      details: openDetailsIfWhole(this.#core.ports.sealer, row.details),
      attempts: row.attempts,
      receivedAtMs: row.received_at,
      copies: this.#copies.all(instanceId, destinationId).map((copy) => ({
        destination: copy.name,
        repair: copy.repair ?? 0,
        sizeBytes: copy.object_size_bytes,
        objectSha256: toHex(copy.object_sha256),
      })),
    };
  }
}
