import { describe, expect, it } from 'vitest';
import { deviceSchema } from '../../../shared/devices.ts';
import type { Device, RefusedCaller } from '../../../shared/devices.ts';
import { enDevices } from '../../i18n/en-devices.ts';
import {
  changesOf,
  checkDraft,
  draftOfCaller,
  draftOfDevice,
  draftWithCaller,
  emptyDraft,
  withTicks,
} from './pairing-draft.ts';
import type { DraftField, PairingDraft } from './pairing-draft.ts';

const sha256 = 'ab'.repeat(32);

const plain: PairingDraft = { ...emptyDraft, name: 'CT room', aeTitle: 'CT1', addresses: '192.168.1.20' };
const encrypted: PairingDraft = { ...plain, channel: 'tls', addresses: '', certificates: sha256 };

const device: Device = deviceSchema.parse({
  id: '1'.repeat(32),
  name: 'US room',
  aeTitle: 'US1',
  addresses: ['192.168.1.30', '10.1.0.0/16'],
  channel: 'tls',
  certificates: [sha256],
  classes: ['1.2.840.10008.5.1.4.1.1.6.1'],
  privateClasses: ['1.3.46.670589.5.0.1'],
  commitment: { host: 'us1.clinic', port: 104, channel: 'tls', aeTitle: 'US1-SC' },
  pairedAt: '2026-01-05T08:00:00.000Z',
  lastSeenAt: null,
});

const caller: RefusedCaller = {
  id: 'a'.repeat(32),
  callingAeTitle: 'US1',
  calledAeTitle: 'EDGESYNC',
  address: '192.168.1.99',
  channel: 'plain',
  certificate: null,
  classes: [],
  because: 'unknown-title',
  text: '',
  count: 1,
  firstAt: '2026-01-05T08:00:00.000Z',
  lastAt: '2026-01-05T08:00:00.000Z',
  dismissed: false,
};

function pairingOf(draft: PairingDraft) {
  const outcome = checkDraft(draft);
  if (outcome.tag === 'wrong') throw new Error(JSON.stringify(outcome.problems));
  return outcome.pairing;
}

function problemsOf(draft: PairingDraft) {
  const outcome = checkDraft(draft);
  return outcome.tag === 'fits' ? {} : outcome.problems;
}

describe('a draft', () => {
  it('becomes the pairing that it came from', () => {
    const { id: _id, pairedAt: _pairedAt, lastSeenAt: _lastSeenAt, ...pairing } = device;
    expect(pairingOf(draftOfDevice(device))).toEqual(pairing);
    expect(changesOf(device, pairingOf(draftOfDevice(device)))).toEqual({});
  });

  it('changes only the parts that were typed', () => {
    const draft = { ...draftOfDevice(device), name: 'Ultrasound', addresses: '192.168.1.31' };
    expect(changesOf(device, pairingOf(draft))).toEqual({
      name: 'Ultrasound',
      addresses: ['192.168.1.31'],
    });
  });

  it('of a caller without encryption is pinned to its address, of one with a certificate to that', () => {
    expect(pairingOf(draftOfCaller(caller))).toMatchObject({
      aeTitle: 'US1',
      channel: 'plain',
      addresses: ['192.168.1.99'],
      certificates: [],
    });
    expect(pairingOf(draftOfCaller({ ...caller, channel: 'tls', certificate: sha256 }))).toMatchObject({
      channel: 'tls',
      addresses: [],
      certificates: [sha256],
    });
  });

  it('adds what a caller came with to a pairing, once', () => {
    const other = 'cd'.repeat(32);
    expect(
      pairingOf(draftWithCaller(device, { ...caller, channel: 'tls', certificate: other })).certificates,
    ).toEqual([sha256, other]);
    const moved = draftWithCaller(device, { ...caller, channel: 'tls', certificate: sha256 });
    expect(pairingOf(moved).addresses).toEqual([...device.addresses, '192.168.1.99']);
  });

  it('takes fingerprints as other programs print them', () => {
    const printed = `SHA256 Fingerprint=${sha256.toUpperCase().replace(/(..)(?=.)/g, '$1:')}`;
    expect(pairingOf({ ...encrypted, certificates: printed }).certificates).toEqual([sha256]);
  });

  it('names certificates that were issued here instead of writing their digits', () => {
    const ticked = withTicks(encrypted, [sha256]);
    expect([ticked.certificates, ticked.picked]).toEqual(['', [sha256]]);
    expect(pairingOf(ticked).certificates).toEqual([sha256]);
  });

  it('forgets certificates when the device is to come without encryption', () => {
    const draft = { ...encrypted, channel: 'plain', addresses: '192.168.1.20' } as const;
    expect(pairingOf(draft).certificates).toEqual([]);
  });
});

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

