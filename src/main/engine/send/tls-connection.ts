/** TLS to another node, with our certificate: PS3.15 B.12. Versions and suites are those of our own port. */
import { X509Certificate } from 'node:crypto';
import { isIP, type NetConnectOpts } from 'node:net';
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { socketBufferBytes } from '../dicom/association-socket.ts';
import { tlsCurves, tlsSuites } from '../dicom/tls-profile.ts';
import type { Clock } from '../ports.ts';
import type { Secret } from '../system/secret.ts';
import type { OpenConnection } from './requestor.ts';

/** Until TCP and TLS are open. */
const openMs = 30_000;

/** Who must be at the other end, besides showing a certificate of a trusted CA. */
export type ExpectedPeer =
  /** The name or address that was called stands in its certificate. */
  | { readonly tag: 'name' }
  /** It shows one of these certificates: SHA-256 of the DER, 64 lower-case hex digits. */
  | { readonly tag: 'fingerprint'; readonly sha256: readonly string[] };

export interface TlsClient {
  /** CAs in PEM. */
  readonly trustedPem: readonly string[];
  /** Ours, one per kind of key, with their issuers; asked for at every connection, so that a renewal counts. */
  readonly identities: () => readonly { readonly certificatePem: string; readonly keyPem: Secret }[];
  readonly expected: ExpectedPeer;
  /** Default: none is. */
  readonly isRevoked?: (certificate: X509Certificate) => boolean;
}

/**
 * Connects with mutual TLS. Throws EdgeSyncError peer-unreachable, peer-timeout, cancelled; tls-peer-untrusted when one
 * side does not take the other's certificate (in TLS 1.3 a refusal by the peer may come later, as a closed connection);
 * peer-refused when it does not speak TLS there, or a version too old.
 */
export function tlsConnection(client: TlsClient, clock: Clock): OpenConnection {
  return async ({ host, port }, signal) => {
    if (signal?.aborted === true) throw new EdgeSyncError('cancelled');
    const where = `${host}:${port}`;
    const socket = connectSocket(client, host, port);
    const cancel = (): void => void socket.destroy(new EdgeSyncError('cancelled'));
    const timer = clock.after(openMs, () => socket.destroy(new EdgeSyncError('peer-timeout', where)));
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', () => resolve());
        socket.once('error', reject);
        socket.once('close', () => reject(new EdgeSyncError('peer-unreachable', where)));
      });
      return socket;
    } catch (error) {
      socket.destroy();
      throw failureOf(error, where);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', cancel);
    }
  };
}

function connectSocket(client: TlsClient, host: string, port: number): TLSSocket {
  const identities = client.identities();
  const { expected } = client;
  // Node hands stream options on; its types do not say so.
  const options: ConnectionOptions & NetConnectOpts & { readonly highWaterMark: number } = {
    host,
    port,
    noDelay: true,
    highWaterMark: socketBufferBytes,
    ca: [...client.trustedPem],
    cert: identities.map(({ certificatePem }) => certificatePem),
    key: identities.map(({ keyPem }) => keyPem.reveal()),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: tlsSuites,
    ecdhCurve: tlsCurves,
    rejectUnauthorized: true,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (name, certificate) => {
      if (client.isRevoked?.(new X509Certificate(certificate.raw)) === true)
        return Object.assign(new Error('revoked'), { code: 'CERT_REVOKED' });
      if (expected.tag === 'name') return checkServerIdentity(name, certificate);
      const sha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
      return expected.sha256.includes(sha256)
        ? undefined
        : Object.assign(new Error('another certificate'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    },
  };
  return connect(options);
}

/** OpenSSL's words for a certificate that does not do, ours or theirs. */
const certificateTrouble =
  /CERT|ISSUER|SIGNED|SIGNATURE|UNKNOWN_CA|PURPOSE|HANDSHAKE_FAILURE|ACCESS_DENIED|DECRYPT_ERROR/;

function failureOf(error: unknown, where: string): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const options = { cause: error };
  if (/WRONG_VERSION|PACKET_LENGTH|UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|HTTP_REQUEST/.test(code))
    return new EdgeSyncError('peer-refused', `${where} speaks no TLS 1.2 or 1.3`, options);
  if (certificateTrouble.test(code))
    return new EdgeSyncError('tls-peer-untrusted', `${where}, ${words(code)}`, options);
  return new EdgeSyncError('peer-unreachable', where, options);
}

/** `UNABLE_TO_VERIFY_LEAF_SIGNATURE` as words; the name of the constant helps whoever looks it up. */
function words(code: string): string {
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID'
    ? 'its certificate is for another name'
    : code
        .replace(/^ERR_SSL_/, '')
        .replaceAll('_', ' ')
        .toLowerCase();
}
