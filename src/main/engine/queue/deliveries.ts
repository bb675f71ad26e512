/** Sending: which instance next, and what came of it. Every choice walks an index from its end, whatever the backlog. */
import type Database from 'better-sqlite3';
import { toEdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { InstanceDetails, SpoolId } from '../model.ts';
import type { DatasetProof, DatasetProofs } from './dataset-proofs.ts';
import type { Incidents } from './incidents.ts';
import { fromHex, openDetails, shortDetail, toHex, type QueueCore } from './queue-core.ts';
import { isLarge } from './large-objects.ts';
import type { HeldCopy, MendingFacts, UploadJob, UploadProof } from './queue-types.ts';
import { WaitingLists, WaitingRows, type Lane } from './waiting-lists.ts';

interface JobRow {
  readonly object_name: Buffer;
  readonly spool_id: Buffer | null;
  readonly size_bytes: number;
  readonly recovery_fingerprint: string | null;
  readonly details: Buffer;
  readonly received_at: number;
  readonly study_id: number;
  readonly attempts: number;
  readonly lost: number;
  /** What a verification found wrong with the cloud copy; NULL when nothing was. */
  readonly trouble: string | null;
  readonly object_sha256: Buffer | null;
}

/** Which list a slot asks first: of four, two for the newest study, one for what is due again, one for the oldest. */
const lanes: readonly Lane[] = ['newest', 'again', 'newest', 'oldest'];

/** How many that cannot be sent one claim sets aside: bounds how long it keeps the event loop. */
const mostSetAside = 500;

export class Deliveries {
  readonly #core: QueueCore;
  readonly #incidents: Incidents;
  readonly #datasetProofs: DatasetProofs;
  /** Next slot of `lanes`, per destination. */
  readonly #slots = new Map<string, number>();
  /** `unsent`: queued and failed ones, on this PC or not. */
  readonly #destination: Database.Statement<[string], { readonly id: number; readonly unsent: number }>;
  readonly #waiting: WaitingRows;
  readonly #firstAgain: Database.Statement<
    [number, number],
    { instance_id: number; next_attempt_at: number }
  >;
  readonly #job: Database.Statement<[number, number], JobRow>;
  readonly #study: Database.Statement<[number], number>;
  readonly #uploaded: Database.Statement;
  readonly #proven: Database.Statement<[number, number, number, number]>;
  readonly #failed: Database.Statement;
  readonly #parked: Database.Statement;
  readonly #spool: Database.Statement<[number], { spool_id: Buffer | null; study_id: number }>;
  readonly #held: Database.Statement<
    [number],
    Pick<JobRow, 'spool_id' | 'size_bytes' | 'recovery_fingerprint'>
  >;
  readonly #setSpool: Database.Statement<[Buffer, number, string | null, number]>;

  constructor(core: QueueCore, incidents: Incidents, datasetProofs: DatasetProofs) {
    this.#core = core;
    this.#incidents = incidents;
    this.#datasetProofs = datasetProofs;
    this.#destination = core.prepare(
      'SELECT id, queued + failed AS unsent FROM destination WHERE name = ? AND active = 1',
    );
    this.#waiting = new WaitingRows(core);
    this.#firstAgain = core.prepare(
      `SELECT instance_id, next_attempt_at FROM delivery WHERE destination_id = ? AND state = 'failed' AND away = 0
         ORDER BY next_attempt_at LIMIT ?`,
    );
    this.#job = core.prepare(
      `SELECT i.object_name, i.spool_id, i.size_bytes, i.recovery_fingerprint, i.details, i.received_at, i.study_id,
         i.lost, d.attempts, d.object_sha256, v.trouble FROM delivery AS d JOIN instance AS i ON i.id = d.instance_id
         LEFT JOIN verification AS v ON v.destination_id = d.destination_id AND v.instance_id = d.instance_id
         WHERE d.instance_id = ? AND d.destination_id = ?`,
    );
    this.#study = core.prepare<[number], number>('SELECT study_id FROM instance WHERE id = ?').pluck();
    this.#uploaded = core.prepare(
      `UPDATE delivery SET state = 'uploaded', changed_at = ?, next_attempt_at = NULL, error_code = NULL,
         error_detail = NULL, etag = ?, object_sha256 = ?, object_size_bytes = ?, repair = ?, manifest_sequence = NULL
         WHERE instance_id = ? AND destination_id = ? AND state IN ('queued', 'failed', 'parked')`,
    );
    this.#proven = core.prepare(
      `UPDATE delivery SET state = 'verified', changed_at = ?, verified_at = ?, next_attempt_at = NULL,
         error_code = NULL, error_detail = NULL, etag = NULL, object_sha256 = NULL, object_size_bytes = NULL,
         repair = NULL, manifest_sequence = NULL
         WHERE instance_id = ? AND destination_id = ? AND state IN ('queued', 'failed', 'parked')`,
    );
    this.#failed = core.prepare(
      `UPDATE delivery SET state = 'failed', attempts = attempts + 1, changed_at = ?, error_code = ?,
         error_detail = ?, next_attempt_at = ?
         WHERE instance_id = ? AND destination_id = ? AND state IN ('queued', 'failed')`,
    );
    // From any state: a later look at the cloud copy may find it damaged.
    this.#parked = core.prepare(
      `UPDATE delivery SET state = 'parked', attempts = attempts + 1, changed_at = ?, error_code = ?,
         error_detail = ?, next_attempt_at = NULL, manifest_sequence = NULL
         WHERE instance_id = ? AND destination_id = ?`,
    );
    this.#spool = core.prepare('SELECT spool_id, study_id FROM instance WHERE id = ?');
    this.#held = core.prepare('SELECT spool_id, size_bytes, recovery_fingerprint FROM instance WHERE id = ?');
    this.#setSpool = core.prepare(
      'UPDATE instance SET spool_id = ?, size_bytes = ?, recovery_fingerprint = ? WHERE id = ?',
    );
  }

  claim(destination: string, limit: number, nowMs: number, mostLarge = limit): UploadJob[] {
    return this.#core.read(() => {
      const destinationId = limit > 0 ? this.#withFree(destination) : undefined;
      if (destinationId === undefined) return [];
      const jobs: UploadJob[] = [];
      try {
        // Those set aside are held and thus skipped from then on; each look reaches twice as far past them.
        for (let aside = 0, before = -1; aside > before && aside < mostSetAside;) {
          before = aside;
          const wanted = { limit, mostLarge, reach: limit + aside, jobs };
          aside += this.#look(destination, destinationId, nowMs, wanted);
        }
      } catch (error) {
        for (const { instanceId } of jobs) this.#core.claims.drop(destination, instanceId);
        throw error;
      }
      if (jobs.length > 0) this.#core.changes.publish();
      return jobs;
    });
  }

  /** Adds to `jobs` until there are `limit`. Gives back how many could not be sent and were set aside. */
  #look(
    destination: string,
    destinationId: number,
    nowMs: number,
    {
      limit,
      mostLarge,
      reach,
      jobs,
    }: {
      readonly limit: number;
      readonly mostLarge: number;
      readonly reach: number;
      readonly jobs: UploadJob[];
    },
  ): number {
    // The held ones are still in the lists: ask for as many more.
    const depth = reach + this.#core.claims.count(destination);
    let largeLeft = mostLarge - jobs.filter(isLarge).length;
    const wanted = { destinationId, nowMs, isLargeWanted: largeLeft > 0, depth };
    const lists = new WaitingLists(this.#waiting, wanted, (id) => this.#core.claims.isHeld(destination, id));
    let aside = 0;
    while (jobs.length < limit) {
      const instanceId = this.#next(destination, lists, largeLeft > 0 ? 'any' : 'small');
      if (instanceId === undefined) break;
      const taken = this.#take(destination, destinationId, instanceId);
      if (taken === 'set-aside') aside += 1;
      else if (taken !== undefined) {
        jobs.push(taken);
        if (isLarge(taken)) largeLeft -= 1;
      }
    }
    return aside;
  }

  release(instanceId: number, destination: string): void {
    const studyId = this.#core.claims.drop(destination, instanceId);
    if (studyId === undefined) return;
    this.#core.changes.study(studyId);
    this.#core.changes.publish();
  }

  nextDueAtMs(destination: string): number | undefined {
    return this.#core.read(() => {
      const destinationId = this.#withFree(destination);
      if (destinationId === undefined) return undefined;
      const { claims } = this.#core;
      const depth = 1 + claims.count(destination);
      for (const list of Object.values(this.#waiting.queued.newest)) {
        const queued = list.all(destinationId, depth);
        if (queued.some((row) => !claims.isHeld(destination, row.instance_id))) return 0;
      }
      return this.#firstAgain
        .all(destinationId, depth)
        .find((row) => !claims.isHeld(destination, row.instance_id))?.next_attempt_at;
    });
  }

  async markUploaded(instanceId: number, destination: string, proof: UploadProof): Promise<void> {
    await this.#settle(instanceId, destination, (destinationId, nowMs) => {
      const sha256 = fromHex(proof.objectSha256, 32);
      const { etag, sizeBytes, repair = null } = proof;
      this.#uploaded.run(nowMs, etag, sha256, sizeBytes, repair, instanceId, destinationId);
    });
  }

  async markDatasetVerified(instanceId: number, destination: string, proof: DatasetProof): Promise<void> {
    await this.#settle(instanceId, destination, (destinationId, nowMs) => {
      const { changes } = this.#proven.run(nowMs, nowMs, instanceId, destinationId);
      if (changes > 0) this.#datasetProofs.record(destinationId, instanceId, proof, nowMs);
    });
  }

  async markFailed(
    instanceId: number,
    destination: string,
    code: ErrorCode,
    detail: string | undefined,
    nextAttemptAtMs: number,
  ): Promise<void> {
    await this.#settle(instanceId, destination, (destinationId, nowMs) => {
      const dueAtMs = Math.round(nextAttemptAtMs);
      this.#failed.run(nowMs, code, shortDetail(detail), dueAtMs, instanceId, destinationId);
    });
  }

  markParked(
    instanceId: number,
    destination: string,
    code: ErrorCode,
    detail: string | undefined,
  ): Promise<boolean> {
    return this.#settle(instanceId, destination, (destinationId, nowMs) => {
      this.#parked.run(nowMs, code, shortDetail(detail), instanceId, destinationId);
    });
  }

  heldCopy(instanceId: number): HeldCopy | undefined {
    const row = this.#core.read(() => this.#held.get(instanceId));
    if (row === undefined || row.spool_id === null) return undefined;
    const { size_bytes: sizeBytes, recovery_fingerprint: recoveryFingerprint } = row;
    return { spoolId: toHex(row.spool_id), sizeBytes, recoveryFingerprint };
  }

  setSpool(
    instanceId: number,
    spoolId: SpoolId,
    sizeBytes: number,
    recoveryFingerprint: string | null,
  ): Promise<SpoolId | undefined> {
    return this.#core.write(() => {
      const row = this.#spool.get(instanceId);
      // A resend took the old copy's place meanwhile: what was made from the old one is not wanted.
      const oldSpoolId = row?.spool_id ?? undefined;
      if (row === undefined || oldSpoolId === undefined) return undefined;
      if (this.#core.claims.isSupersededAnywhere(instanceId)) return undefined;
      this.#setSpool.run(fromHex(spoolId, 16), sizeBytes, recoveryFingerprint, instanceId);
      this.#core.changes.study(row.study_id);
      return toHex(oldSpoolId);
    });
  }

  /** The next one not held: of the slot's list if it has one, else of another. */
  #next(destination: string, lists: WaitingLists, sizes: 'any' | 'small'): number | undefined {
    const slot = this.#slots.get(destination) ?? 0;
    this.#slots.set(destination, (slot + 1) % lanes.length);
    const first = lanes[slot] ?? 'newest';
    for (const lane of new Set([first, 'newest', 'again', 'oldest'] as const)) {
      const instanceId = lists.next(lane, sizes);
      if (instanceId !== undefined) return instanceId;
    }
    return undefined;
  }

  /** Row id of a destination that has something unsent which nobody holds: asked often, mostly in vain. */
  #withFree(destination: string): number | undefined {
    const row = this.#destination.get(destination);
    return row === undefined || row.unsent <= this.#core.claims.count(destination) ? undefined : row.id;
  }

  #take(destination: string, destinationId: number, instanceId: number): UploadJob | 'set-aside' | undefined {
    const row = this.#job.get(instanceId, destinationId);
    if (row === undefined) return undefined;
    // Without a local copy there is nothing to send. Such rows are parked where it goes; one that was not must not
    // stand in the way of others.
    if (row.spool_id === null) {
      return this.#setAside(
        destination,
        instanceId,
        row,
        row.lost === 1 ? 'object-missing' : 'not-on-this-pc',
      );
    }
    const details = this.#detailsOf(row);
    if (details === undefined) return this.#setAside(destination, instanceId, row, 'object-tampered');
    // Held only now: what threw above is nobody's claim.
    this.#core.claims.hold(destination, instanceId, row.study_id);
    this.#core.changes.study(row.study_id);
    return {
      instanceId,
      destination,
      objectName: toHex(row.object_name),
      spoolId: toHex(row.spool_id),
      sizeBytes: row.size_bytes,
      recoveryFingerprint: row.recovery_fingerprint,
      details,
      attempts: row.attempts,
      receivedAtMs: row.received_at,
      ...(row.trouble === null ? {} : { mending: mendingOf(row) }),
    };
  }

  /** undefined when they do not verify. */
  #detailsOf(row: JobRow): InstanceDetails | undefined {
    try {
      return openDetails(this.#core.ports.sealer, row.details);
    } catch (error) {
      if (toEdgeSyncError(error).code === 'object-tampered') return undefined;
      throw error;
    }
  }

  /** Parks what cannot be sent, in the next commit; held until then. Damage is an incident of its own. */
  #setAside(destination: string, instanceId: number, row: JobRow, code: ErrorCode): 'set-aside' {
    this.#core.claims.hold(destination, instanceId, row.study_id);
    this.#settle(instanceId, destination, (destinationId, nowMs) => {
      this.#parked.run(nowMs, code, null, instanceId, destinationId);
      if (code === 'object-tampered') this.#incidents.add({ code, subject: toHex(row.object_name) });
    }).catch((error: unknown) => {
      // No longer held: the next claim meets it again.
      this.#core.ports.logger.error('not-set-aside', { destination, code }, error);
    });
    return 'set-aside';
  }

  /**
   * Writes an outcome and ends the claim, whatever happens; an outcome about a replaced copy is dropped.
   * Resolves with whether it was written.
   */
  async #settle(
    instanceId: number,
    destination: string,
    update: (destinationId: number, nowMs: number) => void,
  ): Promise<boolean> {
    const { claims, changes } = this.#core;
    const claim = { ended: false };
    try {
      return await this.#core.write(() => {
        const superseded = claims.isSuperseded(destination, instanceId);
        // Inside the work: afterwards somebody may hold a new claim on the same instance.
        claims.drop(destination, instanceId);
        claim.ended = true;
        const destinationId = this.#destination.get(destination)?.id;
        if (destinationId === undefined) return false;
        if (!superseded) update(destinationId, this.#core.nowMs());
        const studyId = this.#study.get(instanceId);
        if (studyId !== undefined) changes.study(studyId);
        return !superseded;
      });
    } catch (error) {
      if (!claim.ended) claims.drop(destination, instanceId);
      throw error;
    }
  }
}

function mendingOf({ object_sha256: sha256 }: JobRow): MendingFacts {
  return { objectSha256: sha256 === null ? null : toHex(sha256) };
}
