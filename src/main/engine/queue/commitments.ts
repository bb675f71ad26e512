/**
 * Storage commitment requests and how every instance named in them stands. Changes of instances reach their references
 * by triggers (migration 3), so a look costs what changed and not what is waited for.
 */
import { toEdgeSyncError } from '../../../shared/errors.ts';
import { nextTurn, openDetails, type QueueCore } from './queue-core.ts';
import type { InstanceState } from './queue-types.ts';

/** Rows that one transaction writes: keeps the event loop for some 10 ms. */
const chunk = 250;
/** Copies under one UID that are looked at; with more of them nobody can say that all are verified. */
const mostCopies = 64;

export interface CommitmentInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

export interface NewCommitment {
  readonly transactionUid: string;
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  /** null: a caller that is not paired. */
  readonly deviceId: string | null;
  /** Each class and instance once; at least one. */
  readonly references: readonly CommitmentInstance[];
  /** SHA-256 (hex) over what is named: tells a request that is repeated from another one under its Transaction UID. */
  readonly contentSha256: string;
  /** Day of the clinic's calendar, YYYY-MM-DD. */
  readonly day: string;
}

/**
 * verified: every copy of it is. waits: not yet. unknown: no image of that UID. conflict: only images of another class
 * have that UID. unsupported: unknown, and of a class that is not stored. duplicate: see OpenCommitment.
 */
export type Standing = 'new' | 'waits' | 'verified' | 'unknown' | 'conflict' | 'unsupported' | 'duplicate';

/** A request whose answer has not been delivered. */
export interface OpenCommitment {
  readonly id: number;
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  readonly deviceId: string | null;
  /** Its Transaction UID was in use by another open request of the same caller. */
  readonly isDuplicate: boolean;
  readonly total: number;
  /** Of the total: not looked at or not verified yet; unknown here; of a wrong class or one that is not stored. */
  readonly unsettled: number;
  readonly unknown: number;
  readonly refused: number;
  readonly requestedAtMs: number;
  /** Since when its answer is due. */
  readonly readyAtMs: number | null;
  /** Deliveries tried. */
  readonly attempts: number;
  readonly nextAttemptAtMs: number | null;
  readonly failureTold: boolean;
}

export interface ReferenceStanding extends CommitmentInstance {
  readonly position: number;
  readonly standing: Standing;
}

export type RecordedCommitment =
  /** Also when it is a duplicate: it gets an answer of its own. */
  | { readonly tag: 'recorded'; readonly commitment: OpenCommitment }
  /** The same request is open already. */
  | { readonly tag: 'known'; readonly id: number };

/** Per AE title and day of the request in which instances were first answered. Only instances that are here count. */
export interface CommitmentDay {
  readonly callingAeTitle: string;
  readonly day: string;
  /** Different instances about which an answer was taken. */
  readonly named: number;
  /** Of these: answered with success, where the last answer decides. */
  readonly committed: number;
}

interface StoredCommitment {
  readonly id: number;
  readonly ae_title: string;
  readonly address: string;
  readonly device_id: string | null;
  readonly is_duplicate: number;
  readonly total: number;
  readonly unsettled: number;
  readonly unknown: number;
  readonly refused: number;
  readonly requested_at: number;
  readonly ready_at: number | null;
  readonly attempts: number;
  readonly next_attempt_at: number | null;
  readonly failure_told: number;
}

interface StoredReference {
  readonly commitment_id: number;
  readonly position: number;
  readonly uid_lookup: Buffer;
  readonly uids: Buffer;
  readonly standing: Standing;
  readonly dirty: number;
}

interface AnsweredReference {
  readonly position: number;
  readonly uid_lookup: Buffer;
}

interface Copy {
  readonly state: InstanceState;
  readonly details: Buffer;
}

interface StoredDay {
  readonly ae_title: string;
  readonly day: string;
  readonly named: number;
  readonly committed: number;
}

const uidPlace = 'commitment.uid';
const uidsPlace = 'commitment_reference.uids';
const columns = `id, ae_title, address, device_id, is_duplicate, total, unsettled, unknown, refused, requested_at, ready_at,
  attempts, next_attempt_at, failure_told`;