const wrong: readonly (readonly [what: string, draft: PairingDraft, field: DraftField, says: string])[] = [
  ['no name', { ...plain, name: ' ' }, 'name', 'at least 1 character'],
  ['a long name', { ...plain, name: 'x'.repeat(65) }, 'name', 'at most 64 characters'],
  ['no title', { ...plain, aeTitle: '' }, 'aeTitle', 'an AE title has at least 1 character'],
  ['a long title', { ...plain, aeTitle: 'x'.repeat(17) }, 'aeTitle', 'an AE title has at most 16 characters'],
  [
    'odd letters',
    { ...plain, aeTitle: 'CT\\1' },
    'aeTitle',
    'an AE title is printable ASCII without a backslash',
  ],
  ['a space', { ...plain, aeTitle: ' CT1' }, 'aeTitle', 'an AE title has no spaces at its ends'],
  ['no address', { ...plain, addresses: '' }, 'addresses', 'a device without TLS is pinned to its address'],
  [
    'a host name',
    { ...plain, addresses: 'ct1.clinic' },
    'addresses',
    'an IP address, or a range such as 192.168.1.0/24',
  ],
  [
    'a wide range',
    { ...plain, addresses: '10.0.0.0/8' },
    'addresses',
    'a device without TLS is pinned to a range of /16 or narrower (IPv6: /48)',
  ],
  ['17 addresses', { ...plain, addresses: lines(17, (one) => `10.0.0.${one}`) }, 'addresses', 'at most 16'],
  [
    'no certificate',
    { ...encrypted, certificates: '' },
    'certificates',
    'a device with TLS is known by its certificate',
  ],
  [
    'half a fingerprint',
    { ...encrypted, certificates: 'abcd' },
    'certificates',
    'a certificate fingerprint is the 64 hex digits of its SHA-256',
  ],
  [
    '9 certificates',
    { ...encrypted, certificates: lines(9, (one) => String(one).repeat(64)) },
    'certificates',
    'at most 8',
  ],
  ['no class', { ...plain, classes: 'some' }, 'classes', 'at least one kind'],
  [
    'a class by name',
    { ...plain, classes: 'some', classUids: 'CT' },
    'classes',
    'a UID is numbers parted by single dots',
  ],
  ['no host', { ...plain, commitment: 'other', port: '104' }, 'host', 'a host has'],
  ['port 0', { ...plain, commitment: 'other', host: 'a', port: '0' }, 'port', 'a port is'],
  ['port 70000', { ...plain, commitment: 'other', host: 'a', port: '70000' }, 'port', 'a port is'],
  ['a port in words', { ...plain, commitment: 'other', host: 'a', port: 'x' }, 'port', 'a port is'],
  [
    'a long title there',
    { ...plain, commitment: 'other', host: 'a', port: '104', commitmentAeTitle: 'x'.repeat(17) },
    'commitmentAeTitle',
    'an AE title has at most 16 characters',
  ],
];

it.each(wrong)('%s is said beside its field in the words of the schema', (_what, draft, field, says) => {
  const problems = problemsOf(draft);
  expect(Object.keys(problems)).toEqual([field]);
  const key = problems[field];
  const text = key === undefined ? '' : enDevices.form.problem[key];
  expect(text.toLowerCase()).toContain(says.toLowerCase());
});
