/** The rows of shares and of what was done about them. Both only grow; few rows, written one at a time. */
import type { QueueCore } from './queue-core.ts';

export type ShareKind = 'link' | 'folder';
export type ShareAction = 'begun' | 'created' | 'cancelled' | 'revoked' | 'expired' | 'deleted';

/** Sealed as one value. */
export interface ShareContent {
  readonly studyInstanceUid: string;
  readonly patientName: string;
  readonly studyDate: string;
  readonly studyDescription: string;
  /** The certificate's subject, of what was sealed to one. */
  readonly recipient: string | null;
  /** SHA-256 of that certificate, hex. */
  readonly recipientFingerprint: string | null;
  readonly passcode: 'none' | 'set';
  /** Where it lies: address, container and prefix; or the folder it was written to. */
  readonly place: string;
}

export interface NewShare extends ShareContent {
  /** 32 hex digits. */
  readonly shareId: string;
  readonly kind: ShareKind;
  /** null: it does not expire. */
  readonly expiresAtMs: number | null;
}

export interface ShareEvent {
  readonly action: ShareAction;
  readonly atMs: number;
  readonly actor: string;
  readonly objects: number | null;
  readonly sizeBytes: number | null;
}

export interface ShareRow extends NewShare {
  readonly createdAtMs: number;
  /** In the order in which they were written; at least `begun`. */
  readonly events: readonly ShareEvent[];
}

export interface ShareFacts {
  readonly objects: number;
  readonly sizeBytes: number;
}

interface StoredShare {
  readonly share_id: string;
  readonly kind: ShareKind;
  readonly content: Buffer;
  readonly created_at: number;
  readonly expires_at: number | null;
}

interface StoredEvent {
  readonly share_id: string;
  readonly at: number;
  readonly action: ShareAction;
  readonly actor: string;
  readonly objects: number | null;
  readonly size_bytes: number | null;
}

/** Bound to the share, so that a study cannot be moved to another row. */
const contentPlace = (shareId: string): string => `share.content ${shareId}`;

export class Shares {
  readonly #core: QueueCore;

  constructor(core: QueueCore) {
    this.#core = core;
  }

  /** Durable when it returns: from here on something may lie in the cloud. */
  begin(share: NewShare, actor: string): void {
    const { db, ports } = this.#core;
    const { shareId, kind, expiresAtMs, ...content } = share;
    this.#core.writeNow(() => {
      db.prepare(
        `INSERT INTO share (share_id, kind, content, study_lookup, created_at, expires_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
      ).run(
        shareId,
        kind,
        ports.sealer.seal(contentPlace(shareId), JSON.stringify(content)),
        ports.sealer.lookup('study-instance-uid', share.studyInstanceUid),
        this.#core.nowMs(),
        expiresAtMs,
      );
      this.#add(shareId, 'begun', actor, undefined);
    });
  }

  /** Durable when it returns. */
  note(shareId: string, action: Exclude<ShareAction, 'begun'>, actor: string, facts?: ShareFacts): void {
    this.#core.writeNow(() => this.#add(shareId, action, actor, facts));
  }

  /** The newest first. */
  all(): ShareRow[] {
    const { db, ports } = this.#core;
    return this.#core.read(() => {
      const events = new Map<string, ShareEvent[]>();
      for (const row of db.prepare<[], StoredEvent>('SELECT * FROM share_event ORDER BY id').all()) {
        const { action, actor, objects } = row;
        const event = { action, actor, objects, atMs: row.at, sizeBytes: row.size_bytes };
        const known = events.get(row.share_id);
        if (known === undefined) events.set(row.share_id, [event]);
        else known.push(event);
      }
      return db
        .prepare<[], StoredShare>('SELECT * FROM share ORDER BY id DESC')
        .all()
        .map((row) => ({
          // Authenticated by the seal, so its shape is the one written.
          ...(JSON.parse(ports.sealer.open(contentPlace(row.share_id), row.content)) as ShareContent),
          shareId: row.share_id,
          kind: row.kind,
          createdAtMs: row.created_at,
          expiresAtMs: row.expires_at,
          events: events.get(row.share_id) ?? [],
        }));
    });
  }

  #add(shareId: string, action: ShareAction, actor: string, facts: ShareFacts | undefined): void {
    this.#core.db
      .prepare(
        'INSERT INTO share_event (share_id, at, action, actor, objects, size_bytes) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(shareId, this.#core.nowMs(), action, actor, facts?.objects ?? null, facts?.sizeBytes ?? null);
  }
}
