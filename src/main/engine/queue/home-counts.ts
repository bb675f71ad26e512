/** Arrivals, proofs and waiting images per quarter of an hour, and the devices whose silence is not told. */
import type Database from 'better-sqlite3';
import { openDetailsIfWhole, type QueueCore } from './queue-core.ts';

/** 15 minutes; see migration 14. */
export const slotMs = 900_000;

export interface Arrival {
  /** Quarters of an hour since 1970-01-01 (UTC). */
  readonly slot: number;
  /** '' for files. */
  readonly aeTitle: string;
  readonly images: number;
  readonly bytes: number;
  /** Verified at every required destination now. */
  readonly verified: number;
  /** Of these: the device named them in storage commitment and was answered with success. */
  readonly committed: number;
}

export interface ProofSlot {
  readonly slot: number;
  readonly destination: string;
  readonly images: number;
  readonly bytes: number;
}

export interface WaitingSlot {
  readonly slot: number;
  readonly last: number;
  readonly most: number;
}

export interface SilencedDevice {
  readonly aeTitle: string;
  /** null: for good. */
  readonly untilMs: number | null;
}

export interface ImageNumber {
  readonly rowId: number;
  /** Series Instance UID: PHI, for grouping only. '' where the row was damaged. */
  readonly series: string;
  readonly seriesNumber: string;
  readonly modality: string;
  /** Instance Number (0020,0013) as sent; '' without one. */
  readonly number: string;
}

interface ActivityStudy {
  readonly public_id: string;
  readonly at: number;
}

export interface AuditedEvent {
  readonly atMs: number;
  readonly action: string;
  readonly subject: string | null;
  readonly outcome: 'success' | 'failure';
}

/** More than one clinic has. */
const mostSilenced = 200;