export class Commitments {
  readonly #core: QueueCore;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#statements = prepare(core);
  }

  /**
   * Resolves when every row of it is on stable storage. Nothing of it counts before. References up to `count` are not
   * looked at again after `recorded(count)`.
   */
  async record(
    asked: NewCommitment,
    recorded: (count: number) => void = () => undefined,
  ): Promise<RecordedCommitment> {
    const { sealer } = this.#core.ports;
    const lookup = sealer.lookup('commitment-transaction', `${callerKey(asked)}/${asked.transactionUid}`);
    const content = sealer.lookup('commitment-content', asked.contentSha256);
    const begun = await this.#core.write(() => this.#begin(asked, lookup, content));
    if (begun.tag === 'known') return begun;
    const { id } = begun;
    for (let at = 0; at < asked.references.length; at += chunk) {
      const rows = asked.references.slice(at, at + chunk).map((one, index) => ({
        position: at + index,
        lookup: sealer.lookup('sop-instance-uid', one.sopInstanceUid),
        uids: sealer.seal(uidsPlace, JSON.stringify([one.sopClassUid, one.sopInstanceUid])),
      }));
      await this.#core.write(() => {
        for (const row of rows) this.#statements.addReference.run(id, row.position, row.lookup, row.uids);
      });
      recorded(Math.min(at + chunk, asked.references.length));
    }
    return this.#core.write(() => this.#finish(id, lookup, content));
  }

  /** Every request without a delivered answer, oldest first. Forgets what was cut off while it was written down. */
  async open(): Promise<OpenCommitment[]> {
    for (const id of this.#core.read(() => this.#statements.arriving.all())) await this.#remove(id);
    await this.#removeLeftovers();
    return this.#core.read(() => this.#statements.open.all().map(commitment));
  }

  /** undefined when it is no longer open. */
  facts(id: number): OpenCommitment | undefined {
    const row = this.#core.read(() => this.#statements.one.get(id));
    return row === undefined ? undefined : commitment(row);
  }

  /** Throws object-tampered. */
  transactionUid(id: number): string | undefined {
    const sealed = this.#core.read(() => this.#statements.uid.get(id));
    return sealed === undefined ? undefined : this.#core.ports.sealer.open(uidPlace, sealed);
  }

  /**
   * Looks again at up to `limit` references whose instances came or changed.
   * Resolves with how many there were and whose they are; fewer than `limit` means that nothing is left.
   */
  settle(
    limit: number,
    isStored: (sopClassUid: string) => boolean,
  ): Promise<{ readonly looked: number; readonly commitments: ReadonlySet<number> }> {
    return this.#core.write(() => {
      const rows = this.#statements.dirty.all(limit);
      for (const row of rows) {
        const standing = row.standing === 'duplicate' ? row.standing : this.#standingOf(row, isStored);
        this.#statements.setStanding.run(standing, row.commitment_id, row.position);
      }
      return { looked: rows.length, commitments: new Set(rows.map((row) => row.commitment_id)) };
    });
  }

  /** In the order named, after `position`; -1 for the first page. What changed since the last look counts as new. */
  standings(id: number, position: number, limit: number): ReferenceStanding[] {
    return this.#core.read(() =>
      this.#statements.page.all(id, position, limit).map((row) => ({
        ...this.#uidsOf(row),
        position: row.position,
        standing: row.dirty === 1 && row.standing !== 'duplicate' ? 'new' : row.standing,
      })),
    );
  }

  /**
   * Another value whenever one of its instances stands otherwise than before; undefined while one was changed and not
   * looked at since, or when the request is no longer open.
   */
  revision(id: number): number | undefined {
    return this.#core.read(() =>
      this.#statements.isDirty.get(id) === undefined ? this.#statements.revision.get(id) : undefined,
    );
  }

  /** Its answer is due since then; null: it waits again. */
  setReady(id: number, atMs: number | null): Promise<void> {
    return this.#core.write(() => void this.#statements.ready.run(atMs, id));
  }

  attempted(id: number, nextAttemptAtMs: number): Promise<void> {
    return this.#core.write(() => void this.#statements.attempted.run(Math.round(nextAttemptAtMs), id));
  }

  failureTold(id: number): Promise<void> {
    return this.#core.write(() => void this.#statements.failureTold.run(id));
  }

  /**
   * The device took the answer, in which the references at `failed` were not committed. The counts change with it, for
   * instances that are here and an AE title that is paired or has sent something: what nobody knows leaves no row.
   */
  async delivered(id: number, failed: ReadonlySet<number>): Promise<void> {
    const facts = this.facts(id);
    if (facts === undefined) return;
    if (!facts.isDuplicate) await this.#keepAnswers(facts, failed);
    await this.#core.write(() => void this.#statements.end.run('delivered', this.#core.nowMs(), id));
    await this.#removeReferences(id);
  }

  /** Nobody took the answer in time. */
  async giveUp(id: number): Promise<void> {
    await this.#core.write(() => void this.#statements.end.run('undelivered', this.#core.nowMs(), id));
    await this.#removeReferences(id);
  }

  /**
   * Forgets requests that ended before then, and of days before `beforeDay` (YYYY-MM-DD) the counts and the answers
   * that were no success; what is committed stays. Resolves with the most that was forgotten of one kind, at most `limit`.
   */
  forgetEnded(beforeMs: number, beforeDay: string, limit: number): Promise<number> {
    return this.#core.write(() => {
      const ids = this.#statements.ended.all(beforeMs, limit);
      for (const id of ids) this.#statements.remove.run(id);
      const answers = this.#statements.forgetAnswers.run(beforeDay, limit).changes;
      const days = this.#statements.forgetDays.run(beforeDay, limit).changes;
      return Math.max(ids.length, answers, days);
    });
  }

  /**
   * What each AE title was answered about instances that are here, from `sinceDay` (YYYY-MM-DD) on, oldest day first.
   * `committed` is what it was told last: an image whose cloud copy was found damaged since is told by its own failure.
   */
  days(sinceDay: string): CommitmentDay[] {
    return this.#core.read(() =>
      this.#statements.days.all(sinceDay).map((row) => ({
        callingAeTitle: row.ae_title,
        day: row.day,
        named: row.named,
        committed: row.committed,
      })),
    );
  }

  /** Different instances per calling AE title, here, whose last answer was success; over all days. */
  committedBySource(): ReadonlyMap<string, number> {
    return this.#core.read(
      () => new Map(this.#statements.sources.all().map((row) => [row.ae_title, row.committed])),
    );
  }

  #begin(
    asked: NewCommitment,
    lookup: Buffer,
    content: Buffer,
  ): { readonly tag: 'known'; readonly id: number } | { readonly tag: 'begun'; readonly id: number } {
    const earlier = this.#statements.sameUid.get(lookup);
    if (earlier?.content_lookup.equals(content) === true) return { tag: 'known', id: earlier.id };
    const { lastInsertRowid } = this.#statements.add.run(
      lookup,
      this.#core.ports.sealer.seal(uidPlace, asked.transactionUid),
      content,
      asked.callingAeTitle,
      asked.remoteAddress,
      asked.deviceId,
      asked.references.length,
      asked.references.length,
      this.#core.nowMs(),
      asked.day,
    );
    return { tag: 'begun', id: Number(lastInsertRowid) };
  }

  /** Asked for once more: the same may have come over another association meanwhile. */
  #finish(id: number, lookup: Buffer, content: Buffer): RecordedCommitment {
    const earlier = this.#statements.sameUid.get(lookup);
    if (earlier?.content_lookup.equals(content) === true) {
      this.#statements.removeReferences.run(id, id, Number.MAX_SAFE_INTEGER);
      this.#statements.remove.run(id);
      return { tag: 'known', id: earlier.id };
    }
    if (earlier !== undefined) {
      this.#statements.allDuplicate.run(id);
      this.#statements.markDuplicate.run(id);
    }
    this.#statements.begin.run(id);
    const row = this.#statements.one.get(id);
    if (row === undefined) throw toEdgeSyncError(new Error('a commitment vanished while it was recorded'));
    return { tag: 'recorded', commitment: commitment(row) };
  }

  /**
   * A device names a UID, not a content. Where several contents came under one UID (uid-conflict) nobody can tell which
   * of them the device still holds and means, so it may erase only when each of them is verified. Copies of another
   * class cannot be the one it named and do not count.
   */
  #standingOf(row: StoredReference, isStored: (sopClassUid: string) => boolean): Standing {
    const { sopClassUid } = this.#uidsOf(row);
    const copies = this.#statements.copies.all(row.uid_lookup, mostCopies);
    if (copies.length === 0) return isStored(sopClassUid) ? 'unknown' : 'unsupported';
    const classes = copies.map((copy) => this.#classOf(copy));
    const named = copies.filter((_copy, index) => classes[index] === sopClassUid);
    // One whose details do not open may be of any class.
    if (classes.includes(undefined) || copies.length === mostCopies) return 'waits';
    if (named.length === 0) return 'conflict';
    return named.every((copy) => copy.state === 'verified') ? 'verified' : 'waits';
  }

  #classOf(copy: Copy): string | undefined {
    try {
      return openDetails(this.#core.ports.sealer, copy.details).sopClassUid;
    } catch (error) {
      if (toEdgeSyncError(error).code === 'object-tampered') return undefined;
      throw error;
    }
  }

  /** Authenticated by the seal, so its shape is the one written. */
  #uidsOf(row: Pick<StoredReference, 'uids'>): CommitmentInstance {
    const [sopClassUid, sopInstanceUid] = JSON.parse(this.#core.ports.sealer.open(uidsPlace, row.uids)) as [
      string,
      string,
    ];
    return { sopClassUid, sopInstanceUid };
  }

  async #keepAnswers(facts: OpenCommitment, failed: ReadonlySet<number>): Promise<void> {
    const { id, callingAeTitle, deviceId } = facts;
    const isKnown =
      deviceId !== null || this.#core.read(() => this.#statements.hasSent.get(callingAeTitle)) !== undefined;
    if (!isKnown) return;
    // A UID may be named with its class and with a wrong one: what was committed of it comes last.
    for (const committed of [0, 1] as const) {
      for (let after = -1; ;) {
        const rows = this.#core.read(() => this.#statements.answered.all(id, after, chunk));
        const last = rows.at(-1);
        if (last === undefined) break;
        const these = rows.filter(({ position }) => failed.has(position) === (committed === 0));
        await this.#core.write(() => {
          for (const { uid_lookup: lookup } of these)
            this.#statements.setAnswer.run(callingAeTitle, committed, id, lookup);
        });
        after = last.position;
      }
    }
  }

  async #remove(id: number): Promise<void> {
    await this.#removeReferences(id);
    await this.#core.write(() => void this.#statements.remove.run(id));
  }

  async #removeReferences(id: number): Promise<void> {
    for (;;) {
      const { changes } = await this.#core.write(() => this.#statements.removeReferences.run(id, id, chunk));
      if (changes < chunk) return;
      await nextTurn();
    }
  }

  /** Of requests that ended when the engine was cut off before its rows were gone. */
  async #removeLeftovers(): Promise<void> {
    for (let after = 0; ;) {
      const id = this.#core.read(() => this.#statements.nextReferenced.get(after));
      if (id === undefined) return;
      if (this.facts(id) === undefined) await this.#remove(id);
      after = id;
    }
  }
}

