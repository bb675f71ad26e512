/** Which destinations there are, and another try for what stands still. */
import type Database from 'better-sqlite3';
import { isErrorCode, type ErrorCode } from '../../../shared/errors.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import { aggregateInstance } from './aggregate.ts';
import { isElsewhere } from './back-fill.ts';
import type { Incidents } from './incidents.ts';
import { nextTurn, type QueueCore } from './queue-core.ts';
import type { DestinationConfig, RetryTarget } from './queue-types.ts';

/** How many rows one transaction of a long retry moves: keeps the event loop for some 10 ms. */
const retryChunk = 500;

interface Active {
  readonly name: string;
  readonly required: number;
  /** Images that are not verified there. */
  readonly waiting: number;
}

interface Group {
  readonly destination_id: number;
  readonly state: string;
  readonly code: string;
}

interface Standing {
  readonly instance_id: number;
  readonly destination_id: number;
  readonly study_id: number;
  readonly has_copy: number;
  /** 1: it was never stored there, and another destination has it. */
  readonly elsewhere: number;
}

export class Destinations {
  readonly #core: QueueCore;
  readonly #incidents: Incidents;
  readonly #active: Database.Statement<[], Active>;
  readonly #add: Database.Statement<[string, number]>;
  readonly #retire: Database.Statement<[string]>;
  readonly #backFill: Database.Statement<[number, string]>;
  readonly #parkCopyless: Database.Statement<[number, string]>;
  readonly #fetchCopyless: Database.Statement<[number]>;
  readonly #aggregateAll: Database.Statement;
  readonly #completeAll: Database.Statement<[number]>;
  readonly #groups: Database.Statement<[], Group & { readonly name: string }>;
  readonly #ofGroup: Database.Statement<[number, string, string, number, number], Standing>;
  readonly #ofInstance: Database.Statement<[number], Standing>;
  readonly #ofStudy: Database.Statement<[string], Standing>;
  readonly #requeue: Database.Statement<[number, number, number, number]>;

