/**
 * One engine after another on the same data folder: new settings are taken over without the process, the page and the
 * local socket ending. What callers hold (`service`, `audit`) leads to the engine that runs now.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EdgeSyncError } from '../../shared/errors.ts';
import { Engine, type EngineOptions, type ListenerFacts } from '../engine/engine.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { AuditEvent, AuditTrail } from '../engine/ports.ts';
import type { SettingChange, SettingsKeeper } from '../engine/settings-keeper.ts';
import { writeFileDurably } from '../engine/system/durable-file.ts';
import {
  environmentName,
  getIn,
  parseSettings,
  readSettingsTree,
  setIn,
  withEnvironment,
  type SettingsTree,
} from '../engine/system/settings-source.ts';

/** A device that sends right now is waited for so long; images under way are finished in any case. */
const associationsMaxMs = 20_000;
const lookEveryMs = 250;

type Environment = Readonly<Record<string, string | undefined>>;

interface Generation {
  readonly engine: Engine;
  readonly ending: AbortController;
}

export class EngineHost implements SettingsKeeper {
  readonly service: EngineService;
  readonly audit: AuditTrail;
  /** As the engine's, whichever runs; rejects when neither the new nor the old settings can be gone on with. */
  readonly drained: Promise<void>;
  readonly #options: EngineOptions & { readonly configFile: string };
  readonly #environment: Environment;
  readonly #end = Promise.withResolvers<void>();
  /** Runs that somebody reads (an import, a restore): not the feed. */
  #runs = 0;
  #current: Generation | undefined;
  #isChanging = false;
  #isStopped = false;
  /** What changes engine or file right now. */
  readonly #busy = new Set<Promise<unknown>>();
  #listener: ListenerFacts | undefined;
  #settings: EngineOptions['settings'];
  #unrecorded: AuditEvent[] = [];

  private constructor(options: EngineOptions & { readonly configFile: string }, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
    this.#settings = options.settings;
    this.drained = this.#end.promise;
    // Awaited by who serves; nobody may wait yet when it fails.
    this.drained.catch(() => undefined);
    this.service = this.#forwarding(() => this.#running().engine.service);
    this.audit = {
      record: (event) => {
        if (this.#current === undefined) this.#unrecorded.push(event);
        else this.#current.engine.audit.record(event);
      },
    };
  }

  /** As `Engine.open`. `environment`: what overrides the file. */
  static async open(
    options: EngineOptions & { readonly configFile: string },
    environment: Environment,
  ): Promise<EngineHost> {
    const host = new EngineHost(options, { ...environment });
    await host.#open(options.settings);
    return host;
  }

  /** As `Engine.start`. */
  async start(): Promise<ListenerFacts> {
    this.#listener = await this.#running().engine.start();
    return this.#listener;
  }

  /** A change under way ends first: it would open an engine that nobody stops. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#settled();
    await this.#close();
  }

  writing<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isChanging || this.#isStopped) return Promise.reject(new EdgeSyncError('engine-reloading'));
    return this.#counted(work());
  }

  async change(changes: readonly SettingChange[], ready?: () => Promise<void>): Promise<void> {
    await this.#alone(async () => {
      const { configFile, clock, logger } = this.#options;
      for (const { path } of changes) this.#refuseOverridden(path);
      const before = await bytesOf(configFile);
      const tree = changes.reduce<SettingsTree>(
        (changed, { path, value }) => setIn(changed, path, value(getIn(changed, path))),
        await readSettingsTree(configFile, 'is-empty'),
      );
      // The file alone must be good too: the next start may come with another environment.
      parseSettings(tree);
      const next = parseSettings(withEnvironment(tree, this.#environment));
      await this.#quiet();
      await ready?.();
      await mkdir(dirname(configFile), { recursive: true, mode: 0o700 });
      await writeFileDurably(configFile, Buffer.from(`${JSON.stringify(tree, undefined, 2)}\n`), { clock });
      const old = this.#settings;
      try {
        await this.#begin(next);
        logger.info('settings.in-force', { changed: changes.map(({ path }) => path.join('.')).join(' ') });
      } catch (error) {
        logger.error('settings.refused', {}, error);
        // Receiving again comes first; a disk that takes no file now must not keep it from that.
        await putBack(configFile, before, clock).catch((second: unknown) =>
          logger.error('settings.not-put-back', {}, second),
        );
        await this.#begin(old);
        throw error;
      }
    });
  }

  readonly reload = (): Promise<void> =>
    this.#alone(async () => {
      const old = this.#settings;
      try {
        const tree = await readSettingsTree(this.#options.configFile, 'is-empty');
        await this.#begin(parseSettings(withEnvironment(tree, this.#environment)));
      } catch (error) {
        if (this.#current === undefined) await this.#begin(old);
        throw error;
      }
    });

  /** One at a time, and after what writes the file already. */
  async #alone(work: () => Promise<void>): Promise<void> {
    if (this.#isChanging || this.#isStopped) throw new EdgeSyncError('engine-reloading');
    this.#isChanging = true;
    try {
      // New ones are refused from here on; `stop` waits for this one with them.
      await this.#counted(Promise.allSettled(this.#busy).then(work));
    } finally {
      this.#isChanging = false;
    }
  }

  #counted<Result>(work: Promise<Result>): Promise<Result> {
    const counted = work.finally(() => this.#busy.delete(counted));
    this.#busy.add(counted);
    return counted;
  }

  async #settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy);
  }

