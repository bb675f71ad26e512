/**
 * One study in full: its images with how each stands at every destination, and what its rows and the audit trail tell of
 * its past. Read only. Everything is bounded by the study, or by a limit.
 */
import type Database from 'better-sqlite3';
import { isErrorCode, type ErrorCode } from '../../../shared/errors.ts';
import type { InstanceDetails, InstanceFlag, SpoolId } from '../model.ts';
import { openDetailsIfWhole, splitFlags, toHex, type QueueCore } from './queue-core.ts';
import type { DeliveryState, InstanceState } from './queue-types.ts';
import type { ShareAction, ShareKind } from './shares.ts';

/** What an image is sorted and shown by. */
export interface StudyImageRow {
  readonly instanceId: number;
  /** undefined when the row was damaged: the image itself is still known by its object. */
  readonly details: InstanceDetails | undefined;
  readonly objectName: string;
  /** null when there is no copy on this PC. */
  readonly spoolId: SpoolId | null;
  readonly sizeBytes: number;
  readonly state: InstanceState;
  readonly flags: readonly InstanceFlag[];
  readonly receivedAtMs: number;
}

/** One image at one destination that is in use. */
export interface StudyImageDelivery {
  readonly destination: string;
  readonly required: boolean;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly error: ErrorCode | null;
  readonly nextAttemptAtMs: number | null;
  readonly verifiedAtMs: number | null;
  /** A good copy lies beside one that was found damaged. */
  readonly repaired: boolean;
  readonly checkedAtMs: number | null;
  readonly trouble: 'missing' | 'damaged' | null;
}

/** Images of a study at one destination that stand alike. */
export interface StudyDeliveryGroup {
  readonly destination: string;
  readonly required: boolean;
  readonly state: Exclude<DeliveryState, 'uploading'>;
  readonly error: ErrorCode | null;
  readonly count: number;
  readonly firstVerifiedAtMs: number | null;
  readonly lastVerifiedAtMs: number | null;
  readonly nextAttemptAtMs: number | null;
  readonly repaired: number;
  /** Downloaded again after their upload, and when last. */
  readonly checked: number;
  readonly lastCheckedAtMs: number | null;
  readonly inTrouble: number;
}

export interface StudyArrivals {
  /** AE title, or null for files. */
  readonly source: string | null;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly sizeBytes: number;
  readonly local: number;
}

export interface StudyAuditRow {
  readonly id: number;
  readonly atMs: number;
  readonly action: string;
  readonly actor: string;
  readonly outcome: 'success' | 'failure';
}

export interface StudyShareEvent {
  readonly atMs: number;
  readonly action: ShareAction;
  readonly actor: string;
  readonly kind: ShareKind;
}

interface StoredImage {
  readonly id: number;
  readonly object_name: Buffer;
  readonly details: Buffer;
  readonly spool_id: Buffer | null;
  readonly size_bytes: number;
  readonly state: InstanceState;
  readonly flags: string;
  readonly received_at: number;
}

interface StoredDelivery {
  readonly name: string;
  readonly required: number;
  readonly state: Exclude<DeliveryState, 'uploading'>;
  readonly attempts: number;
  readonly error_code: string | null;
  readonly next_attempt_at: number | null;
  readonly verified_at: number | null;
  readonly repair: number | null;
  readonly checked_at: number | null;
  readonly trouble: 'missing' | 'damaged' | null;
}

interface StoredGroup {
  readonly name: string;
  readonly required: number;
  readonly state: Exclude<DeliveryState, 'uploading'>;
  readonly error_code: string | null;
  readonly count: number;
  readonly first_verified: number | null;
  readonly last_verified: number | null;
  readonly next_attempt: number | null;
  readonly repaired: number;
  readonly checked: number;
  readonly last_checked: number | null;
  readonly in_trouble: number;
}

/** Of one study; what is older is left out. */
const mostShareEvents = 500;

