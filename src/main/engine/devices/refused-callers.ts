/** Callers that were refused and that nobody has decided about: bounded, and quiet on the disk however many call. */
import { mostCallerClasses, type RefusedCaller } from '../../../shared/devices.ts';
import { oddAeTitle } from '../dicom/pdu-associate.ts';
import type { IncidentReport } from '../model.ts';
import type { Clock, Random } from '../ports.ts';
import type { CallerRow } from '../queue/devices.ts';
import { refusalText } from '../receive/admission.ts';
import { callerSubject, type RefusedCall } from '../receive/caller-watch.ts';
import { plainAddress } from '../system/ip-address.ts';
import type { CallerIdentity } from './caller-match.ts';
import { type KeptChanges, KeptEntries, type KeptEntry } from './kept-entries.ts';
import { classKeyword, isClassUid } from './observed-classes.ts';

/** Kept in all; the one that called longest ago goes for a new one. */
export const mostCallers = 200;
/** Kept of one address, so that one PC gone wild does not push the others out. */
export const mostCallersPerAddress = 40;
/** A dismissed caller that goes on calling is told of again after this. */
const quietMs = 24 * 3_600_000;
/** Callers that had to go before they were told of; as receive/incident-limit.ts calls them. */
const otherSubjects = 'others';

type CallerFacts = Pick<
  RefusedCaller,
  'callingAeTitle' | 'calledAeTitle' | 'address' | 'channel' | 'certificate' | 'because'
> & { readonly classes: readonly string[] };

interface Entry extends KeptEntry {
  facts: CallerFacts;
  count: number;
  readonly firstAtMs: number;
  lastAtMs: number;
  dismissedAtMs: number | null;
  /** How often it called since the last report. */
  untold: number;
}

export class RefusedCallers {
  readonly #clock: Clock;
  readonly #random: Random;
  /** By what makes a caller the same one. */
  readonly #entries = new KeptEntries<Entry, CallerRow>(
    mostCallers,
    ({ id, count, firstAtMs, lastAtMs, dismissedAtMs }) => ({
      id,
      count,
      firstAtMs,
      lastAtMs,
      dismissedAtMs,
    }),
    ({ facts }) => facts,
  );
  #untoldOthers = 0;

  constructor(clock: Clock, random: Random, rows: readonly CallerRow[]) {
    this.#clock = clock;
    this.#random = random;
    const byTime = [...rows].sort((a, b) => a.lastAtMs - b.lastAtMs);
    for (const { id } of byTime.slice(0, -mostCallers)) this.#entries.sweep(id);
    for (const row of byTime.slice(-mostCallers)) {
      // Sealed, so it is what was written.
      const facts = JSON.parse(row.facts) as CallerFacts;
      this.#entries.put(keyOf(facts), { ...row, facts, untold: 0, unsaved: 'nothing', isKept: true });
    }
  }

  add(call: RefusedCall): void {
    const facts = factsOf(call);
    const key = keyOf(facts);
    const known = this.#entries.get(key);
    const nowMs = this.#clock.nowMs();
    if (known === undefined) {
      this.#makeRoom(facts.address);
      this.#entries.put(key, {
        id: this.#random.bytes(16).toString('hex'),
        facts,
        count: 1,
        firstAtMs: nowMs,
        lastAtMs: nowMs,
        dismissedAtMs: null,
        untold: 1,
        unsaved: 'all',
        isKept: false,
      });
      return;
    }
    const isSame = JSON.stringify(known.facts) === JSON.stringify(facts);
    known.facts = facts;
    known.count += 1;
    known.lastAtMs = nowMs;
    // A clock that was set back must not keep it quiet for longer.
    if (known.dismissedAtMs !== null && Math.abs(nowMs - known.dismissedAtMs) >= quietMs)
      known.dismissedAtMs = null;
    if (known.dismissedAtMs === null) known.untold += 1;
    known.unsaved = isSame && known.unsaved !== 'all' ? 'count' : 'all';
    this.#entries.put(key, known);
  }

  /** The latest first. */
  list(): RefusedCaller[] {
    return Array.from(this.#entries.values(), shown).reverse();
  }

  get(id: string): RefusedCaller | undefined {
    const entry = this.#entries.find(id);
    return entry === undefined ? undefined : shown(entry);
  }

  /** How many nobody has decided about. */
  get waiting(): number {
    let waiting = 0;
    for (const { dismissedAtMs } of this.#entries.values()) if (dismissedAtMs === null) waiting += 1;
    return waiting;
  }

  /** Gives the subjects of incidents that are over with it; undefined when there is no such caller. */
  dismiss(id: string): readonly string[] | undefined {
    const entry = this.#entries.find(id);
    if (entry === undefined) return undefined;
    entry.dismissedAtMs = this.#clock.nowMs();
    entry.untold = 0;
    if (entry.unsaved === 'nothing') entry.unsaved = 'count';
    return this.#over([subjectOf(entry)]);
  }

  /** Forgets those that would be let in now; gives the subjects of incidents that are over with them. */
  settle(isPaired: (caller: CallerIdentity) => boolean): readonly string[] {
    const settled = [...this.#entries.entries()].filter(([, { facts }]) => {
      const identity = identityOf(facts);
      return identity !== undefined && isPaired(identity);
    });
    for (const [key] of settled) this.#entries.drop(key);
    return this.#over(settled.map(([, entry]) => subjectOf(entry)));
  }

  /** What is to be told to staff since the last time. */
  takeIncidents(): readonly IncidentReport[] {
    const incidents: IncidentReport[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.untold === 0) continue;
      incidents.push({
        code: 'association-refused',
        subject: subjectOf(entry),
        detail: refusalText(entry.facts.because),
        times: entry.untold,
      });
      entry.untold = 0;
    }
    if (this.#untoldOthers > 0)
      incidents.push({
        code: 'association-refused',
        subject: otherSubjects,
        detail: 'more callers than can be listed',
        times: this.#untoldOthers,
      });
    this.#untoldOthers = 0;
    return incidents;
  }

  takeChanges(): KeptChanges<CallerRow> {
    return this.#entries.takeChanges();
  }

  notSaved(changes: KeptChanges<CallerRow>): void {
    this.#entries.notSaved(changes);
  }

  /** Several callers can have one subject (with and without TLS, say): it is over when nobody is left to decide about. */
  #over(subjects: readonly string[]): readonly string[] {
    const open = new Set<string>();
    for (const entry of this.#entries.values()) if (entry.dismissedAtMs === null) open.add(subjectOf(entry));
    return [...new Set(subjects)].filter((one) => !open.has(one));
  }

  #makeRoom(address: string): void {
    let ofAddress = 0;
    let oldestOfAddress: string | undefined;
    let oldest: string | undefined;
    for (const [key, { facts }] of this.#entries.entries()) {
      oldest ??= key;
      if (facts.address !== address) continue;
      ofAddress += 1;
      oldestOfAddress ??= key;
    }
    if (ofAddress >= mostCallersPerAddress) this.#push(oldestOfAddress);
    else if (this.#entries.size >= mostCallers) this.#push(oldest);
  }

  #push(key: string | undefined): void {
    if (key === undefined) return;
    this.#untoldOthers += this.#entries.get(key)?.untold ?? 0;
    this.#entries.drop(key);
  }
}

