/** The loopback page: one-time links, sessions in a header, Host and Origin checked, nothing without a session. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/fetch';
import type { ContractRouterClient } from '@orpc/contract';
import type { AgentEvent } from '../../src/shared/agent-state.ts';
import type { Contract } from '../../src/shared/contract.ts';
import { TestInstallation, type RunningEngine } from '../support/installation.ts';

let installation: TestInstallation;
let engine: RunningEngine;
let origin: string;

beforeAll(async () => {
  installation = await TestInstallation.create();
  engine = await installation.serve(['--web', '0']);
  origin = new URL(engine.ready.web ?? '').origin;
});
afterAll(() => installation.dispose());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A request with headers that fetch would not let us set. */
function ask(
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${origin}${path}`,
      { method: options.method ?? 'GET', headers: options.headers },
      (incoming) => {
        let body = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

const json = { 'content-type': 'application/json' };

async function freshLink(): Promise<string> {
  const { out } = await installation.command(['status', '--link']);
  return out.trim();
}

function openSession(token: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask('/session', {
    method: 'POST',
    headers: { ...json, ...headers },
    body: JSON.stringify({ token }),
  });
}

async function session(): Promise<string> {
  const token = new URL(await freshLink()).searchParams.get('token') ?? '';
  return (JSON.parse((await openSession(token)).body) as { session: string }).session;
}

const status = { method: 'POST', headers: json, body: '{}' };

describe('a link', () => {
  it('is in the ready line, shows the page, and opens one session only', async () => {
    const url = new URL(engine.ready.web ?? '');
    expect(url.hostname).toBe('127.0.0.1');
    const page = await ask(url.pathname + url.search);
    expect(page.status).toBe(200);
    expect(page.body).toContain('<div id="root"');
    const token = url.searchParams.get('token') ?? '';
    expect((await openSession(token)).status).toBe(200);
    expect((await openSession(token)).status).toBe(403);
    expect((await ask(url.pathname + url.search)).status).toBe(403);
  });

  it('is needed: without a token, or with a made-up one, page and session are refused', async () => {
    expect((await ask('/')).status).toBe(401);
    expect((await ask(`/?token=${'x'.repeat(43)}`)).status).toBe(403);
    expect((await openSession('x'.repeat(43))).status).toBe(403);
    expect((await ask('/session', { method: 'POST', headers: json, body: 'no json' })).status).toBe(403);
    expect((await ask('/session', { method: 'POST', headers: json, body: 'x'.repeat(10_000) })).status).toBe(
      403,
    );
    expect((await ask('/session')).status).toBe(405);
  });
});

describe('a call', () => {
  it('is refused without a session, with a foreign one, and with the session in a cookie', async () => {
    const good = await session();
    expect((await ask('/rpc/agent/status', status)).status).toBe(403);
    expect(
      (await ask('/rpc/agent/status', { ...status, headers: { ...json, 'x-edge-sync-session': 'made up' } }))
        .status,
    ).toBe(403);
    expect(
      (await ask('/rpc/agent/status', { ...status, headers: { ...json, cookie: `session=${good}` } })).status,
    ).toBe(403);
    const allowed = await ask('/rpc/agent/status', {
      ...status,
      headers: { ...json, 'x-edge-sync-session': good },
    });
    expect(allowed.status).toBe(200);
    expect(allowed.body).toContain('headline');
  });

  it('is refused from a foreign origin or under a foreign host name (DNS rebinding), session or not', async () => {
    const good = { ...json, 'x-edge-sync-session': await session() };
    const port = new URL(origin).port;
    for (const host of [
      `evil.example:${port}`,
      `localhost:${port}`,
      '127.0.0.1',
      `127.0.0.1:${Number(port) + 1}`,
    ]) {
      expect((await ask('/rpc/agent/status', { ...status, headers: { ...good, host } })).status, host).toBe(
        421,
      );
      expect((await ask('/', { headers: { host } })).status, host).toBe(421);
    }
    for (const foreign of ['https://evil.example', 'null', `http://localhost:${port}`]) {
      expect(
        (await ask('/rpc/agent/status', { ...status, headers: { ...good, origin: foreign } })).status,
        foreign,
      ).toBe(403);
      expect((await openSession('x', { origin: foreign })).status, foreign).toBe(403);
    }
    expect((await ask('/rpc/agent/status', { ...status, headers: { ...good, origin } })).status).toBe(200);
  });
});

describe('a file of the page', () => {
  it('comes with a policy that allows nothing inline and nothing from elsewhere', async () => {
    const { headers } = await ask('/');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['set-cookie']).toBeUndefined();
  });

  it('is never one from outside the page folder', async () => {
    for (const path of [
      '/../main/cli.js',
      '/..%2fmain%2fcli.js',
      '/%2e%2e/main/cli.js',
      '/assets/..%2f..%2fmain/cli.js',
      '/%00',
      '/%zz',
    ]) {
      expect((await ask(path)).status, path).toBe(404);
    }
  });
});

describe('the stream of the page', () => {
  it('begins with a snapshot and tells changes as they happen', async () => {
    const link = new RPCLink({ url: `${origin}/rpc`, headers: { 'x-edge-sync-session': await session() } });
    const client: ContractRouterClient<Contract> = createORPCClient(link);
    const stop = new AbortController();
    const events = await client.agent.watch(undefined, { signal: stop.signal });
    const seen: AgentEvent[] = [];
    for await (const event of events) {
      seen.push(event);
      if (seen.length === 1) await installation.command(['recovery', 'create', '--json']);
      if (event.tag === 'delta' && event.status?.recovery === 'created') break;
    }
    stop.abort();
    expect(seen[0]?.tag).toBe('snapshot');
    expect(seen[0]?.tag === 'snapshot' && seen[0].state.status.recovery).toBe('none');
  });
});
