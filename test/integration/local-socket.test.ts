/** The local socket: only its own user gets in, and a client tells nothing to whoever took a dead engine's place. */
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runtimeSchema, type Runtime } from '../../src/main/rpc/runtime-file.ts';
import { TestInstallation } from '../support/installation.ts';

let installation: TestInstallation;
beforeEach(async () => {
  installation = await TestInstallation.create();
});
afterEach(() => installation.dispose());

async function runtime(): Promise<Runtime> {
  return runtimeSchema.parse(
    JSON.parse(await readFile(join(installation.dataDir, 'run', 'engine.json'), 'utf8')),
  );
}

function statusOf(socketPath: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath, path: '/rpc/agent/status', method: 'POST', headers },
      (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode ?? 0);
      },
    );
    outgoing.on('error', reject);
    outgoing.end('{}');
  });
}

it('is refused without the token, and everything about it is for its user alone', async () => {
  await chmod(installation.dataDir, 0o755);
  const engine = await installation.serve();
  const { socketPath } = await runtime();
  expect(await statusOf(socketPath, {})).toBe(403);
  expect(await statusOf(socketPath, { 'x-edge-sync-token': 'x'.repeat(43) })).toBe(403);
  for (const path of [
    '',
    'run',
    'run/engine.json',
    'engine.lock',
    'keys.json',
    'key-file.json',
    'queue.db',
    'spool',
  ]) {
    expect((await stat(join(installation.dataDir, path))).mode & 0o077, path).toBe(0);
  }
  expect((await stat(socketPath)).mode & 0o077).toBe(0);
  expect(await engine.stop()).toBe(0);
  expect((await readdir(join(installation.dataDir, 'run'))).filter((name) => name === 'engine.json')).toEqual(
    [],
  );
});

it.runIf(process.platform === 'linux')('belongs to a process that leaves no core dump', async () => {
  const engine = await installation.serve();
  const limits = await readFile(`/proc/${engine.ready.pid}/limits`, 'utf8');
  expect(limits).toMatch(/Max core file size +0 +0 /);
});

it('has another address after each start, and leaves no old one behind', async () => {
  const first = await installation.serve();
  const before = await runtime();
  await first.kill();
  await installation.serve();
  const after = await runtime();
  expect(after.socketPath).not.toBe(before.socketPath);
  const sockets = (await readdir(join(installation.dataDir, 'run'))).filter((name) => name.endsWith('.sock'));
  expect(sockets).toHaveLength(1);
});

it('gets no word, token or credential when somebody else answers in the place of a killed engine', async () => {
  const engine = await installation.serve();
  await installation.command(['recovery', 'create', '--json']);
  await engine.kill();
  const left = await runtime();
  const heard: IncomingMessage[] = [];
  const bodies: string[] = [];
  const squatter = createServer((incoming, response) => {
    heard.push(incoming);
    incoming.setEncoding('utf8').on('data', (chunk: string) => bodies.push(chunk));
    response.end(JSON.stringify({ json: { words: [] } }));
  });
  const place = installation.path('squat.sock');
  await new Promise<void>((resolve) => squatter.listen(place, resolve));
  await writeFile(
    join(installation.dataDir, 'run', 'engine.json'),
    JSON.stringify({ ...left, socketPath: place }),
  );
  const words = installation.path('words.txt');
  await writeFile(words, 'abandon '.repeat(24));

  await installation.command(['recovery', 'check', '--words-file', words]);
  const status = await installation.command(['status', '--json']);
  squatter.close();

  expect(status.code).toBe(3);
  expect(heard.length).toBeGreaterThan(0);
  expect(bodies.join('')).toBe('');
  expect(JSON.stringify(heard.map(({ url, headers }) => ({ url, headers })))).not.toContain(left.token);
});
