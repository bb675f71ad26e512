/** Child processes of the benches: run to the end, run in the background, watch memory. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const keptBytes = 1_000_000;

/** Runs a program to its end and keeps what it printed (the last megabyte of each stream). */
export function runToEnd(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const child = start(program, args, options);
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out = (out + chunk.toString()).slice(-keptBytes)));
  child.stderr?.on('data', (chunk: Buffer) => (err = (err + chunk.toString()).slice(-keptBytes)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

/** As `runToEnd`. @throws Error with the last lines printed when the exit code is not 0 */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, out, err } = await runToEnd(program, args, options);
  if (code !== 0)
    throw new Error(
      `${program} ended with ${String(code)}: ${(err || out).trim().split('\n').slice(-3).join(' / ')}`,
    );
  return out;
}

function start(program: string, args: readonly string[], options: RunOptions): ChildProcess {
  return spawn(program, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** A server that runs while something is measured. */
export interface Background {
  readonly pid: number;
  /** The first line on stdout for which `pick` gives a value. @throws Error when it ends before */
  line<T>(pick: (line: string) => T | undefined): Promise<T>;
  stop(): Promise<void>;
}

const stopMs = 20_000;

/** Starts a program in the background; its stderr is kept for the error when it ends early. */
export function background(program: string, args: readonly string[], options: RunOptions = {}): Background {
  const child = start(program, args, options);
  const lines: string[] = [];
  let errors = '';
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const one of waiting) one();
  };
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      hasEnded = true;
      resolve();
      wake();
    };
    child.once('error', (error) => {
      errors += error.message;
      end();
    });
    child.once('close', end);
  });
  child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  return {
    pid: child.pid ?? -1,
    line: async <T>(pick: (line: string) => T | undefined): Promise<T> => {
      for (let at = 0; ;) {
        for (; at < lines.length; at += 1) {
          const picked = pick(lines[at] ?? '');
          if (picked !== undefined) return picked;
        }
        if (hasEnded)
          throw new Error(`${program} ended early: ${errors.trim().split('\n').slice(-3).join(' / ')}`);
        await new Promise<void>((resolve) => {
          const heard = (): void => {
            waiting.delete(heard);
            resolve();
          };
          waiting.add(heard);
        });
      }
    },
    stop: async () => {
      if (hasEnded) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Asks again until `probe` succeeds. @throws Error after 30 s */
export async function untilReady(what: string, probe: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await probe())) {
    if (performance.now() > end) throw new Error(`${what} did not get ready`);
    await sleep(50);
  }
}

/** Starts a watch over a process's resident memory; the answer is the growth from now to its peak, bytes (Linux). */
export function watchResidentGrowth(pid: number): () => number {
  try {
    // 5 resets the peak (proc(5), clear_refs).
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    return () => NaN;
  }
  const before = statusBytes(pid, 'VmRSS');
  return () => statusBytes(pid, 'VmHWM') - before;
}

/** Processor time that a process has used in all its threads, milliseconds (proc(5), stat; 100 ticks a second). */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) * 10;
}

function statusBytes(pid: number, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}
