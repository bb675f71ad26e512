/**
 * `edge-sync demo`: the whole way on one machine, offline, in a throwaway folder: phantom studies are drawn and sent
 * over DICOM to a real engine, sealed, uploaded to a local cloud, verified, restored on "a new PC" from the cloud and
 * the recovery words alone, and compared bit for bit. A composition root: builds its own clock and randomness.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EdgeSyncError, isErrorCode } from '../../shared/errors.ts';
import type { StatusReport } from '../../shared/status.ts';
import { SystemClock } from '../engine/system/clock.ts';
import { SystemRandom } from '../engine/system/random.ts';
import { createEngineClient, type EngineClient } from '../rpc/client.ts';
import { Child } from './child.ts';
import { compareRestored } from './comparison.ts';
import { startLocalCloud } from './local-cloud.ts';
import { drawAndSend, type SentInstance } from './modality.ts';
import { createProgressLine, type ProgressLine } from './progress-line.ts';

export interface DemoOptions {
  /** true: end after the last line; false: keep the page open until `signal` aborts. */
  readonly once: boolean;
  /** Must be absent or empty; removed at the end. A new temp folder unless given. */
  readonly dataDir?: string;
  readonly print: (line: string) => void;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** The `edge-sync` script that engine and restore are started with; the running one unless given. */
  readonly script?: string;
}

const destination = 'cloud';
const container = 'edge-sync-demo';
/** Looking more often would only cost. */
const pollMs = 250;
/** Nothing verified for this long on a loopback cloud means that something hangs. */
const stalledMs = 120_000;

