/**
 * A whole engine inside the test's process, over real sockets, disk and cloud, with a clock that the test may move:
 * enrolled, sent to over DICOM, asked for its status. Its cloud is read past it, by stock OpenSSL.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../src/main/engine/engine.ts';
import { exportRecoveryKey } from '../../src/main/engine/keys/recovery-key.ts';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { settingsSchema } from '../../src/shared/settings.ts';
import type { StatusReport } from '../../src/shared/status.ts';
import { FakeKeyStore } from '../fakes/fake-key-store.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { SkipClock } from '../fakes/skip-clock.ts';
import { makeDicomFile, testUid } from './dicom-files.ts';
import { datasetDigest, openWithOpenssl, type CloudBlob } from './whole-way.ts';

export interface LiveEngineOptions {
  /** One destination, named cloud. */
  readonly destination: Readonly<Record<string, unknown>>;
  readonly secret: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Made and removed by the caller; else a temp folder. */
  readonly dataDir?: string;
}

export class LiveEngine {
  readonly clock = new SkipClock();
  readonly logger = new FakeLogger();
  /** Dataset digests of what was answered with Success. */
  readonly acknowledged = new Set<string>();
  readonly dir: string;
  readonly dataDir: string;
  readonly #options: LiveEngineOptions;
  readonly #keyStore = new FakeKeyStore();
  #engine: Engine | undefined;
  #port = 0;
  #words: readonly string[] = [];
  #sent = 0;

  private constructor(dir: string, options: LiveEngineOptions) {
    this.dir = dir;
    this.dataDir = options.dataDir ?? join(dir, 'data');
    this.#options = options;
  }

  /** Enrolled, with its credential stored; not started. */
  static async open(options: LiveEngineOptions): Promise<LiveEngine> {
    const live = new LiveEngine(await mkdtemp(join(tmpdir(), 'edge-sync-live-')), options);
    await mkdir(live.dataDir, { recursive: true, mode: 0o700 });
    await live.openAgain();
    const { recovery } = live.service;
    await live.service.secrets.store('cloud', options.secret, 'command-line');
    live.#words = (await recovery.create({ replace: false, custody: 'words' }, 'command-line')).words;
    await recovery.check(live.#words, 'command-line');
    return live;
  }

  get service(): Engine['service'] {
    if (this.#engine === undefined) throw new Error('the engine is not open');
    return this.#engine.service;
  }

  async openAgain(): Promise<void> {
    this.#engine = await Engine.open({
      dataDir: this.dataDir,
      settings: settingsSchema.parse({
        dicom: { port: 0 },
        destinations: [{ name: 'cloud', ...this.#options.destination }],
        disk: { refuseBelowBytes: 0, warnBelowBytes: 0 },
        status: { pendingMaxMinutes: 1 },
        verify: { enabled: false },
        ...this.#options.settings,
      }),
      secrets: new Map(),
      keyStore: this.#keyStore,
      clock: this.clock,
      random: new SystemRandom(),
      logger: this.logger,
    });
  }

  async start(): Promise<void> {
    this.#port = (await this.#engine?.start())?.port ?? 0;
  }

  async stop(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await engine?.stop();
  }

  /** Sends one new image of each size. @returns how many were answered with Success. */
  async send(...pixelBytes: readonly number[]): Promise<number> {
    const made = await Promise.all(
      pixelBytes.map(async (bytes) => {
        const name = `live ${this.dir} ${(this.#sent += 1)}`;
        const image = makeDicomFile({ sopInstanceUid: testUid(name), pixelBytes: bytes, seed: name });
        const path = join(this.dir, `${testUid(name)}.dcm`);
        await writeFile(path, image.bytes);
        return { path, image };
      }),
    );
    const { results } = await sendFiles({
      paths: made.map(({ path }) => path),
      peer: { host: '127.0.0.1', port: this.#port, calledAe: 'EDGESYNC', callingAe: 'MODALITY' },
      clock: new SystemClock(),
    });
    let taken = 0;
    for (const result of results) {
      const image = made.find(({ path }) => path === result.path)?.image;
      if (result.tag !== 'sent' || image === undefined) continue;
      this.acknowledged.add(image.datasetSha256);
      taken += 1;
    }
    return taken;
  }

  status(): Promise<StatusReport> {
    return this.service.status();
  }

  /** Looks again and again until `fits`; `meanwhile` is done at each look. Fails with the last status. */
  async statusWhere(
    fits: (status: StatusReport) => boolean,
    meanwhile: () => void = () => undefined,
    withinMs = 60_000,
  ): Promise<StatusReport> {
    const until = performance.now() + withinMs;
    for (;;) {
      const status = await this.status();
      if (fits(status)) return status;
      if (performance.now() > until) {
        const warnings = this.logger.lines.slice(-20).map((line) => JSON.stringify(line));
        throw new Error(
          `it did not come to that: ${JSON.stringify(status, null, 1)}\n${warnings.join('\n')}`,
        );
      }
      meanwhile();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The network is back, or the PC woke up: what waits is tried at once. */
  wake(): void {
    this.service.uploads.wake('network');
  }

  /** Every failure that somebody has to answer is answered. */
  async answerAll(): Promise<void> {
    for (const { id, action } of (await this.status()).failures) {
      if (action === 'answer') await this.service.answer(id, 'command-line');
    }
  }

  /**
   * Dataset digests of the images in the cloud, opened by OpenSSL with the key of the recovery words; what does not open
   * is told as its name.
   */
  async inCloud(objects: Iterable<CloudBlob> | AsyncIterable<CloudBlob>): Promise<readonly string[]> {
    const { keyPem, certificatePem } = await exportRecoveryKey(this.#words);
    const keys = {
      key: join(this.dir, 'K.pem'),
      cert: join(this.dir, 'C.crt'),
      folder: join(this.dir, 'opened'),
    };
    await writeFile(keys.key, keyPem.revealText());
    await writeFile(keys.cert, certificatePem);
    const digests: string[] = [];
    for await (const object of objects) {
      digests.push(
        await openWithOpenssl(object, keys).then(datasetDigest, () => `does not open: ${object.name}`),
      );
    }
    return digests;
  }

  async dispose(): Promise<void> {
    await this.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}
