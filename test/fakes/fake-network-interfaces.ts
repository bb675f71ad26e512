import type { NetworkAddress, NetworkInterfaces } from '../../src/main/engine/ports.ts';

/** Interfaces that a test plugs in and out. */
export class FakeNetworkInterfaces implements NetworkInterfaces {
  #addresses: readonly NetworkAddress[];

  constructor(addresses: readonly NetworkAddress[] = [loopback]) {
    this.#addresses = addresses;
  }

  list(): readonly NetworkAddress[] {
    return this.#addresses;
  }

  /** All there is from now on. */
  set(...addresses: readonly NetworkAddress[]): void {
    this.#addresses = addresses;
  }
}

export const loopback: NetworkAddress = { interface: 'lo', address: '127.0.0.1' };
