/**
 * The TLS side of the listener (PS3.15 B.12, RFC 9325): takes connections, tells TLS from anything else by the first
 * byte, lets in who shows a certificate of a trusted issuer that is neither out of date nor revoked, and tells apart why
 * somebody else was not. Which device a certificate belongs to is asked afterwards, with the association.
 */
import { constants, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { ErrorCode } from '../../../shared/errors.ts';
import { tlsCurves, tlsSuites } from '../dicom/tls-profile.ts';
import type { ReportIncident } from '../model.ts';
import type { Cancel, Clock, Logger } from '../ports.ts';
import type { Secret } from '../system/secret.ts';
import type { FairTurns } from './fair-turns.ts';
import { HandshakePace } from './handshake-pace.ts';
import type { DoorProblem, VisitWatch } from './visit-watch.ts';

/** What the door asks of the certificates. */
export interface TlsTrust {
  /** What this node shows, one per kind of key. The keys are fresh copies, for the door to wipe. */
  identities(): readonly { readonly certificatePem: string; readonly keyPem: Secret }[];
  /** CAs in PEM; never empty. */
  trusted(): readonly string[];
  /** Asked of CAs that are held here: Node tells a server nothing of the chain that a client showed. */
  verdict(certificate: X509Certificate): 'trusted' | 'revoked' | 'unknown-issuer';
  onTrustChange(listener: () => void): () => void;
}

/** One that has connected and is not let in yet. */
export interface Handshake {
  readonly remoteAddress: string;
  drain(): void;
  abort(): void;
  cut(): void;
}

export interface TlsDoorDeps {
  readonly trust: TlsTrust;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
  readonly visits?: VisitWatch | undefined;
  /** Waits for the turns of those who are let in already. */
  readonly turns: Pick<FairTurns, 'connects'>;
  /** Takes a place while it shakes hands, and gives it back. */
  readonly arrived: (handshake: Handshake) => void;
  readonly left: (handshake: Handshake) => void;
  /** The handshake proved that the caller holds the key of this certificate (SHA-256 of its DER, hex). */
  readonly opened: (socket: TLSSocket, remoteAddress: string, certificateSha256: string) => void;
}

/** From the first byte to the last of the handshake; an old device with RSA needs a second or two. */
export const handshakeMs = 15_000;

/** Of this thread, for one handshake: signing and key agreement. */
const handshakeCostMs = 0.6;

/** Record type of a handshake (RFC 8446 5.1), and the first PDU of DICOM (PS3.8 9.3.2). */
const tlsHandshakeRecord = 0x16;
const associateRequestPdu = 0x01;
/** A-ABORT by the service provider, no reason given (PS3.8 9.3.8): what a plain DICOM node understands. */
const abortPdu = Buffer.from('07000000000400000200', 'hex');

/** Whether these are the first bytes of a TLS client: no PDU of DICOM has this type. */
export function looksLikeTls(firstBytes: Uint8Array): boolean {
  return firstBytes[0] === tlsHandshakeRecord;
}

export class TlsDoor {
  readonly #deps: TlsDoorDeps;
  readonly #server: Server;
  readonly #pending = new Map<Socket, Pending>();
  /** For telling about a handshake that failed: its connection is gone by then. */
  readonly #seen = new WeakMap<Socket, Pending>();
  readonly #open = new Map<TLSSocket, X509Certificate>();
  readonly #stopListening: () => void;
  readonly #pace: HandshakePace;
  #cutByRevocation = 0;

  constructor(deps: TlsDoorDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('tls') };
    this.#pace = new HandshakePace(deps.clock);
    this.#server = createServer({
      ...this.#context(),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: handshakeMs,
    });
    this.#server.on('secureConnection', (socket) => this.#secure(socket));
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => this.#failed(error, socket));
    this.#stopListening = deps.trust.onTrustChange(() => this.#trustChanged());
  }

  /** Connections that were cut because their certificate is no longer trusted, so far. */
  get cutByRevocation(): number {
    return this.#cutByRevocation;
  }

  /** Takes a connection of the TLS port. */
  connected(socket: Socket): void {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const pending = new Pending(socket, remoteAddress, this.#deps.clock);
    this.#pending.set(socket, pending);
    this.#seen.set(socket, pending);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#gone(socket));
    this.#deps.arrived(pending);
    socket.once('data', (chunk: Buffer) => this.#firstBytes(pending, chunk));
  }

  /** Those that are still shaking hands are cut. */
  close(): void {
    this.#stopListening();
    for (const pending of this.#pending.values()) pending.cut();
  }

  #firstBytes(pending: Pending, chunk: Buffer): void {
    const { socket, remoteAddress } = pending;
    if (looksLikeTls(chunk)) {
      socket.pause();
      socket.unshift(chunk);
      void this.#begin(pending);
      return;
    }
    const isDicom = chunk[0] === associateRequestPdu;
    this.#deps.logger.warn('plain bytes on the TLS port', { remoteAddress, dicom: isDicom });
    if (isDicom) {
      this.#deps.visits?.turnedAway(remoteAddress, { tag: 'plain-on-tls-port' });
      this.#report('plain-on-tls-port', remoteAddress, `from ${remoteAddress}`);
    }
    socket.end(isDicom ? abortPdu : Buffer.alloc(0), () => socket.destroy());
  }

  /** Never rejects. */
  async #begin(pending: Pending): Promise<void> {
    const { turns, clock, logger } = this.#deps;
    const { socket, remoteAddress } = pending;
    const start = this.#pace.begin(remoteAddress);
    if (start.tag === 'too-many') {
      logger.warn('too many handshakes', { remoteAddress });
      pending.cut();
      return;
    }
    if (start.waitMs > 0) await clock.sleep(start.waitMs);
    await turns.connects(handshakeCostMs);
    // It may have gone, or been cut for others, while it waited.
    if (this.#pending.has(socket) && !socket.destroyed) this.#server.emit('connection', socket);
  }

  #secure(socket: TLSSocket): void {
    // The one way in: whatever is odd here is not let in.
    const pending = this.#pendingOf(socket);
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (pending === undefined || !this.#pending.has(pending.socket) || certificate === undefined) {
      socket.destroy();
      return;
    }
    const { remoteAddress } = pending;
    const verdict = this.#deps.trust.verdict(certificate);
    if (verdict !== 'trusted') {
      const { code, what } = verdictFailure[verdict];
      this.#refuse(code, remoteAddress, what);
      socket.destroy();
      return;
    }
    this.#leave(pending);
    this.#open.set(socket, certificate);
    socket.once('close', () => this.#open.delete(socket));
    const certificateSha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    this.#deps.logger.debug('tls', { remoteAddress, protocol: socket.getProtocol(), certificateSha256 });
    this.#deps.opened(socket, remoteAddress, certificateSha256);
  }

  #failed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const pending = this.#pendingOf(socket);
    const remoteAddress = pending?.remoteAddress ?? 'unknown';
    // Node's types say Error, its documentation and its code say a code.
    const verification = socket.authorizationError as unknown as string | null | undefined;
    const failure = failureOf(verification ?? undefined, error.code);
    if (failure === undefined) {
      if (pending !== undefined)
        this.#deps.visits?.turnedAway(remoteAddress, { tag: 'tls', what: 'broken-off' });
      this.#deps.logger.info('tls handshake broken off', { remoteAddress, reason: error.code ?? 'unknown' });
    } else {
      this.#refuse(failure.code, remoteAddress, failure.what, verification ?? error.code);
    }
    socket.destroy();
    pending?.cut();
  }

  #refuse(code: ErrorCode, remoteAddress: string, what: string, reason?: string): void {
    this.#deps.logger.warn('tls refused', { code, remoteAddress, what, reason });
    this.#deps.visits?.turnedAway(remoteAddress, { tag: 'tls', what: seenAs(code, what) });
    this.#report(code, remoteAddress, `${what}, from ${remoteAddress}`);
  }

  #report(code: ErrorCode, remoteAddress: string, detail: string): void {
    this.#deps.reportIncident({ code, subject: remoteAddress, detail });
  }

  /** Open associations go on with what they have; the next handshake shows the new certificate. */
  #trustChanged(): void {
    try {
      this.#server.setSecureContext(this.#context());
    } catch (error) {
      // The one before stays in use; what is revoked is refused and cut all the same.
      this.#deps.logger.error('tls-context-not-renewed', {}, error);
    }
    for (const [socket, certificate] of this.#open) {
      const verdict = this.#deps.trust.verdict(certificate);
      if (verdict === 'trusted') continue;
      this.#cutByRevocation += 1;
      this.#open.delete(socket);
      this.#deps.logger.warn('connection cut', { verdict, remoteAddress: socket.remoteAddress });
      socket.destroy();
    }
  }

  #context(): SecureContextOptions {
    const { trust } = this.#deps;
    const identities = trust.identities();
    return {
      cert: identities.map(({ certificatePem }) => certificatePem),
      // Node hands them to the crypto library, which keeps copies of its own.
      key: identities.map(({ keyPem }) => keyPem.reveal()),
      ca: [...trust.trusted()],
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers: tlsSuites,
      ecdhCurve: tlsCurves,
      honorCipherOrder: true,
      // No ticket outlives a revocation or a renewal: every connection is a full handshake.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
    };
  }

  /** The connection under a TLS socket: Node has no public name for it, and after a failure no address either. */
  #pendingOf(socket: TLSSocket): Pending | undefined {
    const under = (socket as { readonly _parent?: Socket })._parent;
    const found = under === undefined ? undefined : this.#seen.get(under);
    if (found !== undefined) return found;
    const { remoteAddress, remotePort } = socket;
    return [...this.#pending.values()].find(
      (one) => one.remoteAddress === remoteAddress && one.socket.remotePort === remotePort,
    );
  }

  #leave(pending: Pending): void {
    if (!this.#pending.delete(pending.socket)) return;
    pending.settle();
    this.#deps.left(pending);
  }

  #gone(socket: Socket): void {
    const pending = this.#pending.get(socket);
    if (pending !== undefined) this.#leave(pending);
  }
}

