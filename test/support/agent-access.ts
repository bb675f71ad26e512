/** What an engine tells about access, for tests of the page. Nobody's devices: made up here. */
import type { AttentionFile } from '../../src/shared/contract-attention.ts';
import type { CertificateSummary } from '../../src/shared/contract-certificates.ts';
import type {
  Connection,
  Device,
  NetworkAddressFacts,
  ObservedClass,
  RefusedCaller,
} from '../../src/shared/devices.ts';
import { reportFor } from '../../src/shared/errors.ts';
import type { ErrorCode } from '../../src/shared/errors.ts';
import type { AccessStatus } from '../../src/shared/status.ts';

export interface AccessFacts {
  readonly devices: readonly Device[];
  readonly callers: readonly RefusedCaller[];
  readonly classes: readonly ObservedClass[];
  readonly connection: Connection;
  readonly addresses: readonly NetworkAddressFacts[];
  readonly certificates: readonly CertificateSummary[];
}

const dayMs = 24 * 60 * 60_000;

function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString();
}
function inDays(days: number): string {
  return new Date(Date.now() + days * dayMs).toISOString();
}
export function idOf(digit: string): string {
  return digit.repeat(32);
}
export function sha256Of(digit: string): string {
  return digit.repeat(64);
}

export function device(change: Partial<Device> = {}): Device {
  return {
    id: idOf('1'),
    name: 'CT room',
    aeTitle: 'CT-ROOM-1',
    addresses: ['192.168.1.31'],
    channel: 'plain',
    certificates: [],
    classes: 'standard',
    privateClasses: [],
    commitment: null,
    pairedAt: minutesAgo(40_000),
    lastSeenAt: minutesAgo(10),
    ...change,
  };
}

export function caller(change: Partial<RefusedCaller> = {}): RefusedCaller {
  return {
    id: idOf('a'),
    callingAeTitle: 'PORTABLE-7',
    calledAeTitle: 'EDGESYNC',
    address: '192.168.1.77',
    channel: 'plain',
    certificate: null,
    classes: [
      { uid: '1.2.840.10008.5.1.4.1.1.1.1', keyword: 'DigitalXRayImageStorageForPresentation' },
      { uid: '1.2.840.10008.5.1.4.1.1.7', keyword: 'SecondaryCaptureImageStorage' },
      { uid: '1.2.840.10008.5.1.4.1.1.88.67', keyword: 'XRayRadiationDoseSRStorage' },
      { uid: '1.2.840.10008.5.1.4.1.1.11.1', keyword: 'GrayscaleSoftcopyPresentationStateStorage' },
    ],
    because: 'unknown-title',
    text: 'nobody paired this title',
    count: 12,
    firstAt: minutesAgo(35),
    lastAt: minutesAgo(2),
    dismissed: false,
    ...change,
  };
}

export function observed(change: Partial<ObservedClass> = {}): ObservedClass {
  return {
    id: idOf('c'),
    deviceId: idOf('2'),
    aeTitle: 'SONO-2',
    address: '192.168.1.40',
    uid: '1.3.46.670589.2.5.1.1',
    keyword: null,
    state: 'seen',
    count: 4,
    firstAt: minutesAgo(300),
    lastAt: minutesAgo(26),
    ...change,
  };
}

export function certificate(change: Partial<CertificateSummary> = {}): CertificateSummary {
  return {
    id: idOf('d'),
    role: 'device',
    origin: 'made',
    name: 'Ultrasound 2',
    issuer: 'Edge Sync site CA',
    key: 'ECDSA P-256',
    serial: '01',
    sha256: sha256Of('d'),
    hosts: [],
    notBefore: inDays(-30),
    notAfter: inDays(512),
    daysLeft: 512,
    state: 'valid',
    inUse: true,
    ...change,
  };
}

export function connection(change: Partial<Connection> = {}): Connection {
  return {
    aeTitle: 'EDGESYNC',
    reach: 'network',
    host: '192.168.1.20',
    port: 11112,
    tlsPort: 2762,
    interface: 'Ethernet',
    ...change,
  };
}

export const addresses: readonly NetworkAddressFacts[] = [
  { interface: 'Ethernet', address: '192.168.1.20', scope: 'private', used: true },
  { interface: 'Loopback', address: '127.0.0.1', scope: 'loopback', used: false },
];

