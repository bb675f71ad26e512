/** What is asked of the queue without changing it. */
import type Database from 'better-sqlite3';
import { errorCodeOf, failureId } from './destinations.ts';
import type { Incidents } from './incidents.ts';
import { openDetails, openDetailsIfWhole, splitFlags, toHex, type QueueCore } from './queue-core.ts';
import type {
  DeliveryRow,
  DeliveryState,
  DestinationCounts,
  FailureGroup,
  InstanceRow,
  InstanceSelection,
  LocalCopy,
  InstanceState,
  QueueStatus,
  SourceCounts,
  StudyDetails,
  StudyRow,
} from './queue-types.ts';
import { openStudyDetails } from './received.ts';

/** Rows of `instances` held at once. */
const pageSize = 200;
/** Paired devices of one clinic, with room; more are not listed one by one. */
const mostSources = 500;
/** Clocks are set by a little all the time. */
const clockToleranceMs = 5 * 60_000;

interface TallyRow {
  readonly studies: number;
  readonly received: number;
  readonly pending: number;
  readonly verified: number;
  readonly failed: number;
  readonly parked: number;
  readonly spool_bytes: number;
}

type ProofRow = Pick<DestinationRow, 'last_verified_at' | 'last_probe_at'>;

interface DestinationRow {
  readonly name: string;
  readonly required: number;
  readonly queued: number;
  readonly uploaded: number;
  readonly verified: number;
  readonly failed: number;
  readonly parked: number;
  readonly last_verified_at: number | null;
  readonly last_probe_at: number | null;
}

interface FailureRow {
  readonly name: string;
  readonly state: 'failed' | 'parked';
  readonly code: string;
  readonly count: number;
  readonly first_at: number;
  readonly last_at: number;
}

interface StoredStudy {
  readonly id: number;
  readonly public_id: string;
  readonly details: Buffer;
  readonly source: string | null;
  readonly first_received_at: number;
  readonly last_received_at: number;
  readonly instances: number;
  readonly verified: number;
  readonly failed: number;
  readonly parked: number;
  readonly size_bytes: number;
  readonly verified_bytes: number;
}

interface StoredInstance {
  readonly id: number;
  readonly object_name: Buffer;
  readonly spool_id: Buffer | null;
  readonly size_bytes: number;
  readonly details: Buffer;
  readonly source: string | null;
  readonly flags: string;
  readonly received_at: number;
  readonly state: InstanceState;
  readonly recovery_fingerprint: string | null;
}

interface StoredDelivery {
  readonly name: string;
  readonly state: Exclude<DeliveryState, 'uploading'>;
  readonly etag: string | null;
  readonly object_sha256: Buffer | null;
  readonly verified_at: number | null;
  readonly manifest_sequence: number | null;
}

export class Reading {
  readonly #core: QueueCore;
  readonly #incidents: Incidents;
  readonly #tally: Database.Statement<[], TallyRow>;
  readonly #oldestPending: Database.Statement<[], number | null>;
  readonly #newestPending: Database.Statement<[], number | null>;
  readonly #destinations: Database.Statement<[], DestinationRow>;
  readonly #proof: Database.Statement<[string], ProofRow>;
  readonly #sources: Database.Statement<
    [number],
    {
      ae_title: string;
      received: number;
      verified: number;
      last_received_at: number | null;
      committed: number;
    }
  >;
  readonly #failures: Database.Statement<[], FailureRow>;
  readonly #studies: Database.Statement<[number], StoredStudy>;
  readonly #study: Database.Statement<[string], StoredStudy>;
  readonly #studyByKey: Database.Statement<[Buffer], number>;
  readonly #allInstances: Database.Statement<[number, number], StoredInstance>;
  readonly #studyInstances: Database.Statement<[number, number, number], StoredInstance>;
  readonly #deliveries: Database.Statement<[number], StoredDelivery>;