function prepare(core: QueueCore) {
  return {
    sameUid: core.prepare<[Buffer], { readonly id: number; readonly content_lookup: Buffer }>(
      `SELECT id, content_lookup FROM commitment WHERE uid_lookup = ? AND state = 'open' AND is_duplicate = 0`,
    ),
    add: core.prepare(
      `INSERT INTO commitment (uid_lookup, uid, content_lookup, ae_title, address, device_id, state, is_duplicate, total,
         unsettled, unknown, refused, requested_at, day) VALUES (?, ?, ?, ?, ?, ?, 'arriving', 0, ?, ?, 0, 0, ?, ?)`,
    ),
    addReference: core.prepare<[number, number, Buffer, Buffer]>(
      `INSERT INTO commitment_reference (commitment_id, position, uid_lookup, uids, standing, dirty)
         VALUES (?, ?, ?, ?, 'new', 1)`,
    ),
    begin: core.prepare<[number]>(`UPDATE commitment SET state = 'open' WHERE id = ?`),
    allDuplicate: core.prepare<[number]>(
      `UPDATE commitment_reference SET standing = 'duplicate', dirty = 0 WHERE commitment_id = ?`,
    ),
    markDuplicate: core.prepare<[number]>('UPDATE commitment SET is_duplicate = 1 WHERE id = ?'),
    arriving: core.prepare<[], number>(`SELECT id FROM commitment WHERE state = 'arriving'`).pluck(),
    open: core.prepare<[], StoredCommitment>(
      `SELECT ${columns} FROM commitment WHERE state = 'open' ORDER BY id`,
    ),
    one: core.prepare<[number], StoredCommitment>(
      `SELECT ${columns} FROM commitment WHERE id = ? AND state = 'open'`,
    ),
    uid: core.prepare<[number], Buffer>('SELECT uid FROM commitment WHERE id = ?').pluck(),
    dirty: core.prepare<[number], StoredReference>(
      `SELECT r.* FROM commitment_reference AS r INDEXED BY commitment_reference_dirty WHERE r.dirty = 1 LIMIT ?`,
    ),
    copies: core.prepare<[Buffer, number], Copy>(
      'SELECT state, details FROM instance WHERE uid_lookup = ? LIMIT ?',
    ),
    setStanding: core.prepare<[string, number, number]>(
      'UPDATE commitment_reference SET standing = ?, dirty = 0 WHERE commitment_id = ? AND position = ?',
    ),
    page: core.prepare<[number, number, number], StoredReference>(
      'SELECT * FROM commitment_reference WHERE commitment_id = ? AND position > ? ORDER BY position LIMIT ?',
    ),
    ready: core.prepare<[number | null, number]>(
      'UPDATE commitment SET ready_at = ?, attempts = 0, next_attempt_at = NULL WHERE id = ?',
    ),
    attempted: core.prepare<[number, number]>(
      'UPDATE commitment SET attempts = attempts + 1, next_attempt_at = ? WHERE id = ?',
    ),
    failureTold: core.prepare<[number]>('UPDATE commitment SET failure_told = 1 WHERE id = ?'),
    end: core.prepare<[string, number, number]>(
      `UPDATE commitment SET state = ?, ended_at = ? WHERE id = ? AND state = 'open'`,
    ),
    isDirty: core.prepare<[number]>(
      `SELECT 1 FROM commitment_reference INDEXED BY commitment_reference_dirty
         WHERE dirty = 1 AND commitment_id = ? AND standing <> 'duplicate' LIMIT 1`,
    ),
    revision: core
      .prepare<[number], number>(`SELECT revision FROM commitment WHERE id = ? AND state = 'open'`)
      .pluck(),
    hasSent: core.prepare<[string]>('SELECT 1 FROM source WHERE ae_title = ?'),
    answered: core.prepare<[number, number, number], AnsweredReference>(
      `SELECT position, uid_lookup FROM commitment_reference WHERE commitment_id = ? AND position > ?
         ORDER BY position LIMIT ?`,
    ),
    setAnswer: core.prepare<[string, 0 | 1, number, Buffer]>(
      `INSERT INTO commitment_answer (uid_lookup, ae_title, day, committed)
         SELECT i.uid_lookup, ?, c.day, ? FROM commitment AS c, instance AS i WHERE c.id = ? AND i.uid_lookup = ? LIMIT 1
         ON CONFLICT (uid_lookup, ae_title) DO UPDATE SET committed = excluded.committed`,
    ),
    forgetAnswers: core.prepare<[string, number]>(
      `DELETE FROM commitment_answer WHERE (uid_lookup, ae_title) IN (SELECT uid_lookup, ae_title FROM commitment_answer
         INDEXED BY commitment_answer_failed WHERE committed = 0 AND day < ? LIMIT ?)`,
    ),
    forgetDays: core.prepare<[string, number]>(
      `DELETE FROM commitment_day WHERE (day, ae_title) IN (
         SELECT day, ae_title FROM commitment_day WHERE day < ? ORDER BY day LIMIT ?)`,
    ),
    removeReferences: core.prepare<[number, number, number]>(
      `DELETE FROM commitment_reference WHERE commitment_id = ? AND position IN (
         SELECT position FROM commitment_reference WHERE commitment_id = ? ORDER BY position LIMIT ?)`,
    ),
    remove: core.prepare<[number]>('DELETE FROM commitment WHERE id = ?'),
    ended: core
      .prepare<[number, number], number>(
        'SELECT id FROM commitment WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?',
      )
      .pluck(),
    nextReferenced: core
      .prepare<[number], number>(
        'SELECT commitment_id FROM commitment_reference WHERE commitment_id > ? ORDER BY commitment_id LIMIT 1',
      )
      .pluck(),
    days: core.prepare<[string], StoredDay>(
      'SELECT * FROM commitment_day WHERE day >= ? ORDER BY day, ae_title',
    ),
    sources: core.prepare<[], { readonly ae_title: string; readonly committed: number }>(
      'SELECT ae_title, committed FROM commitment_source',
    ),
  };
}

function commitment(row: StoredCommitment): OpenCommitment {
  return {
    id: row.id,
    callingAeTitle: row.ae_title,
    remoteAddress: row.address,
    deviceId: row.device_id,
    isDuplicate: row.is_duplicate === 1,
    total: row.total,
    unsettled: row.unsettled,
    unknown: row.unknown,
    refused: row.refused,
    requestedAtMs: row.requested_at,
    readyAtMs: row.ready_at,
    attempts: row.attempts,
    nextAttemptAtMs: row.next_attempt_at,
    failureTold: row.failure_told === 1,
  };
}

/** A paired device is itself wherever it calls from; anybody else is a name and an address. */
function callerKey(caller: Pick<NewCommitment, 'callingAeTitle' | 'remoteAddress' | 'deviceId'>): string {
  return caller.deviceId ?? `${caller.callingAeTitle}@${caller.remoteAddress}`;
}
