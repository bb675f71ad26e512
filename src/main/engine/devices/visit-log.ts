/**
 * What was seen of the latest connections, for whoever pairs a device or looks for what is wrong. In memory, bounded
 * whoever calls how often; alike ones that follow each other are one entry. Nothing of a stranger's is kept as it came.
 */
import type { RefusedBecause } from '../../../shared/devices.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import {
  type Entrance,
  mostProposedClasses,
  mostProposedSyntaxes,
  mostVisits,
  type Proposal,
  type Visit,
  type VisitProblem,
} from '../../../shared/pairing.ts';
import type { AssociationEnd } from '../dicom/association.ts';
import { type AssociateAccept, type AssociateRequest, oddAeTitle } from '../dicom/pdu-associate.ts';
import { verificationSopClass } from '../dicom/sop-classes.ts';
import { transferSyntax } from '../dicom/transfer-syntaxes.ts';
import type { Clock } from '../ports.ts';
import type { PeerFacts } from '../receive/authorize.ts';
import { isStorageLike } from '../receive/refused-classes.ts';
import type { DoorProblem, VisitNotes, VisitWatch } from '../receive/visit-watch.ts';
import { plainAddress } from '../system/ip-address.ts';
import { classKeyword, isClassUid } from './observed-classes.ts';

/** Of one address, so that one PC gone wild does not push the others out. */
const mostVisitsPerAddress = 25;

interface Entry {
  readonly id: number;
  readonly address: string;
  readonly entrance: Entrance;
  readonly certificate: string | null;
  firstAtMs: number;
  lastAtMs: number;
  count: number;
  callingAeTitle: string | null;
  calledAeTitle: string | null;
  software: string | null;
  deviceId: string | null;
  proposals: readonly Proposal[];
  echoes: number;
  images: number;
  imagesRefused: number;
  problem: VisitProblem | null;
  state: 'open' | 'over';
}

export interface VisitLogDeps {
  readonly clock: Clock;
  /** Of this PC: its own test of its port is no visit. */
  readonly isOwnAddress: (address: string) => boolean;
}

export class VisitLog implements VisitWatch {
  readonly #deps: VisitLogDeps;
  /** The oldest first. */
  readonly #entries = new Map<number, Entry>();
  readonly #listeners = new Set<() => void>();
  #made = 0;

  constructor(deps: VisitLogDeps) {
    this.#deps = deps;
  }

