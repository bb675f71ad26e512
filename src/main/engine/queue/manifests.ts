/**
 * The numbered chain of entry lists, one per destination. A batch is chosen and numbered here before anything is sent,
 * so that a crash at any point ends with the same list under the same number.
 */
import type Database from 'better-sqlite3';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { InstanceDetails } from '../model.ts';
import type { AuditRows } from './audit-rows.ts';
import type { Incidents } from './incidents.ts';
import { fromHex, openDetailsIfWhole, toHex, type QueueCore } from './queue-core.ts';
import type { ManifestBatch, ManifestHead, UploadedInstance } from './queue-types.ts';

interface Head {
  readonly id: number;
  readonly manifest_sequence: number;
  readonly manifest_sha256: Buffer | null;
  readonly open_sequence: number | null;
  readonly open_sealed: Buffer | null;
}

interface Member {
  readonly instance_id: number;
  readonly study_id: number;
  readonly object_name: Buffer;
  readonly details: Buffer;
  readonly etag: string;
  readonly object_sha256: Buffer;
  readonly object_size_bytes: number;
  readonly repair: number | null;
}

export class Manifests {
  readonly #core: QueueCore;
  readonly #incidents: Incidents;
  readonly #audit: Pick<AuditRows, 'head' | 'keepAnchor'>;
  readonly #head: Database.Statement<[string], Head>;
  readonly #waiting: Database.Statement<[number], { oldest: number | null }>;
  readonly #uploaded: Database.Statement<[string], { readonly id: number; readonly count: number }>;
  readonly #number: Database.Statement<[number, number, number, number]>;
  readonly #members: Database.Statement<[number, number], Member>;
  readonly #openBatch: Database.Statement<[number | null, number]>;
  readonly #keep: Database.Statement<[Buffer, number, number]>;
  readonly #verify: Database.Statement<[number, number, number, number]>;
  readonly #close: Database.Statement<[Buffer, number, number]>;
  readonly #probe: Database.Statement<[number, string]>;
  readonly #setAside: Database.Statement<[number, number, number]>;

