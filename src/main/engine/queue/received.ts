/** Receiving: one row per instance, its study, its deliveries. */
import type Database from 'better-sqlite3';
import type { InstanceDetails, InstanceFlag } from '../model.ts';
import { aggregateInstance } from './aggregate.ts';
import type { Incidents } from './incidents.ts';
import { fromHex, joinFlags, sealDetails, splitFlags, toHex, type QueueCore } from './queue-core.ts';
import type { NewInstance, RecordOutcome, StudyDetails } from './queue-types.ts';

/** Studies whose display details are kept open, so that a study of 1,000 images opens its row once. */
const studiesKept = 64;
const studyPlace = 'study.details';

interface KnownStudy {
  readonly rowId: number;
  readonly firstReceivedAtMs: number;
  readonly details: StudyDetails;
}

interface EarlierCopy {
  readonly id: number;
  readonly study_id: number;
  readonly spool_id: Buffer | null;
  readonly size_bytes: number;
  readonly state: string;
  readonly lost: number;
  readonly flags: string;
}

/** What is computed before the transaction: it needs keys, not the database. */
interface Prepared {
  readonly objectName: Buffer;
  readonly uidLookup: Buffer;
  readonly studyKey: Buffer;
  readonly spoolId: Buffer;
  readonly details: Buffer;
  readonly file: { readonly path: Buffer; readonly lookup: Buffer } | undefined;
}

export class Received {
  readonly #core: QueueCore;
  readonly #incidents: Incidents;
  readonly #known = new Map<string, KnownStudy>();
  readonly #earlier: Database.Statement<[Buffer, Buffer], EarlierCopy>;
  readonly #sameUid: Database.Statement<[Buffer, Buffer], { id: number; flags: string }>;
  readonly #setFlags: Database.Statement<[string, number]>;
  readonly #findStudy: Database.Statement<
    [Buffer],
    { id: number; details: Buffer; first_received_at: number }
  >;
  readonly #addStudy: Database.Statement<[Buffer, string, Buffer, number, number]>;
  readonly #setStudyDetails: Database.Statement<[Buffer, number]>;
  readonly #addInstance: Database.Statement;
  readonly #addDeliveries: Database.Statement<[number, number, number]>;
  readonly #replace: Database.Statement;
  readonly #requeue: Database.Statement<[number, number]>;
  readonly #aggregate: Database.Statement<[number]>;
  readonly #studySeen: Database.Statement<[number, number]>;
  readonly #sourceSeen: Database.Statement<[number, string]>;
  readonly #addFile: Database.Statement<[Buffer, Buffer, number]>;

