/** The pairings in memory, and the receiver's question answered from them. */
import type { Device } from '../../../shared/devices.ts';
import { isStorageSopClass } from '../dicom/sop-classes.ts';
import type { Authorization, CallerFacts } from '../receive/authorize.ts';
import {
  type CallerIdentity,
  fit,
  type LoopbackRule,
  matchCaller,
  type PairedDevice,
  pairedDevice,
} from './caller-match.ts';

/** DESIGN section 5: a paired device may hold its association open between two patients. */
export const pairedIdleMs = 600_000;

export interface PairingListDeps {
  readonly loopback: LoopbackRule;
  /** A device was let in. */
  readonly onSeen: (deviceId: string) => void;
  /** Whether a program on this PC that calls itself so may send a class that is not of the standard's list. */
  readonly allowedOnThisPc: (callingAeTitle: string, sopClassUid: string) => boolean;
}

export class PairingList {
  readonly #deps: PairingListDeps;
  /** In the order in which they were paired. */
  #devices: ReadonlyMap<string, PairedDevice> = new Map();
  #byTitle: ReadonlyMap<string, readonly PairedDevice[]> = new Map();
  /** Grows with every change: what was decided under an older one is decided again. */
  #revision = 0;

  constructor(deps: PairingListDeps) {
    this.#deps = deps;
  }

  set(devices: readonly Device[]): void {
    const paired = devices.map(pairedDevice);
    this.#devices = new Map(paired.map((one) => [one.device.id, one]));
    this.#byTitle = Map.groupBy(paired, ({ device }) => device.aeTitle);
    this.#revision += 1;
  }

  all(): readonly Device[] {
    return Array.from(this.#devices.values(), ({ device }) => device);
  }

  get(id: string): Device | undefined {
    return this.#devices.get(id)?.device;
  }

  /** See Authorize: never throws, answers at once. */
  readonly authorize = (caller: CallerFacts): Authorization => {
    const match = matchCaller(this.#ofTitle(caller), caller, this.#deps.loopback);
    switch (match.tag) {
      case 'device': {
        const { id } = match.device;
        this.#deps.onSeen(id);
        return {
          tag: 'accept',
          deviceId: id,
          idleMs: pairedIdleMs,
          allowsClass: this.#classesOf(id, caller),
        };
      }
      case 'this-pc': {
        const { callingAeTitle } = caller;
        return {
          tag: 'accept',
          deviceId: null,
          allowsClass: (uid) => isStorageSopClass(uid) || this.#deps.allowedOnThisPc(callingAeTitle, uid),
        };
      }
      case 'none':
        return { tag: 'reject', reason: match.reason };
    }
  };

  /** Whether any device with this title is paired for TLS. */
  isForTls(aeTitle: string): boolean {
    return this.#byTitle.get(aeTitle)?.some(({ device }) => device.channel === 'tls') === true;
  }

  /** Whether it would be let in as a paired device. */
  isPaired(caller: CallerIdentity): boolean {
    return matchCaller(this.#ofTitle(caller), caller, this.#deps.loopback).tag === 'device';
  }

  #ofTitle({ callingAeTitle }: CallerIdentity): readonly PairedDevice[] {
    return this.#byTitle.get(callingAeTitle) ?? [];
  }

  /** Asked at every image: the address is only looked at again when the list has changed. */
  #classesOf(id: string, caller: CallerIdentity): (uid: string) => boolean {
    let checkedAt = this.#revision;
    let stands = true;
    return (uid) => {
      const paired = this.#devices.get(id);
      if (checkedAt !== this.#revision) {
        checkedAt = this.#revision;
        stands = paired !== undefined && fit(paired, caller) !== undefined;
      }
      return stands && paired !== undefined && mayContain(paired.device, uid);
    };
  }
}

/** Whether a pairing allows a class: the standard's, or the ones named, and private ones that were allowed. */
export function mayContain({ classes, privateClasses }: Device, uid: string): boolean {
  const named = classes === 'standard' ? isStorageSopClass(uid) : classes.includes(uid);
  return named || privateClasses.includes(uid);
}
