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
import type { ObservedRow, ObservedState } from '../queue/devices.ts';
import { type AdmittedCaller, lackedSubject } from '../receive/caller-watch.ts';
import type { RefusedClass } from '../receive/refused-classes.ts';
import { plainAddress } from '../system/ip-address.ts';
import { type KeptChanges, KeptEntries, type KeptEntry } from './kept-entries.ts';

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

interface Entry extends KeptEntry {
  facts: ObservedFacts;
  state: ObservedState;
  count: number;
  readonly firstAtMs: number;
  lastAtMs: number;
}

export class ObservedClasses {
  readonly #clock: Clock;
  readonly #random: Random;
  /** By device (or title on this PC) and class. */
  readonly #entries = new KeptEntries<Entry, ObservedRow>(
    mostObserved,
    ({ id, state, count, firstAtMs, lastAtMs }) => ({ id, state, count, firstAtMs, lastAtMs }),
    ({ facts }) => facts,
  );

  constructor(clock: Clock, random: Random, rows: readonly ObservedRow[]) {
    this.#clock = clock;
    this.#random = random;
    for (const row of [...rows].sort((a, b) => a.lastAtMs - b.lastAtMs)) {
      // Sealed, so it is what was written.
      const facts = JSON.parse(row.facts) as ObservedFacts;
      this.#entries.put(keyOf(facts), { ...row, facts, unsaved: 'nothing', isKept: true });
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
    const entry = this.#entries.find(id);
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
    const entry = this.#entries.find(id);
    if (entry === undefined) return undefined;
    entry.state = state;
    if (entry.unsaved === 'nothing') entry.unsaved = 'count';
    return subjectOf(entry.facts);
  }

  /** Its device is gone: what was observed of it goes too. Gives the subjects of the incidents. */
  forget(deviceId: string): readonly string[] {
    const gone = [...this.#entries.entries()].filter(([, { facts }]) => facts.deviceId === deviceId);
    for (const [key] of gone) this.#entries.drop(key);
    return gone.map(([, { facts }]) => subjectOf(facts));
  }

  takeChanges(): KeptChanges<ObservedRow> {
    return this.#entries.takeChanges();
  }

  notSaved(changes: KeptChanges<ObservedRow>): void {
    this.#entries.notSaved(changes);
  }

  #touch(caller: AdmittedCaller, uid: string): Entry {
    const { deviceId, callingAeTitle: aeTitle } = caller;
    const facts = { deviceId, aeTitle, address: plainAddress(caller.remoteAddress)?.address ?? '', uid };
    const key = keyOf(facts);
    const known = this.#entries.get(key);
    const nowMs = this.#clock.nowMs();
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
    this.#entries.put(key, entry);
    return entry;
  }

  /** What was allowed stays: for this PC it is the permission itself. */
  #makeRoom(facts: ObservedFacts): void {
    const open = [...this.#entries.entries()].filter(([, { state }]) => state !== 'allowed');
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
    if (oldest !== undefined) this.#entries.drop(oldest[0]);
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
