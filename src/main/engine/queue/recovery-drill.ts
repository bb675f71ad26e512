/** What the recovery drill needs of the queue: images that the cloud must hold, and how the words were last proven. */
import type Database from 'better-sqlite3';
import type { InstanceDetails } from '../model.ts';
import { openDetails, toHex, type QueueCore } from './queue-core.ts';

/** A verified image that was sealed to the recovery certificate. */
export interface DrillCandidate {
  readonly objectName: string;
  readonly details: InstanceDetails;
  /** As it lay in the cloud when it was verified. */
  readonly sealed: { readonly sizeBytes: number; readonly objectSha256: string };
}

export interface RecoveryProof {
  /** Of the kit that was proven. */
  readonly fingerprint: string;
  readonly atMs: number;
  readonly provenBy: 'test-object' | 'cloud-object';
}

interface StoredCandidate {
  readonly object_name: Buffer;
  readonly details: Buffer;
  readonly object_size_bytes: number;
  readonly object_sha256: Buffer;
}

/** Rows looked at, newest first: enough to find images sealed to a kit that was replaced lately. */
const newestLookedAt = 2000;
const proofKey = 'recovery-proof';

export class RecoveryDrills {
  readonly #core: QueueCore;
  readonly #newest: Database.Statement<[], number | null>;
  readonly #candidates: Database.Statement<[number, string, number, string, number], StoredCandidate>;
  readonly #get: Database.Statement<[string], string>;
  readonly #put: Database.Statement<[string, string]>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#newest = core.prepare<[], number | null>('SELECT max(id) FROM instance').pluck();
    this.#candidates = core.prepare(
      `SELECT i.object_name, i.details, d.object_size_bytes, d.object_sha256
         FROM instance AS i JOIN delivery AS d ON d.instance_id = i.id
         WHERE i.id > ? AND i.recovery_fingerprint = ? AND d.state = 'verified' AND d.object_size_bytes <= ?
           AND d.destination_id = (SELECT id FROM destination WHERE name = ? AND active = 1)
         ORDER BY i.id DESC LIMIT ?`,
    );
    this.#get = core.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck();
    this.#put = core.prepare(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
  }

  /** The newest images verified at a destination, at most `limit`, none of more than `maxSizeBytes`. */
  candidates(wanted: {
    readonly destination: string;
    readonly fingerprint: string;
    readonly maxSizeBytes: number;
    readonly limit: number;
  }): readonly DrillCandidate[] {
    return this.#core.read(() => {
      const after = (this.#newest.get() ?? 0) - newestLookedAt;
      const { fingerprint, maxSizeBytes, destination, limit } = wanted;
      return this.#candidates.all(after, fingerprint, maxSizeBytes, destination, limit).map((row) => ({
        objectName: toHex(row.object_name),
        details: openDetails(this.#core.ports.sealer, row.details),
        sealed: { sizeBytes: row.object_size_bytes, objectSha256: toHex(row.object_sha256) },
      }));
    });
  }

  /** Resolves after the commit. */
  keepProof(proof: RecoveryProof): Promise<void> {
    return this.#core.write(() => {
      this.#put.run(proofKey, JSON.stringify(proof));
    });
  }

  /** The newest one that was kept; undefined without any, or when it is not what was written. */
  proof(): RecoveryProof | undefined {
    const text = this.#core.read(() => this.#get.get(proofKey));
    return text === undefined ? undefined : proofOf(text);
  }
}

function proofOf(text: string): RecoveryProof | undefined {
  try {
    const { fingerprint, atMs, provenBy } = JSON.parse(text) as Partial<Record<keyof RecoveryProof, unknown>>;
    const isWhole = typeof fingerprint === 'string' && typeof atMs === 'number';
    if (!isWhole || (provenBy !== 'test-object' && provenBy !== 'cloud-object')) return undefined;
    return { fingerprint, atMs, provenBy };
  } catch {
    return undefined;
  }
}
