import type { NetworkInterfaceInfo } from 'node:os';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { networkMark, NetworkWatch } from './network-watch.ts';

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

function address(given: string, internal: 'internal' | 'outward' = 'outward'): NetworkInterfaceInfo {
  const shared = {
    address: given,
    mac: '02:00:00:00:00:01',
    internal: internal === 'internal',
    cidr: null,
    netmask: '',
  };
  return given.includes(':') ? { ...shared, family: 'IPv6', scopeid: 0 } : { ...shared, family: 'IPv4' };
}

const loopback = { lo: [address('127.0.0.1', 'internal'), address('::1', 'internal')] };

describe('the mark of a network', () => {
  it.each<readonly [string, Interfaces, string]>([
    ['nothing but loopback', loopback, ''],
    [
      'addresses that no router knows',
      { ...loopback, eth0: [address('169.254.7.7'), address('fe80::1')] },
      '',
    ],
    [
      'in order, whichever way they come',
      { wlan0: [address('192.168.2.5')], eth0: [address('10.0.0.4'), address('2001:db8::5')] },
      'eth0 10.0.0.4\neth0 2001:db8:0:0\nwlan0 192.168.2.5',
    ],
    ['an interface without addresses', { eth0: undefined }, ''],
  ])('%s', (_what, interfaces, mark) => {
    expect(networkMark(interfaces)).toBe(mark);
  });

  it('stays when only the private part of an IPv6 address changes', () => {
    const marks = ['2001:db8:1:2:aaaa::1', '2001:db8:1:2:bbbb:cccc:dddd:eeee'].map((one) =>
      networkMark({ eth0: [address(one)] }),
    );

    expect(new Set(marks)).toEqual(new Set(['eth0 2001:db8:1:2']));
  });
});

describe('watching the network', () => {
  let clock: FakeClock;
  let now: Interfaces;
  let online: boolean;
  let changes: string[];
  let watch: NetworkWatch;

  beforeEach(() => {
    clock = new FakeClock();
    now = { ...loopback, eth0: [address('10.0.0.4')] };
    online = true;
    changes = [];
    watch = new NetworkWatch({
      clock,
      interfaces: () => now,
      isOnline: () => online,
      onChange: (change) => changes.push(change),
    });
    watch.start();
  });

  it('says nothing while it is the same', async () => {
    await clock.advance(60_000);

    expect(changes).toEqual([]);
  });

  it('says once that another one is there', async () => {
    now = { ...loopback, wlan0: [address('192.168.2.5')] };
    await clock.advance(60_000);

    expect(changes).toEqual(['connected']);
  });

  it('tells of a cable that is pulled and put back, though the address is the same', async () => {
    now = loopback;
    await clock.advance(10_000);
    now = { ...loopback, eth0: [address('10.0.0.4')] };
    await clock.advance(10_000);

    expect(changes).toEqual(['gone', 'connected']);
  });

  it('believes the system that it is offline', async () => {
    online = false;
    await clock.advance(10_000);
    online = true;
    await clock.advance(10_000);

    expect(changes).toEqual(['gone', 'connected']);
  });

  it('looks at once when asked, and not again for the same', async () => {
    now = { ...loopback, wlan0: [address('192.168.2.5')] };
    watch.lookNow();
    expect(changes).toEqual(['connected']);
    await clock.advance(60_000);

    expect(changes).toEqual(['connected']);
  });

  it('stops', async () => {
    watch.stop();
    now = loopback;
    await clock.advance(60_000);

    expect(changes).toEqual([]);
    expect(clock.waitingCount).toBe(0);
  });
});
