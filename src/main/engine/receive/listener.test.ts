import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { MemoryIntake } from '../../../../test/support/dicom-peers.ts';
import { makeDicomServer } from './listener.ts';
import { StorageScp } from './storage-scp.ts';

let clock: FakeClock;
/** Every server that was made, in order: the test takes them down as the system would. */
let servers: Server[];
let told: string[];
let scp: StorageScp;

beforeEach(() => {
  clock = new FakeClock();
  servers = [];
  told = [];
  scp = new StorageScp({
    intake: new MemoryIntake(),
    clock,
    logger: new FakeLogger(),
    reportIncident: () => undefined,
    settings: { host: '127.0.0.1', port: 0, aeTitle: 'EDGESYNC', maxAssociations: 25 },
    onListening: (_host, port) => told.push(`up ${port}`),
    onDown: ({ code }) => told.push(`down ${code}`),
    makeServer: () => {
      const server = makeDicomServer();
      servers.push(server);
      return server;
    },
  });
});
afterEach(() => scp.stop());

/** Lets time pass until so much was told; the system's own events come when they come. */
async function untilTold(count: number, stepMs: number): Promise<void> {
  for (let turn = 0; turn < 200 && told.length < count; turn += 1) await clock.advance(stepMs);
}

async function takeDown(server: Server | undefined): Promise<void> {
  const closed = once(server ?? createServer(), 'close');
  server?.close();
  await closed;
}

async function isTaken(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answer;
}

it('tells where it listens, and says nothing of its own orderly end', async () => {
  const { port } = await scp.start();
  await scp.stop();
  expect(told).toEqual([`up ${port}`]);
  expect(clock.waitingCount).toBe(0);
});

it('tells when its socket is gone, and listens again on the same port after a pause', async () => {
  const { port } = await scp.start();
  await takeDown(servers[0]);
  expect(told).toEqual([`up ${port}`, 'down not-listening']);
  expect(await isTaken(port)).toBe(false);
  await untilTold(3, 1000);
  expect(told.at(-1)).toBe(`up ${port}`);
  expect(await isTaken(port)).toBe(true);
});

it('goes on trying while another program holds its port, and says so', async () => {
  const { port } = await scp.start();
  await takeDown(servers[0]);
  const other = createServer();
  other.listen(port, '127.0.0.1');
  await once(other, 'listening');
  await untilTold(4, 1000);
  expect(told.slice(1, 4)).toEqual(['down not-listening', 'down port-taken', 'down port-taken']);
  await takeDown(other);
  const before = told.length;
  for (let turn = 0; turn < 200 && told.at(-1) !== `up ${port}`; turn += 1) await clock.advance(1000);
  expect(told.length).toBeGreaterThan(before);
  expect(told.at(-1)).toBe(`up ${port}`);
});

it('can be stopped while it is down, and stays down', async () => {
  const { port } = await scp.start();
  await takeDown(servers[0]);
  await scp.stop();
  await clock.advance(60_000);
  expect(told).toEqual([`up ${port}`, 'down not-listening']);
  expect(servers).toHaveLength(1);
  expect(clock.waitingCount).toBe(0);
});
