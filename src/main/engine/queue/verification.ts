/**
 * Cloud copies looked at again after their upload: which come next, and what was found. A bad copy counts as verified
 * no more from the commit that records it, so that neither the headline nor an answer to a device nor the tidying of
 * local copies relies on it.
 */
import { toEdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { InstanceDetails, SpoolId } from '../model.ts';
import type { Incidents } from './incidents.ts';
import { fromHex, openDetails, toHex, type QueueCore } from './queue-core.ts';
import type {
  CopyToCheck,
  CopyTrouble,
  MendedCopy,
  OtherCopy,
  VerificationFacts,
} from './verification-types.ts';

interface CopyRow {
  readonly instance_id: number;
  readonly object_name: Buffer;
  readonly public_id: string;
  readonly study_id: number;
  readonly spool_id: Buffer | null;
  readonly size_bytes: number;
  readonly details: Buffer;
  readonly object_sha256: Buffer;
  readonly object_size_bytes: number;
  readonly repair: number | null;
  readonly manifest_sequence: number | null;
  readonly checked_at: number | null;
  readonly proven_at: number;
  readonly trouble: CopyTrouble | null;
}

interface FactsRow {
  readonly id: number;
  readonly name: string;
  readonly verified: number;
  readonly checked: number | null;
  readonly found_missing: number | null;
  readonly found_damaged: number | null;
  readonly mended: number | null;
  readonly last_checked_at: number | null;
  readonly last_result: 'good' | CopyTrouble | null;
  readonly ever_checked: number | null;
  readonly run_started_at: number | null;
}

/** Troubled copies counted one by one up to here: more is more. */
const mostCounted = 10_000;

const troubleCode: Readonly<Record<CopyTrouble, ErrorCode>> = {
  missing: 'cloud-copy-missing',
  damaged: 'cloud-copy-damaged',
};

export class Verification {
  readonly #core: QueueCore;
  readonly #incidents: Incidents;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(core: QueueCore, incidents: Incidents) {
    this.#core = core;
    this.#incidents = incidents;
    this.#sql = prepare(core);
  }

  /** Copies that count as verified, whose last proof is oldest. */
  oldest(destination: string, limit: number): CopyToCheck[] {
    return this.#core.read(() => {
      const id = this.#sql.destinationId.get(destination);
      return id === undefined ? [] : this.#copies(destination, id, this.#sql.oldest.all(id, limit));
    });
  }

  /** All copies to look at, bad ones too, in ascending order of instance id. */
  page(destination: string, afterInstanceId: number, limit: number): CopyToCheck[] {
    return this.#core.read(() => {
      const id = this.#sql.destinationId.get(destination);
      return id === undefined
        ? []
        : this.#copies(destination, id, this.#sql.page.all(id, afterInstanceId, limit));
    });
  }

  /** Those known to be bad and not on their way to be uploaded again. */
  troubled(destination: string, limit: number): CopyToCheck[] {
    return this.#core.read(() => {
      const id = this.#sql.destinationId.get(destination);
      return id === undefined ? [] : this.#copies(destination, id, this.#sql.troubled.all(id, limit));
    });
  }

  /** As it is now; undefined when it counts as stored no more, or not yet. */
  copy(destination: string, instanceId: number): CopyToCheck | undefined {
    return this.#core.read(() => {
      const id = this.#sql.destinationId.get(destination);
      return id === undefined
        ? undefined
        : this.#copies(destination, id, this.#sql.one.all(id, instanceId))[0];
    });
  }

  /**
   * It was downloaded and is good. `other`: not the recorded copy but this one, which gets an entry of its own in the
   * next list before it counts.
   */
  markGood(copy: CopyToCheck, other: OtherCopy | undefined): Promise<void> {
    return this.#core.write(() => {
      const id = this.#sql.destinationId.get(copy.destination);
      if (id === undefined) return;
      const nowMs = this.#core.nowMs();
      this.#tally(id, copy, 'good', nowMs);
      const known = fromHex(copy.objectSha256, 32);
      if (other !== undefined) {
        const { etag, sizeBytes, repair } = other;
        const sha256 = fromHex(other.objectSha256, 32);
        const place = repair === 0 ? null : repair;
        this.#sql.otherCopy.run(nowMs, etag, sha256, sizeBytes, place, copy.instanceId, id, known);
      } else if (copy.trouble !== null) {
        this.#sql.goodAgain.run(nowMs, copy.instanceId, id, known);
      }
      this.#sql.checked.run(nowMs, nowMs, id, copy.instanceId);
      this.#changed(copy);
    });
  }

  /** It was downloaded and is bad, or is not there. False when the row has moved on meanwhile. */
  markBad(copy: CopyToCheck, trouble: CopyTrouble): Promise<boolean> {
    return this.#core.write(() => {
      const id = this.#sql.destinationId.get(copy.destination);
      if (id === undefined) return false;
      const nowMs = this.#core.nowMs();
      const known = fromHex(copy.objectSha256, 32);
      const parked = this.#sql.bad.run(nowMs, troubleCode[trouble], copy.instanceId, id, known).changes;
      if (parked === 0) return false;
      this.#tally(id, copy, trouble, nowMs);
      this.#sql.trouble.run(trouble, nowMs, id, copy.instanceId);
      this.#changed(copy);
      return true;
    });
  }

  /** To be uploaded again from the local copy `spoolId`, which the caller has opened. False when it has gone. */
  sendAgain(copy: CopyToCheck, spoolId: SpoolId): Promise<boolean> {
    return this.#core.write(() => {
      const id = this.#sql.destinationId.get(copy.destination);
      if (id === undefined) return false;
      const spool = fromHex(spoolId, 16);
      const queued = this.#sql.again.run(this.#core.nowMs(), copy.instanceId, id, spool).changes;
      if (queued === 0) return false;
      this.#incidents.add({ code: 'cloud-copy-mending', subject: subjectOf(copy) });
      this.#incidents.settle('cloud-copy-lost', subjectOf(copy));
      this.#changed(copy);
      return true;
    });
  }

  /** No good copy is left, here or elsewhere: told until one turns up. False when the row has moved on meanwhile. */
  markLost(copy: CopyToCheck): Promise<boolean> {
    return this.#core.write(() => {
      const id = this.#sql.destinationId.get(copy.destination);
      if (id === undefined) return false;
      const nowMs = this.#core.nowMs();
      if (this.#sql.lost.run(nowMs, copy.instanceId, id).changes === 0) return false;
      const detail = `study ${copy.studyId}`;
      this.#incidents.add({ code: 'cloud-copy-lost', subject: subjectOf(copy), detail });
      this.#changed(copy);
      return true;
    });
  }

  /** Was it ever stored there, as far as this PC knows, whatever became of it? */
  wasStored(destination: string, instanceId: number): boolean {
    return this.#core.read(() => {
      const id = this.#sql.destinationId.get(destination);
      return id !== undefined && this.#sql.stored.get(instanceId, id) !== undefined;
    });
  }

  /**
   * A sealed file that was brought back from another destination becomes the local copy. False when there is one
   * already: the caller removes its file.
   */
  adopt(copy: CopyToCheck, spoolId: SpoolId, sizeBytes: number): Promise<boolean> {
    return this.#core.write(() => {
      const adopted = this.#sql.adopt.run(
        fromHex(spoolId, 16),
        sizeBytes,
        copy.instanceId,
        copy.spoolId === null ? null : fromHex(copy.spoolId, 16),
      ).changes;
      this.#changed(copy);
      return adopted > 0;
    });
  }

  /** Those that were bad and are verified again since the last call: told and recorded here, once. */
  settleMended(): Promise<readonly MendedCopy[]> {
    if (this.#core.read(() => this.#sql.mended.get(1)) === undefined) return Promise.resolve([]);
    return this.#core.write(() => {
      const rows = this.#sql.mended.all(500);
      for (const row of rows) {
        this.#sql.untroubled.run(row.destination_id, row.instance_id);
        this.#sql.countMended.run(row.destination_id);
        const subject = subjectOf({ destination: row.name, objectName: toHex(row.object_name) });
        this.#incidents.settle('cloud-copy-mending', subject);
        this.#incidents.settle('cloud-copy-lost', subject);
        this.#incidents.add({ code: 'cloud-copy-mended', subject, detail: `study ${row.public_id}` });
      }
      this.#core.changes.status();
      return rows.map((row) => ({
        destination: row.name,
        instanceId: row.instance_id,
        studyId: row.public_id,
        repair: row.repair ?? 0,
      }));
    });
  }

  /** Begins a look at everything; one that was begun before is forgotten. */
  beginRun(destination: string): Promise<number> {
    return this.#core.write(() => {
      const nowMs = this.#core.nowMs();
      const id = this.#sql.destinationId.get(destination);
      if (id !== undefined) this.#sql.run.run(id, nowMs, nowMs);
      return nowMs;
    });
  }

  endRun(destination: string): Promise<void> {
    return this.#core.write(() => {
      const id = this.#sql.destinationId.get(destination);
      if (id !== undefined) this.#sql.run.run(id, null, null);
    });
  }

  /** Of the active destinations. */
  facts(): VerificationFacts[] {
    return this.#core.read(() =>
      this.#sql.facts.all().map((row) => ({
        destination: row.name,
        copies: row.verified,
        everChecked: Math.min(row.ever_checked ?? 0, row.verified),
        checked: row.checked ?? 0,
        foundMissing: row.found_missing ?? 0,
        foundDamaged: row.found_damaged ?? 0,
        mended: row.mended ?? 0,
        troubled: this.#sql.troubledCount.get(row.id, mostCounted) ?? 0,
        lastCheckedAtMs: row.last_checked_at,
        lastResult: row.last_result,
        oldestProofAtMs: this.#sql.oldestProof.get(row.id) ?? null,
        runStartedAtMs: row.run_started_at,
      })),
    );
  }

  #tally(destinationId: number, copy: CopyToCheck, result: 'good' | CopyTrouble, nowMs: number): void {
    this.#sql.tally.run(
      destinationId,
      result === 'missing' ? 1 : 0,
      result === 'damaged' ? 1 : 0,
      nowMs,
      result,
      copy.checkedAtMs === null ? 1 : 0,
    );
  }

  #changed(copy: CopyToCheck): void {
    const studyId = this.#sql.study.get(copy.instanceId);
    if (studyId !== undefined) this.#core.changes.study(studyId);
  }

  #copies(destination: string, _id: number, rows: readonly CopyRow[]): CopyToCheck[] {
    return rows.map((row) => ({
      destination,
      instanceId: row.instance_id,
      objectName: toHex(row.object_name),
      studyId: row.public_id,
      spoolId: row.spool_id === null ? null : toHex(row.spool_id),
      sizeBytes: row.size_bytes,
      details: this.#detailsOf(row),
      objectSha256: toHex(row.object_sha256),
      objectSizeBytes: row.object_size_bytes,
      repair: row.repair ?? 0,
      manifestSequence: row.manifest_sequence,
      checkedAtMs: row.checked_at,
      provenAtMs: row.proven_at,
      trouble: row.trouble,
    }));
  }

  #detailsOf(row: CopyRow): InstanceDetails | undefined {
    try {
      return openDetails(this.#core.ports.sealer, row.details);
    } catch (error) {
      if (toEdgeSyncError(error).code === 'object-tampered') return undefined;
      throw error;
    }
  }
}

