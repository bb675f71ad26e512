import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { boundedAgentFor } from './bounded-agent.ts';

let server: http.Server | undefined;
const agent = boundedAgentFor('http://127.0.0.1');

afterEach(async () => {
  agent.destroy();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

function asked(port: number): Promise<{ readonly status: number; readonly wasReused: boolean }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, agent }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, wasReused: request.reusedSocket }));
    });
    request.once('error', reject);
  });
}

it('a service that keeps idle connections for seconds only may take longer than that to answer', async () => {
  let seen = 0;
  server = http.createServer((_request, response) => {
    seen += 1;
    // Idle ones end after 2 s, which an agent takes for 1 s.
    response.setHeader('keep-alive', 'timeout=2');
    if (seen === 1) response.end('at once');
    else setTimeout(() => response.end('late'), 1800);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await asked(port)).toEqual({ status: 200, wasReused: false });
  expect(await asked(port)).toEqual({ status: 200, wasReused: true });
});
