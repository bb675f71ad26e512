/** Which address to listen on right now: the one that was set, or the one that a chosen interface has. No I/O. */
import { isIP } from 'node:net';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { NetworkAddress, NetworkInterfaces } from '../ports.ts';
import { addressScope, isLoopback, isUnspecified, plainAddress } from '../system/ip-address.ts';

export interface ListenRule {
  /** `dicom.host`: an address of this PC, `localhost`, or the name of an interface. */
  readonly host: string;
  readonly publicAddress: 'refused' | 'allowed';
}

export type ListenChoice =
  | { readonly tag: 'listen'; readonly address: string }
  /** Comes and goes with cables and leases: worth asking again. */
  | { readonly tag: 'absent'; readonly error: EdgeSyncError }
  /** Stays so until somebody changes a setting. */
  | { readonly tag: 'refused'; readonly error: EdgeSyncError };

/** `current`: what is listened on now; an interface with several addresses keeps it as long as it has it. */
export function chooseAddress(
  { host, publicAddress }: ListenRule,
  here: readonly NetworkAddress[],
  current: string | undefined,
): ListenChoice {
  if (isAll(host)) return { tag: 'refused', error: new EdgeSyncError('listen-on-all') };
  const named = host.toLowerCase() === 'localhost' ? '127.0.0.1' : host;
  const chosen = isIP(withoutZone(named)) === 0 ? addressOf(named, here, current) : ownAddress(named, here);
  if (chosen === undefined) {
    const code = isIP(withoutZone(named)) === 0 ? 'interface-missing' : 'address-missing';
    return { tag: 'absent', error: new EdgeSyncError(code, host) };
  }
  if (addressScope(chosen) === 'public' && publicAddress === 'refused')
    return { tag: 'refused', error: new EdgeSyncError('public-address-refused', chosen) };
  return { tag: 'listen', address: chosen };
}

/** Whether the choice can change by itself. This PC's own addresses cannot. */
export function isFollowed({ host }: ListenRule): boolean {
  return host.toLowerCase() !== 'localhost' && !isLoopback(host);
}

function isAll(host: string): boolean {
  return host === '*' || isUnspecified(host.replace(/^\[(.*)\]$/, '$1'));
}

/** The interfaces of a PC list one address of 127/8, and all of them are there. */
function ownAddress(address: string, here: readonly NetworkAddress[]): string | undefined {
  if (isLoopback(address)) return address;
  const wanted = plainAddress(address)?.address;
  return here.some((one) => plainAddress(one.address)?.address === wanted) ? address : undefined;
}

function addressOf(
  name: string,
  here: readonly NetworkAddress[],
  current: string | undefined,
): string | undefined {
  const addresses = here
    .filter((one) => one.interface === name)
    .map(({ address }) => address)
    // An IPv6 address of this link only is of no use to a modality: it would have to name its own interface.
    .filter((address) => rank(address) < rankOfNoUse);
  const best = Math.min(...addresses.map(rank));
  const equals = addresses.filter((address) => rank(address) === best).sort();
  return current !== undefined && equals.includes(current) ? current : equals[0];
}

const rankOfNoUse = 9;

/** IPv4 first: many modalities know nothing else. 169.254 is what a PC gives itself when nobody gave it an address. */
function rank(address: string): number {
  const isSix = plainAddress(address)?.family === 'ipv6';
  switch (addressScope(address)) {
    case 'loopback':
    case 'private':
      return isSix ? 3 : 0;
    case 'public':
      return isSix ? 4 : 1;
    case 'link-local':
      return isSix ? rankOfNoUse : 2;
  }
}

function withoutZone(address: string): string {
  return address.split('%', 1)[0] ?? '';
}

/** What a listener is told of its address. */
export interface ListenOn {
  /** As it was set, for the facts while nothing is listened on. */
  readonly host: string;
  /** Which address now; `current` is the one in force. */
  readonly choose: (current: string | undefined) => ListenChoice;
  /** Whether that can change by itself. */
  readonly following: 'fixed' | 'followed';
}

/** Without `interfaces` the host is taken as it is. */
export function listenOn(rule: ListenRule, interfaces: NetworkInterfaces | undefined): ListenOn {
  const { host } = rule;
  if (interfaces === undefined)
    return { host, choose: () => ({ tag: 'listen', address: host }), following: 'fixed' };
  return {
    host,
    choose: (current) => chooseAddress(rule, interfaces.list(), current),
    following: isFollowed(rule) ? 'followed' : 'fixed',
  };
}
