/** Runs one bundle on Node and on Electron's Node, whose crypto library (BoringSSL) is another. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { electronRig } from './tools.ts';

const run = promisify(execFile);

/** What a selfcheck prints as JSON. */
export interface Selfcheck<Result> {
  readonly runtime: Readonly<Record<string, string>>;
  readonly result: Result;
}

export class BothRuntimes<Result> {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `main`: a file of test/support; it gets `args` and then an empty folder of its own. */
  static async bundle<Result>(main: string): Promise<BothRuntimes<Result>> {
    const folder = await mkdtemp(join(tmpdir(), 'edge-sync-runtime-'));
    await build({
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: resolve(import.meta.dirname, main),
        outDir: folder,
        target: 'node20',
        rolldownOptions: { output: { entryFileNames: 'selfcheck.mjs' } },
      },
    });
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    return new BothRuntimes(folder);
  }

  /** What was left in the folder of its own by the run on Electron. */
  electronFile(name: string): string {
    return join(this.#folder, 'electron', name);
  }

  async run(
    args: readonly string[] = [],
  ): Promise<{ readonly onNode: Selfcheck<Result>; readonly onElectron: Selfcheck<Result> }> {
    return {
      onNode: await this.#runOn(process.execPath, 'node', args),
      onElectron: await this.#runOn(join(electronRig(), 'electron'), 'electron', args),
    };
  }

  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #runOn(program: string, name: string, args: readonly string[]): Promise<Selfcheck<Result>> {
    const scratch = join(this.#folder, name);
    await mkdir(scratch);
    const { stdout } = await run(program, [join(this.#folder, 'selfcheck.mjs'), ...args, scratch], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      // Ends the child too, which the test's own timeout would leave behind.
      timeout: 50_000,
    });
    return JSON.parse(stdout) as Selfcheck<Result>;
  }
}