  constructor(core: QueueCore, incidents: Incidents) {
    this.#core = core;
    this.#incidents = incidents;
    this.#tally = core.prepare('SELECT * FROM tally WHERE id = 1');
    this.#oldestPending = core
      .prepare<[], number | null>(`SELECT min(received_at) FROM instance WHERE state = 'pending'`)
      .pluck();
    this.#newestPending = core
      .prepare<[], number | null>(`SELECT max(received_at) FROM instance WHERE state = 'pending'`)
      .pluck();
    this.#destinations = core.prepare('SELECT * FROM destination WHERE active = 1 ORDER BY id');
    this.#proof = core.prepare(
      'SELECT last_verified_at, last_probe_at FROM destination WHERE active = 1 AND name = ?',
    );
    this.#sources = core.prepare(
      `SELECT source.*, coalesce(c.committed, 0) AS committed FROM source LEFT JOIN commitment_source AS c USING (ae_title)
         ORDER BY source.ae_title LIMIT ?`,
    );
    this.#failures = core.prepare(
      `SELECT t.name, f.state, f.code, f.count, f.first_at, f.last_at FROM failure AS f JOIN destination AS t
         ON t.id = f.destination_id WHERE t.active = 1 AND f.count > 0`,
    );
    this.#studies = core.prepare('SELECT * FROM study ORDER BY last_received_at DESC, id DESC LIMIT ?');
    this.#study = core.prepare('SELECT * FROM study WHERE public_id = ?');
    this.#studyByKey = core.prepare<[Buffer], number>('SELECT id FROM study WHERE study_key = ?').pluck();
    const columns =
      'id, object_name, spool_id, size_bytes, details, source, flags, received_at, state, recovery_fingerprint';
    this.#allInstances = core.prepare(`SELECT ${columns} FROM instance WHERE id > ? ORDER BY id LIMIT ?`);
    this.#studyInstances = core.prepare(
      `SELECT ${columns} FROM instance WHERE study_id = ? AND id > ? ORDER BY id LIMIT ?`,
    );
    this.#deliveries = core.prepare(
      `SELECT t.name, d.state, d.etag, d.object_sha256, d.verified_at, d.manifest_sequence
         FROM delivery AS d JOIN destination AS t ON t.id = d.destination_id
         WHERE d.instance_id = ? AND t.active = 1 ORDER BY d.destination_id`,
    );
  }

  /** Of an active destination; null without any proof. */
  lastProofAtMs(destination: string): number | null {
    return this.#core.read(() => {
      const row = this.#proof.get(destination);
      return row === undefined ? null : lastProofOf(row, this.#core.nowMs());
    });
  }

  status(): QueueStatus {
    return this.#core.read(() => {
      const tally = this.#tally.get();
      const nowMs = this.#core.nowMs();
      const destinations = this.#destinations.all().map((row) => destinationCounts(row, nowMs));
      return {
        received: tally?.received ?? 0,
        pending: tally?.pending ?? 0,
        verified: tally?.verified ?? 0,
        failed: tally?.failed ?? 0,
        parked: tally?.parked ?? 0,
        spoolBytes: tally?.spool_bytes ?? 0,
        studies: tally?.studies ?? 0,
        oldestPendingAtMs: this.#oldestPending.get() ?? null,
        newestPendingAtMs: this.#newestPending.get() ?? null,
        lastVerifiedAtMs: latest(destinations.map(({ lastVerifiedAtMs }) => lastVerifiedAtMs)),
        destinations,
        sources: this.#sources.all(mostSources).map((row): SourceCounts => ({
          aeTitle: row.ae_title,
          received: row.received,
          verified: row.verified,
          committed: row.committed,
          lastReceivedAtMs: row.last_received_at,
        })),
        failures: this.#failures.all().map(failureGroup),
        incidents: this.#incidents.open(),
      };
    });
  }

  studies(limit: number): StudyRow[] {
    return this.#core.read(() => {
      const uploading = this.#core.claims.studies();
      return this.#studies.all(limit).map((row) => this.#studyRow(row, uploading));
    });
  }

  study(studyId: string): StudyRow | undefined {
    return this.#core.read(() => {
      const row = this.#study.get(studyId);
      return row === undefined ? undefined : this.#studyRow(row, this.#core.claims.studies());
    });
  }

  studyDetails(studyId: string): StudyDetails | undefined {
    return this.study(studyId)?.details;
  }

  studyInstanceUid(studyId: string): string | undefined {
    return this.#core.read(() => {
      const row = this.#study.get(studyId);
      if (row === undefined) return undefined;
      // The study's own row does not name it; its images do.
      const [image] = this.#studyInstances.all(row.id, 0, 1);
      return image === undefined ? undefined : this.#instanceRow(image).details.studyInstanceUid;
    });
  }

  instances(selection: InstanceSelection): Generator<InstanceRow, void, undefined> {
    return this.#pages(selection, (row) => this.#instanceRow(row));
  }

  localCopies(selection: InstanceSelection): Generator<LocalCopy, void, undefined> {
    return this.#pages(selection, (row) => ({
      instanceId: row.id,
      objectName: toHex(row.object_name),
      spoolId: row.spool_id === null ? null : toHex(row.spool_id),
      sizeBytes: row.size_bytes,
      state: row.state,
      details: openDetailsIfWhole(this.#core.ports.sealer, row.details),
    }));
  }

  *#pages<Row extends { readonly instanceId: number }>(
    selection: InstanceSelection,
    rowOf: (row: StoredInstance) => Row,
  ): Generator<Row, void, undefined> {
    const studyId = this.#core.read(() => this.#selectedStudy(selection));
    if (selection.tag === 'study' && studyId === undefined) return;
    for (let after = 0; ;) {
      // A page at a time: an open cursor would keep every writer waiting while the caller works.
      const rows = this.#core.read(() => {
        const page =
          studyId === undefined
            ? this.#allInstances.all(after, pageSize)
            : this.#studyInstances.all(studyId, after, pageSize);
        return page.map(rowOf);
      });
      const last = rows.at(-1);
      if (last === undefined) return;
      yield* rows;
      after = last.instanceId;
    }
  }

  #selectedStudy(selection: InstanceSelection): number | undefined {
    if (selection.tag === 'all') return undefined;
    return this.#studyByKey.get(
      this.#core.ports.sealer.lookup('study-instance-uid', selection.studyInstanceUid),
    );
  }

  #studyRow(row: StoredStudy, uploading: ReadonlySet<number>): StudyRow {
    return {
      id: row.public_id,
      details: openStudyDetails(this.#core, row.details),
      source: row.source,
      firstReceivedAtMs: row.first_received_at,
      lastReceivedAtMs: row.last_received_at,
      instances: row.instances,
      verified: row.verified,
      failed: row.failed,
      parked: row.parked,
      sizeBytes: row.size_bytes,
      verifiedBytes: row.verified_bytes,
      uploading: uploading.has(row.id),
    };
  }

  #instanceRow(row: StoredInstance): InstanceRow {
    return {
      instanceId: row.id,
      objectName: toHex(row.object_name),
      spoolId: row.spool_id === null ? null : toHex(row.spool_id),
      sizeBytes: row.size_bytes,
      details: openDetails(this.#core.ports.sealer, row.details),
      source: row.source,
      flags: splitFlags(row.flags),
      receivedAtMs: row.received_at,
      state: row.state,
      recoveryFingerprint: row.recovery_fingerprint,
      deliveries: this.#deliveries.all(row.id).map((delivery) => this.#deliveryRow(row.id, delivery)),
    };
  }

  #deliveryRow(instanceId: number, row: StoredDelivery): DeliveryRow {
    const waits = row.state === 'queued' || row.state === 'failed';
    return {
      destination: row.name,
      state: waits && this.#core.claims.isHeld(row.name, instanceId) ? 'uploading' : row.state,
      etag: row.etag,
      objectSha256: row.object_sha256 === null ? null : toHex(row.object_sha256),
      verifiedAtMs: row.verified_at,
      manifestSequence: row.manifest_sequence,
    };
  }
}

/** The newest proof that it works: an upload or a probe. */
function lastProofOf(row: ProofRow, nowMs: number): number | null {
  return latest([past(row.last_verified_at, nowMs), past(row.last_probe_at, nowMs)]);
}

function destinationCounts(row: DestinationRow, nowMs: number): DestinationCounts {
  return {
    name: row.name,
    required: row.required === 1,
    pending: row.queued + row.uploaded + row.failed + row.parked,
    verified: row.verified,
    failed: row.failed,
    parked: row.parked,
    lastVerifiedAtMs: past(row.last_verified_at, nowMs),
    lastProofAtMs: lastProofOf(row, nowMs),
  };
}

function failureGroup(row: FailureRow): FailureGroup {
  return {
    id: failureId(row.name, row.state, row.code),
    destination: row.name,
    state: row.state,
    code: errorCodeOf(row.code),
    count: row.count,
    firstAtMs: row.first_at,
    lastAtMs: row.last_at,
  };
}

/** A little ahead is now; further ahead was told by a clock that has been set since, and says nothing. */
function past(atMs: number | null, nowMs: number): number | null {
  return atMs === null || atMs > nowMs + clockToleranceMs ? null : Math.min(atMs, nowMs);
}

function latest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
}
