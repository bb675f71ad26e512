/**
 * The decision table: which pairing a caller is, or why it is none. Pure. docs/devices.md shows the same table.
 *
 * 1. Title, address and channel of a pairing fit (with TLS: the certificate too): that device. Of several the one whose
 *    address is named most narrowly, then the one paired first.
 * 2. Otherwise a program on this PC, where such are allowed: let in as nobody's device.
 * 3. Otherwise refused; the reason is for staff, the caller hears the same in every case.
 */
import type { Device } from '../../../shared/devices.ts';
import type { CallerFacts, CallerRefusal } from '../receive/authorize.ts';
import { AddressRanges, isLoopback } from '../system/ip-address.ts';

/** A pairing, ready to be asked. */
export interface PairedDevice {
  readonly device: Device;
  readonly ranges: AddressRanges;
}

export type LoopbackRule = 'loopback-allowed' | 'loopback-paired-only';

export type Match =
  | { readonly tag: 'device'; readonly device: Device }
  | { readonly tag: 'this-pc' }
  | { readonly tag: 'none'; readonly reason: CallerRefusal };

export type CallerIdentity = Pick<CallerFacts, 'callingAeTitle' | 'remoteAddress' | 'channel'>;

export function pairedDevice(device: Device): PairedDevice {
  return { device, ranges: new AddressRanges(device.addresses) };
}

/** `sameTitle`: the pairings with the caller's AE title, in the order in which they were paired. */
export function matchCaller(
  sameTitle: readonly PairedDevice[],
  caller: CallerIdentity,
  rule: LoopbackRule,
): Match {
  const best = sameTitle
    .flatMap((one) => {
      const openBits = fit(one, caller);
      return openBits === undefined ? [] : [{ device: one.device, openBits }];
    })
    // Stable: what was paired first stays first.
    .sort((a, b) => a.openBits - b.openBits)[0];
  if (best !== undefined) return { tag: 'device', device: best.device };
  if (rule === 'loopback-allowed' && isLoopback(caller.remoteAddress)) return { tag: 'this-pc' };
  return { tag: 'none', reason: refusal(sameTitle, caller) };
}

/** Any address: wider than the widest range there is. */
const anyAddressBits = 129;

/** How many bits of the address are left open by the pairing when the caller is that device; undefined when it is not. */
export function fit(one: PairedDevice, caller: CallerIdentity): number | undefined {
  const { device } = one;
  if (device.aeTitle !== caller.callingAeTitle || device.channel !== caller.channel.tag) return undefined;
  if (caller.channel.tag === 'tls' && !device.certificates.includes(caller.channel.certificateSha256))
    return undefined;
  return addressFit(one, caller);
}

/** A pairing without addresses is one for TLS, and holds wherever its certificate is shown. */
function addressFit({ device, ranges }: PairedDevice, { remoteAddress }: CallerIdentity): number | undefined {
  return device.addresses.length === 0 ? anyAddressBits : ranges.match(remoteAddress);
}

function refusal(sameTitle: readonly PairedDevice[], caller: CallerIdentity): CallerRefusal {
  if (sameTitle.length === 0) return 'unknown-title';
  const here = sameTitle.filter((one) => addressFit(one, caller) !== undefined);
  const ofChannel = (channel: Device['channel']): boolean =>
    here.some(({ device }) => device.channel === channel);
  switch (caller.channel.tag) {
    case 'plain':
      // Nothing else than TLS is known of this title: its address is not what is wrong with the caller.
      return ofChannel('tls') || sameTitle.every(({ device }) => device.channel === 'tls')
        ? 'tls-only'
        : 'other-address';
    case 'tls':
      if (ofChannel('tls')) return 'other-certificate';
      return ofChannel('plain') ? 'plain-only' : 'other-address';
  }
}
