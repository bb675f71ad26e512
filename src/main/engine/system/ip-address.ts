/** What an IP address is: its one spelling, and who can reach it. Pure. */
import { BlockList, isIP } from 'node:net';
import { type AddressFamily, familyBits, parseAddressRange } from '../../../shared/address-range.ts';
import type { AddressScope } from '../../../shared/devices.ts';

export interface PlainAddress {
  readonly address: string;
  readonly family: AddressFamily;
}

/**
 * An address as it is compared: no zone (fe80::1%eth0), and IPv4 as IPv4 where it comes mapped into IPv6 (::ffff:1.2.3.4,
 * RFC 4291 2.5.5.2). Undefined for anything that is no address.
 */
export function plainAddress(text: string): PlainAddress | undefined {
  const address = text.split('%', 1)[0] ?? '';
  switch (isIP(address)) {
    case 4:
      return { address, family: 'ipv4' };
    case 6: {
      // The URL parser writes IPv6 in the one form of RFC 5952 (lower case, shortest).
      const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
      const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
      if (high === undefined || low === undefined) return { address: short, family: 'ipv6' };
      return { address: dotted(Number.parseInt(high, 16), Number.parseInt(low, 16)), family: 'ipv4' };
    }
    default:
      return undefined;
  }
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

type Range = readonly [network: string, bits: number];

function list(ranges: readonly Range[]): BlockList {
  const blocks = new BlockList();
  for (const [network, bits] of ranges)
    blocks.addSubnet(network, bits, network.includes(':') ? 'ipv6' : 'ipv4');
  return blocks;
}

/** RFC 1122 3.2.1.3, RFC 4291 2.5.3. */
const loopback = list([
  ['127.0.0.0', 8],
  ['::1', 128],
]);
/** RFC 3927, RFC 4291 2.5.6. */
const linkLocal = list([
  ['169.254.0.0', 16],
  ['fe80::', 10],
]);
/**
 * Everything else that is not globally reachable by IANA's registries (RFC 6890): RFC 1918, shared space of providers
 * (RFC 6598), ULA (RFC 4193), documentation, benchmarks, protocol assignments, multicast, reserved.
 */
const notGlobal = list([
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fec0::', 10],
  ['ff00::', 8],
]);

/** Anything that is not known to be out of the internet's reach counts as public. */
export function addressScope(text: string): AddressScope {
  const plain = plainAddress(text);
  if (plain === undefined) return 'public';
  const { address, family } = plain;
  if (loopback.check(address, family)) return 'loopback';
  if (linkLocal.check(address, family)) return 'link-local';
  return notGlobal.check(address, family) ? 'private' : 'public';
}

/** IPv4 127/8, also as seen through an IPv6 socket, and ::1. */
export function isLoopback(text: string): boolean {
  return addressScope(text) === 'loopback';
}

/** All interfaces at once, however it is spelled: 0.0.0.0, ::, 0:0:0:0:0:0:0:0, ::ffff:0.0.0.0. */
export function isUnspecified(text: string): boolean {
  const address = plainAddress(text)?.address;
  return address === '0.0.0.0' || address === '::';
}

/** Addresses and ranges of one device, and how narrow each is. */
export class AddressRanges {
  readonly #ranges: readonly {
    readonly family: AddressFamily;
    readonly blocks: BlockList;
    readonly hostBits: number;
  }[];

  /** `ranges`: addresses or CIDR (see addressRangeSchema). One that is not such a range holds nothing. */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.flatMap((text) => {
      const range = parseAddressRange(text);
      if (range === undefined) return [];
      const { network, family, prefixBits } = range;
      const blocks = new BlockList();
      blocks.addSubnet(network, prefixBits, family);
      return [{ family, blocks, hostBits: familyBits[family] - prefixBits }];
    });
  }

  /** How many bits the narrowest range that holds the address leaves open (0: it is named itself); undefined: none does. */
  match(text: string): number | undefined {
    const plain = plainAddress(text);
    if (plain === undefined) return undefined;
    const open = this.#ranges
      // The families are told apart here: a list of IPv6 ranges holds mapped IPv4 addresses too.
      .filter(({ family, blocks }) => family === plain.family && blocks.check(plain.address, plain.family))
      .map(({ hostBits }) => hostBits);
    return open.length === 0 ? undefined : Math.min(...open);
  }
}
