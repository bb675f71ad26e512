import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import {
  connectionOptions,
  inUseAgain,
  stallTimeoutMs,
  StalledError,
  watchForStall,
} from './bounded-agent.ts';

/** The proxy said no: it wants a credential, or does not let this PC out to this host. */
export class ProxyRefusedError extends Error {
  readonly code = 'EPROXYREFUSED';
}

type Created = (error: Error | null, stream: Duplex) => void;

/**
 * Keep-alive TLS connections through tunnels of an HTTP proxy (CONNECT, RFC 9110 9.3.6). A proxy that takes the
 * connection and never answers is left after the time of a stalled one, and no socket stays behind; its answer is
 * bounded by Node's own limit for headers.
 */
export class TunnelAgent extends https.Agent {
  readonly #proxy: URL;
  /** `USER:PASSWORD` as Basic (RFC 7617), or undefined. */
  readonly #authorization: string | undefined;
  readonly #ca: string[] | undefined;
  readonly #stallMs: number;
  readonly #asking = new Set<http.ClientRequest>();

  constructor(
    proxy: URL,
    credential: string | undefined,
    authorities: readonly string[] | undefined,
    stallMs = stallTimeoutMs,
  ) {
    const ca = authorities === undefined ? undefined : [...authorities];
    super({ ...connectionOptions, timeout: stallMs, ...(ca === undefined ? {} : { ca }) });
    this.#proxy = proxy;
    this.#ca = ca;
    this.#stallMs = stallMs;
    this.#authorization =
      credential === undefined ? undefined : `Basic ${Buffer.from(credential).toString('base64')}`;
  }

  override createConnection(options: https.RequestOptions, created?: Created): undefined {
    const host = options.hostname ?? options.host ?? '';
    const target = `${host.includes(':') ? `[${host}]` : host}:${options.port ?? 443}`;
    const { protocol, hostname, port } = this.#proxy;
    let isOpen = true;
    const end = (error: Error | null, stream?: Duplex): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#asking.delete(asked);
      // What Node passes on in case of an error is not looked at.
      created?.(error, stream as Duplex);
    };
    const asked = (protocol === 'https:' ? https : http).request({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : port,
      method: 'CONNECT',
      path: target,
      agent: false,
      timeout: this.#stallMs,
      headers: {
        host: target,
        ...(this.#authorization === undefined ? {} : { 'proxy-authorization': this.#authorization }),
      },
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
    });
    this.#asking.add(asked);
    asked.once('timeout', () => asked.destroy(new StalledError('the proxy does not answer')));
    asked.once('error', (error) => end(error));
    asked.once('connect', (answer, socket) => {
      const status = answer.statusCode ?? 0;
      if (status < 200 || status > 299) {
        socket.destroy();
        const text = `the proxy answered ${status}`;
        end([401, 403, 407].includes(status) ? new ProxyRefusedError(text) : new Error(text));
        return;
      }
      socket.setTimeout(0);
      const servername = options.servername ?? host;
      const secured = tls.connect({ ...(options as tls.ConnectionOptions), socket, servername });
      secured.setTimeout(this.#stallMs);
      end(null, watchForStall(secured) ?? secured);
    });
    asked.end();
    return undefined;
  }

  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    super.reuseSocket(socket, request);
    inUseAgain(socket, this.#stallMs);
  }

  override destroy(): void {
    for (const asked of this.#asking) asked.destroy(new Error('closed'));
    super.destroy();
  }
}
