/** Notices that the PC is on another network. Pure: what the operating system says comes in by the parts. */
import { isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import type { Cancel, Clock } from '../../engine/ports.ts';

export interface NetworkWatchParts {
  readonly clock: Clock;
  /** os.networkInterfaces(): those that are up and have an address. */
  readonly interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
  /** Electron's net.isOnline(): "false" is sure, "true" is not. */
  readonly isOnline: () => boolean;
  /** `connected`: what waits for a network is worth trying now. `gone`: nothing leads out of this PC. */
  readonly onChange: (change: 'connected' | 'gone') => void;
}

/** No event of Electron's main process tells of a network; asking costs about 0.1 ms. */
const lookEveryMs = 5_000;

export class NetworkWatch {
  readonly #parts: NetworkWatchParts;
  #mark: string;
  #timer: Cancel | undefined;

  constructor(parts: NetworkWatchParts) {
    this.#parts = parts;
    this.#mark = this.#look();
  }

  start(): void {
    this.#timer ??= this.#parts.clock.after(lookEveryMs, () => {
      this.#timer = undefined;
      this.start();
      this.lookNow();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Looks at once, such as after a sleep. */
  lookNow(): void {
    const mark = this.#look();
    if (mark === this.#mark) return;
    this.#mark = mark;
    this.#parts.onChange(mark === '' ? 'gone' : 'connected');
  }

  #look(): string {
    return this.#parts.isOnline() ? networkMark(this.#parts.interfaces()) : '';
  }
}

/**
 * The same text for the same network: names and addresses that lead out of this PC, in order. Without loopback and
 * link-local addresses (RFC 3927, RFC 4291 2.5.6), and of IPv6 the /64 alone: the rest of a private address changes
 * by itself every day (RFC 8981). Empty where nothing leads out.
 */
export function networkMark(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string {
  const marks = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ internal, address }) => !internal && !/^(169\.254\.|fe[89ab])/i.test(address))
      .map(({ address }) => `${name} ${isIPv6(address) ? prefixOf(address) : address}`),
  );
  return [...new Set(marks)].sort().join('\n');
}

/** The first four groups, zeros written out. */
function prefixOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  return [...front, ...Array<string>(zeros).fill('0'), ...back].slice(0, 4).join(':');
}