/** One copy: images of a study are told apart, destinations too. */
function subjectOf({ destination, objectName }: Pick<CopyToCheck, 'destination' | 'objectName'>): string {
  return `${destination}/${objectName}`;
}

function prepare(core: QueueCore) {
  const columns = `v.instance_id, i.object_name, s.public_id, i.study_id, i.spool_id, i.size_bytes, i.details,
     d.object_sha256, d.object_size_bytes, d.repair, d.manifest_sequence, v.checked_at, v.proven_at, v.trouble`;
  const joined = `CROSS JOIN delivery AS d ON d.instance_id = v.instance_id AND d.destination_id = v.destination_id
     CROSS JOIN instance AS i ON i.id = v.instance_id CROSS JOIN study AS s ON s.id = i.study_id`;
  /** Proven, or parked because a look found it bad. */
  const counts = `d.object_sha256 IS NOT NULL AND (d.state = 'verified' OR (d.state = 'parked' AND v.trouble IS NOT NULL))`;
  /** Parked by a look; or by what was to mend it, such as a local copy that turned out to be damaged as well. */
  const ours = `(error_code IN ('cloud-copy-missing', 'cloud-copy-damaged', 'cloud-copy-lost') OR EXISTS (
     SELECT 1 FROM verification AS v WHERE v.instance_id = delivery.instance_id
       AND v.destination_id = delivery.destination_id AND v.trouble IS NOT NULL))`;
  return {
    destinationId: core
      .prepare<[string], number>('SELECT id FROM destination WHERE name = ? AND active = 1')
      .pluck(),
    study: core.prepare<[number], number>('SELECT study_id FROM instance WHERE id = ?').pluck(),
    oldest: core.prepare<[number, number], CopyRow>(
      `SELECT ${columns} FROM verification AS v INDEXED BY verification_oldest ${joined}
         WHERE v.destination_id = ? AND v.trouble IS NULL AND d.state = 'verified' AND d.object_sha256 IS NOT NULL
         ORDER BY v.proven_at LIMIT ?`,
    ),
    page: core.prepare<[number, number, number], CopyRow>(
      `SELECT ${columns} FROM verification AS v ${joined}
         WHERE v.destination_id = ? AND v.instance_id > ? AND ${counts} ORDER BY v.instance_id LIMIT ?`,
    ),
    troubled: core.prepare<[number, number], CopyRow>(
      `SELECT ${columns} FROM verification AS v INDEXED BY verification_trouble ${joined}
         WHERE v.destination_id = ? AND v.trouble IS NOT NULL AND d.state = 'parked' AND d.object_sha256 IS NOT NULL
         ORDER BY v.instance_id LIMIT ?`,
    ),
    one: core.prepare<[number, number], CopyRow>(
      `SELECT ${columns} FROM verification AS v ${joined}
         WHERE v.destination_id = ? AND v.instance_id = ? AND ${counts}`,
    ),
    otherCopy: core.prepare<[number, string, Buffer, number, number | null, number, number, Buffer]>(
      `UPDATE delivery SET state = 'uploaded', changed_at = ?, next_attempt_at = NULL, error_code = NULL,
         error_detail = NULL, etag = ?, object_sha256 = ?, object_size_bytes = ?, repair = ?, manifest_sequence = NULL
         WHERE instance_id = ? AND destination_id = ? AND object_sha256 = ?
           AND (state = 'verified' OR (state = 'parked' AND ${ours}))`,
    ),
    // Its entry stands in a list already, so it counts again at once.
    goodAgain: core.prepare<[number, number, number, Buffer]>(
      `UPDATE delivery SET state = iif(manifest_sequence IS NULL, 'uploaded', 'verified'), changed_at = ?,
         next_attempt_at = NULL, error_code = NULL, error_detail = NULL
         WHERE instance_id = ? AND destination_id = ? AND object_sha256 = ? AND state = 'parked' AND ${ours}`,
    ),
    checked: core.prepare<[number, number, number, number]>(
      `UPDATE verification SET proven_at = ?, checked_at = ? WHERE destination_id = ? AND instance_id = ?`,
    ),
    bad: core.prepare<[number, string, number, number, Buffer]>(
      `UPDATE delivery SET state = 'parked', changed_at = ?, error_code = ?, error_detail = NULL, next_attempt_at = NULL
         WHERE instance_id = ? AND destination_id = ? AND object_sha256 = ?
           AND (state = 'verified' OR (state = 'parked' AND ${ours}))`,
    ),
    trouble: core.prepare<[string, number, number, number]>(
      'UPDATE verification SET trouble = ?, checked_at = ? WHERE destination_id = ? AND instance_id = ?',
    ),
    untroubled: core.prepare<[number, number]>(
      'UPDATE verification SET trouble = NULL WHERE destination_id = ? AND instance_id = ?',
    ),
    again: core.prepare<[number, number, number, Buffer]>(
      `UPDATE delivery SET state = 'queued', attempts = 0, next_attempt_at = NULL, error_code = NULL,
         error_detail = NULL, manifest_sequence = NULL, changed_at = ?
         WHERE instance_id = ? AND destination_id = ? AND state = 'parked' AND ${ours}
           AND EXISTS (SELECT 1 FROM instance AS i WHERE i.id = delivery.instance_id AND i.spool_id = ?)`,
    ),
    lost: core.prepare<[number, number, number]>(
      `UPDATE delivery SET error_code = 'cloud-copy-lost', changed_at = ?
         WHERE instance_id = ? AND destination_id = ? AND state = 'parked' AND ${ours}`,
    ),
    stored: core
      .prepare<[number, number], number>(
        'SELECT 1 FROM delivery WHERE instance_id = ? AND destination_id = ? AND object_sha256 IS NOT NULL',
      )
      .pluck(),
    // Whom it was sealed to there is not known: it gets the recovery recipients of today before it is sent.
    adopt: core.prepare<[Buffer, number, number, Buffer | null]>(
      `UPDATE instance SET spool_id = ?, size_bytes = ?, lost = 0, recovery_fingerprint = NULL
         WHERE id = ? AND spool_id IS ?`,
    ),
    mended: core.prepare<
      [number],
      {
        destination_id: number;
        instance_id: number;
        name: string;
        public_id: string;
        object_name: Buffer;
        repair: number | null;
      }
    >(
      `SELECT v.destination_id, v.instance_id, t.name, s.public_id, i.object_name, d.repair
         FROM destination AS t CROSS JOIN verification AS v INDEXED BY verification_trouble ${joined}
         WHERE v.destination_id = t.id AND v.trouble IS NOT NULL AND d.state = 'verified' LIMIT ?`,
    ),
    countMended: core.prepare<[number]>(
      'UPDATE verification_tally SET mended = mended + 1 WHERE destination_id = ?',
    ),
    tally: core.prepare<[number, number, number, number, string, number]>(
      `INSERT INTO verification_tally (destination_id, checked, found_missing, found_damaged, last_checked_at,
         last_result, ever_checked) VALUES (?, 1, ?, ?, ?, ?, ?)
         ON CONFLICT (destination_id) DO UPDATE SET checked = checked + 1,
           found_missing = found_missing + excluded.found_missing,
           found_damaged = found_damaged + excluded.found_damaged,
           last_checked_at = excluded.last_checked_at, last_result = excluded.last_result,
           ever_checked = ever_checked + excluded.ever_checked`,
    ),
    run: core.prepare<[number, number | null, number | null]>(
      `INSERT INTO verification_tally (destination_id, run_started_at) VALUES (?, ?)
         ON CONFLICT (destination_id) DO UPDATE SET run_started_at = ?`,
    ),
    facts: core.prepare<[], FactsRow>(
      `SELECT t.id, t.name, t.verified, v.checked, v.found_missing, v.found_damaged, v.mended, v.last_checked_at,
         v.last_result, v.ever_checked, v.run_started_at
         FROM destination AS t LEFT JOIN verification_tally AS v ON v.destination_id = t.id
         WHERE t.active = 1 ORDER BY t.id`,
    ),
    troubledCount: core
      .prepare<[number, number], number>(
        `SELECT count(*) FROM (SELECT 1 FROM verification INDEXED BY verification_trouble
           WHERE destination_id = ? AND trouble IS NOT NULL LIMIT ?)`,
      )
      .pluck(),
    oldestProof: core
      .prepare<[number], number | null>(
        `SELECT min(proven_at) FROM verification INDEXED BY verification_oldest
           WHERE destination_id = ? AND trouble IS NULL`,
      )
      .pluck(),
  };
}