  #refuseOverridden(path: readonly string[]): void {
    const name = environmentName(path);
    if (this.#environment[name] !== undefined)
      throw new EdgeSyncError('settings-by-environment', `${path.join('.')} (${name})`);
  }

  /** @throws EdgeSyncError settings-busy: a run would be broken off, a study torn. */
  async #quiet(): Promise<void> {
    const { clock } = this.#options;
    const sinceMs = clock.monotonicMs();
    for (;;) {
      if (this.#runs > 0) throw new EdgeSyncError('settings-busy', 'a run');
      const { access } = await this.service.status();
      if ((access?.openAssociations ?? 0) === 0) return;
      if (clock.monotonicMs() - sinceMs >= associationsMaxMs)
        throw new EdgeSyncError('settings-busy', 'a device is sending');
      await clock.sleep(lookEveryMs);
    }
  }

  async #begin(settings: EngineOptions['settings']): Promise<void> {
    try {
      await this.#close();
      await this.#open(settings);
      await this.start();
    } catch (error) {
      await this.#close().catch(() => undefined);
      // With the old settings it ran a moment ago; if it does not now, who supervises the process starts it anew.
      if (settings === this.#settings) this.#end.reject(error);
      throw error;
    }
    this.#settings = settings;
  }

  async #open(settings: EngineOptions['settings']): Promise<void> {
    const engine = await Engine.open({
      ...this.#options,
      settings: this.#onSamePorts(settings),
      settingsKeeper: this,
      environment: this.#environment,
    });
    this.#current = { engine, ending: new AbortController() };
    engine.drained.then(this.#end.resolve, this.#end.reject);
    for (const event of this.#unrecorded.splice(0)) engine.audit.record(event);
  }

  async #close(): Promise<void> {
    const { ending, engine } = this.#current ?? {};
    this.#current = undefined;
    ending?.abort(new EdgeSyncError('engine-reloading'));
    await engine?.stop();
  }

  /** "0 picks a free port" is meant once: devices have been told the number. */
  #onSamePorts(settings: EngineOptions['settings']): EngineOptions['settings'] {
    const before = this.#listener;
    if (before === undefined) return settings;
    const { dicom } = settings;
    const port = dicom.port === 0 ? before.port : dicom.port;
    const tlsPort = dicom.tls.port === 0 ? (before.tlsPort ?? 0) : dicom.tls.port;
    return { ...settings, dicom: { ...dicom, port, tls: { ...dicom.tls, port: tlsPort } } };
  }

  #running(): Generation {
    if (this.#current === undefined) throw new EdgeSyncError('engine-reloading');
    return this.#current;
  }

  /** Looks up the owner at each call: routes keep what they were made with. */
  #forwarding<Owner extends object>(owner: () => Owner): Owner {
    return new Proxy({} as Owner, {
      get: (_, key): unknown => {
        const value: unknown = Reflect.get(owner(), key);
        if (typeof value === 'object' && value !== null)
          return this.#forwarding(() => Reflect.get(owner(), key) as object);
        if (typeof value !== 'function') return value;
        return (...given: readonly unknown[]): unknown => {
          const now = owner();
          const { ending } = this.#running();
          const method = Reflect.get(now, key) as (...values: readonly unknown[]) => unknown;
          const values = given.map((one) =>
            one instanceof AbortSignal ? AbortSignal.any([one, ending.signal]) : one,
          );
          const answer = method.apply(now, values);
          return isIterable(answer) ? this.#read(answer, key, ending.signal) : answer;
        };
      },
    });
  }

  /** The feed just ends with its engine, and is asked for anew; a run that was broken off says so. */
  async *#read(
    events: AsyncIterable<unknown>,
    key: string | symbol,
    ending: AbortSignal,
  ): AsyncGenerator<unknown, void> {
    const isFeed = key === 'watch';
    if (!isFeed) this.#runs += 1;
    try {
      yield* events;
      if (!isFeed) ending.throwIfAborted();
    } catch (error) {
      if (!ending.aborted) throw error;
      if (!isFeed) throw ending.reason;
    } finally {
      if (!isFeed) this.#runs -= 1;
    }
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function bytesOf(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new EdgeSyncError('config-not-readable', file, { cause: error });
  }
}

async function putBack(
  file: string,
  bytes: Buffer | undefined,
  clock: EngineOptions['clock'],
): Promise<void> {
  if (bytes === undefined) await rm(file, { force: true });
  else await writeFileDurably(file, bytes, { clock });
}
