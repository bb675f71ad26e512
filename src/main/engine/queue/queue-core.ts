/** What the parts of the queue share: the connection, its statements, the two ways to write, errors, small codecs. */
import type Database from 'better-sqlite3';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { InstanceDetails, InstanceFlag, SpoolId } from '../model.ts';
import type { Clock, ColumnSealer, Logger, Random } from '../ports.ts';
import { ChangeBoard } from './changes.ts';
import { Claims } from './claims.ts';
import { databaseError } from './database.ts';
import { GroupCommit, logError } from './group-commit.ts';
import { LogFlush } from './log-flush.ts';

export interface QueuePorts {
  readonly sealer: ColumnSealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether the spool has a file of that id and size right now: asked before an image is called a duplicate. */
  readonly spoolHolds: (spoolId: SpoolId, sizeBytes: number) => boolean;
}

export class QueueCore {
  readonly db: Database.Database;
  readonly ports: QueuePorts;
  readonly changes: ChangeBoard;
  readonly claims = new Claims();
  readonly commits: GroupCommit;
  readonly log: LogFlush;
  /** Every statement of the queue, so that a test can look at each plan. */
  readonly statements: string[] = [];
  readonly #undone: (() => void)[] = [];

  constructor(db: Database.Database, ports: QueuePorts) {
    this.db = db;
    this.ports = ports;
    this.changes = new ChangeBoard(db, ports.logger);
    this.log = new LogFlush(`${db.name}-wal`);
    this.commits = new GroupCommit(
      db,
      this.log,
      () => this.changes.publish(),
      () => this.#tellUndone(),
    );
  }

  /** Calls after any rollback. */
  onUndo(listener: () => void): void {
    this.#undone.push(listener);
  }

  prepare<P extends unknown[], R = unknown>(sql: string): Database.Statement<P, R> {
    this.statements.push(sql);
    return this.db.prepare<P, R>(sql);
  }

  /** Shares a commit with the other writes of this turn. */
  write<T>(work: () => T): Promise<T> {
    return this.commits.add(work);
  }

  /** Commits before it returns. */
  writeNow<T>(work: () => T): T {
    if (this.log.failure !== undefined) throw logError(this.log.failure);
    try {
      const result = this.db.transaction(work).immediate();
      this.changes.publish();
      return result;
    } catch (error) {
      this.#tellUndone();
      throw databaseError(error);
    }
  }

  read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw databaseError(error);
    }
  }

  #tellUndone(): void {
    for (const listener of this.#undone) listener();
  }

  nowMs(): number {
    return this.ports.clock.nowMs();
  }
}

/** Hex text to bytes of a fixed length. Throws `internal` for anything else. */
export function fromHex(hex: string, sizeBytes: number): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length !== sizeBytes || hex.length !== 2 * sizeBytes) {
    throw new EdgeSyncError('internal', `expected ${sizeBytes} bytes in hex`);
  }
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

const detailsPlace = 'instance.details';

export function sealDetails(sealer: ColumnSealer, details: InstanceDetails): Buffer {
  return sealer.seal(detailsPlace, JSON.stringify(details));
}

/** Authenticated by the seal, so its shape is the one written. */
export function openDetails(sealer: ColumnSealer, sealed: Uint8Array): InstanceDetails {
  return JSON.parse(sealer.open(detailsPlace, sealed)) as InstanceDetails;
}

/** undefined when they do not verify: the row was damaged. */
export function openDetailsIfWhole(sealer: ColumnSealer, sealed: Uint8Array): InstanceDetails | undefined {
  try {
    return openDetails(sealer, sealed);
  } catch (error) {
    if (error instanceof EdgeSyncError && error.code === 'object-tampered') return undefined;
    throw error;
  }
}

export function joinFlags(flags: Iterable<InstanceFlag>): string {
  return [...new Set(flags)].sort().join(' ');
}

export function splitFlags(text: string): InstanceFlag[] {
  return text === '' ? [] : (text.split(' ') as InstanceFlag[]);
}

/** Long enough for a host and a status, short enough for a million rows. */
const longestDetail = 300;

export function shortDetail(detail: string | undefined): string | null {
  return detail === undefined || detail === '' ? null : detail.slice(0, longestDetail);
}

/** Another turn of the event loop: between the pieces of a long job. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
