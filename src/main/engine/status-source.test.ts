import { mkdtemp, rm } from 'node:fs/promises';
import { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { settingsSchema } from '../../shared/settings.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { FakeKeyStore } from '../../../test/fakes/fake-key-store.ts';
import { FakeLogger } from '../../../test/fakes/fake-logger.ts';
import { FakeRandom } from '../../../test/fakes/fake-random.ts';
import { Engine } from './engine.ts';
import { publicHosts } from './status-source.ts';

let dir: string;
let engine: Engine;
let clock: FakeClock;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-status-'));
  clock = new FakeClock();
  engine = await Engine.open({
    dataDir: dir,
    settings: settingsSchema.parse({ dicom: { port: 0 } }),
    secrets: new Map(),
    keyStore: new FakeKeyStore(),
    clock,
    random: new FakeRandom('status'),
    logger: new FakeLogger(),
  });
});
afterEach(async () => {
  await engine.stop();
  await rm(dir, { recursive: true, force: true });
});

/** The socket that listens on `port` in this process: Node has no documented way to it from outside. */
function serverOn(port: number): Server {
  const node = process as unknown as { _getActiveHandles(): unknown[] };
  const server = node
    ._getActiveHandles()
    .filter((handle) => handle instanceof Server)
    .find((one) => (one.address() as { readonly port?: number } | null)?.port === port);
  if (server === undefined) throw new Error(`nothing listens on ${port}`);
  return server;
}

it('says that the listener is down before the start', async () => {
  expect(await engine.service.status()).toMatchObject({ headline: 'not-receiving', listener: { up: false } });
});

it('says when the listener went down by itself, and when it is up again', async () => {
  const { port } = await engine.start();
  expect(await engine.service.status()).toMatchObject({ listener: { up: true, port } });
  const server = serverOn(port);
  await new Promise((resolve) => server.close(resolve));
  const down = await engine.service.status();
  expect(down).toMatchObject({ headline: 'not-receiving', listener: { up: false } });
  expect(down.failures.map(({ code }) => code)).toContain('not-listening');
  for (let turn = 0; turn < 200 && !(await engine.service.status()).listener.up; turn += 1) {
    await clock.advance(1000);
  }
  expect(await engine.service.status()).toMatchObject({ listener: { up: true, port } });
});

it('warns of a public address on either port, each once', () => {
  const open = { tag: 'up', host: '8.8.8.8', port: 104 } as const;
  const home = { tag: 'up', host: '192.168.1.2', port: 2762 } as const;
  expect(publicHosts(home, { ...open, port: 2762 })).toEqual(['8.8.8.8']);
  expect(publicHosts(open, open)).toEqual(['8.8.8.8']);
  expect(publicHosts(home, { tag: 'off' })).toEqual([]);
});
