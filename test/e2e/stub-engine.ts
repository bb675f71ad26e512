/**
 * A stand-in for the engine's process: the same ready line, the same local socket, the contract on it, and nothing
 * behind. The test steers it by files in the data folder (see StubFiles) and reads what was asked of it from others.
 */
import { existsSync, readFileSync, watch, writeFileSync, appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { implement } from '@orpc/server';
import { RPCHandler } from '@orpc/server/node';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { answersChallenge } from '../../src/main/rpc/http-server.ts';
import { newSocketPath, runtimePath, tokenHeader } from '../../src/main/rpc/runtime-file.ts';
import type { AgentEvent, AgentState } from '../../src/shared/agent-state.ts';
import { contract } from '../../src/shared/contract.ts';
import type { UploadsState } from '../../src/shared/contract-upload.ts';
import { reportFor, type ErrorCode } from '../../src/shared/errors.ts';
import { stubFiles, stubState } from './stub-state.ts';

const { values } = parseArgs({ strict: false, options: { 'data-dir': { type: 'string' } } });
const dataDir = String(values['data-dir']);
const files = stubFiles(dataDir);

const uploads: UploadsState = {
  hold: 'none',
  until: null,
  metered: false,
  bytesPerSecond: 0,
  destinations: [],
};

if (existsSync(files.failWith)) {
  const report = reportFor(readFileSync(files.failWith, 'utf8').trim() as ErrorCode);
  process.stdout.write(`${JSON.stringify({ event: 'failed', ...report })}\n`, () => process.exit(1));
} else {
  await serve();
}

async function serve(): Promise<void> {
  const watchers = new Set<() => void>();
  watch(dataDir, (_kind, name) => {
    if (name === 'stub-hang' && existsSync(files.hang))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    for (const wake of watchers) wake();
  });

  const os = implement(contract);
  const router = {
    agent: {
      status: os.agent.status.handler(() => current().status),
      watch: os.agent.watch.handler(async function* ({ signal }): AsyncGenerator<AgentEvent, void> {
        yield { tag: 'snapshot', state: current() };
        while (signal?.aborted !== true) {
          await new Promise<void>((resolve) => {
            watchers.add(resolve);
            signal?.addEventListener('abort', () => resolve(), { once: true });
          });
          watchers.clear();
          const { status, studies, studiesTotal, uploadBytesPerSecond } = current();
          yield { tag: 'delta', status, studies, studiesTotal, uploadBytesPerSecond };
        }
      }),
      drain: os.agent.drain.handler(() => {
        writeFileSync(files.drained, String(process.pid));
        setTimeout(() => process.exit(0), 300);
        return { pending: current().status.counts.pending };
      }),
      link: os.agent.link.handler(() => ({ url: null })),
      wake: os.agent.wake.handler(({ input }) => {
        appendFileSync(files.told, `${JSON.stringify({ wake: input.reason })}\n`);
        return { woken: true as const };
      }),
    },
    uploads: {
      pause: os.uploads.pause.handler(({ input }) => {
        appendFileSync(files.told, `${JSON.stringify({ pause: input })}\n`);
        return uploads;
      }),
      resume: os.uploads.resume.handler(() => {
        appendFileSync(files.told, `${JSON.stringify({ resume: 'all' })}\n`);
        return uploads;
      }),
      network: os.uploads.network.handler(({ input }) => {
        appendFileSync(files.told, `${JSON.stringify({ network: input })}\n`);
        return uploads;
      }),
    },
    failures: {
      retry: os.failures.retry.handler(({ input }) => {
        appendFileSync(files.retried, `${JSON.stringify(input)}\n`);
        return { retried: 1 };
      }),
    },
    recovery: {
      certificate: os.recovery.certificate.handler(() => {
        throw new Error('nothing behind this');
      }),
    },
  };
  const token = 'stub-token';
  const handler = new RPCHandler(router);
  const server = createServer((request, response) => {
    if (answersChallenge(request, response, token)) return;
    if (request.headers[tokenHeader] !== token) {
      response.writeHead(403).end();
      return;
    }
    void handler.handle(request, response, { prefix: '/rpc', context: {} }).then(({ matched }) => {
      if (!matched) response.writeHead(404).end();
    });
  });
  await mkdir(dirname(runtimePath(dataDir)), { recursive: true });
  const socketPath = await newSocketPath(dataDir, new SystemRandom());
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  // Beside and renamed, as the engine does: nobody reads half of it.
  const whole = `${runtimePath(dataDir)}.${process.pid}`;
  await writeFile(whole, JSON.stringify({ pid: process.pid, socketPath, token }), { mode: 0o600 });
  await rename(whole, runtimePath(dataDir));
  process.on('SIGTERM', () => process.exit(0));
  const dicom = { host: '127.0.0.1', port: 11112, aet: 'EDGESYNC' };
  process.stdout.write(`${JSON.stringify({ event: 'ready', dicom, web: null, pid: process.pid })}\n`);
  process.stderr.write(`${JSON.stringify({ level: 'info', msg: 'stub-started', cwd: join('.') })}\n`);
}

function current(): AgentState {
  try {
    return JSON.parse(readFileSync(files.state, 'utf8')) as AgentState;
  } catch {
    return stubState('all-safe');
  }
}
