/**
 * The engine's ports: what it needs from the world and may not reach for itself.
 * Implementations live in system/ (real) and test/fakes/ (fake); both pass test/contract/.
 */
import type { AuditAction } from '../../shared/audit-actions.ts';
import type { EdgeSyncError } from '../../shared/errors.ts';
import type { Secret } from './system/secret.ts';

/** Time. The only source of it: nothing else calls Date.now, performance.now or a raw timer. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the PC's clock is set. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start; never jumps. For durations. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `task` once after `ms` unless cancelled. Does not keep the process alive. */
  after(ms: number, task: () => void): Cancel;
}

export interface Cancel {
  cancel(): void;
}

export interface Random {
  /** `size` cryptographically strong bytes. */
  bytes(size: number): Buffer;
  /** Uniform in [0, 1): for jitter, never for keys. */
  fraction(): number;
}

/** An address that an interface of this PC has right now. */
export interface NetworkAddress {
  /** The operating system's name for it: eth0, "Ethernet". */
  readonly interface: string;
  readonly address: string;
}

/** The network as it is at the moment of asking: cables are pulled and leases end. */
export interface NetworkInterfaces {
  list(): readonly NetworkAddress[];
}

/** Absence is told apart from "cannot say": a key is only ever made when absence is confirmed. */
export type KeyStoreRead =
  | { readonly tag: 'present'; readonly secret: Secret }
  | { readonly tag: 'absent' }
  /** Locked, no service, damaged, wrong passphrase: code and detail say which. */
  | { readonly tag: 'unavailable'; readonly error: EdgeSyncError };

/** Where small secrets (at most 2,500 bytes, Windows' limit) live outside our files. */
export interface KeyStore {
  readonly kind: 'keychain' | 'passphrase';
  read(name: string): Promise<KeyStoreRead>;
  /** Throws EdgeSyncError when it cannot be stored; after it resolves, `read` gives it back after a reboot too. */
  write(name: string, secret: Secret): Promise<void>;
  remove(name: string): Promise<void>;
  /**
   * Only where a passphrase is what protects the entries. Throws passphrase-wrong for another `current`,
   * passphrase-weak for `next`; then nothing has changed.
   */
  changePassphrase?(current: Secret, next: Secret): Promise<void>;
}

/** Values allowed in a log line: never a DICOM value, a file name from outside, a key. See docs/never-log.md. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields, cause?: unknown): void;
  /** A logger that adds `part` to every line. */
  child(part: string): Logger;
}

/** Seals single database columns and makes lookup keys, so that SQLite holds no PHI in clear; and chains the audit trail. */
export interface ColumnSealer {
  /** AES-256-GCM under the sealed-column key; `place` (table.column) is bound as additional data. */
  seal(place: string, plaintext: string): Buffer;
  /** Throws EdgeSyncError `object-tampered`. */
  open(place: string, sealed: Uint8Array): string;
  /** 32-byte HMAC-SHA-256 under the lookup key; `label` separates uses (sop-instance-uid, study-instance-uid, ...). */
  lookup(label: string, value: string): Buffer;
  /** 32-byte HMAC-SHA-256 under a key that serves the chain of the audit trail alone. */
  auditMac(bytes: Uint8Array): Buffer;
}

/** Append-only record of who did what; the full trail is a later deepening, the port is final. */
export interface AuditTrail {
  record(event: AuditEvent): void;
}

export interface AuditEvent {
  readonly action: AuditAction;
  /** local-socket, web, command-line, engine. */
  readonly actor: string;
  /** Own identifiers only (study id, incident id): no PHI. */
  readonly subject?: string;
  readonly outcome: 'success' | 'failure';
}
