/** Who holds a connection or an association, and how many there may be. No I/O. */
import { type AssociateReject, rejections } from '../dicom/pdu.ts';
import { isLoopback } from '../system/ip-address.ts';

/** Connections that have no association (yet, or any more). The oldest goes when one more comes. */
export const maxWaiting = 64;
export const maxWaitingPerPeer = 16;
/** Of all associations, how many one other host may hold: one device gone wild leaves room for the rest. */
export const peerShare = 0.6;

export interface Caller {
  readonly remoteAddress: string;
}

/** Programs on this PC are not limited as one peer: they are many senders behind one address. */
export class Places<C extends Caller> {
  readonly #maxAssociations: number;
  /** In the order they came. */
  readonly #waiting = new Set<C>();
  readonly #associations = new Set<C>();

  constructor(maxAssociations: number) {
    this.#maxAssociations = maxAssociations;
  }

  get associations(): readonly C[] {
    return [...this.#associations];
  }

  get waiting(): readonly C[] {
    return [...this.#waiting];
  }

  /**
   * A connection without an association. Returns the one that has to go for it: an honest caller asks for its
   * association at once, so the one that has waited longest is the one to lose.
   */
  arrive(caller: C): C | undefined {
    const leaves = this.#overflow(caller.remoteAddress);
    if (leaves !== undefined) this.#waiting.delete(leaves);
    this.#waiting.add(caller);
    return leaves;
  }

  /** Makes an association of a connection, or says why not. */
  claim(caller: C): AssociateReject | undefined {
    const { remoteAddress } = caller;
    if (this.#associations.size >= this.#maxAssociations) return rejections.localLimitExceeded;
    const mostOfPeer = Math.ceil(this.#maxAssociations * peerShare);
    if (!isLoopback(remoteAddress) && count(this.#associations, remoteAddress) >= mostOfPeer)
      return rejections.localLimitExceeded;
    this.#waiting.delete(caller);
    this.#associations.add(caller);
    return undefined;
  }

  /** The association is over and its connection waits to be closed; as `arrive`. Nothing when there was none. */
  release(caller: C): C | undefined {
    return this.#associations.delete(caller) ? this.arrive(caller) : undefined;
  }

  /** The connection is gone. */
  leave(caller: C): void {
    this.#waiting.delete(caller);
    this.#associations.delete(caller);
  }

  #overflow(remoteAddress: string): C | undefined {
    if (!isLoopback(remoteAddress) && count(this.#waiting, remoteAddress) >= maxWaitingPerPeer)
      return this.waiting.find((one) => one.remoteAddress === remoteAddress);
    return this.#waiting.size >= maxWaiting ? this.waiting[0] : undefined;
  }
}

function count(callers: Iterable<Caller>, remoteAddress: string): number {
  let found = 0;
  for (const caller of callers) if (caller.remoteAddress === remoteAddress) found += 1;
  return found;
}
