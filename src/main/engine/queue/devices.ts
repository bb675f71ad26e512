/** Paired devices, refused callers and observed classes, as they are kept. `devices/` holds them in memory and decides. */
import type Database from 'better-sqlite3';
import type { Device, Pairing } from '../../../shared/devices.ts';
import type { QueueCore } from './queue-core.ts';

/** A refused caller; `facts` are opaque here: JSON of whoever keeps them. */
export interface CallerRow {
  readonly id: string;
  readonly facts: string;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly dismissedAtMs: number | null;
}

export type ObservedState = 'seen' | 'allowed' | 'dismissed';

export interface ObservedRow {
  readonly id: string;
  readonly facts: string;
  readonly state: ObservedState;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** A row to write; without `facts` these stay as they are kept (a flood must not seal the same again and again). */
export type Changed<Row extends { readonly facts: string }> = Omit<Row, 'facts'> & {
  readonly facts: string | undefined;
};

/** Rows that changed and ids that went, written together in one commit. */
export interface DeviceChanges {
  readonly callers?: readonly Changed<CallerRow>[];
  readonly callersGone?: readonly string[];
  readonly observed?: readonly Changed<ObservedRow>[];
  readonly observedGone?: readonly string[];
  /** Device id and when it was let in last. */
  readonly seen?: ReadonlyMap<string, number>;
}

interface DeviceColumns {
  readonly id: string;
  readonly pairing: Buffer;
  readonly paired_at: number;
  readonly last_seen_at: number | null;
}

type Kept<Row> = Omit<Row, 'facts' | 'firstAtMs' | 'lastAtMs'> & {
  readonly facts: Buffer;
  readonly first_at: number;
  readonly last_at: number;
};
type CallerColumns = Omit<Kept<CallerRow>, 'dismissedAtMs'> & { readonly dismissed_at: number | null };
type ObservedColumns = Kept<ObservedRow>;

export class Devices {
  readonly #core: QueueCore;
  readonly #all: Database.Statement<[], DeviceColumns>;
  readonly #one: Database.Statement<[string], DeviceColumns>;
  readonly #put: Database.Statement<[string, Buffer, number, number | null]>;
  readonly #remove: Database.Statement<[string]>;
  readonly #seen: Database.Statement<[number, string]>;
  readonly #callers: Database.Statement<[], CallerColumns>;
  readonly #putCaller: Database.Statement<[string, Buffer, number, number, number, number | null]>;
  readonly #touchCaller: Database.Statement<[number, number, number | null, string]>;
  readonly #removeCaller: Database.Statement<[string]>;
  readonly #observed: Database.Statement<[], ObservedColumns>;
  readonly #putObserved: Database.Statement<[string, Buffer, ObservedState, number, number, number]>;
  readonly #touchObserved: Database.Statement<[ObservedState, number, number, string]>;
  readonly #removeObserved: Database.Statement<[string]>;

