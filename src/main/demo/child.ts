/** A child process of the demo: its lines, its end, and one way to stop it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from '../engine/ports.ts';

/** A child that does not end on SIGTERM within this gets SIGKILL: a drain of the demo's engine takes less. */
const stopMs = 15_000;
/** The last lines a child wrote to stderr, kept to say why it ended. */
const keptLines = 20;

export interface ChildOptions {
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to this process's environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** Runs a script under this process's own Node. */
export class Child {
  readonly #process: ChildProcess;
  readonly #clock: Clock;
  readonly #errors: string[] = [];
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string) => boolean)[] = [];
  /** Resolves with the exit code (null after a signal); never rejects. */
  readonly ended: Promise<number | null>;

  constructor(options: ChildOptions) {
    this.#clock = options.clock;
    this.#process = spawn(process.execPath, [options.script, ...options.args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = new Promise((resolve) => {
      this.#process.once('error', () => resolve(null));
      this.#process.once('close', (code) => resolve(code));
    });
    const { stdout, stderr } = this.#process;
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.#hear(line));
    if (stderr !== null) {
      createInterface({ input: stderr }).on('line', (line) => {
        this.#errors.push(line);
        if (this.#errors.length > keptLines) this.#errors.shift();
      });
    }
  }

  /** What it wrote to stderr last. */
  get lastErrors(): readonly string[] {
    return this.#errors;
  }

  /** The first stdout line for which `pick` gives a value; undefined when the child ends before it. */
  async line<T>(pick: (line: string) => T | undefined): Promise<T | undefined> {
    for (const line of this.#lines) {
      const picked = pick(line);
      if (picked !== undefined) return picked;
    }
    const found = new Promise<T>((resolve) => {
      this.#waiting.push((line) => {
        const picked = pick(line);
        if (picked === undefined) return false;
        resolve(picked);
        return true;
      });
    });
    return Promise.race([found, this.ended.then(() => undefined)]);
  }

  /** SIGTERM, then SIGKILL; resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGTERM');
    const last = this.#clock.after(stopMs, () => this.#process.kill('SIGKILL'));
    // The port's timers do not keep the process alive; the child's pipes do.
    await this.ended;
    last.cancel();
  }

  #hear(line: string): void {
    this.#lines.push(line);
    const at = this.#waiting.findIndex((offer) => offer(line));
    if (at >= 0) this.#waiting.splice(at, 1);
  }
}