class Pending implements Handshake {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly #timer: Cancel;

  constructor(socket: Socket, remoteAddress: string, clock: Clock) {
    this.socket = socket;
    this.remoteAddress = remoteAddress;
    this.#timer = clock.after(handshakeMs, () => socket.destroy());
  }

  settle(): void {
    this.#timer.cancel();
  }

  drain(): void {
    this.cut();
  }

  abort(): void {
    this.cut();
  }

  cut(): void {
    this.#timer.cancel();
    this.socket.destroy();
  }
}

interface Failure {
  readonly code: ErrorCode;
  readonly what: string;
}

const notYetValid = 'certificate not valid yet';
const tooOld: Failure = { code: 'tls-too-old', what: 'no version or suite in common' };
const notTrusted: Failure = {
  code: 'tls-peer-untrusted',
  what: 'it does not trust the certificate of this node',
};

const verdictFailure = {
  revoked: { code: 'tls-certificate-revoked', what: 'it or its issuer is revoked' },
  'unknown-issuer': {
    code: 'tls-certificate-foreign',
    what: 'the CA that issued it is not held here; import it with those above it',
  },
} as const satisfies Record<string, Failure>;

const failureByTlsCode: Readonly<Record<string, Failure>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: {
    code: 'tls-certificate-missing',
    what: 'no certificate shown',
  },
  ERR_SSL_UNSUPPORTED_PROTOCOL: tooOld,
  ERR_SSL_VERSION_TOO_LOW: tooOld,
  ERR_SSL_WRONG_SSL_VERSION: tooOld,
  ERR_SSL_NO_SHARED_CIPHER: tooOld,
  ERR_SSL_NO_SHARED_GROUP: tooOld,
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: tooOld,
  ERR_SSL_NO_COMMON_SIGNATURE_ALGORITHMS: tooOld,
  ERR_SSL_INAPPROPRIATE_FALLBACK: tooOld,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: notTrusted,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: notTrusted,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: notTrusted,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: notTrusted,
};

