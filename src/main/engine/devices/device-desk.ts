/** Pairing, as staff do it: what is decided is kept, audited, and counts at once. */
import {
  type Device,
  type ObservedClass,
  type Pairing,
  type PairingChange,
  type PairingInput,
  pairingSchema,
  type RefusedCaller,
} from '../../../shared/devices.ts';
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import { isStorageSopClass } from '../dicom/sop-classes.ts';
import type { IncidentReport } from '../model.ts';
import type { AuditEvent, AuditTrail, Clock, Logger, Random } from '../ports.ts';
import type { Devices } from '../queue/devices.ts';
import type { Authorize } from '../receive/authorize.ts';
import type { AdmittedCaller, CallerWatch, RefusedCall } from '../receive/caller-watch.ts';
import type { RefusedClass } from '../receive/refused-classes.ts';
import { plainAddress } from '../system/ip-address.ts';
import type { LoopbackRule } from './caller-match.ts';
import { mostAllowedHere, ObservedClasses } from './observed-classes.ts';
import { PacedSave } from './paced-save.ts';
import { PairingList } from './pairing-list.ts';
import { RefusedCallers } from './refused-callers.ts';

/** Far above what a clinic has; asked at every association. */
const mostDevices = 256;
/** `lastSeenAt` is written no more often than this: it is for people. */
const seenEveryMs = 60_000;
/** See pairingSchema. */
const mostClasses = 256;
const mostPrivateClasses = 64;

export interface DeviceDeskDeps {
  readonly store: Pick<Devices, 'list' | 'save' | 'remove' | 'callers' | 'observed' | 'write'>;
  readonly loopback: LoopbackRule;
  readonly audit: AuditTrail;
  readonly reportIncident: (incident: IncidentReport) => void;
  readonly resolveIncident: (code: ErrorCode, subject: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Something that a window shows has changed. */
  readonly onChange: () => void;
}

/** What the status tells about access. */
export interface AccessFacts {
  readonly devices: readonly Device[];
  readonly waitingCallers: number;
  readonly waitingClasses: number;
  /** Changes whenever any list has changed. */
  readonly revision: number;
}

export class DeviceDesk implements CallerWatch {
  readonly #deps: DeviceDeskDeps;
  readonly #pairings: PairingList;
  readonly #callers: RefusedCallers;
  readonly #observed: ObservedClasses;
  readonly #saving: PacedSave;
  /** When each device was let in last, since the start. */
  readonly #seenAtMs = new Map<string, number>();
  readonly #seenUnsaved = new Set<string>();
  #revision = 0;
  /** Changes are made one after the other: each sees what the one before it left. */
  #lastChange: Promise<unknown> = Promise.resolve();

