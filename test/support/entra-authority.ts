/** A stand-in for Entra's sign-in service on loopback, over TLS: device codes, tokens, and refusals as a test wants them. */
import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Outgoing } from '../../src/main/engine/cloud/outgoing.ts';
import { makeTestAuthority } from './test-authority.ts';

export const tenantId = '11111111-2222-3333-4444-555555555555';
export const clientId = '99999999-8888-7777-6666-555555555555';
const userId = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';

export interface Refusal {
  readonly error: string;
  readonly error_codes?: readonly number[];
  readonly suberror?: string;
}

export interface EntraAuthority {
  readonly url: string;
  /** PEM. */
  readonly certificate: string;
  /** Connections that trust it. */
  readonly outgoing: Outgoing;
  /** What the token endpoint says from now on; undefined: tokens. */
  refuse(refusal: Refusal | undefined): void;
  /** Of each token request so far: its grant. */
  readonly grants: string[];
  /** Refresh tokens that were used, in order. */
  readonly used: string[];
  /** Length that its refresh tokens have. */
  refreshTokenLength: number;
  stop(): Promise<void>;
}

export async function startEntraAuthority(): Promise<EntraAuthority> {
  const authority = await makeTestAuthority('Entra stand-in');
  const leaf = await authority.server();
  const sockets = new Set<Socket>();
  const grants: string[] = [];
  const used: string[] = [];
  let refusal: Refusal | undefined;
  let issued = 0;
  const base = `/${tenantId}`;
  const server = https.createServer({ cert: leaf.certificate, key: leaf.key }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const result: EntraAuthority = {
    url,
    certificate: authority.certificate,
    outgoing: () => new https.Agent({ ca: authority.certificate }),
    refuse: (next) => (refusal = next),
    grants,
    used,
    refreshTokenLength: 40,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const path = (request.url ?? '').split('?')[0];
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    switch (path) {
      case `${base}/v2.0/.well-known/openid-configuration`:
        send(200, {
          issuer: `${url}${base}/v2.0`,
          authorization_endpoint: `${url}${base}/oauth2/v2.0/authorize`,
          token_endpoint: `${url}${base}/oauth2/v2.0/token`,
          device_authorization_endpoint: `${url}${base}/oauth2/v2.0/devicecode`,
          end_session_endpoint: `${url}${base}/oauth2/v2.0/logout`,
          jwks_uri: `${url}${base}/discovery/v2.0/keys`,
        });
        return;
      case `${base}/oauth2/v2.0/devicecode`:
        send(200, {
          user_code: 'ABCD-1234',
          device_code: 'the-device-code',
          verification_uri: `${url}/device`,
          expires_in: 900,
          interval: 1,
          message: 'not shown',
        });
        return;
      case `${base}/oauth2/v2.0/token`:
        grants.push(form.get('grant_type') ?? '');
        if (form.has('refresh_token')) used.push(form.get('refresh_token') ?? '');
        if (refusal === undefined) send(200, tokens());
        else send(400, { ...refusal, error_description: 'text that nobody may see' });
        return;
      default:
        send(404, {});
    }
  }

  function tokens(): unknown {
    issued += 1;
    const nowSeconds = Math.floor(Date.now() / 1000);
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = {
      aud: clientId,
      iss: `${url}${base}/v2.0`,
      iat: nowSeconds,
      nbf: nowSeconds,
      exp: nowSeconds + 3600,
      oid: userId,
      sub: userId,
      tid: tenantId,
      preferred_username: 'desk@clinic.example',
      ver: '2.0',
    };
    return {
      token_type: 'Bearer',
      scope: 'https://storage.azure.com/user_impersonation https://storage.azure.com/.default',
      expires_in: 3600,
      access_token: `access-${issued}`,
      refresh_token: `refresh-${issued}-`.padEnd(result.refreshTokenLength, 'x'),
      id_token: `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.x`,
      client_info: part({ uid: userId, utid: tenantId }),
    };
  }

  return result;
}
