import { spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { utilityProcess } from 'electron';
import type { Clock, Logger } from '../../engine/ports.ts';
import { DecoderDesk } from './decoder-desk.ts';
import type { EngineExit, EngineHandle, LaunchEngine } from './engine-handle.ts';
import { forkDecoder, memoryOf } from './fork-decoder.ts';
import { linesOf } from './engine-line.ts';

export interface EngineProgram {
  /** dist/main/engine-process.js */
  readonly file: string;
  /** `serve` and its options. */
  readonly args: readonly string[];
  /** Takes the engine's log lines (JSON, one a line) from its standard error. */
  readonly logSink: (chunk: Uint8Array) => void;
}

/** What the engine's decoding processes are made with. */
export interface DecoderParts {
  /** dist/preview/decoder.mjs */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The engine in Electron's own utility process: the way of the installed app. It asks the shell for its decoders. */
export function inUtilityProcess(program: EngineProgram, decoder: DecoderParts): LaunchEngine {
  return () => {
    const child = utilityProcess.fork(program.file, [...program.args], {
      serviceName: 'Edge Sync engine',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr?.on('data', program.logSink);
    const desk = new DecoderDesk({
      fork: () => forkDecoder(decoder.file),
      tellEngine: (news, ports) => child.postMessage(news, ports),
      memoryBytes: memoryOf,
      clock: decoder.clock,
      logger: decoder.logger,
    });
    child.on('message', (message: unknown) => desk.take(message));
    child.once('exit', () => desk.close());
    return {
      get pid() {
        return child.pid;
      },
      owner: 'us',
      lines: linesOf(outliving(child)),
      exited: new Promise<EngineExit>((resolve) => child.once('exit', (code) => resolve({ code }))),
      terminate: () => void child.kill(),
      kill: () => killByPid(child.pid),
    };
  };
}

/** The engine in a Node of the developer's choice (EDGE_SYNC_ENGINE_NODE), for an Electron whose Node is too old for it. */
export function inNode(nodePath: string, program: EngineProgram): LaunchEngine {
  return () => {
    const child = spawn(nodePath, [program.file, ...program.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    child.stderr.on('data', program.logSink);
    const exited = new Promise<EngineExit>((resolve) => {
      child.once('error', () => resolve({ code: null }));
      child.once('exit', (code) => resolve({ code }));
    });
    const handle: EngineHandle = {
      get pid() {
        return child.pid;
      },
      owner: 'us',
      lines: linesOf(child.stdout),
      exited,
      terminate: () => void child.kill('SIGTERM'),
      kill: () => void child.kill('SIGKILL'),
    };
    return handle;
  };
}

/**
 * Standard output to its end. Electron takes all listeners off the stream when the process has gone, though its last
 * words (why it could not start) may still be in the pipe: so they are put on again.
 */
function outliving(child: Electron.UtilityProcess): PassThrough {
  const kept = new PassThrough();
  const stdout = child.stdout as Readable;
  const attach = (): void => {
    stdout.on('data', (chunk: Uint8Array) => kept.write(chunk));
    stdout.once('end', () => kept.end());
    stdout.resume();
  };
  attach();
  child.once('exit', () => {
    stdout.pause();
    process.nextTick(attach);
  });
  return kept;
}

function killByPid(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
}