export class StudyDetail {
  readonly #core: QueueCore;
  readonly #rowId: Database.Statement<[string], number>;
  readonly #publicId: Database.Statement<[Buffer], string>;
  readonly #images: Database.Statement<[number, number, number], StoredImage>;
  readonly #image: Database.Statement<[number, number], StoredImage>;
  readonly #deliveries: Database.Statement<[number], StoredDelivery>;
  readonly #groups: Database.Statement<[number], StoredGroup>;
  readonly #arrivals: Database.Statement<
    [number],
    {
      source: string | null;
      count: number;
      first_at: number;
      last_at: number;
      size_bytes: number;
      local: number;
    }
  >;
  readonly #audit: Database.Statement<
    [string, number, number],
    { id: number; at: number; action: string; actor: string; outcome: 'success' | 'failure' }
  >;
  readonly #shares: Database.Statement<
    [number, number],
    { at: number; action: ShareAction; actor: string; kind: ShareKind }
  >;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#rowId = core.prepare<[string], number>('SELECT id FROM study WHERE public_id = ?').pluck();
    this.#publicId = core
      .prepare<[Buffer], string>('SELECT public_id FROM study WHERE study_key = ?')
      .pluck();
    const columns = 'id, object_name, details, spool_id, size_bytes, state, flags, received_at';
    this.#images = core.prepare(
      `SELECT ${columns} FROM instance WHERE study_id = ? AND id > ? ORDER BY id LIMIT ?`,
    );
    this.#image = core.prepare(`SELECT ${columns} FROM instance WHERE id = ? AND study_id = ?`);
    const looked = `LEFT JOIN verification AS v ON v.destination_id = d.destination_id AND v.instance_id = d.instance_id`;
    this.#deliveries = core.prepare(
      `SELECT t.name, t.required, d.state, d.attempts, d.error_code, d.next_attempt_at, d.verified_at, d.repair,
           v.checked_at, v.trouble
         FROM delivery AS d JOIN destination AS t ON t.id = d.destination_id ${looked}
         WHERE d.instance_id = ? AND t.active = 1 ORDER BY d.destination_id`,
    );
    this.#groups = core.prepare(
      `SELECT t.name, t.required, d.state, d.error_code, count(*) AS count,
           min(d.verified_at) AS first_verified, max(d.verified_at) AS last_verified,
           min(d.next_attempt_at) AS next_attempt, count(d.repair) AS repaired,
           count(v.checked_at) AS checked, max(v.checked_at) AS last_checked, count(v.trouble) AS in_trouble
         FROM instance AS i JOIN delivery AS d ON d.instance_id = i.id
         JOIN destination AS t ON t.id = d.destination_id ${looked}
         WHERE i.study_id = ? AND t.active = 1 GROUP BY d.destination_id, d.state, d.error_code`,
    );
    this.#arrivals = core.prepare(
      `SELECT source, count(*) AS count, min(received_at) AS first_at, max(received_at) AS last_at,
           sum(size_bytes) AS size_bytes, count(spool_id) AS local
         FROM instance WHERE study_id = ? GROUP BY source`,
    );
    this.#audit = core.prepare(
      `SELECT id, at, action, actor, outcome FROM audit INDEXED BY audit_subject
         WHERE subject = ? AND id < ? ORDER BY id DESC LIMIT ?`,
    );
    this.#shares = core.prepare(
      `SELECT e.at, e.action, e.actor, s.kind FROM study AS one JOIN share AS s ON s.study_lookup = one.study_key
         JOIN share_event AS e ON e.share_id = s.share_id WHERE one.id = ? LIMIT ?`,
    );
  }

  /** The id in the page of a study by its Study Instance UID. */
  idOf(studyInstanceUid: string): string | undefined {
    return this.#core.read(() =>
      this.#publicId.get(this.#core.ports.sealer.lookup('study-instance-uid', studyInstanceUid)),
    );
  }

  /** Images of a study by its id in the page, in order of arrival; none for an unknown one. */
  images(studyId: string, afterInstanceId: number, limit: number): StudyImageRow[] {
    return this.#of(studyId, [], (id) => this.#images.all(id, afterInstanceId, limit).map(this.#imageRow));
  }

  /** One image, when it belongs to that study. */
  image(studyId: string, instanceId: number): StudyImageRow | undefined {
    return this.#of(studyId, undefined, (id) => {
      const row = this.#image.get(instanceId, id);
      return row === undefined ? undefined : this.#imageRow(row);
    });
  }

  deliveries(instanceId: number): StudyImageDelivery[] {
    return this.#core.read(() =>
      this.#deliveries.all(instanceId).map((row) => ({
        destination: row.name,
        required: row.required === 1,
        state: this.#stateNow(row, instanceId),
        attempts: row.attempts,
        error: codeOf(row.error_code),
        nextAttemptAtMs: row.state === 'failed' ? row.next_attempt_at : null,
        verifiedAtMs: row.verified_at,
        repaired: row.repair !== null,
        checkedAtMs: row.checked_at,
        trouble: row.trouble,
      })),
    );
  }

  deliveryGroups(studyId: string): StudyDeliveryGroup[] {
    return this.#of(studyId, [], (id) =>
      this.#groups.all(id).map((row) => ({
        destination: row.name,
        required: row.required === 1,
        state: row.state,
        error: codeOf(row.error_code),
        count: row.count,
        firstVerifiedAtMs: row.first_verified,
        lastVerifiedAtMs: row.last_verified,
        nextAttemptAtMs: row.next_attempt,
        repaired: row.repaired,
        checked: row.checked,
        lastCheckedAtMs: row.last_checked,
        inTrouble: row.in_trouble,
      })),
    );
  }

  arrivals(studyId: string): StudyArrivals[] {
    return this.#of(studyId, [], (id) =>
      this.#arrivals.all(id).map(({ first_at, last_at, size_bytes, ...row }) => ({
        ...row,
        firstAtMs: first_at,
        lastAtMs: last_at,
        sizeBytes: size_bytes,
      })),
    );
  }

  /** What the audit trail says about this study, newest first; `beforeId` pages on. */
  audit(studyId: string, beforeId: number, limit: number): StudyAuditRow[] {
    return this.#core.read(() =>
      this.#audit.all(studyId, beforeId, limit).map(({ at, ...row }) => ({ ...row, atMs: at })),
    );
  }

  shareEvents(studyId: string): StudyShareEvent[] {
    return this.#of(studyId, [], (id) =>
      this.#shares.all(id, mostShareEvents).map(({ at, ...row }) => ({ ...row, atMs: at })),
    );
  }

  #of<T>(studyId: string, otherwise: T, read: (rowId: number) => T): T {
    return this.#core.read(() => {
      const id = this.#rowId.get(studyId);
      return id === undefined ? otherwise : read(id);
    });
  }

  readonly #imageRow = (row: StoredImage): StudyImageRow => ({
    instanceId: row.id,
    details: openDetailsIfWhole(this.#core.ports.sealer, row.details),
    objectName: toHex(row.object_name),
    spoolId: row.spool_id === null ? null : toHex(row.spool_id),
    sizeBytes: row.size_bytes,
    state: row.state,
    flags: splitFlags(row.flags),
    receivedAtMs: row.received_at,
  });

  #stateNow(row: StoredDelivery, instanceId: number): DeliveryState {
    const waits = row.state === 'queued' || row.state === 'failed';
    return waits && this.#core.claims.isHeld(row.name, instanceId) ? 'uploading' : row.state;
  }
}

function codeOf(text: string | null): ErrorCode | null {
  if (text === null) return null;
  return isErrorCode(text) ? text : 'internal';
}
