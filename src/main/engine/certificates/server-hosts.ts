/** Under which names and addresses devices may know this node. */
import { hostname, networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import { certificateHostSchema } from '../../../shared/contract-certificates.ts';

/** A PC has one to four addresses; containers and tunnels may add many. */
const mostHosts = 16;

/**
 * The names of this PC, its addresses, and what the listener was told to listen on. Link-local IPv6 addresses are left
 * out: they change, and a certificate cannot carry their zone.
 */
export function serverHosts(listeningOn: string): string[] {
  const name = hostname();
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .map(({ address }) => address)
    .filter((address) => !/^fe80:/i.test(address) && !address.includes('%'));
  // It may be the name of an interface, whose address is among the others.
  const asked = isIP(listeningOn) === 0 ? [] : [listeningOn];
  const wanted = [name, 'localhost', '127.0.0.1', '::1', ...asked, ...addresses.sort()];
  const usable = wanted.filter(
    (host) => certificateHostSchema.safeParse(host).success && host !== '0.0.0.0' && host !== '::',
  );
  return [...new Set(usable.map((host) => (isIP(host) === 6 ? host : host.toLowerCase())))].slice(
    0,
    mostHosts,
  );
}