/** A clinic with three devices, one of them with encryption. */
export function clinic(change: Partial<AccessFacts> = {}): AccessFacts {
  return {
    devices: [
      device(),
      device({
        id: idOf('2'),
        name: 'Ultrasound 2',
        aeTitle: 'SONO-2',
        addresses: [],
        channel: 'tls',
        certificates: [sha256Of('d')],
        lastSeenAt: minutesAgo(26),
        commitment: { host: '192.168.1.40', port: 104, channel: 'tls', aeTitle: 'SONO-SC' },
      }),
      device({
        id: idOf('3'),
        name: 'X-ray',
        aeTitle: 'XRAY',
        addresses: ['192.168.1.50', '192.168.2.0/24'],
        classes: ['1.2.840.10008.5.1.4.1.1.1.1', '1.2.840.10008.5.1.4.1.1.88.67'],
        privateClasses: ['1.3.46.670589.2.5.1.1'],
        lastSeenAt: null,
      }),
    ],
    callers: [],
    classes: [],
    connection: connection(),
    addresses,
    certificates: [
      certificate(),
      certificate({ id: idOf('e'), role: 'server', name: 'edge-sync', sha256: sha256Of('e'), daysLeft: 301 }),
      certificate({
        id: idOf('f'),
        role: 'issuer',
        name: 'Edge Sync site CA',
        sha256: sha256Of('f'),
        notAfter: inDays(3620),
        daysLeft: 3620,
      }),
    ],
    ...change,
  };
}

/** Every reason to refuse, kinds to decide about, and certificates at their end. */
export function busyClinic(): AccessFacts {
  const safe = clinic();
  return {
    ...safe,
    callers: [
      caller(),
      caller({
        id: idOf('b'),
        callingAeTitle: 'CT-ROOM-1',
        address: '192.168.1.99',
        because: 'other-address',
        classes: [{ uid: '1.2.840.10008.5.1.4.1.1.2', keyword: 'CTImageStorage' }],
        count: 1,
      }),
      caller({
        id: idOf('4'),
        callingAeTitle: 'SONO-2',
        address: '192.168.1.40',
        because: 'tls-only',
        classes: [],
        count: 3,
      }),
      caller({
        id: idOf('5'),
        callingAeTitle: 'MAMMO',
        calledAeTitle: 'ARCHIVE',
        because: 'other-called-title',
        address: '192.168.1.61',
        classes: [],
      }),
      caller({ id: idOf('6'), callingAeTitle: null, because: 'odd-title', address: '192.168.1.62' }),
      caller({
        id: idOf('7'),
        callingAeTitle: 'SONO-2',
        address: '192.168.1.41',
        channel: 'tls',
        certificate: sha256Of('7'),
        because: 'other-certificate',
      }),
      caller({ id: idOf('8'), callingAeTitle: 'GUEST-LAPTOP', address: '192.168.1.90', dismissed: true }),
    ],
    classes: [
      observed(),
      observed({
        id: idOf('9'),
        deviceId: idOf('3'),
        aeTitle: 'XRAY',
        uid: '1.2.840.10008.5.1.4.1.1.7',
        keyword: 'SecondaryCaptureImageStorage',
        state: 'allowed',
      }),
    ],
    certificates: [
      ...safe.certificates,
      certificate({
        id: idOf('0'),
        name: 'OPG',
        sha256: sha256Of('0'),
        notAfter: inDays(12),
        daysLeft: 12,
        state: 'expires-soon',
      }),
      certificate({
        id: idOf('1'),
        name: 'Portable ultrasound with a rather long name',
        sha256: sha256Of('1'),
        notAfter: inDays(-3),
        daysLeft: -3,
        state: 'expired',
      }),
      certificate({ id: idOf('2'), name: 'Old CT', sha256: sha256Of('2'), state: 'revoked' }),
    ],
  };
}

export function nobody(): AccessFacts {
  return {
    devices: [],
    callers: [],
    classes: [],
    connection: connection({ reach: 'this-pc', host: '127.0.0.1', tlsPort: null, interface: null }),
    addresses: addresses.map((one) => ({ ...one, used: one.scope === 'loopback' })),
    certificates: [],
  };
}

/** As the engine tells it in the status. */
export function accessStatus(facts: AccessFacts, revision = 1): AccessStatus {
  return {
    openAssociations: 0,
    waitingCallers: facts.callers.filter(({ dismissed }) => !dismissed).length,
    waitingClasses: facts.classes.filter(({ state }) => state === 'seen').length,
    revision,
    devices: facts.devices.map(({ id, name, aeTitle, channel, lastSeenAt }) => ({
      id,
      name,
      aeTitle,
      channel,
      lastSeenAt,
      warning: channel === 'plain' ? reportFor('device-plain') : null,
    })),
  };
}

export function attentionFile(number: number, code: ErrorCode = 'not-dicom'): AttentionFile {
  return {
    ...reportFor(code),
    id: String(number),
    folder: '/srv/scans',
    path: `/srv/scans/2026/example_maria_${number}.dcm`,
    firstAt: minutesAgo(90),
    lastAt: minutesAgo(5),
  };
}