  constructor(core: QueueCore, incidents: Incidents, audit: Pick<AuditRows, 'head' | 'keepAnchor'>) {
    this.#core = core;
    this.#incidents = incidents;
    this.#audit = audit;
    this.#head = core.prepare(
      `SELECT id, manifest_sequence, manifest_sha256, open_sequence, open_sealed FROM destination
         WHERE name = ? AND active = 1`,
    );
    this.#waiting = core.prepare(
      `SELECT min(changed_at) AS oldest FROM delivery
         WHERE destination_id = ? AND state = 'uploaded' AND manifest_sequence IS NULL`,
    );
    this.#uploaded = core.prepare(
      'SELECT id, uploaded AS count FROM destination WHERE name = ? AND active = 1',
    );
    this.#number = core.prepare(
      `UPDATE delivery SET manifest_sequence = ? WHERE destination_id = ? AND instance_id IN (
         SELECT instance_id FROM delivery
           WHERE destination_id = ? AND state = 'uploaded' AND manifest_sequence IS NULL
           ORDER BY changed_at LIMIT ?)`,
    );
    this.#members = core.prepare(
      `SELECT d.instance_id, i.study_id, i.object_name, i.details, d.etag, d.object_sha256, d.object_size_bytes,
         d.repair FROM delivery AS d JOIN instance AS i ON i.id = d.instance_id
         WHERE d.destination_id = ? AND d.state = 'uploaded' AND d.manifest_sequence = ? ORDER BY d.changed_at`,
    );
    this.#openBatch = core.prepare(
      'UPDATE destination SET open_sequence = ?, open_sealed = NULL WHERE id = ?',
    );
    this.#keep = core.prepare('UPDATE destination SET open_sealed = ? WHERE id = ? AND open_sequence = ?');
    this.#verify = core.prepare(
      `UPDATE delivery SET state = 'verified', verified_at = ?, changed_at = ?
         WHERE destination_id = ? AND state = 'uploaded' AND manifest_sequence = ?`,
    );
    this.#close = core.prepare(
      `UPDATE destination SET manifest_sequence = open_sequence, manifest_sha256 = ?, open_sequence = NULL,
         open_sealed = NULL WHERE id = ? AND open_sequence = ?`,
    );
    this.#setAside = core.prepare(
      `UPDATE delivery SET state = 'parked', error_code = 'object-tampered', error_detail = NULL,
         next_attempt_at = NULL, manifest_sequence = NULL, changed_at = ?
         WHERE instance_id = ? AND destination_id = ? AND state = 'uploaded'`,
    );
    // The last one, not the latest: the clock may have been ahead once.
    this.#probe = core.prepare('UPDATE destination SET last_probe_at = ? WHERE name = ?');
  }

  backlog(destination: string): { readonly count: number; readonly oldestAtMs: number | undefined } {
    return this.#core.read(() => {
      const { id, count } = this.#uploaded.get(destination) ?? { id: 0, count: 0 };
      return { count, oldestAtMs: count === 0 ? undefined : (this.#waiting.get(id)?.oldest ?? undefined) };
    });
  }

  take(destination: string, limit: number): ManifestBatch | undefined {
    const head = this.#core.read(() => this.#head.get(destination));
    if (head === undefined || limit <= 0) return undefined;
    if (head.open_sequence !== null) {
      const batch = this.#batch(destination, head, head.open_sequence);
      // Sent or not, bytes that were kept are part of the chain now; without them an empty list is simply dropped.
      if (batch.instances.length > 0 || batch.sealed !== undefined) return batch;
    }
    if (this.backlog(destination).oldestAtMs === undefined) {
      if (head.open_sequence !== null) this.#core.writeNow(() => this.#openBatch.run(null, head.id));
      return undefined;
    }
    const sequence = head.manifest_sequence + 1;
    this.#core.writeNow(() => {
      this.#openBatch.run(sequence, head.id);
      this.#number.run(sequence, head.id, head.id, limit);
    });
    const batch = this.#batch(destination, { ...head, open_sealed: null }, sequence);
    // Every row of it was set aside: whatever waits behind them is next, under the same number.
    return batch.instances.length > 0 ? batch : this.take(destination, limit);
  }

  keep(batch: ManifestBatch, sealed: Buffer): Promise<void> {
    return this.#core.write(() => {
      const head = this.#head.get(batch.destination);
      const kept = head === undefined ? 0 : this.#keep.run(sealed, head.id, batch.sequence).changes;
      if (head === undefined || kept === 0) throw new EdgeSyncError('internal', 'manifest batch is not open');
      if (batch.audit !== undefined) this.#audit.keepAnchor(head.id, batch.sequence, batch.audit);
    });
  }

  markVerified(batch: ManifestBatch, manifestSha256: string): Promise<void> {
    return this.#core.write(() => {
      const head = this.#head.get(batch.destination);
      // Recorded already (asked twice): nothing to do.
      if (head === undefined || head.open_sequence !== batch.sequence) return;
      const nowMs = this.#core.nowMs();
      for (const { study_id: studyId } of this.#members.all(head.id, batch.sequence)) {
        this.#core.changes.study(studyId);
      }
      this.#verify.run(nowMs, nowMs, head.id, batch.sequence);
      this.#close.run(fromHex(manifestSha256, 32), head.id, batch.sequence);
      this.#core.changes.status();
    });
  }

  head(destination: string): ManifestHead | undefined {
    const head = this.#core.read(() => this.#head.get(destination));
    if (head === undefined || head.manifest_sha256 === null) return undefined;
    return {
      sequence: head.manifest_sequence,
      sha256: toHex(head.manifest_sha256),
      next: head.open_sealed === null ? 'not-written' : 'may-be-stored',
    };
  }

  recordProbe(destination: string): Promise<void> {
    return this.#core.write(() => {
      this.#probe.run(this.#core.nowMs(), destination);
      this.#core.changes.status();
    });
  }

  /** Rows that cannot be opened are set aside: they must not hold up the others. */
  #batch(destination: string, head: Head, sequence: number): ManifestBatch {
    const instances: UploadedInstance[] = [];
    const damaged: Member[] = [];
    for (const row of this.#core.read(() => this.#members.all(head.id, sequence))) {
      const details = openDetailsIfWhole(this.#core.ports.sealer, row.details);
      if (details === undefined) damaged.push(row);
      else instances.push(uploadedInstance(row, details));
    }
    if (damaged.length > 0) this.#park(head.id, damaged);
    // Keeping the list is a later write: when it is on the disk, so is this entry, which the cloud says is there.
    const audit = head.open_sealed === null ? this.#audit.head() : undefined;
    return {
      destination,
      sequence,
      previousSha256: head.manifest_sha256 === null ? null : toHex(head.manifest_sha256),
      instances,
      sealed: head.open_sealed ?? undefined,
      ...(audit === undefined ? {} : { audit }),
    };
  }

  /** Their objects lie in the cloud; what they are is known no more, until the device sends them again. */
  #park(destinationId: number, rows: readonly Member[]): void {
    this.#core.writeNow(() => {
      for (const row of rows) {
        this.#setAside.run(this.#core.nowMs(), row.instance_id, destinationId);
        this.#incidents.add({ code: 'object-tampered', subject: toHex(row.object_name) });
        this.#core.changes.study(row.study_id);
      }
    });
  }
}

function uploadedInstance(row: Member, details: InstanceDetails): UploadedInstance {
  return {
    instanceId: row.instance_id,
    objectName: toHex(row.object_name),
    proof: {
      etag: row.etag,
      objectSha256: toHex(row.object_sha256),
      sizeBytes: row.object_size_bytes,
      ...(row.repair === null ? {} : { repair: row.repair }),
    },
    details,
  };
}
