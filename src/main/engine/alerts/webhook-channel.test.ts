import { createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTestAuthority } from '../../../../test/support/test-authority.ts';
import { boundedAgentFor } from '../cloud/bounded-agent.ts';
import { direct } from '../cloud/outgoing.ts';
import { Secret } from '../system/secret.ts';
import type { AlertMessage } from './alert-message.ts';
import { WebhookChannel } from './webhook-channel.ts';

const message: AlertMessage = {
  event: 'heartbeat',
  at: '2026-01-05T12:00:00.000Z',
  practice: '',
  pc: 'desk-1',
  safe: true,
  headline: 'all-safe',
  problems: [],
  othersOpen: 0,
};
const never = new AbortController().signal;

interface Got {
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

let server: http.Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
});

async function listen(made: http.Server): Promise<number> {
  server = made;
  await new Promise<void>((done) => made.listen(0, '127.0.0.1', done));
  return (made.address() as AddressInfo).port;
}

async function serve(got: Got[], answer: (response: http.ServerResponse) => void): Promise<string> {
  const made = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (body += part));
    request.once('end', () => {
      got.push({ headers: request.headers, body });
      answer(response);
    });
  });
  return `http://127.0.0.1:${await listen(made)}/hook`;
}

const to = (url: string, secret?: string): WebhookChannel =>
  new WebhookChannel(
    { url, heartbeatHours: 0 },
    secret === undefined ? undefined : Secret.fromText(secret),
    direct,
  );

describe('a webhook', () => {
  it('gets JSON, signed so that the time counts too', async () => {
    const got: Got[] = [];
    const url = await serve(got, (response) => response.writeHead(204).end());
    await to(url, 'shared secret').send(message, never);
    await to(url).send(message, never);
    expect(JSON.parse(got[0]?.body ?? '')).toEqual({ format: 'edge-sync-alert/1', ...message });
    const seconds = Date.parse(message.at) / 1000;
    const mac = createHmac('sha256', 'shared secret')
      .update(`${seconds}.${got[0]?.body ?? ''}`)
      .digest('hex');
    expect(got[0]?.headers['x-edge-sync-signature']).toBe(`t=${seconds},v1=${mac}`);
    expect(got[1]?.headers['x-edge-sync-signature']).toBeUndefined();
  });

  it.each([301, 302, 307, 400, 404, 500])('that answers %d was not told', async (status) => {
    const got: Got[] = [];
    const url = await serve(got, (response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:9/elsewhere' }).end(),
    );
    await expect(to(url).send(message, never)).rejects.toMatchObject({
      code: 'alert-not-sent',
      detail: `webhook answered ${status}`,
    });
    expect(got).toHaveLength(1);
  });

  it('that never ends its answer does not keep us', async () => {
    const url = await serve([], (response) => {
      response.writeHead(200);
      response.write('x'.repeat(100_000));
    });
    await to(url).send(message, never);
  });

  it('that cannot be reached, or takes too long for who asked, was not told', async () => {
    await expect(to('http://127.0.0.1:9/').send(message, never)).rejects.toMatchObject({
      code: 'alert-not-sent',
    });
    const url = await serve([], () => undefined);
    await expect(to(url).send(message, AbortSignal.timeout(100))).rejects.toMatchObject({
      code: 'alert-not-sent',
    });
  });

  it('by https is told only when its certificate is trusted', async () => {
    const leaf = await (await makeTestAuthority()).server();
    const made = https.createServer({ key: leaf.key, cert: leaf.certificate }, (_request, response) => {
      response.end();
    });
    const url = `https://localhost:${await listen(made)}/`;
    await expect(
      new WebhookChannel({ url, heartbeatHours: 0 }, undefined, (address) => boundedAgentFor(address)).send(
        message,
        never,
      ),
    ).rejects.toMatchObject({ code: 'alert-not-sent' });
  });
});