  constructor(core: QueueCore, incidents: Incidents) {
    this.#core = core;
    this.#incidents = incidents;
    // What was kept may have been read inside a transaction that did not come to be.
    core.onUndo(() => this.#known.clear());
    this.#earlier = core.prepare(
      'SELECT id, study_id, spool_id, size_bytes, state, lost, flags FROM instance WHERE uid_lookup = ? AND object_name = ?',
    );
    this.#sameUid = core.prepare(
      'SELECT id, flags FROM instance WHERE uid_lookup = ? AND object_name <> ? LIMIT 16',
    );
    this.#setFlags = core.prepare('UPDATE instance SET flags = ? WHERE id = ?');
    this.#findStudy = core.prepare('SELECT id, details, first_received_at FROM study WHERE study_key = ?');
    this.#addStudy = core.prepare(
      'INSERT INTO study (study_key, public_id, details, first_received_at, last_received_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.#setStudyDetails = core.prepare('UPDATE study SET details = ? WHERE id = ?');
    this.#addInstance = core.prepare(
      `INSERT INTO instance (object_name, uid_lookup, study_id, spool_id, size_bytes, details, source, flags,
         received_at, recovery_fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#addDeliveries = core.prepare(
      `INSERT INTO delivery (instance_id, destination_id, state, rank, changed_at)
         SELECT ?, id, 'queued', ?, ? FROM destination WHERE active = 1`,
    );
    this.#replace = core.prepare(
      `UPDATE instance SET spool_id = ?, size_bytes = ?, details = ?, flags = ?, received_at = ?,
         recovery_fingerprint = ?, lost = 0 WHERE id = ?`,
    );
    this.#requeue = core.prepare(
      `UPDATE delivery SET state = 'queued', attempts = 0, next_attempt_at = NULL, error_code = NULL,
         error_detail = NULL, manifest_sequence = NULL, changed_at = ?
         WHERE instance_id = ? AND state IN ('failed', 'parked')`,
    );
    this.#aggregate = core.prepare(`UPDATE instance SET ${aggregateInstance} WHERE id = ?`);
    this.#studySeen = core.prepare(
      'UPDATE study SET last_received_at = max(last_received_at, ?) WHERE id = ?',
    );
    this.#sourceSeen = core.prepare(
      'UPDATE source SET last_received_at = max(coalesce(last_received_at, 0), ?) WHERE ae_title = ?',
    );
    this.#addFile = core.prepare(
      `INSERT INTO source_file (instance_id, path, path_lookup, ready)
         SELECT id, ?, ?, state = 'verified' FROM instance WHERE id = ?
         ON CONFLICT (instance_id, path_lookup) DO NOTHING`,
    );
  }

  record(instance: NewInstance): Promise<RecordOutcome> {
    let prepared: Prepared;
    try {
      prepared = this.#prepare(instance);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#core.write(() => this.#recordPrepared(instance, prepared));
  }

  #prepare(instance: NewInstance): Prepared {
    const { sealer } = this.#core.ports;
    const { details, deleteAfterVerify } = instance;
    return {
      objectName: fromHex(instance.objectName, 32),
      uidLookup: sealer.lookup('sop-instance-uid', details.sopInstanceUid),
      studyKey: studyKey(this.#core, details),
      spoolId: fromHex(instance.spoolId, 16),
      details: sealDetails(sealer, details),
      file:
        deleteAfterVerify === undefined
          ? undefined
          : {
              path: sealer.seal('source_file.path', deleteAfterVerify),
              lookup: sealer.lookup('file-path', deleteAfterVerify),
            },
    };
  }

  #recordPrepared(instance: NewInstance, prepared: Prepared): RecordOutcome {
    const nowMs = this.#core.nowMs();
    const earlier = this.#earlier.get(prepared.uidLookup, prepared.objectName);
    if (earlier === undefined) return this.#add(instance, prepared, nowMs);

    this.#core.changes.study(earlier.study_id);
    if (instance.source !== null) this.#sourceSeen.run(nowMs, instance.source);
    // The very file that is recorded already (adopted at start while its sender still waited): not a second copy.
    if (earlier.spool_id?.equals(prepared.spoolId) === true && earlier.state !== 'parked') {
      this.#rememberFile(earlier.id, prepared);
      return { tag: 'recorded', uidConflict: false };
    }
    if (this.#isWhole(earlier)) {
      this.#rememberFile(earlier.id, prepared);
      return { tag: 'duplicate' };
    }
    this.#core.claims.supersede(earlier.id);
    this.#replace.run(
      prepared.spoolId,
      instance.sizeBytes,
      prepared.details,
      joinFlags([...splitFlags(earlier.flags), ...instance.flags]),
      nowMs,
      instance.recoveryFingerprint,
      earlier.id,
    );
    this.#requeue.run(nowMs, earlier.id);
    this.#aggregate.run(earlier.id);
    this.#studySeen.run(nowMs, earlier.study_id);
    this.#rememberFile(earlier.id, prepared);
    return { tag: 'replaced', oldSpoolId: earlier.spool_id === null ? null : toHex(earlier.spool_id) };
  }

  /** Verified everywhere it must be, or here with a file of the right size. Parked asks for help: a resend is help. */
  #isWhole(earlier: EarlierCopy): boolean {
    if (earlier.state === 'verified') return true;
    if (earlier.state === 'parked' || earlier.lost === 1 || earlier.spool_id === null) return false;
    return this.#core.ports.spoolHolds(toHex(earlier.spool_id), earlier.size_bytes);
  }

  #add(instance: NewInstance, prepared: Prepared, nowMs: number): RecordOutcome {
    const conflicts = this.#sameUid.all(prepared.uidLookup, prepared.objectName);
    for (const other of conflicts) {
      this.#setFlags.run(joinFlags([...splitFlags(other.flags), 'uid-conflict']), other.id);
    }
    const flags: readonly InstanceFlag[] =
      conflicts.length > 0 ? [...instance.flags, 'uid-conflict'] : instance.flags;
    const study = this.#studyFor(instance.details, prepared.studyKey, nowMs);
    const { lastInsertRowid } = this.#addInstance.run(
      prepared.objectName,
      prepared.uidLookup,
      study.rowId,
      prepared.spoolId,
      instance.sizeBytes,
      prepared.details,
      instance.source,
      joinFlags(flags),
      nowMs,
      instance.recoveryFingerprint,
    );
    const id = Number(lastInsertRowid);
    this.#addDeliveries.run(id, study.firstReceivedAtMs, nowMs);
    this.#rememberFile(id, prepared);
    this.#core.changes.study(study.rowId);
    if (conflicts.length > 0) this.#tellConflict(instance.details);
    return { tag: 'recorded', uidConflict: conflicts.length > 0 };
  }

  /** With the row itself: whoever records it, and wherever a crash falls, there is no conflict that nobody hears of. */
  #tellConflict({ studyInstanceUid, sopInstanceUid }: InstanceDetails): void {
    this.#incidents.add({ code: 'uid-conflict', subject: studyInstanceUid || sopInstanceUid });
  }

  #rememberFile(instanceId: number, { file }: Prepared): void {
    if (file !== undefined) this.#addFile.run(file.path, file.lookup, instanceId);
  }

  #studyFor(details: InstanceDetails, key: Buffer, nowMs: number): KnownStudy {
    const cacheKey = toHex(key);
    const shown = displayDetails(details);
    const known = this.#known.get(cacheKey) ?? this.#load(key);
    if (known === undefined) {
      const sealed = this.#core.ports.sealer.seal(studyPlace, JSON.stringify(shown));
      const publicId = this.#core.ports.random.bytes(16).toString('hex');
      const { lastInsertRowid } = this.#addStudy.run(key, publicId, sealed, nowMs, nowMs);
      return { rowId: Number(lastInsertRowid), firstReceivedAtMs: nowMs, details: shown };
    }
    const merged = mergeDetails(known.details, shown);
    if (merged === known.details) {
      this.#keep(cacheKey, known);
      return known;
    }
    this.#setStudyDetails.run(this.#core.ports.sealer.seal(studyPlace, JSON.stringify(merged)), known.rowId);
    this.#known.delete(cacheKey);
    return known;
  }

  #load(key: Buffer): KnownStudy | undefined {
    const row = this.#findStudy.get(key);
    return row === undefined
      ? undefined
      : {
          rowId: row.id,
          firstReceivedAtMs: row.first_received_at,
          details: openStudyDetails(this.#core, row.details),
        };
  }

  #keep(cacheKey: string, study: KnownStudy): void {
    this.#known.delete(cacheKey);
    this.#known.set(cacheKey, study);
    const oldest = this.#known.keys().next();
    if (this.#known.size > studiesKept && oldest.done !== true) this.#known.delete(oldest.value);
  }
}

/** What may be shown of a study after a reveal. Throws object-tampered. */
export function openStudyDetails(core: QueueCore, sealed: Uint8Array): StudyDetails {
  return JSON.parse(core.ports.sealer.open(studyPlace, sealed)) as StudyDetails;
}

export function sealStudyDetails(core: QueueCore, details: StudyDetails): Buffer {
  return core.ports.sealer.seal(studyPlace, JSON.stringify(details));
}

/** Images without a Study Instance UID are not thrown together: each series (or image) is a study of its own. */
export function studyKey(core: QueueCore, details: InstanceDetails): Buffer {
  const { sealer } = core.ports;
  if (details.studyInstanceUid !== '') return sealer.lookup('study-instance-uid', details.studyInstanceUid);
  return sealer.lookup(
    'no-study',
    `${details.seriesInstanceUid}/${details.seriesInstanceUid === '' ? details.sopInstanceUid : ''}`,
  );
}

/** Objects that come along with images and do not name a study well. */
const companionModalities = new Set(['', 'SR', 'PR', 'KO', 'DOC', 'OT', 'REG', 'SEG']);

export function displayDetails(details: InstanceDetails): StudyDetails {
  return {
    patientName: details.patientName ?? '',
    patientId: details.patientId ?? '',
    studyDescription: details.studyDescription ?? '',
    studyDate: details.studyDate ?? '',
    modality: details.modality ?? '',
  };
}

/** What is empty is filled by a later image; what is there stays. The same object when nothing changed. */
export function mergeDetails(old: StudyDetails, fresh: StudyDetails): StudyDetails {
  const merged: StudyDetails = {
    patientName: old.patientName || fresh.patientName,
    patientId: old.patientId || fresh.patientId,
    studyDescription: old.studyDescription || fresh.studyDescription,
    studyDate: old.studyDate || fresh.studyDate,
    modality:
      companionModalities.has(old.modality) && !companionModalities.has(fresh.modality)
        ? fresh.modality
        : old.modality || fresh.modality,
  };
  const same = (Object.keys(merged) as (keyof StudyDetails)[]).every((key) => merged[key] === old[key]);
  return same ? old : merged;
}
