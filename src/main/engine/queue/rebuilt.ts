/**
 * Rows made from the manifests in the cloud: a new PC goes on with the archive of the one before. What is here already
 * is never changed, but for a destination that turns out to have it; so it can be run again at any time.
 */
import type Database from 'better-sqlite3';
import type { InstanceDetails } from '../model.ts';
import { aggregateInstance } from './aggregate.ts';
import { fromHex, joinFlags, sealDetails, splitFlags, type QueueCore } from './queue-core.ts';
import { displayDetails, mergeDetails, openStudyDetails, sealStudyDetails, studyKey } from './received.ts';

/** One image as a proven manifest names it. */
export interface RebuiltEntry {
  readonly objectName: string;
  /** Of the sealed object. */
  readonly sizeBytes: number;
  /** SHA-256 of the sealed object, hex. */
  readonly objectSha256: string;
  readonly details: InstanceDetails;
  /** Whether the destination lists an object of that name: only then is it called verified there. */
  readonly presence: 'present' | 'missing';
  /** The copy meant is the repaired one of this number; absent: under the object's own name. */
  readonly repair?: number | undefined;
  /** When it came to be: its place among the studies. */
  readonly atMs: number;
}

export interface RebuiltCounts {
  /** New rows. */
  readonly added: number;
  /** Here already, verified at this destination or waiting to be sent from this PC. */
  readonly known: number;
  /** Here already, and found at this destination now. */
  readonly found: number;
  /** Named by a manifest, but not in the cloud: shown as such until it is sent again. */
  readonly missing: number;
}

interface Prepared {
  readonly entry: RebuiltEntry;
  readonly objectName: Buffer;
  readonly uidLookup: Buffer;
  readonly studyKey: Buffer;
  readonly objectSha256: Buffer;
  readonly details: Buffer;
}

interface KnownRow {
  readonly id: number;
  readonly study_id: number;
  readonly has_copy: number;
  readonly state: string | null;
  readonly error_code: string | null;
}

