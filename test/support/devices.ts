/** Pairings and callers for tests, and our own requestor from a chosen address of this PC. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { explicitVrLittleEndian } from '../../src/main/engine/dicom/transfer-syntaxes.ts';
import type { CallerFacts, Channel } from '../../src/main/engine/receive/authorize.ts';
import { Requestor } from '../../src/main/engine/send/requestor.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { type Device, type PairingInput, pairingSchema } from '../../src/shared/devices.ts';

export const ctStorage = '1.2.840.10008.5.1.4.1.1.2';
export const usStorage = '1.2.840.10008.5.1.4.1.1.6.1';
export const privateClass = '1.3.46.670589.5.0.1';
export const verification = '1.2.840.10008.1.1';
export const plain: Channel = { tag: 'plain' };

export function fingerprint(digit: string): string {
  return digit.repeat(64);
}

export function tls(digit: string): Channel {
  return { tag: 'tls', certificateSha256: fingerprint(digit) };
}

export function plainPairing(change: Partial<PairingInput> = {}): PairingInput {
  return { name: 'CT room', aeTitle: 'CT1', channel: 'plain', addresses: ['192.168.1.20'], ...change };
}

export function tlsPairing(change: Partial<PairingInput> = {}): PairingInput {
  return { name: 'US room', aeTitle: 'US1', channel: 'tls', certificates: [fingerprint('a')], ...change };
}

/** `digit` makes the id. */
export function device(digit: string, pairing: PairingInput): Device {
  return {
    ...pairingSchema.parse(pairing),
    id: digit.repeat(32),
    pairedAt: '2026-01-05T08:00:00.000Z',
    lastSeenAt: null,
  };
}

export function caller(change: Partial<CallerFacts> = {}): CallerFacts {
  return {
    callingAeTitle: 'CT1',
    remoteAddress: '192.168.1.20',
    channel: plain,
    proposedClasses: [ctStorage],
    ...change,
  };
}

export interface CallOptions {
  readonly port: number;
  /** Of this PC: any of 127/8 looks like another one. */
  readonly from?: string;
  readonly to?: string;
  readonly callingAe?: string;
  readonly calledAe?: string;
  readonly classes?: readonly string[];
  /** Over TLS with these; default: plain TCP. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
}

/** Calls as a modality would. Rejects with EdgeSyncError peer-refused when it is not let in. */
export function call(options: CallOptions): Promise<Requestor> {
  const { port, from = '127.0.0.1', to = '127.0.0.1', classes = [verification] } = options;
  return Requestor.open({
    peer: {
      host: to,
      port,
      callingAe: options.callingAe ?? 'CT1',
      calledAe: options.calledAe ?? 'EDGESYNC',
    },
    contexts: classes.map((abstractSyntax, index) => ({
      id: 2 * index + 1,
      abstractSyntax,
      transferSyntaxes: [explicitVrLittleEndian],
    })),
    clock: new SystemClock(),
    openConnection: async () => {
      const socket = connect({ port, host: to, localAddress: from });
      await once(socket, 'connect');
      if (options.tls === undefined) return socket;
      const secure = connectTls({ ...options.tls, socket, checkServerIdentity: () => undefined });
      await once(secure, 'secureConnect');
      return secure;
    },
  });
}
