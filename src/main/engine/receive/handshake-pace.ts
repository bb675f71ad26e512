/** How fast handshakes of one address are begun: each costs this PC more than it costs whoever asks for it. No I/O. */
import type { Clock } from '../ports.ts';
import { isLoopback } from '../system/ip-address.ts';

/** A device opens one association per study, or per image at worst. */
export const handshakesPerSecond = 25;
/** At once, after a rest. */
export const handshakesAtOnce = 50;
/** Whoever would wait longer is turned away; it may try again. */
const mostWaitMs = 1000;
const everyMs = 1000 / handshakesPerSecond;
/** Remembered addresses; those that are at rest are forgotten first. */
const mostAddresses = 256;

export type HandshakeStart =
  { readonly tag: 'after'; readonly waitMs: number } | { readonly tag: 'too-many' };

export class HandshakePace {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** When the handshakes that were begun are paid for. */
  readonly #paidAtMs = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Programs on this PC are many senders behind one address; they take turns all the same. */
  begin(remoteAddress: string): HandshakeStart {
    if (isLoopback(remoteAddress)) return { tag: 'after', waitMs: 0 };
    const nowMs = this.#clock.monotonicMs();
    const paidAtMs = Math.max(this.#paidAtMs.get(remoteAddress) ?? 0, nowMs) + everyMs;
    const waitMs = Math.max(0, paidAtMs - nowMs - handshakesAtOnce * everyMs);
    if (waitMs > mostWaitMs) return { tag: 'too-many' };
    this.#paidAtMs.delete(remoteAddress);
    this.#forget(nowMs);
    this.#paidAtMs.set(remoteAddress, paidAtMs);
    return { tag: 'after', waitMs };
  }

  #forget(nowMs: number): void {
    if (this.#paidAtMs.size < mostAddresses) return;
    for (const [address, paidAtMs] of this.#paidAtMs) if (paidAtMs <= nowMs) this.#paidAtMs.delete(address);
    const [oldest] = this.#paidAtMs.keys();
    if (this.#paidAtMs.size >= mostAddresses && oldest !== undefined) this.#paidAtMs.delete(oldest);
  }
}