  /** The newest first. */
  list(): readonly Visit[] {
    return [...this.#entries.values()].sort((a, b) => b.lastAtMs - a.lastAtMs || b.id - a.id).map(shown);
  }

  /** Tells of every change, in the middle of an association: whoever listens only takes note. Gives the way to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  arrived(peer: PeerFacts): VisitNotes {
    const { remoteAddress, channel } = peer;
    const certificate = channel.tag === 'tls' ? channel.certificateSha256 : null;
    return new Notes(this.#entry(remoteAddress, channel.tag, certificate), {
      nowMs: () => this.#deps.clock.nowMs(),
      isOwnAddress: this.#deps.isOwnAddress,
      keep: (entry) => this.#keep(entry),
      changed: (entry) => this.#touch(entry),
      over: (entry) => this.#over(entry),
    });
  }

  turnedAway(remoteAddress: string, problem: DoorProblem): void {
    const entry = this.#entry(remoteAddress, 'tls', null);
    entry.problem = problem;
    this.#over(entry);
  }

  #entry(remoteAddress: string, entrance: Entrance, certificate: string | null): Entry {
    const nowMs = this.#deps.clock.nowMs();
    this.#made += 1;
    return {
      id: this.#made,
      address: plainAddress(remoteAddress)?.address ?? '',
      entrance,
      certificate,
      firstAtMs: nowMs,
      lastAtMs: nowMs,
      count: 1,
      callingAeTitle: null,
      calledAeTitle: null,
      software: null,
      deviceId: null,
      proposals: [],
      echoes: 0,
      images: 0,
      imagesRefused: 0,
      problem: null,
      state: 'open',
    };
  }

  #keep(entry: Entry): void {
    if (this.#entries.has(entry.id)) return;
    this.#makeRoom(entry.address);
    this.#entries.set(entry.id, entry);
    this.#tell();
  }

  #touch(entry: Entry): void {
    entry.lastAtMs = this.#deps.clock.nowMs();
    if (this.#entries.has(entry.id)) this.#tell();
  }

  /** It is over: joins the one before it of the same address when that was alike. */
  #over(entry: Entry): void {
    entry.state = 'over';
    entry.lastAtMs = this.#deps.clock.nowMs();
    const twin = this.#before(entry);
    if (twin !== undefined && signature(twin) === signature(entry)) {
      entry.firstAtMs = twin.firstAtMs;
      entry.count += twin.count;
      entry.echoes += twin.echoes;
      entry.images += twin.images;
      entry.imagesRefused += twin.imagesRefused;
      this.#entries.delete(twin.id);
    }
    if (this.#entries.has(entry.id)) this.#tell();
    else this.#keep(entry);
  }

  /** The latest other one of its address that is over. */
  #before({ id, address }: Entry): Entry | undefined {
    let latest: Entry | undefined;
    for (const one of this.#entries.values())
      if (one.id !== id && one.address === address && one.state === 'over') latest = one;
    return latest;
  }

  #makeRoom(address: string): void {
    const ofAddress = [...this.#entries.values()].filter((one) => one.address === address);
    const gone =
      ofAddress.length >= mostVisitsPerAddress
        ? ofAddress[0]
        : this.#entries.size >= mostVisits
          ? this.#entries.values().next().value
          : undefined;
    if (gone !== undefined) this.#entries.delete(gone.id);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

interface Keeper {
  readonly nowMs: () => number;
  readonly isOwnAddress: (address: string) => boolean;
  readonly keep: (entry: Entry) => void;
  readonly changed: (entry: Entry) => void;
  readonly over: (entry: Entry) => void;
}

class Notes implements VisitNotes {
  readonly #entry: Entry;
  readonly #keeper: Keeper;
  /** Until it is answered. */
  #request: AssociateRequest | undefined;
  #hasAsked = false;
  #isAdmitted = false;

  constructor(entry: Entry, keeper: Keeper) {
    this.#entry = entry;
    this.#keeper = keeper;
  }

  spokeTls(): void {
    this.#entry.problem = { tag: 'tls-on-plain-port' };
  }

  asked(request: AssociateRequest): void {
    this.#hasAsked = true;
    this.#request = request;
    const { callingAeTitle, calledAeTitle, user } = request;
    const entry = this.#entry;
    entry.callingAeTitle = callingAeTitle === oddAeTitle ? null : callingAeTitle;
    entry.calledAeTitle = calledAeTitle === oddAeTitle ? null : calledAeTitle;
    entry.software = printable(user.implementationVersionName);
    entry.proposals = proposalsOf(request);
    this.#keeper.keep(entry);
  }

  refused(because: RefusedBecause | undefined): void {
    this.#entry.problem = because === undefined ? { tag: 'outdated' } : { tag: 'refused', because };
    this.#keeper.changed(this.#entry);
  }

  limited(): void {
    this.#entry.problem = { tag: 'limit' };
    this.#keeper.changed(this.#entry);
  }

  admitted(deviceId: string | null, accept: AssociateAccept): void {
    this.#isAdmitted = true;
    const entry = this.#entry;
    entry.deviceId = deviceId;
    entry.proposals = answered(entry.proposals, this.#request?.contexts ?? [], accept);
    this.#request = undefined;
    const wanted = entry.proposals.filter(({ uid }) => uid !== verificationSopClass && isStorageLike(uid));
    const hasAny = entry.proposals.some(({ answer }) => answer === 'accepted');
    if (!hasAny && wanted.length > 0)
      entry.problem = {
        tag: 'nothing-in-common',
        why: wanted.some(({ answer }) => answer === 'syntax-refused') ? 'syntax' : 'class',
      };
    this.#keeper.changed(entry);
  }

  echoed(): void {
    this.#entry.echoes += 1;
    this.#keeper.changed(this.#entry);
  }

  stored(): void {
    this.#entry.images += 1;
    this.#keeper.changed(this.#entry);
  }

  storeRefused(code: ErrorCode): void {
    this.#entry.imagesRefused += 1;
    this.#entry.problem = { tag: 'image-refused', code };
    this.#keeper.changed(this.#entry);
  }

  stalled(): void {
    this.#entry.problem = { tag: 'stalled' };
    this.#keeper.changed(this.#entry);
  }

  ended(end: AssociationEnd): void {
    const entry = this.#entry;
    if (entry.state === 'over') return;
    // What was found before stands: how it ended then is only what came of it.
    entry.problem ??= this.#problemOf(end);
    const isOwnTest = entry.problem?.tag === 'hung-up' && this.#keeper.isOwnAddress(entry.address);
    const isNothing = entry.problem === null && !this.#hasAsked;
    entry.state = 'over';
    if (!isOwnTest && !isNothing) this.#keeper.over(entry);
  }

  #problemOf(end: AssociationEnd): VisitProblem | null {
    switch (end.tag) {
      case 'released':
      case 'rejected':
      case 'aborted-by-us':
      case 'internal-error':
        return null;
      case 'aborted-by-peer':
        return { tag: 'aborted-by-device', source: end.abort.source, reason: end.abort.reason };
      case 'protocol-error':
        return this.#breach(end.reason, end.message);
      case 'connection-lost':
        return { tag: this.#hasAsked ? 'lost' : 'hung-up' };
      case 'timed-out':
        return { tag: 'silent' };
    }
  }

  /** By our own words for what it broke; see dicom/pdu-reader.ts and dicom/pdu.ts. */
  #breach(reason: string, message: string): VisitProblem {
    if (message === 'PDU longer than allowed' && this.#isAdmitted) return { tag: 'pdu-too-long' };
    if (message === 'maximum PDU length without room for data') return { tag: 'pdu-too-small' };
    return this.#hasAsked ? { tag: 'protocol', reason } : { tag: 'not-dicom' };
  }
}

/** Each class once, with the syntaxes of all its contexts; what is no UID is left out. */
function proposalsOf({ contexts }: Pick<AssociateRequest, 'contexts'>): readonly Proposal[] {
  const byClass = new Map<string, Set<string>>();
  for (const { abstractSyntax, transferSyntaxes } of contexts) {
    if (!isClassUid(abstractSyntax)) continue;
    if (!byClass.has(abstractSyntax) && byClass.size >= mostProposedClasses) continue;
    const syntaxes = byClass.get(abstractSyntax) ?? new Set();
    byClass.set(abstractSyntax, syntaxes);
    for (const uid of transferSyntaxes)
      if (isClassUid(uid) && syntaxes.size < mostProposedSyntaxes) syntaxes.add(uid);
  }
  return Array.from(byClass, ([uid, syntaxes]) => ({
    uid,
    keyword: classKeyword(uid) ?? null,
    syntaxes: Array.from(syntaxes, (one) => ({ uid: one, keyword: transferSyntax(one)?.keyword ?? null })),
    answer: 'open' as const,
  }));
}

/** A class with several contexts is accepted when one of them is. */
function answered(
  proposals: readonly Proposal[],
  contexts: AssociateRequest['contexts'],
  accept: AssociateAccept,
): readonly Proposal[] {
  const results = new Map(accept.contexts.map(({ id, result }) => [id, result]));
  return proposals.map((proposal) => {
    const own = contexts.filter(({ abstractSyntax }) => abstractSyntax === proposal.uid);
    const has = (wanted: string): boolean => own.some(({ id }) => results.get(id) === wanted);
    const answer = has('accepted')
      ? 'accepted'
      : has('transfer-syntaxes-not-supported')
        ? 'syntax-refused'
        : 'class-refused';
    return { ...proposal, answer };
  });
}

/** Printable ASCII alone, at most 16 characters (PS3.7 D.3.3.2.3). */
function printable(text: string | undefined): string | null {
  const clean = (text ?? '')
    .replaceAll(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, 16);
  return clean === '' ? null : clean;
}

/** Whether two that followed each other are the same thing once more. */
function signature(entry: Entry): string {
  const { entrance, certificate, callingAeTitle, calledAeTitle, software, deviceId, proposals, problem } =
    entry;
  return JSON.stringify([
    entrance,
    certificate,
    callingAeTitle,
    calledAeTitle,
    software,
    deviceId,
    proposals,
    problem,
    entry.echoes > 0,
    entry.images > 0,
  ]);
}

function shown({ id, firstAtMs, lastAtMs, ...rest }: Entry): Visit {
  return {
    ...rest,
    proposals: [...rest.proposals],
    id: String(id),
    firstAt: new Date(firstAtMs).toISOString(),
    lastAt: new Date(lastAtMs).toISOString(),
  };
}
