import { expect, it } from 'vitest';
import { parseAddressRange } from './address-range.ts';
import { pairingSchema } from './devices.ts';

const isPaired = (address: string, channel: 'plain' | 'tls'): boolean =>
  pairingSchema.safeParse({
    name: 'x',
    aeTitle: 'X',
    channel,
    addresses: [address],
    certificates: channel === 'tls' ? ['a'.repeat(64)] : [],
  }).success;

it('takes mapped addresses for the IPv4 addresses that they are', () => {
  expect(parseAddressRange('::ffff:10.1.0.0/112')).toEqual({
    family: 'ipv4',
    network: '10.1.0.0',
    prefixBits: 16,
  });
  expect(parseAddressRange('::FFFF:a00:1')).toEqual({ family: 'ipv4', network: '10.0.0.1', prefixBits: 32 });
  expect(parseAddressRange('FD00:0:0::5%eth0')).toEqual({
    family: 'ipv6',
    network: 'fd00::5',
    prefixBits: 128,
  });
});

it.each(['', 'x', '10.0.0', '10.0.0.256', '10.0.0.1/33', '10.0.0.1/', '::1/129', ':::', '1::2::3', '/8'])(
  'takes "%s" for no range',
  (text) => {
    expect(parseAddressRange(text)).toBeUndefined();
  },
);

it.each(['::ffff:0:0/96', '::ffff:8.0.0.0/100', '::ffff:8.0.0.0/111', '10.0.0.0/15', '2001:db8::/47'])(
  'pins no device without TLS to %s, which is too wide',
  (range) => {
    expect(isPaired(range, 'plain')).toBe(false);
    expect(isPaired(range, 'tls')).toBe(true);
  },
);

it.each(['::/0', '::/48', '::1/48', '::ffff:0:0/64', '::/80'])(
  'pairs nothing with %s, which would hold every IPv4 address as well',
  (range) => {
    expect(isPaired(range, 'plain')).toBe(false);
    expect(isPaired(range, 'tls')).toBe(false);
  },
);

it.each(['10.0.0.0/16', '10.0.0.1', '::ffff:10.0.0.0/112', '2001:db8::/48', 'fd00::1', '::1'])(
  'pins a device without TLS to %s',
  (range) => {
    expect(isPaired(range, 'plain')).toBe(true);
  },
);
