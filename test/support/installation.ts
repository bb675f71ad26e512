/**
 * A throwaway installation for tests: temp data folder, passphrase key store, the real command line in child processes.
 * Everything it starts is ended, and everything it writes removed, by `dispose`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StatusReport } from '../../src/shared/status.ts';

const bin = fileURLToPath(new URL('../../bin/edge-sync.js', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface ReadyLine {
  readonly event: 'ready';
  readonly dicom: { readonly host: string; readonly port: number; readonly aet: string };
  readonly web: string | null;
  readonly pid: number;
}

export interface RunningEngine {
  readonly ready: ReadyLine;
  /** Everything it has written to stderr so far. */
  log(): string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL: the process gets no chance to tidy up. */
  kill(): Promise<void>;
  readonly exited: Promise<number | null>;
}

export interface InstallationOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly passphrase?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** A program and its arguments that the command is started by. */
  readonly through?: readonly string[];
}

/**
 * What takes away root's right to read everything, so that file modes count in tests that run as root
 * (setpriv is part of Debian's base system).
 */
export const withoutRootsRights: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];

export class TestInstallation {
  readonly dir: string;
  readonly dataDir: string;
  readonly configFile: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #children = new Set<ChildProcess>();

  private constructor(dir: string, environment: Readonly<Record<string, string>>) {
    this.dir = dir;
    this.dataDir = join(dir, 'data');
    this.configFile = join(dir, 'config.json');
    this.#environment = environment;
  }

  static async create(options: InstallationOptions = {}): Promise<TestInstallation> {
    const dir = await mkdtemp(join(tmpdir(), 'edge-sync-test-'));
    const secrets = Object.entries(options.secrets ?? {}).map(
      ([name, value]) => [`EDGE_SYNC_SECRET_${name.toUpperCase().replaceAll('-', '_')}`, value] as const,
    );
    const installation = new TestInstallation(dir, {
      EDGE_SYNC_PASSPHRASE: options.passphrase ?? 'correct horse battery staple',
      ...Object.fromEntries(secrets),
      ...options.environment,
    });
    await mkdir(installation.dataDir, { mode: 0o700 });
    await installation.configure(options.config ?? {});
    return installation;
  }

  /** Writes the configuration; `keys` and a free DICOM port are filled in unless given. */
  async configure(config: Readonly<Record<string, unknown>>): Promise<void> {
    const whole = { dicom: { port: 0 }, keys: { store: 'passphrase' }, ...config };
    await writeFile(this.configFile, JSON.stringify(whole));
  }

  /** A file in the installation's own temp folder, outside its data folder. */
  path(name: string): string {
    return join(this.dir, name);
  }

  /** Runs one command to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const child = this.#spawn(args, options.environment ?? {}, options.through);
    child.stdin?.end(options.input ?? '');
    const out = collect(child.stdout);
    const err = collect(child.stderr);
    const code = await exitOf(child);
    return { code, out: out(), err: err() };
  }

  /** `command` as somebody at a terminal starts it, who may press Ctrl-C. */
  start(args: readonly string[]): {
    readonly interrupt: () => void;
    readonly result: Promise<CommandResult>;
  } {
    const child = this.#spawn([...args, ...this.flags()], {});
    child.stdin?.end();
    const out = collect(child.stdout);
    const err = collect(child.stderr);
    return {
      interrupt: () => child.kill('SIGINT'),
      result: exitOf(child).then((code) => ({ code, out: out(), err: err() })),
    };
  }

  /** `run` with this installation's --data-dir and --config. */
  command(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return this.run([...args, ...this.flags()], options);
  }

  flags(): readonly string[] {
    return ['--data-dir', this.dataDir, '--config', this.configFile];
  }

  /**
   * Starts `serve` and waits for its ready line; rejects with what it said instead. `through`: a program that becomes it.
   */
  async serve(args: readonly string[] = [], through: readonly string[] = []): Promise<RunningEngine> {
    const child = this.#spawn(['serve', ...this.flags(), ...args], {}, through);
    child.stdin?.end();
    const out = collect(child.stdout);
    const err = collect(child.stderr);
    const exited = exitOf(child);
    const ready = await new Promise<ReadyLine>((resolve, reject) => {
      const look = (): void => {
        const line = out().split('\n')[0] ?? '';
        if (!out().includes('\n')) return;
        const event = JSON.parse(line) as ReadyLine | { readonly event: 'failed' };
        if (event.event === 'ready') resolve(event);
        else reject(new Error(`the engine failed to start: ${line}\n${err()}`));
      };
      child.stdout?.on('data', look);
      void exited.then((code) =>
        reject(new Error(`the engine ended with ${String(code)}: ${out()}\n${err()}`)),
      );
    });
    return {
      ready,
      log: err,
      exited,
      stop: () => {
        child.kill('SIGTERM');
        return exited;
      },
      kill: async () => {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }

  async status(): Promise<StatusReport> {
    const { out, err, code } = await this.command(['status', '--json']);
    if (code === 3) throw new Error(`no engine runs: ${err}`);
    return JSON.parse(out) as StatusReport;
  }

  /** Asks for the status again and again until `fits`; fails with the last one after `withinMs`. */
  async statusWhere(fits: (status: StatusReport) => boolean, withinMs = 60_000): Promise<StatusReport> {
    const until = Date.now() + withinMs;
    for (;;) {
      const status = await this.status();
      if (fits(status)) return status;
      if (Date.now() > until)
        throw new Error(`status did not come about: ${JSON.stringify(status, undefined, 2)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Makes and proves the recovery words; leaves them in a file. */
  async enrol(): Promise<{
    readonly words: readonly string[];
    readonly wordsFile: string;
    readonly fingerprint: string;
  }> {
    const created = await this.command(['recovery', 'create', '--json']);
    if (created.code !== 0) throw new Error(`recovery create: ${created.err}`);
    const { words, fingerprint } = JSON.parse(created.out) as { words: string[]; fingerprint: string };
    const wordsFile = this.path('words.txt');
    await writeFile(wordsFile, words.join(' '), { mode: 0o600 });
    const checked = await this.command(['recovery', 'check', '--words-file', wordsFile]);
    if (checked.code !== 0) throw new Error(`recovery check: ${checked.err}`);
    return { words, wordsFile, fingerprint };
  }

  async dispose(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await exitOf(child);
      }
    }
    await rm(this.dir, { recursive: true, force: true });
  }

  #spawn(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    through: readonly string[] = [],
  ): ChildProcess {
    const [program = process.execPath, ...rest] = [...through, process.execPath, bin, ...args];
    const child = spawn(program, rest, {
      cwd: this.dir,
      env: { ...process.env, ...this.#environment, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    return child;
  }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('close', (code) => resolve(code)));
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