  /** Reads what is kept. Throws EdgeSyncError: database-damaged, disk-error. */
  constructor(deps: DeviceDeskDeps) {
    const logger = deps.logger.child('devices');
    const { store, clock, random } = deps;
    this.#deps = { ...deps, logger };
    this.#callers = new RefusedCallers(clock, random, store.callers());
    this.#observed = new ObservedClasses(clock, random, store.observed());
    this.#pairings = new PairingList({
      get loopback() {
        return deps.loopback;
      },
      onSeen: (id) => this.#seen(id),
      allowedOnThisPc: (title, uid) => this.#observed.isAllowedHere(title, uid),
    });
    this.#pairings.set(store.list());
    this.#saving = new PacedSave(clock, logger, () => this.#save());
  }

  get authorize(): Authorize {
    return this.#pairings.authorize;
  }

  refused(call: RefusedCall): void {
    this.#callers.add(call);
    this.#revision += 1;
    this.#saving.due();
  }

  lacked(caller: AdmittedCaller, classes: readonly RefusedClass[]): readonly RefusedClass[] {
    this.#revision += 1;
    this.#saving.due();
    return this.#observed.add(caller, classes);
  }

  get facts(): AccessFacts {
    return {
      devices: this.list(),
      waitingCallers: this.#callers.waiting,
      waitingClasses: this.#observed.waiting,
      revision: this.#revision,
    };
  }

  list(): readonly Device[] {
    return this.#pairings.all().map((device) => {
      const seenAtMs = this.#seenAtMs.get(device.id);
      return seenAtMs === undefined ? device : { ...device, lastSeenAt: new Date(seenAtMs).toISOString() };
    });
  }

  callers(): readonly RefusedCaller[] {
    return this.#callers.list();
  }

  observedClasses(): readonly ObservedClass[] {
    return this.#observed.list();
  }

  /** Throws EdgeSyncError: pairing-not-valid, pairing-exists, pairing-too-many, disk-*. */
  pair(input: PairingInput, actor: string): Promise<Device> {
    return this.#inTurn(() => this.#pair(input, actor));
  }

  /** Throws as `pair`, and device-unknown. */
  change(id: string, change: PairingChange, actor: string): Promise<Device> {
    return this.#inTurn(async () => {
      const before = this.#known(id);
      const { pairedAt, lastSeenAt, id: _id, ...pairing } = before;
      const after = { ...checked({ ...pairing, ...given(change) }), id, pairedAt, lastSeenAt };
      this.#refuseTwin(after, id);
      await this.#keep(after, 'device-changed', actor);
      return after;
    });
  }

  /** Throws device-unknown, disk-*. */
  remove(id: string, actor: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#known(id);
      // Nothing more from it while the disk is asked: what cannot be written is said, and holds until the next start.
      this.#pairings.set(this.#pairings.all().filter((one) => one.id !== id));
      this.#record('device-removed', actor, id);
      await this.#deps.store.remove(id);
      this.#resolveClasses(this.#observed.forget(id));
      this.#changed();
    });
  }

  /** Throws caller-unknown. */
  dismiss(id: string, actor: string): void {
    const over = this.#callers.dismiss(id);
    if (over === undefined) throw new EdgeSyncError('caller-unknown');
    this.#record('caller-dismissed', actor, id);
    for (const subject of over) this.#deps.resolveIncident('association-refused', subject);
    this.#changed();
  }

  /**
   * Pairs a caller as it came; `pairing` replaces single parts. Throws as `pair`, and caller-unknown,
   * caller-wrong-title, caller-downgrade.
   */
  allowCaller(id: string, name: string, pairing: PairingChange, actor: string): Promise<Device> {
    return this.#inTurn(() => {
      const caller = this.#callers.get(id);
      if (caller === undefined) throw new EdgeSyncError('caller-unknown');
      this.#refuseDowngrade(caller);
      return this.#pair({ ...pairingOf(caller, name), ...given(pairing) }, actor);
    });
  }

  /** Throws class-unknown, device-unknown, pairing-too-many, disk-*. */
  allowClass(id: string, actor: string): Promise<void> {
    return this.#inTurn(async () => {
      const { deviceId, uid } = this.#knownClass(id);
      if (deviceId === null) {
        if (this.#observed.allowedHere >= mostAllowedHere) throw new EdgeSyncError('pairing-too-many');
      } else {
        const device = this.#known(deviceId);
        await this.#keep(withClass(device, uid), 'device-changed', actor);
      }
      this.#decide(id, 'allowed', actor);
    });
  }

  /** Throws class-unknown, disk-*. */
  dismissClass(id: string, actor: string): Promise<void> {
    return this.#inTurn(async () => {
      const { deviceId, uid } = this.#knownClass(id);
      const device = deviceId === null ? undefined : this.#pairings.get(deviceId);
      if (device?.privateClasses.includes(uid) === true) {
        const privateClasses = device.privateClasses.filter((one) => one !== uid);
        await this.#keep({ ...device, privateClasses }, 'device-changed', actor);
      }
      this.#decide(id, 'dismissed', actor);
    });
  }

  /** Writes what is owed. Never rejects. */
  async close(): Promise<void> {
    await this.#lastChange.catch(() => undefined);
    await this.#saving.close();
  }

  /**
   * Who takes a title that is paired for TLS, and comes without, is not paired with one click: from whatever address it
   * comes, it may be somebody else, or the device after somebody turned its TLS off.
   */
  #refuseDowngrade({ callingAeTitle, channel }: RefusedCaller): void {
    if (channel === 'plain' && callingAeTitle !== null && this.#pairings.isForTls(callingAeTitle))
      throw new EdgeSyncError('caller-downgrade', callingAeTitle);
  }

  async #pair(input: PairingInput, actor: string): Promise<Device> {
    const { clock, random } = this.#deps;
    const device: Device = {
      ...checked(input),
      id: random.bytes(16).toString('hex'),
      pairedAt: new Date(clock.nowMs()).toISOString(),
      lastSeenAt: null,
    };
    if (this.#pairings.all().length >= mostDevices) throw new EdgeSyncError('pairing-too-many');
    this.#refuseTwin(device, device.id);
    await this.#keep(device, 'device-paired', actor);
    return device;
  }

  /** Written before it counts; the audit entry shares the commit. */
  async #keep(device: Device, action: AuditEvent['action'], actor: string): Promise<void> {
    const written = this.#deps.store.save(device);
    this.#record(action, actor, device.id);
    await written;
    const all = this.#pairings.all();
    const isNew = !all.some((one) => one.id === device.id);
    this.#pairings.set(isNew ? [...all, device] : all.map((one) => (one.id === device.id ? device : one)));
    const settled = this.#callers.settle((caller) => this.#pairings.isPaired(caller));
    for (const subject of settled) this.#deps.resolveIncident('association-refused', subject);
    this.#changed();
  }

  #decide(id: string, state: 'allowed' | 'dismissed', actor: string): void {
    const subject = this.#observed.decide(id, state);
    if (subject !== undefined) this.#resolveClasses([subject]);
    this.#record(state === 'allowed' ? 'class-allowed' : 'class-dismissed', actor, id);
    this.#changed();
  }

  #resolveClasses(subjects: readonly string[]): void {
    for (const subject of subjects) {
      this.#deps.resolveIncident('dicom-class-unknown', subject);
      this.#deps.resolveIncident('dicom-class-not-allowed', subject);
    }
  }

  #seen(id: string): void {
    const { clock } = this.#deps;
    const nowMs = clock.nowMs();
    const before = this.#seenAtMs.get(id);
    this.#seenAtMs.set(id, nowMs);
    if (before !== undefined && Math.abs(nowMs - before) < seenEveryMs) return;
    this.#seenUnsaved.add(id);
    this.#saving.due();
  }

  #changed(): void {
    this.#revision += 1;
    this.#saving.due();
    this.#deps.onChange();
  }

  async #save(): Promise<void> {
    const { store, reportIncident, onChange } = this.#deps;
    for (const incident of this.#callers.takeIncidents()) reportIncident(incident);
    const callers = this.#callers.takeChanges();
    const observed = this.#observed.takeChanges();
    const seenIds = [...this.#seenUnsaved];
    this.#seenUnsaved.clear();
    const seen = new Map(seenIds.map((id) => [id, this.#seenAtMs.get(id) ?? 0]));
    const isEmpty = [callers.rows, callers.gone, observed.rows, observed.gone, seenIds].every(
      (one) => one.length === 0,
    );
    if (isEmpty) return;
    this.#revision += 1;
    onChange();
    try {
      await store.write({
        callers: callers.rows,
        callersGone: callers.gone,
        observed: observed.rows,
        observedGone: observed.gone,
        seen,
      });
    } catch (error) {
      this.#callers.notSaved(callers);
      this.#observed.notSaved(observed);
      for (const id of seenIds) this.#seenUnsaved.add(id);
      throw error;
    }
  }

  #record(action: AuditEvent['action'], actor: string, subject: string): void {
    this.#deps.audit.record({ action, actor, subject, outcome: 'success' });
  }

  #known(id: string): Device {
    const device = this.#pairings.get(id);
    if (device === undefined) throw new EdgeSyncError('device-unknown');
    return device;
  }

  #knownClass(id: string): ObservedClass {
    const found = this.#observed.get(id);
    if (found === undefined) throw new EdgeSyncError('class-unknown');
    return found;
  }

  /** Two pairings that the same caller fits equally well: nobody could say which it is. */
  #refuseTwin(device: Device, id: string): void {
    const twin = this.#pairings.all().find((one) => one.id !== id && areTwins(one, device));
    if (twin !== undefined) throw new EdgeSyncError('pairing-exists', twin.name);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastChange.catch(() => undefined).then(work);
    this.#lastChange = turn.catch(() => undefined);
    return turn;
  }
}