  constructor(core: QueueCore, incidents: Incidents) {
    this.#core = core;
    this.#incidents = incidents;
    this.#active = core.prepare(
      'SELECT name, required, queued + uploaded + failed + parked AS waiting FROM destination WHERE active = 1',
    );
    this.#add = core.prepare(
      `INSERT INTO destination (name, active, required) VALUES (?, 1, ?)
         ON CONFLICT (name) DO UPDATE SET active = 1, required = excluded.required`,
    );
    this.#retire = core.prepare('UPDATE destination SET active = 0 WHERE name = ?');
    // Reads every instance: once, when the configuration changes. One whose local copy has gone is copied from another
    // destination that has it; where there is none, it waits for a person.
    this.#backFill = core.db.prepare(
      `INSERT INTO delivery (instance_id, destination_id, state, rank, changed_at, error_code, away)
         SELECT id, destination_id, iif(here OR elsewhere, 'queued', 'parked'), rank, ?,
           iif(here OR elsewhere, NULL, iif(lost = 1, 'object-missing', 'not-on-this-pc')), NOT here AND elsewhere
         FROM (SELECT i.id, t.id AS destination_id, s.first_received_at AS rank, i.lost,
             i.spool_id IS NOT NULL AS here, ${isElsewhere('i.id', 't.id')} AS elsewhere
           FROM destination AS t CROSS JOIN instance AS i JOIN study AS s ON s.id = i.study_id
           WHERE t.name = ? AND NOT EXISTS (
             SELECT 1 FROM delivery AS d WHERE d.instance_id = i.id AND d.destination_id = t.id))`,
    );
    // The rows of one that comes back: what it had not got when it left may have left this PC since.
    this.#parkCopyless = core.db.prepare(
      `UPDATE delivery SET state = 'parked', away = 0, next_attempt_at = NULL, error_detail = NULL, changed_at = ?,
         error_code = (SELECT iif(i.lost = 1, 'object-missing', 'not-on-this-pc') FROM instance AS i
           WHERE i.id = delivery.instance_id)
         WHERE destination_id = (SELECT id FROM destination WHERE name = ?) AND state IN ('queued', 'failed')
           AND EXISTS (SELECT 1 FROM instance AS i WHERE i.id = delivery.instance_id AND i.spool_id IS NULL)`,
    );
    // What waited for a person, until one of the destinations that are there now turned out to have it.
    this.#fetchCopyless = core.db.prepare(
      `UPDATE delivery SET state = 'queued', away = 1, attempts = 0, error_code = NULL, error_detail = NULL,
         changed_at = ? WHERE state = 'parked' AND error_code = 'not-on-this-pc' AND object_sha256 IS NULL
           AND destination_id IN (SELECT id FROM destination WHERE active = 1)
           AND EXISTS (SELECT 1 FROM instance AS i WHERE i.id = delivery.instance_id AND i.spool_id IS NULL)
           AND ${isElsewhere('delivery.instance_id', 'delivery.destination_id')}`,
    );
    this.#aggregateAll = core.db.prepare(`UPDATE instance SET ${aggregateInstance}`);
    this.#completeAll = core.db.prepare(
      'UPDATE instance SET verified_at = ? WHERE complete = 1 AND verified_at IS NULL',
    );
    this.#groups = core.prepare(
      `SELECT f.destination_id, f.state, f.code, t.name FROM failure AS f JOIN destination AS t
         ON t.id = f.destination_id WHERE t.active = 1 AND f.count > 0`,
    );
    const standing = `SELECT d.instance_id, d.destination_id, i.study_id, i.spool_id IS NOT NULL AS has_copy,
       d.object_sha256 IS NULL AND ${isElsewhere('d.instance_id', 'd.destination_id')} AS elsewhere`;
    this.#ofGroup = core.prepare(
      `${standing} FROM delivery AS d JOIN instance AS i ON i.id = d.instance_id
         WHERE d.destination_id = ? AND d.state = ? AND d.state IN ('failed', 'parked') AND d.error_code = ?
           AND d.instance_id > ? ORDER BY d.instance_id LIMIT ?`,
    );
    this.#ofInstance = core.prepare(
      `${standing} FROM instance AS i JOIN delivery AS d ON d.instance_id = i.id
         WHERE i.id = ? AND d.state IN ('failed', 'parked')`,
    );
    this.#ofStudy = core.prepare(
      `${standing} FROM study AS s JOIN instance AS i ON i.study_id = s.id JOIN delivery AS d ON d.instance_id = i.id
         WHERE s.public_id = ? AND d.state IN ('failed', 'parked')`,
    );
    this.#requeue = core.prepare(
      `UPDATE delivery SET state = 'queued', away = ?, attempts = 0, next_attempt_at = NULL, error_code = NULL,
         error_detail = NULL, changed_at = ?
         WHERE instance_id = ? AND destination_id = ? AND state IN ('failed', 'parked')`,
    );
  }

  set(wanted: readonly DestinationConfig[]): void {
    const before = this.#core.read(() => this.#active.all());
    const active = new Map(before.map(({ name, required }) => [name, required === 1]));
    const added = wanted.filter(({ name }) => !active.has(name));
    const gone = [...active.keys()].filter((name) => !wanted.some((one) => one.name === name));
    const changed = wanted.filter(({ name, required }) => active.has(name) && active.get(name) !== required);
    if (added.length + gone.length + changed.length === 0) return;
    this.#core.changes.many();
    this.#core.writeNow(() => {
      const nowMs = this.#core.nowMs();
      this.#tellDropped(before, wanted);
      for (const name of gone) this.#retire.run(name);
      for (const { name, required } of [...changed, ...added]) this.#add.run(name, required ? 1 : 0);
      for (const { name } of added) {
        this.#parkCopyless.run(nowMs, name);
        this.#backFill.run(nowMs, name);
      }
      if (added.length > 0) this.#fetchCopyless.run(nowMs);
      this.#aggregateAll.run();
      this.#completeAll.run(nowMs);
    });
  }

  /**
   * Images that waited for a destination count as safe without it from now on, whoever took it out and however: somebody
   * has to see that, and the headline is not green before.
   */
  #tellDropped(before: readonly Active[], wanted: readonly DestinationConfig[]): void {
    const needed = new Set(wanted.filter(({ required }) => required).map(({ name }) => name));
    for (const { name, required, waiting } of before) {
      if (required === 0 || waiting === 0 || needed.has(name)) continue;
      this.#incidents.add({
        code: 'destination-dropped',
        subject: name,
        detail: `${name}: ${waiting} ${waiting === 1 ? 'image' : 'images'}`,
      });
    }
    for (const name of needed) this.#incidents.settle('destination-dropped', name);
  }

  async retry(target: RetryTarget): Promise<number> {
    switch (target.tag) {
      case 'instance':
        return this.#core.write(() => this.#requeueAll(this.#ofInstance.all(target.instanceId)));
      case 'study':
        return this.#core.write(() => this.#requeueAll(this.#ofStudy.all(target.studyId)));
      case 'failure':
        return this.#retryGroups((group) => failureId(group.name, group.state, group.code) === target.id);
      case 'destination':
        return this.#retryGroups(({ name }) => name === target.destination);
      case 'all':
        return this.#retryGroups(() => true);
      default:
        return assertNever(target);
    }
  }

  async #retryGroups(wanted: (group: Group & { readonly name: string }) => boolean): Promise<number> {
    const groups = this.#core.read(() => this.#groups.all()).filter(wanted);
    let moved = 0;
    for (const group of groups) {
      for (let after = 0; ;) {
        const rows = this.#core.read(() =>
          this.#ofGroup.all(group.destination_id, group.state, group.code, after, retryChunk),
        );
        const last = rows.at(-1);
        if (last === undefined) break;
        moved += await this.#core.write(() => this.#requeueAll(rows));
        after = last.instance_id;
        await nextTurn();
      }
    }
    return moved;
  }

  #requeueAll(rows: readonly Standing[]): number {
    const nowMs = this.#core.nowMs();
    let moved = 0;
    for (const row of rows) {
      if (row.has_copy === 0 && row.elsewhere === 0) continue;
      const away = row.has_copy === 0 ? 1 : 0;
      moved += this.#requeue.run(away, nowMs, row.instance_id, row.destination_id).changes;
      this.#core.changes.study(row.study_id);
    }
    return moved;
  }
}

/** Destination names hold no colon. */
export function failureId(destination: string, state: string, code: string): string {
  return `upload:${destination}:${state}:${code}`;
}

export function errorCodeOf(text: string): ErrorCode {
  return isErrorCode(text) ? text : 'internal';
}
