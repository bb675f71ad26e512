/** A whole engine whose destination goes away: who is told outside this PC, of what, and when it is over. */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AlertMessage } from '../../src/main/engine/alerts/alert-message.ts';
import { LiveEngine } from '../support/live-engine.ts';
import { openPractice } from '../support/whole-way.ts';

let received: AlertMessage[];
let answer: number;
let server: http.Server;
let url: string;

beforeEach(async () => {
  received = [];
  answer = 204;
  server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (body += part));
    request.once('end', () => {
      if (answer < 300) received.push(JSON.parse(body) as AlertMessage);
      response.writeHead(answer).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const minuteMs = 60_000;

it('a share that vanishes is told after an hour, and its return once', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'edge-sync-alerts-'));
  const share = join(dir, 'share');
  await mkdir(share);
  const live = await LiveEngine.open({
    destination: { kind: 'folder', path: share },
    secret: 'none',
    settings: { alerts: { practice: 'By the sea', webhook: { url } } },
  });
  try {
    await live.start();
    await live.send(1000);
    await live.statusWhere(({ headline }) => headline === 'all-safe');
    await rename(share, `${share}-away`);
    await live.send(1000);
    await live.statusWhere(
      ({ failures }) => failures.length > 0,
      () => live.clock.skip(minuteMs / 4),
    );
    await live.statusWhere(
      () => received.length > 0,
      () => live.clock.skip(minuteMs),
    );
    expect(received[0]).toMatchObject({ event: 'raised', practice: 'By the sea', safe: false });
    const codes = received[0]?.problems.map(({ code }) => code);
    expect((await live.status()).failures.map(({ code }) => code)).toEqual(
      expect.arrayContaining(codes ?? []),
    );
    expect(JSON.stringify(received)).not.toContain(share);

    await rename(`${share}-away`, share);
    live.wake();
    await live.statusWhere(
      () => received.at(-1)?.event === 'over' && received.at(-1)?.othersOpen === 0,
      () => {
        live.wake();
        live.clock.skip(minuteMs / 4);
      },
    );
    expect(received.at(-1)).toMatchObject({ safe: true, headline: 'all-safe' });
    expect(received.filter(({ event }) => event === 'reminder')).toEqual([]);
  } finally {
    await live.dispose();
    await rm(dir, { recursive: true, force: true });
  }
});

it('`alerts test` says for each channel what came of it', async () => {
  const practice = await openPractice();
  const { installation } = practice;
  const test = (...args: string[]) => installation.command(['alerts', 'test', ...args]);
  try {
    await installation.serve();
    const unset = await test();
    expect(unset.code).toBe(1);
    expect(unset.err).toContain('alerts-not-set');
    const change = await installation.command(['config', 'set', 'alerts.webhook.url', url]);
    expect(change, change.err).toMatchObject({ code: 0 });
    const reload = await installation.command(['config', 'reload']);
    expect(reload, reload.err).toMatchObject({ code: 0 });
    const sent = await test();
    expect(sent, sent.err).toMatchObject({ code: 0, out: expect.stringContaining('webhook') as string });
    expect(received).toMatchObject([{ event: 'test' }]);
    answer = 500;
    const failed = await test('--json');
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.out)).toMatchObject({
      outcomes: [{ channel: 'webhook', tag: 'failed', error: { code: 'alert-not-sent' } }],
    });
  } finally {
    await practice.dispose();
  }
}, 120_000);