function factsOf(call: RefusedCall): CallerFacts {
  const { callingAeTitle, calledAeTitle, remoteAddress, channel, proposedClasses, because } = call;
  return {
    callingAeTitle: callingAeTitle === oddAeTitle ? null : callingAeTitle,
    calledAeTitle: calledAeTitle === oddAeTitle ? null : calledAeTitle,
    address: plainAddress(remoteAddress)?.address ?? '',
    channel: channel.tag,
    certificate: channel.tag === 'tls' ? channel.certificateSha256 : null,
    because,
    classes: proposedClasses.filter(isClassUid).slice(0, mostCallerClasses),
  };
}

function keyOf({ callingAeTitle, calledAeTitle, address, channel, certificate }: CallerFacts): string {
  return JSON.stringify([callingAeTitle, calledAeTitle, address, channel, certificate]);
}

function subjectOf({ facts }: Entry): string {
  return callerSubject(facts.callingAeTitle ?? oddAeTitle, facts.address);
}

/** Undefined for a caller that no pairing could name. */
function identityOf({
  callingAeTitle,
  address,
  certificate,
  because,
}: CallerFacts): CallerIdentity | undefined {
  if (callingAeTitle === null || because === 'other-called-title') return undefined;
  const channel =
    certificate === null
      ? ({ tag: 'plain' } as const)
      : ({ tag: 'tls', certificateSha256: certificate } as const);
  return { callingAeTitle, remoteAddress: address, channel };
}

function shown({ id, facts, count, firstAtMs, lastAtMs, dismissedAtMs }: Entry): RefusedCaller {
  return {
    ...facts,
    id,
    classes: facts.classes.map((uid) => ({ uid, keyword: classKeyword(uid) ?? null })),
    text: refusalText(facts.because),
    count,
    firstAt: new Date(firstAtMs).toISOString(),
    lastAt: new Date(lastAtMs).toISOString(),
    dismissed: dismissedAtMs !== null,
  };
}