/** `verification`: what is wrong with the certificate, in OpenSSL's words; else how the handshake failed. */
function failureOf(verification: string | undefined, tlsCode: string | undefined): Failure | undefined {
  switch (verification) {
    case undefined:
      return tlsCode === undefined ? undefined : failureByTlsCode[tlsCode];
    case 'CERT_HAS_EXPIRED':
      return { code: 'tls-certificate-expired', what: 'certificate expired' };
    case 'CERT_NOT_YET_VALID':
      return { code: 'tls-certificate-expired', what: notYetValid };
    case 'CERT_REVOKED':
      return { code: 'tls-certificate-revoked', what: 'revoked' };
    case 'INVALID_PURPOSE':
      return { code: 'tls-certificate-foreign', what: 'certificate is not for clients' };
    default:
      return { code: 'tls-certificate-foreign', what: 'issued by somebody else' };
  }
}

/** As it is told to whoever pairs the device. */
function seenAs(code: ErrorCode, what: string): Extract<DoorProblem, { tag: 'tls' }>['what'] {
  switch (code) {
    case 'tls-certificate-missing':
      return 'missing';
    case 'tls-certificate-expired':
      return what === notYetValid ? 'not-yet-valid' : 'expired';
    case 'tls-certificate-revoked':
      return 'revoked';
    case 'tls-too-old':
      return 'too-old';
    case 'tls-peer-untrusted':
      return 'distrusts-us';
    default:
      return 'foreign';
  }
}