/** The whole pairing, or pairing-not-valid with the first thing that is wrong. */
function checked(input: PairingInput): Pairing {
  const parsed = pairingSchema.safeParse(input);
  if (parsed.success)
    return { ...parsed.data, addresses: [...new Set(parsed.data.addresses.map(oneSpelling))] };
  const issue = parsed.error.issues[0];
  throw new EdgeSyncError('pairing-not-valid', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** `fe80::0:1` and `FE80::1` are one address; ranges stay as they are typed. */
function oneSpelling(address: string): string {
  return address.includes('/') ? address.toLowerCase() : (plainAddress(address)?.address ?? address);
}

function areTwins(a: Device, b: Device): boolean {
  if (a.aeTitle !== b.aeTitle || a.channel !== b.channel) return false;
  const sharesAddress =
    a.addresses.length === 0
      ? b.addresses.length === 0
      : a.addresses.some((address) => b.addresses.includes(address));
  if (a.channel === 'plain') return sharesAddress;
  return sharesAddress && a.certificates.some((one) => b.certificates.includes(one));
}

/** Undefined parts are parts that were left out. */
function given(change: PairingChange): Partial<Pairing> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function pairingOf(caller: RefusedCaller, name: string): PairingInput {
  const { callingAeTitle, address, channel, certificate, because } = caller;
  if (because === 'other-called-title')
    throw new EdgeSyncError('caller-wrong-title', caller.calledAeTitle ?? undefined);
  if (because === 'tls-only') throw new EdgeSyncError('caller-downgrade', callingAeTitle ?? undefined);
  if (callingAeTitle === null) throw new EdgeSyncError('pairing-not-valid', caller.text);
  return {
    name: name.trim() === '' ? callingAeTitle : name,
    aeTitle: callingAeTitle,
    channel,
    // A device with a certificate is known by it, wherever its address moves to.
    addresses: channel === 'tls' ? [] : [address],
    certificates: certificate === null ? [] : [certificate],
  };
}

function withClass(device: Device, uid: string): Device {
  const { classes, privateClasses } = device;
  if (isStorageSopClass(uid) && classes !== 'standard') {
    if (classes.length >= mostClasses) throw new EdgeSyncError('pairing-too-many');
    return { ...device, classes: [...new Set([...classes, uid])] };
  }
  if (privateClasses.length >= mostPrivateClasses) throw new EdgeSyncError('pairing-too-many');
  return { ...device, privateClasses: [...new Set([...privateClasses, uid])] };
}
