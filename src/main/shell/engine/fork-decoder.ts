import { execFile } from 'node:child_process';
import { parse } from 'node:path';
import { app, MessageChannelMain, utilityProcess, type MessagePortMain } from 'electron';
import { decoderHeapMegabytes, decoderMemoryBytes } from '../../../shared/decoder-lives.ts';
import type { DecoderFork } from './decoder-desk.ts';

/**
 * The decoding process in a utility process of its own. Node's permission model is not to be had there, so what it can
 * reach is taken away by its own first lines (src/decoder/lock-down.ts); see docs/decisions/0018. `file`: its script.
 */
export function forkDecoder(file: string): DecoderFork<MessagePortMain> {
  const { port1: ours, port2: theirs } = new MessageChannelMain();
  const child = utilityProcess.fork(file, [], {
    serviceName: 'Edge Sync decoder',
    stdio: 'ignore',
    cwd: parse(process.execPath).root,
    env: decoderEnvironment(),
    execArgv: [
      `--js-flags=--max-old-space-size=${decoderHeapMegabytes} --disallow-code-generation-from-strings`,
    ],
  });
  let isUnwanted = false;
  const kill = (): void => {
    isUnwanted = true;
    const { pid } = child;
    if (pid === undefined) return;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone already
    }
  };
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const started = new Promise<void>((resolve) => {
    child.once('spawn', () => {
      if (isUnwanted) kill();
      void limit(child.pid).then(resolve);
    });
  });
  child.postMessage(null, [theirs]);
  return {
    get pid() {
      return child.pid;
    },
    port: ours,
    started,
    exited,
    kill,
  };
}

/** Physical memory of one of our processes; undefined when Electron does not know it (yet). */
export function memoryOf(pid: number): number | undefined {
  const metric = app.getAppMetrics().find((one) => one.pid === pid);
  return metric === undefined ? undefined : metric.memory.workingSetSize * 1024;
}

/** Never empty: Electron takes an empty environment for "the same as mine", with the passphrases that may be in it. */
function decoderEnvironment(): Record<string, string> {
  const own = { EDGE_SYNC_DECODER: '1' };
  // What a process on Windows cannot start without.
  return process.platform === 'win32' ? { ...own, SystemRoot: process.env['SystemRoot'] ?? '' } : own;
}

/**
 * No core file (it would hold an image) and a hard limit on data, on Linux by util-linux' prlimit before the first byte
 * of an image is there. Elsewhere, or without that program, the desk's look at its memory is what ends it.
 */
function limit(pid: number | undefined): Promise<void> {
  if (process.platform !== 'linux' || pid === undefined) return Promise.resolve();
  const limits = ['--core=0:0', `--data=${decoderMemoryBytes}:${decoderMemoryBytes}`];
  return new Promise((resolve) => {
    execFile('prlimit', [...limits, '--pid', String(pid)], () => resolve());
  });
}
