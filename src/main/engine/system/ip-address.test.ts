import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AddressRanges, addressScope, isLoopback, isUnspecified, plainAddress } from './ip-address.ts';

it('writes an address in one way', () => {
  expect(plainAddress('::FFFF:192.168.1.2')).toEqual({ address: '192.168.1.2', family: 'ipv4' });
  expect(plainAddress('::ffff:c0a8:102')).toEqual({ address: '192.168.1.2', family: 'ipv4' });
  expect(plainAddress('FE80:0:0::1%eth0')).toEqual({ address: 'fe80::1', family: 'ipv6' });
  for (const none of ['', 'x', '1.2.3', '1.2.3.4.5', '127.0.0.1.evil', '::ffff:1.2.3', '01.2.3.4'])
    expect(plainAddress(none), none).toBeUndefined();
});

it('tells who can reach an address', () => {
  const scopes = {
    loopback: ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1'],
    'link-local': ['169.254.3.4', 'fe80::1', '::ffff:169.254.3.4'],
    private: [
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.0.1',
      '100.64.0.1',
      'fd12::1',
      '203.0.113.7',
    ],
    public: [
      '8.8.8.8',
      '172.32.0.1',
      '172.15.0.1',
      '100.128.0.1',
      '2a00::1',
      '2002:a00:1::1',
      '::ffff:8.8.8.8',
    ],
  } as const;
  for (const [scope, addresses] of Object.entries(scopes))
    for (const address of addresses) expect([address, addressScope(address)]).toEqual([address, scope]);
});

it('takes what it does not understand for public', () => {
  for (const text of ['', 'eth0', '127.0.0.1.evil', '1270.0.0.1']) {
    expect(addressScope(text)).toBe('public');
    expect(isLoopback(text)).toBe(false);
  }
});

it('knows all interfaces at once, however that is spelled', () => {
  for (const text of ['0.0.0.0', '::', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0', '::0'])
    expect(isUnspecified(text)).toBe(true);
  for (const text of ['::1', '0.0.0.1', 'eth0']) expect(isUnspecified(text)).toBe(false);
});

it('matches the narrowest of its ranges, in both families and mapped', () => {
  const ranges = new AddressRanges([
    '192.168.0.0/16',
    '192.168.1.0/24',
    '192.168.1.7',
    'fd00::/64',
    '::ffff:10.0.0.0/104',
  ]);
  expect(ranges.match('192.168.1.7')).toBe(0);
  expect(ranges.match('::ffff:192.168.1.8')).toBe(8);
  expect(ranges.match('192.168.9.9')).toBe(16);
  expect(ranges.match('10.200.0.1')).toBe(24);
  expect(ranges.match('fd00::1')).toBe(64);
  expect(ranges.match('fd00:0:0:1::1')).toBeUndefined();
  expect(ranges.match('11.0.0.1')).toBeUndefined();
  expect(ranges.match('nonsense')).toBeUndefined();
});

it('holds no IPv4 address in a range of IPv6 that is not one of mapped addresses', () => {
  for (const range of ['::/0', '::/48', '::1/48', '::ffff:0:0/64', '::/96', 'nonsense', '10.0.0.1/33'])
    expect([range, new AddressRanges([range]).match('8.8.8.8')]).toEqual([range, undefined]);
  expect(new AddressRanges(['::ffff:8.0.0.0/104']).match('8.8.8.8')).toBe(24);
  expect(new AddressRanges(['fd00::/48']).match('fd00::1')).toBe(80);
});

it('matches exactly the addresses that share the prefix', () => {
  const octet = fc.nat(255);
  fc.assert(
    fc.property(
      fc.tuple(octet, octet, octet, octet),
      fc.tuple(octet, octet, octet, octet),
      fc.nat(32),
      (a, b, bits) => {
        const asNumber = (parts: readonly number[]): number => parts.reduce((sum, one) => sum * 256 + one, 0);
        const shares =
          Math.floor(asNumber(a) / 2 ** (32 - bits)) === Math.floor(asNumber(b) / 2 ** (32 - bits));
        const match = new AddressRanges([`${a.join('.')}/${bits}`]).match(b.join('.'));
        expect(match).toBe(shares ? 32 - bits : undefined);
      },
    ),
  );
});
