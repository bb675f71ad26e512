/** The fake and the real interfaces of this PC keep the same promises. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { NetworkInterfaces } from '../../src/main/engine/ports.ts';
import { isLoopback } from '../../src/main/engine/system/ip-address.ts';
import { SystemNetworkInterfaces } from '../../src/main/engine/system/network-interfaces.ts';
import { FakeNetworkInterfaces, loopback } from '../fakes/fake-network-interfaces.ts';

const kinds: readonly (readonly [string, () => NetworkInterfaces])[] = [
  ['the interfaces of this PC', () => new SystemNetworkInterfaces()],
  ['the fake interfaces', () => new FakeNetworkInterfaces()],
];

describe.each(kinds)('%s', (_name, open) => {
  it('are named, each with a plain address', () => {
    for (const one of open().list()) {
      expect(one.interface).not.toBe('');
      expect(isIP(one.address), one.address).not.toBe(0);
    }
  });

  it('have the loopback, which is known as such', () => {
    expect(
      open()
        .list()
        .some(({ address }) => isLoopback(address)),
    ).toBe(true);
  });

  it('are told anew at each asking', () => {
    const interfaces = open();
    expect(interfaces.list()).toEqual(interfaces.list());
  });
});

it('the interfaces of this PC are all that the operating system names', () => {
  const names = new Set(new SystemNetworkInterfaces().list().map((one) => one.interface));
  expect(names).toEqual(new Set(Object.keys(networkInterfaces())));
});

it('the fake interfaces are plugged in and out', () => {
  const interfaces = new FakeNetworkInterfaces();
  interfaces.set();
  expect(interfaces.list()).toEqual([]);
  interfaces.set(loopback);
  expect(interfaces.list()).toEqual([loopback]);
});
