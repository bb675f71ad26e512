import { timingSafeEqual } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { RPCHandler } from '@orpc/server/node';
import type { Clock, Random } from '../engine/ports.ts';
import { writeFileDurably } from '../engine/system/durable-file.ts';
import { answersChallenge, endWithin, guardServer, refuse } from './http-server.ts';
import type { CallContext, EngineRouter } from './router.ts';
import {
  newSocketPath,
  removeRuntime,
  removeStaleSockets,
  runtimePath,
  tokenHeader,
  type Runtime,
} from './runtime-file.ts';

/** Longest time an open stream may keep the socket from closing. */
const closeWithinMs = 2_000;

/**
 * The engine's local socket: how CLI and desktop shell reach it. Open to this user alone: Unix file mode 0600 and a
 * random token from the runtime file (which is what guards a named pipe on Windows).
 */
export class LocalSocket {
  readonly #server: Server;
  readonly #dataDir: string;
  readonly #clock: Clock;

  private constructor(server: Server, dataDir: string, clock: Clock) {
    this.#server = server;
    this.#dataDir = dataDir;
    this.#clock = clock;
  }

  /** Call only while holding the data-dir lock: a stale socket of a dead engine is removed. */
  static async listen(options: {
    readonly dataDir: string;
    readonly router: EngineRouter;
    readonly context: Pick<CallContext, 'link'>;
    readonly random: Random;
    readonly clock: Clock;
  }): Promise<LocalSocket> {
    const token = options.random.bytes(32).toString('base64url');
    const expected = Buffer.from(token);
    const handler = new RPCHandler(options.router);
    const server = createServer((request, response) => {
      if (answersChallenge(request, response, token)) return;
      const given = Buffer.from(String(request.headers[tokenHeader] ?? ''));
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        refuse(response, 403);
        return;
      }
      handler
        .handle(request, response, { prefix: '/rpc', context: { actor: 'local-socket', ...options.context } })
        .then(({ matched }) => matched || refuse(response, 404))
        .catch(() => response.destroy());
    });
    const path = runtimePath(options.dataDir);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await removeStaleSockets(options.dataDir);
    const socketPath = await newSocketPath(options.dataDir, options.random);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
    guardServer(server);
    if (process.platform !== 'win32') await chmod(socketPath, 0o600);
    const runtime: Runtime = { pid: process.pid, socketPath, token };
    await writeFileDurably(path, Buffer.from(JSON.stringify(runtime)), { clock: options.clock, mode: 0o600 });
    return new LocalSocket(server, options.dataDir, options.clock);
  }

  async close(): Promise<void> {
    await removeRuntime(this.#dataDir);
    await endWithin(this.#server, closeWithinMs, this.#clock);
  }
}
