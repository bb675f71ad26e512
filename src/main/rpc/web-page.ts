import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve, sep } from 'node:path';
import { RPCHandler } from '@orpc/server/node';
import { EdgeSyncError } from '../../shared/errors.ts';
import { contentSecurityPolicy, pageMediaTypes } from '../../shared/page-hosting.ts';
import type { WebSessions } from '../engine/access/web-sessions.ts';
import type { AuditTrail, Clock } from '../engine/ports.ts';
import { endWithin, guardServer, refuse } from './http-server.ts';
import type { EngineRouter } from './router.ts';

export const sessionHeader = 'x-edge-sync-session';

const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** A token is 43 characters; more is not read. */
const sessionBodyBytes = 1024;
const closeWithinMs = 2_000;
const refusalEveryMs = 60_000;

/**
 * The page on 127.0.0.1 (DESIGN section 4). A one-time token in the URL opens a session; the session travels in a
 * header. Host and Origin are checked on every request: a foreign site that points its name at 127.0.0.1 (DNS
 * rebinding) or posts across origins gets nothing.
 */
export class WebPage {
  readonly #server: Server;
  readonly #sessions: WebSessions;
  readonly #clock: Clock;
  readonly #origin: string;
  #refusalToldAtMs = Number.NEGATIVE_INFINITY;

  private constructor(server: Server, sessions: WebSessions, clock: Clock, port: number) {
    this.#server = server;
    this.#sessions = sessions;
    this.#clock = clock;
    this.#origin = originOf(port);
  }

  static async listen(options: {
    /** 0 picks a free port. */
    readonly port: number;
    /** Folder of the built page. */
    readonly pageDir: string;
    readonly router: EngineRouter;
    readonly sessions: WebSessions;
    readonly audit: AuditTrail;
    readonly clock: Clock;
  }): Promise<WebPage> {
    const { sessions, audit } = options;
    const handler = new RPCHandler(options.router);
    const server = createServer();
    await new Promise<void>((done, failed) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        failed(
          new EdgeSyncError(taken ? 'port-taken' : 'port-not-allowed', `page port ${options.port}`, {
            cause: error,
          }),
        );
      });
      server.listen({ host: '127.0.0.1', port: options.port, exclusive: true }, done);
    });
    guardServer(server);
    const page = new WebPage(server, sessions, options.clock, (server.address() as AddressInfo).port);

    server.on('request', (request, response) => {
      page.#answer(request, response, { ...options, handler, audit }).catch(() => response.destroy());
    });
    return page;
  }

  /** A link that works once, for ten minutes. */
  link(): string {
    return `${this.#origin}/?token=${this.#sessions.issueLink()}`;
  }

  async close(): Promise<void> {
    await endWithin(this.#server, closeWithinMs, this.#clock);
  }

  /** At most one entry a minute: anybody on this PC can ask, and must not fill the trail. */
  #refusedSession(audit: AuditTrail): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#refusalToldAtMs < refusalEveryMs) return;
    this.#refusalToldAtMs = nowMs;
    audit.record({ action: 'web-session-opened', actor: 'web', outcome: 'failure' });
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    parts: {
      readonly pageDir: string;
      readonly handler: RPCHandler<
        Parameters<EngineRouter['agent']['link']['~orpc']['handler']>[0]['context']
      >;
      readonly audit: AuditTrail;
    },
  ): Promise<void> {
    if (request.headers.host !== new URL(this.#origin).host) return refuse(response, 421);
    const { origin } = request.headers;
    if (origin !== undefined && origin !== this.#origin) return refuse(response, 403);
    const fetchSite = request.headers['sec-fetch-site'];
    if (fetchSite === 'cross-site' && request.method !== 'GET') return refuse(response, 403);
    const url = new URL(request.url ?? '/', this.#origin);

    if (url.pathname === '/session') {
      if (request.method !== 'POST') return refuse(response, 405);
      const session = this.#sessions.openSession(await tokenOf(request));
      if (session === undefined) {
        this.#refusedSession(parts.audit);
        return refuse(response, 403);
      }
      parts.audit.record({ action: 'web-session-opened', actor: 'web', outcome: 'success' });
      response.writeHead(200, { ...securityHeaders, 'content-type': 'application/json' });
      response.end(JSON.stringify({ session }));
      return;
    }
    if (url.pathname.startsWith('/rpc/')) {
      if (!this.#sessions.touchSession(String(request.headers[sessionHeader] ?? '')))
        return refuse(response, 403);
      const { matched } = await parts.handler.handle(request, response, {
        prefix: '/rpc',
        context: { actor: 'web', link: () => this.link() },
      });
      if (!matched) refuse(response, 404);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405);
    await this.#file(url, response, parts.pageDir);
  }

  /**
   * The page's own files hold no data, so they need no session. Without a fresh token the status says so (401, or 403
   * for a used one) while the body is the same page: it goes on if its tab still holds a session, else it asks for a
   * new link.
   */
  async #file(url: URL, response: ServerResponse, pageDir: string): Promise<void> {
    const isShell = url.pathname === '/';
    const root = resolve(pageDir);
    const path = resolve(join(root, isShell ? 'index.html' : decodedPath(url.pathname)));
    if (!path.startsWith(root + sep)) return refuse(response, 404);
    const type = pageMediaTypes[extname(path)];
    if (type === undefined) return refuse(response, 404);
    let body: Buffer;
    try {
      body = await readFile(path);
    } catch {
      return refuse(response, 404);
    }
    const token = url.searchParams.get('token');
    const status = !isShell ? 200 : token === null ? 401 : this.#sessions.isFreshLink(token) ? 200 : 403;
    response.writeHead(status, { ...securityHeaders, 'content-type': type, 'content-length': body.length });
    response.end(body);
  }
}

function originOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function decodedPath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return '';
  }
}

async function tokenOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > sessionBodyBytes) return '';
  }
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' &&
      parsed !== null &&
      'token' in parsed &&
      typeof parsed.token === 'string'
      ? parsed.token
      : '';
  } catch {
    return '';
  }
}