  constructor(core: QueueCore) {
    this.#core = core;
    // Tables of at most some hundred rows, read at start: an index by time would cost more than it saves.
    this.#all = core.prepare('SELECT * FROM device');
    this.#one = core.prepare('SELECT * FROM device WHERE id = ?');
    this.#put = core.prepare(
      `INSERT INTO device (id, pairing, paired_at, last_seen_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET pairing = excluded.pairing`,
    );
    this.#remove = core.prepare('DELETE FROM device WHERE id = ?');
    this.#seen = core.prepare('UPDATE device SET last_seen_at = ? WHERE id = ?');
    this.#callers = core.prepare('SELECT * FROM caller');
    this.#putCaller = core.prepare(
      `INSERT INTO caller (id, facts, count, first_at, last_at, dismissed_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET facts = excluded.facts, count = excluded.count,
           first_at = excluded.first_at, last_at = excluded.last_at, dismissed_at = excluded.dismissed_at`,
    );
    this.#touchCaller = core.prepare(
      'UPDATE caller SET count = ?, last_at = ?, dismissed_at = ? WHERE id = ?',
    );
    this.#removeCaller = core.prepare('DELETE FROM caller WHERE id = ?');
    this.#observed = core.prepare('SELECT * FROM observed_class');
    this.#putObserved = core.prepare(
      `INSERT INTO observed_class (id, facts, state, count, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET facts = excluded.facts, state = excluded.state, count = excluded.count,
           first_at = excluded.first_at, last_at = excluded.last_at`,
    );
    this.#touchObserved = core.prepare(
      'UPDATE observed_class SET state = ?, count = ?, last_at = ? WHERE id = ?',
    );
    this.#removeObserved = core.prepare('DELETE FROM observed_class WHERE id = ?');
  }

  /** In the order in which they were paired. A row that does not open with our key is left out, and told in the log. */
  list(): Device[] {
    return this.#core
      .read(() => this.#all.all())
      .sort((a, b) => a.paired_at - b.paired_at || a.id.localeCompare(b.id))
      .flatMap((row) => this.#opened(() => this.#device(row)));
  }

  /** Throws EdgeSyncError `object-tampered` for a row that does not open with our key. */
  get(id: string): Device | undefined {
    const row = this.#core.read(() => this.#one.get(id));
    return row === undefined ? undefined : this.#device(row);
  }

  /** Adds it, or takes over everything that was typed in; `pairedAt` and `lastSeenAt` stay as they are kept. */
  save(device: Device): Promise<void> {
    const { id, pairedAt, lastSeenAt, ...pairing } = device;
    const sealed = this.#core.ports.sealer.seal(pairingPlace(id), JSON.stringify(pairing));
    return this.#core.write(() => {
      this.#put.run(id, sealed, Date.parse(pairedAt), lastSeenAt === null ? null : Date.parse(lastSeenAt));
      this.#core.changes.status();
    });
  }

  /** False when there was none. */
  remove(id: string): Promise<boolean> {
    return this.#core.write(() => {
      this.#core.changes.status();
      return this.#remove.run(id).changes > 0;
    });
  }

  callers(): CallerRow[] {
    return this.#core
      .read(() => this.#callers.all())
      .flatMap(({ first_at, last_at, dismissed_at, facts, ...rest }) =>
        this.#opened(() => ({
          ...rest,
          facts: this.#core.ports.sealer.open(callerPlace(rest.id), facts),
          firstAtMs: first_at,
          lastAtMs: last_at,
          dismissedAtMs: dismissed_at,
        })),
      );
  }

  observed(): ObservedRow[] {
    return this.#core
      .read(() => this.#observed.all())
      .flatMap(({ first_at, last_at, facts, ...rest }) =>
        this.#opened(() => ({
          ...rest,
          facts: this.#core.ports.sealer.open(observedPlace(rest.id), facts),
          firstAtMs: first_at,
          lastAtMs: last_at,
        })),
      );
  }

  write({ callers, callersGone, observed, observedGone, seen }: DeviceChanges): Promise<void> {
    const { sealer } = this.#core.ports;
    return this.#core.write(() => {
      for (const id of callersGone ?? []) this.#removeCaller.run(id);
      for (const { id, facts, count, firstAtMs, lastAtMs, dismissedAtMs } of callers ?? []) {
        if (facts === undefined) this.#touchCaller.run(count, lastAtMs, dismissedAtMs, id);
        else {
          const sealed = sealer.seal(callerPlace(id), facts);
          this.#putCaller.run(id, sealed, count, firstAtMs, lastAtMs, dismissedAtMs);
        }
      }
      for (const id of observedGone ?? []) this.#removeObserved.run(id);
      for (const { id, facts, state, count, firstAtMs, lastAtMs } of observed ?? []) {
        if (facts === undefined) this.#touchObserved.run(state, count, lastAtMs, id);
        else {
          const sealed = sealer.seal(observedPlace(id), facts);
          this.#putObserved.run(id, sealed, state, count, firstAtMs, lastAtMs);
        }
      }
      for (const [id, atMs] of seen ?? []) this.#seen.run(atMs, id);
      this.#core.changes.status();
    });
  }

  #opened<Row>(open: () => Row): Row[] {
    try {
      return [open()];
    } catch (error) {
      this.#core.ports.logger.error('device-row-not-ours', {}, error);
      return [];
    }
  }

  #device({ id, pairing, paired_at, last_seen_at }: DeviceColumns): Device {
    // Authenticated by the seal, so its shape is the one written.
    const typed = JSON.parse(this.#core.ports.sealer.open(pairingPlace(id), pairing)) as Pairing;
    return {
      ...typed,
      id,
      pairedAt: new Date(paired_at).toISOString(),
      lastSeenAt: last_seen_at === null ? null : new Date(last_seen_at).toISOString(),
    };
  }
}

/** With the id: a row cannot be given the content of another. */
function pairingPlace(id: string): string {
  return `device.pairing ${id}`;
}

function callerPlace(id: string): string {
  return `caller.facts ${id}`;
}

function observedPlace(id: string): string {
  return `observed_class.facts ${id}`;
}
