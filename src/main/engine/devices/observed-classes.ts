/**
 * Classes that somebody who was let in proposed and could not have: private ones, ones newer than our list, ones that a
 * pairing leaves out. Shown until they are allowed or dismissed; bounded.
 */
import { type ObservedClass, uidSchema } from '../../../shared/devices.ts';
import {
  isStorageSopClass,
  sopClassKeyword,
  storageCommitmentPushSopClass,
  verificationSopClass,
} from '../dicom/sop-classes.ts';
import type { Clock, Random } from '../ports.ts';
import type { Changed, ObservedRow, ObservedState } from '../queue/devices.ts';
import { type AdmittedCaller, lackedSubject } from '../receive/caller-watch.ts';
import type { RefusedClass } from '../receive/refused-classes.ts';
import { plainAddress } from '../system/ip-address.ts';

/** Kept in all that nobody has allowed; the one proposed longest ago goes for a new one. */
export const mostObserved = 512;
/** Kept of one device, as many as one association proposes: one with nonsense does not push the others out. */
export const mostObservedPerDevice = 128;
/** Allowed for programs on this PC: far above what an office uses. */
export const mostAllowedHere = 64;

interface ObservedFacts {
  readonly deviceId: string | null;
  readonly aeTitle: string;
  readonly address: string;
  readonly uid: string;
}

interface Entry {
  readonly id: string;
  facts: ObservedFacts;
  state: ObservedState;
  count: number;
  readonly firstAtMs: number;
  lastAtMs: number;
  unsaved: 'nothing' | 'count' | 'all';
  /** The database may have a row of it. */
  isKept: boolean;
}

export class ObservedClasses {
  readonly #clock: Clock;
  readonly #random: Random;
  /** By device (or title on this PC) and class; the one proposed longest ago first. */
  readonly #entries = new Map<string, Entry>();
  #gone = new Set<string>();

  constructor(clock: Clock, random: Random, rows: readonly ObservedRow[]) {
    this.#clock = clock;
    this.#random = random;
    for (const row of [...rows].sort((a, b) => a.lastAtMs - b.lastAtMs)) {
      // Sealed, so it is what was written.
      const facts = JSON.parse(row.facts) as ObservedFacts;
      this.#entries.set(keyOf(facts), { ...row, facts, unsaved: 'nothing', isKept: true });
    }
  }

  /**
   * Gives back those that staff are to be told of: not the dismissed ones, nor what its own pairing leaves out (many
   * devices propose all there is and send little of it).
   */
  add(caller: AdmittedCaller, classes: readonly RefusedClass[]): readonly RefusedClass[] {
    return classes.filter(({ abstractSyntax, code }) => {
      // A class that is served, but not in the syntaxes proposed, is nothing to allow.
      if (code === 'dicom-syntax-refused' || !isClassUid(abstractSyntax)) return true;
      return this.#touch(caller, abstractSyntax).state !== 'dismissed' && code === 'dicom-class-unknown';
    });
  }

