import { describe, expect, it } from 'vitest';
import { caller, device, plain, plainPairing, tls, tlsPairing } from '../../../../test/support/devices.ts';
import type { Device } from '../../../shared/devices.ts';
import type { CallerFacts } from '../receive/authorize.ts';
import { type LoopbackRule, matchCaller, pairedDevice } from './caller-match.ts';

const ct = device('1', plainPairing());
const ultrasound = device('2', tlsPairing());
const pinnedTls = device('3', tlsPairing({ addresses: ['10.1.0.0/16'] }));

/** `device` and its id, or the reason. */
function decide(
  devices: readonly Device[],
  change: Partial<CallerFacts>,
  rule: LoopbackRule = 'loopback-allowed',
): string {
  const facts = caller(change);
  const sameTitle = devices.filter((one) => one.aeTitle === facts.callingAeTitle).map(pairedDevice);
  const match = matchCaller(sameTitle, facts, rule);
  switch (match.tag) {
    case 'device':
      return `device ${match.device.id[0] ?? ''}`;
    case 'this-pc':
      return 'this-pc';
    case 'none':
      return match.reason;
  }
}

type Row = readonly [what: string, devices: readonly Device[], caller: Partial<CallerFacts>, answer: string];

/** docs/devices.md shows the same table. */
const table: readonly Row[] = [
  ['a paired title from its address', [ct], {}, 'device 1'],
  ['the same address through an IPv6 socket', [ct], { remoteAddress: '::ffff:192.168.1.20' }, 'device 1'],
  ['a title that nobody paired', [ct], { callingAeTitle: 'OTHER' }, 'unknown-title'],
  ['a title in other letters', [ct], { callingAeTitle: 'ct1' }, 'unknown-title'],
  ['a paired title from another address', [ct], { remoteAddress: '192.168.1.21' }, 'other-address'],
  ['no pairing at all', [], {}, 'unknown-title'],
  [
    'an address in the range of the pairing',
    [device('1', plainPairing({ addresses: ['192.168.1.0/24'] }))],
    { remoteAddress: '192.168.1.77' },
    'device 1',
  ],
  [
    'an address just outside of it',
    [device('1', plainPairing({ addresses: ['192.168.1.0/25'] }))],
    { remoteAddress: '192.168.1.128' },
    'other-address',
  ],
  [
    'an IPv6 address, spelled otherwise, with its zone',
    [device('1', plainPairing({ addresses: ['FD00:0:0::5'] }))],
    { remoteAddress: 'fd00::5%eth0' },
    'device 1',
  ],
  [
    'an IPv6 range',
    [device('1', plainPairing({ addresses: ['fd00:1::/64'] }))],
    { remoteAddress: 'fd00:1::abcd' },
    'device 1',
  ],
  ['what is no address', [ct], { remoteAddress: '' }, 'other-address'],
  [
    'TLS with a paired certificate, from anywhere',
    [ultrasound],
    { callingAeTitle: 'US1', channel: tls('a'), remoteAddress: '10.9.9.9' },
    'device 2',
  ],
  [
    'TLS with another certificate',
    [ultrasound],
    { callingAeTitle: 'US1', channel: tls('b') },
    'other-certificate',
  ],
  ['a TLS device without TLS', [ultrasound], { callingAeTitle: 'US1', channel: plain }, 'tls-only'],
  [
    'a pinned TLS device from elsewhere, with its certificate',
    [pinnedTls],
    { callingAeTitle: 'US1', channel: tls('a'), remoteAddress: '10.2.0.1' },
    'other-address',
  ],
  [
    'a pinned TLS device from elsewhere, without TLS',
    [pinnedTls],
    { callingAeTitle: 'US1', channel: plain, remoteAddress: '10.2.0.1' },
    'tls-only',
  ],
  ['a plain device with a certificate that nobody paired', [ct], { channel: tls('a') }, 'plain-only'],
  [
    'a title that is paired both ways, without TLS from the plain one',
    [device('1', tlsPairing({ aeTitle: 'CT1' })), device('2', plainPairing())],
    {},
    'device 2',
  ],
  [
    'two devices of one title, by their addresses',
    [ct, device('2', plainPairing({ addresses: ['192.168.1.30'] }))],
    { remoteAddress: '192.168.1.30' },
    'device 2',
  ],
  [
    'two devices at one address, by their titles',
    [ct, device('2', plainPairing({ aeTitle: 'CT2' }))],
    { callingAeTitle: 'CT2' },
    'device 2',
  ],
  [
    'two that fit: the one that is named most narrowly',
    [device('1', plainPairing({ addresses: ['192.168.1.0/24'] })), device('2', plainPairing())],
    {},
    'device 2',
  ],
  [
    'two that fit equally: the one paired first',
    [
      device('1', plainPairing({ addresses: ['192.168.1.16/28'] })),
      device('2', plainPairing({ addresses: ['192.168.1.0/28', '192.168.1.16/28'] })),
    ],
    {},
    'device 1',
  ],
];

describe('the decision table', () => {
  it.each(table)('%s', (_what, devices, facts, answer) => {
    expect(decide(devices, facts)).toBe(answer);
  });

  it('lets programs on this PC in that are nobody, unless these have to be paired too', () => {
    for (const remoteAddress of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) {
      expect(decide([], { remoteAddress })).toBe('this-pc');
      expect(decide([ct], { remoteAddress })).toBe('this-pc');
      expect(decide([], { remoteAddress }, 'loopback-paired-only')).toBe('unknown-title');
      expect(decide([ct], { remoteAddress }, 'loopback-paired-only')).toBe('other-address');
    }
  });

  it('knows a device on this PC by its pairing', () => {
    const here = device('4', plainPairing({ addresses: ['127.0.0.1'] }));
    expect(decide([here], { remoteAddress: '127.0.0.1' })).toBe('device 4');
    expect(decide([here], { remoteAddress: '127.0.0.1' }, 'loopback-paired-only')).toBe('device 4');
  });
});