export class HomeCounts {
  readonly #core: QueueCore;
  readonly #arrivals: Database.Statement<[number, number], Arrival>;
  readonly #rhythm: Database.Statement<[number, number], { slot: number; aeTitle: string; images: number }>;
  readonly #proofs: Database.Statement<[number, number], ProofSlot>;
  readonly #waiting: Database.Statement<[number, number], WaitingSlot>;
  readonly #waitingBefore: Database.Statement<[number], WaitingSlot>;
  readonly #note: Database.Statement<[number, number, number]>;
  readonly #silenced: Database.Statement<[number, number], { aeTitle: string; untilMs: number | null }>;
  readonly #silence: Database.Statement<[string, number | null, number]>;
  readonly #speak: Database.Statement<[string]>;
  readonly #lapsed: Database.Statement<[number]>;
  readonly #studyImages: Database.Statement<[string, number, number], { id: number; details: Buffer }>;
  readonly #audited: Database.Statement<[number], AuditedEvent>;
  readonly #recent: Database.Statement<[number, number], ActivityStudy>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#arrivals = core.prepare(
      `SELECT slot, ae_title AS aeTitle, images, bytes, verified, committed FROM arrival
         WHERE slot >= ? AND slot < ? AND images > 0 ORDER BY slot, ae_title`,
    );
    this.#rhythm = core.prepare(
      `SELECT slot, ae_title AS aeTitle, images FROM arrival
         WHERE slot >= ? AND slot < ? AND images > 0 AND ae_title <> '' ORDER BY slot, ae_title`,
    );
    this.#proofs = core.prepare(
      `SELECT p.slot, t.name AS destination, p.images, p.bytes FROM proof_slot AS p
         CROSS JOIN destination AS t ON t.id = p.destination_id WHERE p.slot >= ? AND p.slot < ?
         ORDER BY p.slot, p.destination_id`,
    );
    this.#waiting = core.prepare(
      'SELECT slot, last, most FROM waiting_slot WHERE slot >= ? AND slot < ? ORDER BY slot',
    );
    this.#waitingBefore = core.prepare(
      'SELECT slot, last, most FROM waiting_slot WHERE slot < ? ORDER BY slot DESC LIMIT 1',
    );
    this.#note = core.prepare(
      `INSERT INTO waiting_slot (slot, last, most) VALUES (?, ?, ?)
         ON CONFLICT (slot) DO UPDATE SET last = excluded.last, most = max(most, excluded.most)`,
    );
    this.#silenced = core.prepare(
      `SELECT ae_title AS aeTitle, until AS untilMs FROM silenced_device
         WHERE ae_title >= '' AND (until IS NULL OR until > ?) ORDER BY ae_title LIMIT ?`,
    );
    this.#silence = core.prepare(
      `INSERT INTO silenced_device (ae_title, until, at) VALUES (?, ?, ?)
         ON CONFLICT (ae_title) DO UPDATE SET until = excluded.until, at = excluded.at`,
    );
    this.#speak = core.prepare('DELETE FROM silenced_device WHERE ae_title = ?');
    this.#lapsed = core.prepare("DELETE FROM silenced_device WHERE ae_title >= '' AND until <= ?");
    this.#studyImages = core.prepare(
      `SELECT i.id, i.details FROM study AS s CROSS JOIN instance AS i ON i.study_id = s.id
         WHERE s.public_id = ? AND i.id > ? ORDER BY i.id LIMIT ?`,
    );
    this.#audited = core.prepare(
      'SELECT at AS atMs, action, subject, outcome FROM audit WHERE id > 0 ORDER BY id DESC LIMIT ?',
    );
    this.#recent = core.prepare(
      `SELECT public_id, proven_at AS at FROM study
         WHERE last_received_at >= ? AND proven_at IS NOT NULL AND verified = instances
         ORDER BY last_received_at DESC, id DESC LIMIT ?`,
    );
  }

  /** From `fromMs` up to and without `toMs`, both at the edge of a slot. */
  arrivals(fromMs: number, toMs: number): readonly Arrival[] {
    return this.#core.read(() => this.#arrivals.all(slotOf(fromMs), slotOf(toMs)));
  }

  /** As `arrivals`, of devices only and by time alone. */
  rhythm(
    fromMs: number,
    toMs: number,
  ): readonly { readonly slot: number; readonly aeTitle: string; readonly images: number }[] {
    return this.#core.read(() => this.#rhythm.all(slotOf(fromMs), slotOf(toMs)));
  }

  proofs(fromMs: number, toMs: number): readonly ProofSlot[] {
    return this.#core.read(() => this.#proofs.all(slotOf(fromMs), slotOf(toMs)));
  }

  /** Slots that were noted; before them what stood last, if anything was ever noted. */
  waiting(
    fromMs: number,
    toMs: number,
  ): { readonly before: number | null; readonly slots: readonly WaitingSlot[] } {
    return this.#core.read(() => ({
      before: this.#waitingBefore.get(slotOf(fromMs))?.last ?? null,
      slots: this.#waiting.all(slotOf(fromMs), slotOf(toMs)),
    }));
  }

  noteWaiting(atMs: number, last: number, most: number): Promise<void> {
    return this.#core.write(() => void this.#note.run(slotOf(atMs), last, Math.max(last, most)));
  }

  silenced(): readonly SilencedDevice[] {
    return this.#core.read(() => this.#silenced.all(this.#core.nowMs(), mostSilenced));
  }

  /** Resolves after the commit. `untilMs` null: for good. */
  silence(aeTitle: string, untilMs: number | null): Promise<void> {
    return this.#core.write(() => {
      this.#lapsed.run(this.#core.nowMs());
      this.#silence.run(aeTitle, untilMs, this.#core.nowMs());
    });
  }

  speak(aeTitle: string): Promise<void> {
    return this.#core.write(() => void this.#speak.run(aeTitle));
  }

  /** How a study's images are numbered, in the order of arrival, after row `afterId`; `limit` rows. */
  numbersOf(studyId: string, afterId: number, limit: number): readonly ImageNumber[] {
    return this.#core.read(() =>
      this.#studyImages.all(studyId, afterId, limit).map(({ id, details }) => {
        const opened = openDetailsIfWhole(this.#core.ports.sealer, details);
        return {
          rowId: id,
          series: opened?.seriesInstanceUid ?? '',
          seriesNumber: opened?.seriesNumber ?? '',
          modality: opened?.modality ?? '',
          number: opened?.instanceNumber ?? '',
        };
      }),
    );
  }

  /** The last of the audit trail, newest first. */
  lastAudited(limit: number): readonly AuditedEvent[] {
    return this.#core.read(() => this.#audited.all(limit));
  }

  /** Studies that are whole and proven, by their last image, newest first. */
  provenStudies(
    sinceMs: number,
    limit: number,
  ): readonly { readonly studyId: string; readonly atMs: number }[] {
    return this.#core.read(() =>
      this.#recent.all(sinceMs, limit).map((row) => ({ studyId: row.public_id, atMs: row.at })),
    );
  }
}

function slotOf(atMs: number): number {
  return Math.floor(atMs / slotMs);
}