  /** The latest first. */
  list(): ObservedClass[] {
    return Array.from(this.#entries.values(), shown).reverse();
  }

  get(id: string): ObservedClass | undefined {
    const entry = this.#find(id);
    return entry === undefined ? undefined : shown(entry);
  }

  /** How many unknown ones nobody has decided about; what a pairing leaves out somebody has. */
  get waiting(): number {
    return this.#count(({ state, facts }) => state === 'seen' && !isStorageSopClass(facts.uid));
  }

  get allowedHere(): number {
    return this.#count(({ state, facts }) => state === 'allowed' && facts.deviceId === null);
  }

  isAllowedHere(aeTitle: string, uid: string): boolean {
    return this.#entries.get(keyOf({ deviceId: null, aeTitle, uid }))?.state === 'allowed';
  }

  /** What was decided. Gives the subject of its incident. */
  decide(id: string, state: ObservedState): string | undefined {
    const entry = this.#find(id);
    if (entry === undefined) return undefined;
    entry.state = state;
    if (entry.unsaved === 'nothing') entry.unsaved = 'count';
    return subjectOf(entry.facts);
  }

  /** Its device is gone: what was observed of it goes too. Gives the subjects of the incidents. */
  forget(deviceId: string): readonly string[] {
    const gone = [...this.#entries].filter(([, { facts }]) => facts.deviceId === deviceId);
    for (const [key] of gone) this.#drop(key);
    return gone.map(([, { facts }]) => subjectOf(facts));
  }

  takeChanges(): {
    readonly observed: readonly Changed<ObservedRow>[];
    readonly observedGone: readonly string[];
  } {
    const observed = [...this.#entries.values()].flatMap((entry) => {
      if (entry.unsaved === 'nothing') return [];
      const { id, state, count, firstAtMs, lastAtMs } = entry;
      const facts = entry.unsaved === 'all' ? JSON.stringify(entry.facts) : undefined;
      entry.unsaved = 'nothing';
      entry.isKept = true;
      return [{ id, facts, state, count, firstAtMs, lastAtMs }];
    });
    const observedGone = [...this.#gone];
    this.#gone = new Set();
    return { observed, observedGone };
  }

  notSaved(changes: {
    readonly observed: readonly Changed<ObservedRow>[];
    readonly observedGone: readonly string[];
  }): void {
    const ids = new Set(changes.observed.map(({ id }) => id));
    for (const entry of this.#entries.values()) if (ids.delete(entry.id)) entry.unsaved = 'all';
    for (const id of [...ids, ...changes.observedGone]) this.#gone.add(id);
  }

  #touch(caller: AdmittedCaller, uid: string): Entry {
    const { deviceId, callingAeTitle: aeTitle } = caller;
    const facts = { deviceId, aeTitle, address: plainAddress(caller.remoteAddress)?.address ?? '', uid };
    const key = keyOf(facts);
    const known = this.#entries.get(key);
    const nowMs = this.#clock.nowMs();
    this.#entries.delete(key);
    if (known === undefined) this.#makeRoom(facts);
    const isSame = known !== undefined && JSON.stringify(known.facts) === JSON.stringify(facts);
    const entry: Entry = {
      id: known?.id ?? this.#random.bytes(16).toString('hex'),
      facts,
      state: known?.state ?? 'seen',
      count: (known?.count ?? 0) + 1,
      firstAtMs: known?.firstAtMs ?? nowMs,
      lastAtMs: nowMs,
      unsaved: isSame && known.unsaved !== 'all' ? 'count' : 'all',
      isKept: known?.isKept ?? false,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** What was allowed stays: for this PC it is the permission itself. */
  #makeRoom(facts: ObservedFacts): void {
    const open = [...this.#entries].filter(([, { state }]) => state !== 'allowed');
    const ofDevice = open.filter(([, one]) => ownerOf(one.facts) === ownerOf(facts));
    const full =
      ofDevice.length >= mostObservedPerDevice ? ofDevice : open.length >= mostObserved ? open : [];
    const oldest =
      full.find(
        ([
          ,
          {
            state,
            facts: { uid },
          },
        ]) => state === 'seen' && isStorageSopClass(uid),
      ) ??
      full.find(([, { state }]) => state === 'seen') ??
      full[0];
    if (oldest !== undefined) this.#drop(oldest[0]);
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    if (entry.isKept) this.#gone.add(entry.id);
    if (this.#gone.size > 10 * mostObserved) this.#gone.delete(this.#gone.values().next().value ?? '');
  }

  #find(id: string): Entry | undefined {
    for (const entry of this.#entries.values()) if (entry.id === id) return entry;
    return undefined;
  }

  #count(holds: (entry: Entry) => boolean): number {
    return [...this.#entries.values()].filter(holds).length;
  }
}

/** Whether something can be allowed at all: the identity of a class, as PS3.5 section 9 has it. */
export function isClassUid(uid: string): boolean {
  return uidSchema.safeParse(uid).success;
}

/** PS3.6 annex A. Undefined for what the standard does not know, and for services that are neither offered nor stored. */
export function classKeyword(uid: string): string | undefined {
  switch (uid) {
    case verificationSopClass:
      return 'Verification';
    case storageCommitmentPushSopClass:
      return 'StorageCommitmentPushModel';
    default:
      return sopClassKeyword(uid);
  }
}

/** Programs on this PC are told apart by their title: there is nothing else. */
function ownerOf({ deviceId, aeTitle }: Pick<ObservedFacts, 'deviceId' | 'aeTitle'>): string {
  return deviceId ?? `here ${aeTitle}`;
}

function keyOf(facts: Pick<ObservedFacts, 'deviceId' | 'aeTitle' | 'uid'>): string {
  return `${ownerOf(facts)} ${facts.uid}`;
}

function subjectOf({ deviceId, aeTitle, address, uid }: ObservedFacts): string {
  return lackedSubject({ deviceId, callingAeTitle: aeTitle, remoteAddress: address }, uid);
}

function shown({ id, facts, state, count, firstAtMs, lastAtMs }: Entry): ObservedClass {
  return {
    ...facts,
    id,
    keyword: classKeyword(facts.uid) ?? null,
    state,
    count,
    firstAt: new Date(firstAtMs).toISOString(),
    lastAt: new Date(lastAtMs).toISOString(),
  };
}