/**
 * Runs the demo. Resolves after the last line `demo: sent N, verified N, restored N identical` (and, unless `once`,
 * after the signal). Children are ended and the folder is removed in every case.
 * @throws EdgeSyncError `demo-failed` or the code of the part that failed; `cancelled` when aborted before the end
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const run = new DemoRun(options, await emptyFolder(options.dataDir));
  try {
    await run.start();
  } catch (error) {
    // Ctrl-C ends the children too: what breaks then is not what went wrong.
    throw options.signal.aborted ? new EdgeSyncError('cancelled') : error;
  } finally {
    await run.close();
  }
}

interface ReadyEngine {
  readonly dicom: { readonly host: string; readonly port: number; readonly aet: string };
  readonly web: string | null;
}

class DemoRun {
  readonly #options: DemoOptions;
  readonly #folder: string;
  readonly #clock = new SystemClock();
  readonly #random = new SystemRandom();
  readonly #children: Child[] = [];
  /** Rejected when a child that has to stay has ended. */
  readonly #broken = Promise.withResolvers<never>();
  #isClosing = false;
  readonly #progress: ProgressLine;
  readonly #script: string;
  readonly #passphrase: string;

  constructor(options: DemoOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#progress = createProgressLine(process.stdout, options.print);
    this.#script = resolve(options.script ?? process.argv[1] ?? '');
    this.#passphrase = this.#random.bytes(24).toString('base64');
  }

  async start(): Promise<void> {
    const { print, signal, once } = this.#options;
    const work = this.#work();
    const cancelled = aborted(signal).then(() => {
      throw new EdgeSyncError('cancelled');
    });
    // When another of these is first, nobody is left to hear what the others say while all is torn down.
    for (const one of [work, cancelled, this.#broken.promise]) one.catch(() => undefined);
    const client = await Promise.race([work, cancelled, this.#broken.promise]);
    if (once) return;
    const { url } = await client.agent.link();
    print(
      `demo: the page stays open${url === null ? '' : ` at ${url}`}; Ctrl-C ends the demo and removes its folder`,
    );
    await Promise.race([aborted(signal), this.#broken.promise]);
  }

  /** Every child is stopped at the end, even one started while the end was under way. */
  #keep(child: Child): void {
    this.#children.unshift(child);
    if (this.#isClosing) void child.stop();
  }

  /** Ends what was started, last first, and removes the folder. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#progress.end();
    for (const child of [...this.#children]) await child.stop();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #work(): Promise<EngineClient> {
    const { print } = this.#options;
    print('demo: starting a local cloud and the engine in a throwaway folder');
    const { connectionString, child: cloud } = await startLocalCloud({
      folder: join(this.#folder, 'cloud'),
      container,
      clock: this.#clock,
      random: this.#random,
      onChild: (child) => this.#keep(child),
    });
    this.#mustStay(cloud, 'local cloud');
    const config = await this.#writeConfig();
    const ready = await this.#startEngine(config, connectionString);
    const client = createEngineClient({ dataDir: this.#dataDir });
    print(`demo: receiving as ${ready.dicom.aet} on ${ready.dicom.host}:${ready.dicom.port}`);
    if (ready.web !== null) print(`demo: page ${ready.web}`);

    const { words } = await client.recovery.create({ replace: false });
    await client.recovery.check({ words: [...words] });
    print('demo: recovery kit made and proven');

    const sent = await this.#sendAll(ready, client);
    const report = await this.#untilVerified(client, sent.length);
    const restored = join(this.#folder, 'restored');
    await this.#restore({ config, connectionString, words, to: restored });
    const identical = await compareRestored(restored, sent);
    print(`demo: sent ${sent.length}, verified ${report.counts.verified}, restored ${identical} identical`);
    return client;
  }

  /** From now on the end of this child is the end of the demo. */
  #mustStay(child: Child, name: string): void {
    void child.ended.then((code) => {
      const said = child.lastErrors.at(-1);
      const detail = `the ${name} ended with ${String(code)}${said === undefined ? '' : `; ${said}`}`;
      this.#broken.reject(new EdgeSyncError('demo-failed', detail));
    });
  }

  get #dataDir(): string {
    return join(this.#folder, 'data');
  }

  async #writeConfig(): Promise<string> {
    const path = join(this.#folder, 'config.json');
    const config = {
      dicom: { host: '127.0.0.1', port: 0 },
      keys: { store: 'passphrase' },
      destinations: [{ name: destination, kind: 'azure', container, required: true }],
      // A demo must run on a nearly full laptop too; its images are 80 MB.
      disk: { refuseBelowBytes: 200_000_000, warnBelowBytes: 300_000_000 },
    };
    await writeFile(path, JSON.stringify(config, undefined, 2));
    return path;
  }

  #environment(connectionString: string): Readonly<Record<string, string>> {
    return { EDGE_SYNC_PASSPHRASE: this.#passphrase, EDGE_SYNC_SECRET_CLOUD: connectionString };
  }

  async #startEngine(config: string, connectionString: string): Promise<ReadyEngine> {
    const engine = new Child({
      script: this.#script,
      args: ['serve', '--data-dir', this.#dataDir, '--config', config, '--web', '0'],
      cwd: this.#folder,
      environment: this.#environment(connectionString),
      clock: this.#clock,
    });
    this.#keep(engine);
    const line = await engine.line(parseEngineLine);
    if (line?.event === 'ready') {
      this.#mustStay(engine, 'engine');
      return line;
    }
    if (line?.event === 'failed' && isErrorCode(line.code)) throw new EdgeSyncError(line.code);
    throw new EdgeSyncError(
      'demo-failed',
      `the engine did not start; ${engine.lastErrors.at(-1) ?? 'it said nothing'}`,
    );
  }

  /** Draws and sends, showing what the engine has meanwhile. */
  async #sendAll(ready: ReadyEngine, client: EngineClient): Promise<readonly SentInstance[]> {
    let drawn = 0;
    let sent = 0;
    const sending = drawAndSend({
      folder: join(this.#folder, 'modality'),
      node: ready.dicom,
      clock: this.#clock,
      random: this.#random,
      signal: this.#options.signal,
      onProgress: (drawnNow, sentNow) => {
        drawn = drawnNow;
        sent = sentNow;
      },
    });
    const watching = this.#watch(client, sending, (counts) => {
      const line = `drawn ${drawn}, sent ${sent} · received and sealed ${counts.received} · uploaded and verified ${counts.verified}`;
      return {
        line,
        milestone: `${step(drawn)} ${step(sent)} ${step(counts.received)} ${step(counts.verified)}`,
      };
    });
    const [all] = await Promise.all([sending, watching]);
    this.#progress.end();
    this.#options.print(
      `demo: sent ${all.length} images of 3 studies; each was sealed and on disk before Success`,
    );
    return all;
  }

  /** Refreshes the line until `until` settles. */
  async #watch(
    client: EngineClient,
    until: Promise<unknown>,
    show: (counts: StatusReport['counts']) => { readonly line: string; readonly milestone: string },
  ): Promise<void> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    until.then(over, over);
    while (!isOver) {
      const { counts } = await client.agent.status();
      const { line, milestone } = show(counts);
      this.#progress.update(`demo: ${line}`, milestone);
      await this.#clock.sleep(pollMs);
    }
  }

  /** Waits until everything sent is proven in the cloud. */
  async #untilVerified(client: EngineClient, total: number): Promise<StatusReport> {
    let best = -1;
    let changedAtMs = this.#clock.monotonicMs();
    for (;;) {
      const report = await client.agent.status();
      const { verified, failed, parked } = report.counts;
      const line = `demo: uploaded and verified ${verified} of ${total}`;
      this.#progress.update(line, step(verified));
      if (verified >= total && report.headline !== 'working') {
        this.#progress.end();
        this.#options.print(`demo: all ${verified} verified in the cloud; headline: ${report.headline}`);
        return report;
      }
      const problem = report.failures[0] ?? report.destinations.find(({ error }) => error !== null)?.error;
      if (failed + parked > 0) throw new EdgeSyncError('demo-failed', problem?.message ?? 'an upload failed');
      if (verified !== best) {
        best = verified;
        changedAtMs = this.#clock.monotonicMs();
      }
      if (this.#clock.monotonicMs() - changedAtMs > stalledMs) {
        throw new EdgeSyncError(
          'demo-failed',
          problem?.message ?? `only ${verified} of ${total} were verified`,
        );
      }
      await this.#clock.sleep(pollMs, this.#options.signal);
    }
  }

  /** A new PC: another data folder, the configuration, the cloud's credential and the 24 words. */
  async #restore(from: {
    readonly config: string;
    readonly connectionString: string;
    readonly words: readonly string[];
    readonly to: string;
  }): Promise<void> {
    this.#options.print('demo: restoring everything on a new PC: cloud and recovery words only');
    const wordsFile = join(this.#folder, 'words.txt');
    await writeFile(wordsFile, from.words.join(' '), { mode: 0o600 });
    const child = new Child({
      script: this.#script,
      args: [
        ...['restore', '--all', '--from-cloud', '--to', from.to, '--words-file', wordsFile],
        ...['--data-dir', join(this.#folder, 'new-pc'), '--config', from.config],
      ],
      cwd: this.#folder,
      environment: this.#environment(from.connectionString),
      clock: this.#clock,
    });
    this.#keep(child);
    const code = await child.ended;
    if (code !== 0) {
      throw new EdgeSyncError(
        'demo-failed',
        `restore ended with ${String(code)}; ${child.lastErrors.at(-1) ?? ''}`,
      );
    }
  }
}

async function emptyFolder(given: string | undefined): Promise<string> {
  if (given === undefined) return mkdtemp(join(tmpdir(), 'edge-sync-demo-'));
  const folder = resolve(given);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const entries = await readdir(folder);
  if (entries.length > 0)
    throw new EdgeSyncError('usage', `${folder} is not empty, and a demo removes its folder`);
  return folder;
}

type EngineLine =
  ({ readonly event: 'ready' } & ReadyEngine) | { readonly event: 'failed'; readonly code: string };

/** The engine's one line on stdout (DESIGN section 4); anything else is passed over. */
function parseEngineLine(line: string): EngineLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as { readonly event?: unknown };
    return value.event === 'ready' || value.event === 'failed' ? (value as EngineLine) : undefined;
  } catch {
    return undefined;
  }
}

/** Progress in a log is told in steps: one line for every so many images. */
function step(count: number): string {
  return String(Math.floor(count / 16));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
