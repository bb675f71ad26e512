/** The addresses of this PC, as the operating system tells them right now. */
import { networkInterfaces } from 'node:os';
import type { NetworkAddress, NetworkInterfaces } from '../ports.ts';

export class SystemNetworkInterfaces implements NetworkInterfaces {
  list(): readonly NetworkAddress[] {
    return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
      (addresses ?? []).map(({ address }) => ({ interface: name, address })),
    );
  }
}
