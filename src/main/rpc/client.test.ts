import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createEngineClient } from './client.ts';
import { answersChallenge } from './http-server.ts';
import { runtimePath, type Runtime } from './runtime-file.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'edge-sync-client-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

it('never calls on a connection that was left open, which the engine may be closing just then', async () => {
  const token = 'x'.repeat(43);
  const used = new Set<Socket>();
  const server = createServer((request, response) => {
    if (answersChallenge(request, response, token)) return;
    // What a call finds that goes out while an idle connection is closed.
    if (used.has(request.socket)) {
      request.socket.destroy();
      return;
    }
    used.add(request.socket);
    request.resume();
    response.setHeader('content-type', 'application/json').end('{"json":{"woken":true}}');
  });
  const socketPath = join(dataDir, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  try {
    await mkdir(join(dataDir, 'run'));
    const runtime: Runtime = { pid: process.pid, socketPath, token };
    await writeFile(runtimePath(dataDir), JSON.stringify(runtime));
    const client = createEngineClient({ dataDir });
    for (let call = 0; call < 3; call += 1) {
      expect(await client.agent.wake({ reason: 'resume' })).toEqual({ woken: true });
    }
    expect(used.size).toBe(3);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
