import { describe, expect, it } from 'vitest';
import type { NetworkAddress } from '../ports.ts';
import { chooseAddress, isFollowed } from './listen-address.ts';

const here: readonly NetworkAddress[] = [
  { interface: 'lo', address: '127.0.0.1' },
  { interface: 'lo', address: '::1' },
  { interface: 'Ethernet', address: '192.168.1.5' },
  { interface: 'Ethernet', address: 'fe80::5' },
  { interface: 'Wi-Fi', address: '10.0.0.9' },
  { interface: 'Wi-Fi', address: '10.0.0.8' },
  { interface: 'wan', address: '198.51.101.7' },
  { interface: 'bad', address: '169.254.10.10' },
  { interface: 'six', address: 'fd00::7' },
  { interface: 'six', address: 'fe80::7' },
  { interface: 'link', address: 'fe80::9' },
];

/** The address, or the code and whether waiting helps. */
function choose(host: string, current?: string, publicAddress: 'refused' | 'allowed' = 'refused'): string {
  const choice = chooseAddress({ host, publicAddress }, here, current);
  return choice.tag === 'listen' ? choice.address : `${choice.tag} ${choice.error.code}`;
}

describe('the address to listen on', () => {
  it('is an address of this PC as it was set', () => {
    expect(choose('192.168.1.5')).toBe('192.168.1.5');
    expect(choose('localhost')).toBe('127.0.0.1');
    expect(choose('127.0.0.9')).toBe('127.0.0.9');
    expect(choose('FD00:0::7')).toBe('FD00:0::7');
  });

  it('is what the interface has: IPv4 first, one that was not given out by itself last', () => {
    expect(choose('Ethernet')).toBe('192.168.1.5');
    expect(choose('bad')).toBe('169.254.10.10');
    expect(choose('six')).toBe('fd00::7');
    expect(choose('link')).toBe('absent interface-missing');
  });

  it('stays what it is as long as the interface has it', () => {
    expect(choose('Wi-Fi')).toBe('10.0.0.8');
    expect(choose('Wi-Fi', '10.0.0.9')).toBe('10.0.0.9');
    expect(choose('Wi-Fi', '10.0.0.7')).toBe('10.0.0.8');
  });

  it('is none while it is absent, which waiting may mend', () => {
    expect(choose('192.168.1.6')).toBe('absent address-missing');
    expect(choose('eth9')).toBe('absent interface-missing');
  });

  it('is never all of them', () => {
    for (const host of ['0.0.0.0', '::', '[::]', '*', '::ffff:0.0.0.0', '0:0:0:0:0:0:0:0'])
      expect(choose(host)).toBe('refused listen-on-all');
  });

  it('is never a public one, unless that is forced', () => {
    expect(choose('wan')).toBe('refused public-address-refused');
    expect(choose('198.51.101.7')).toBe('refused public-address-refused');
    expect(choose('wan', undefined, 'allowed')).toBe('198.51.101.7');
  });

  it('is looked after where it can change', () => {
    expect(isFollowed({ host: 'Ethernet', publicAddress: 'refused' })).toBe(true);
    expect(isFollowed({ host: '192.168.1.5', publicAddress: 'refused' })).toBe(true);
    expect(isFollowed({ host: '127.0.0.1', publicAddress: 'refused' })).toBe(false);
    expect(isFollowed({ host: 'localhost', publicAddress: 'refused' })).toBe(false);
  });
});