export class Rebuilt {
  readonly #core: QueueCore;
  readonly #known: Database.Statement<[number, Buffer, Buffer], KnownRow>;
  readonly #sameUid: Database.Statement<[Buffer, Buffer], { id: number; flags: string }>;
  readonly #setFlags: Database.Statement<[string, number]>;
  readonly #destination: Database.Statement<[string], number>;
  readonly #findStudy: Database.Statement<
    [Buffer],
    { id: number; details: Buffer; first_received_at: number }
  >;
  readonly #addStudy: Database.Statement<[Buffer, string, Buffer, number, number]>;
  readonly #setStudyDetails: Database.Statement<[Buffer, number]>;
  readonly #addInstance: Database.Statement;
  readonly #addOthers: Database.Statement<[number, number, number, number]>;
  readonly #addOwn: Database.Statement;
  readonly #setDelivery: Database.Statement;
  readonly #aggregate: Database.Statement<[number]>;
  readonly #complete: Database.Statement<[number, number]>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#known = core.prepare(
      `SELECT i.id, i.study_id, i.spool_id IS NOT NULL AS has_copy, d.state, d.error_code FROM instance AS i
         LEFT JOIN delivery AS d ON d.instance_id = i.id AND d.destination_id = ?
         WHERE i.uid_lookup = ? AND i.object_name = ?`,
    );
    this.#sameUid = core.prepare(
      'SELECT id, flags FROM instance WHERE uid_lookup = ? AND object_name <> ? LIMIT 16',
    );
    this.#setFlags = core.prepare('UPDATE instance SET flags = ? WHERE id = ?');
    this.#destination = core
      .prepare<[string], number>('SELECT id FROM destination WHERE name = ? AND active = 1')
      .pluck();
    this.#findStudy = core.prepare('SELECT id, details, first_received_at FROM study WHERE study_key = ?');
    this.#addStudy = core.prepare(
      'INSERT INTO study (study_key, public_id, details, first_received_at, last_received_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.#setStudyDetails = core.prepare('UPDATE study SET details = ? WHERE id = ?');
    this.#addInstance = core.prepare(
      `INSERT INTO instance (object_name, uid_lookup, study_id, spool_id, size_bytes, details, source, flags, received_at)
         VALUES (?, ?, ?, NULL, ?, ?, NULL, ?, ?)`,
    );
    // Every other destination gets what is true: its copy is unknown, and there is none here to send. It waits there
    // until that destination's own manifests are read, or for a person.
    this.#addOthers = core.prepare(
      `INSERT INTO delivery (instance_id, destination_id, state, rank, changed_at, error_code)
         SELECT ?, id, 'parked', ?, ?, 'not-on-this-pc' FROM destination WHERE active = 1 AND id <> ?`,
    );
    this.#addOwn = core.prepare(
      `INSERT INTO delivery (state, error_code, object_sha256, object_size_bytes, repair, verified_at,
         changed_at, instance_id, destination_id, rank) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#setDelivery = core.prepare(
      `UPDATE delivery SET state = 'verified', error_code = NULL, error_detail = NULL, next_attempt_at = NULL,
         object_sha256 = ?, object_size_bytes = ?, repair = ?, verified_at = ?, changed_at = ?
         WHERE instance_id = ? AND destination_id = ?`,
    );
    this.#aggregate = core.prepare(`UPDATE instance SET ${aggregateInstance} WHERE id = ?`);
    this.#complete = core.prepare(
      'UPDATE instance SET verified_at = ? WHERE id = ? AND complete = 1 AND verified_at IS NULL',
    );
  }

  /**
   * Records what one destination has, in one transaction: give it some hundred entries at a time. Throws EdgeSyncError
   * `internal` for a destination that is not configured, disk-*, database-*.
   */
  add(destination: string, entries: readonly RebuiltEntry[]): RebuiltCounts {
    const prepared = entries.map((entry) => this.#prepare(entry));
    const counts = { added: 0, known: 0, found: 0, missing: 0 };
    return this.#core.writeNow(() => {
      const destinationId = this.#destination.get(destination);
      if (destinationId === undefined) throw new RangeError('no such destination');
      for (const one of prepared) {
        counts[this.#addOne(destinationId, one)] += 1;
        if (one.entry.presence === 'missing') counts.missing += 1;
      }
      this.#core.changes.many();
      return counts;
    });
  }

  #prepare(entry: RebuiltEntry): Prepared {
    const { sealer } = this.#core.ports;
    return {
      entry,
      objectName: fromHex(entry.objectName, 32),
      uidLookup: sealer.lookup('sop-instance-uid', entry.details.sopInstanceUid),
      studyKey: studyKey(this.#core, entry.details),
      objectSha256: fromHex(entry.objectSha256, 32),
      details: sealDetails(sealer, entry.details),
    };
  }

  #addOne(destinationId: number, one: Prepared): 'added' | 'known' | 'found' {
    const nowMs = this.#core.nowMs();
    const repair = one.entry.repair ?? null;
    const known = this.#known.get(destinationId, one.uidLookup, one.objectName);
    if (known !== undefined) {
      // With a copy here the upload finds out by itself; what is verified stays so; what is parked for want of a copy
      // is settled by what lies there. One that was found damaged is not: its size says nothing.
      const isUnknownThere =
        known.state === 'parked' &&
        (known.error_code === 'not-on-this-pc' || known.error_code === 'object-missing');
      if (known.has_copy === 1 || !isUnknownThere || one.entry.presence === 'missing') return 'known';
      this.#setDelivery.run(
        one.objectSha256,
        one.entry.sizeBytes,
        repair,
        nowMs,
        nowMs,
        known.id,
        destinationId,
      );
      this.#settle(known.id, nowMs);
      return 'found';
    }
    const conflicts = this.#sameUid.all(one.uidLookup, one.objectName);
    for (const other of conflicts)
      this.#setFlags.run(joinFlags([...splitFlags(other.flags), 'uid-conflict']), other.id);
    const study = this.#studyFor(one);
    const { lastInsertRowid } = this.#addInstance.run(
      one.objectName,
      one.uidLookup,
      study.id,
      one.entry.sizeBytes,
      one.details,
      conflicts.length > 0 ? 'uid-conflict' : '',
      one.entry.atMs,
    );
    const id = Number(lastInsertRowid);
    // As if proven when it was made: of all copies, those that this PC has never opened are looked at first.
    const own =
      one.entry.presence === 'present'
        ? ['verified', null, one.objectSha256, one.entry.sizeBytes, repair, one.entry.atMs]
        : ['parked', 'object-missing', null, null, null, null];
    this.#addOwn.run(...own, nowMs, id, destinationId, study.rank);
    this.#addOthers.run(id, study.rank, nowMs, destinationId);
    this.#settle(id, nowMs);
    return 'added';
  }

  #settle(id: number, nowMs: number): void {
    this.#aggregate.run(id);
    this.#complete.run(nowMs, id);
  }

  #studyFor({ studyKey: key, entry }: Prepared): { readonly id: number; readonly rank: number } {
    const shown = displayDetails(entry.details);
    const known = this.#findStudy.get(key);
    if (known === undefined) {
      const publicId = this.#core.ports.random.bytes(16).toString('hex');
      const sealed = sealStudyDetails(this.#core, shown);
      const { lastInsertRowid } = this.#addStudy.run(key, publicId, sealed, entry.atMs, entry.atMs);
      return { id: Number(lastInsertRowid), rank: entry.atMs };
    }
    const old = openStudyDetails(this.#core, known.details);
    const merged = mergeDetails(old, shown);
    if (merged !== old) this.#setStudyDetails.run(sealStudyDetails(this.#core, merged), known.id);
    return { id: known.id, rank: known.first_received_at };
  }
}
