/** The contract's `settings` on a running engine. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { smtpSecretName, webhookSecretName } from '../../shared/alert-settings.ts';
import { proxySecretName } from '../../shared/network-settings.ts';
import type {
  ChangeResult,
  SecretState,
  SettingChange,
  SettingsReport,
} from '../../shared/contract-settings.ts';
import { isArchive, type DestinationSettings } from '../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { Settings } from '../../shared/settings.ts';
import { openDatasetStore, openStore } from './cloud/open-store.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import {
  destinationSecret,
  destinationSecretName,
  removeDestinationSecret,
} from './keys/destination-secret.ts';
import { outgoingConnections } from './outgoing-connections.ts';
import { applySettings } from './settings-apply.ts';
import { SettingsDesk } from './settings-desk.ts';
import { secretEnvironmentName } from './system/settings-source.ts';

export interface SettingsService {
  list(): Promise<SettingsReport>;
  change(
    request: {
      readonly revision: string;
      readonly changes: readonly SettingChange[];
      readonly keep: 'when-it-works' | 'anyway';
    },
    actor: Actor,
  ): Promise<ChangeResult>;
  undo(revision: string, actor: Actor): Promise<ChangeResult>;
  outside(revision: string, choice: 'use-file' | 'put-back', actor: Actor): Promise<ChangeResult>;
  forgetSecret(name: string, actor: Actor): Promise<void>;
  restart(actor: Actor): void;
}

export class SettingsCalls implements SettingsService {
  readonly #parts: EngineParts;
  readonly #desk: SettingsDesk;
  #actor: Actor = 'command-line';

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { options, inForce, scp, interfaces, spool, queue, audit } = parts;
    const { clock, dataDir, environment = {}, settingsKeeper } = options;
    this.#desk = new SettingsDesk({
      configFile: options.configFile ?? join(dataDir, 'config.json'),
      environment,
      clock,
      trial: {
        clock,
        interfaces,
        ownPorts: () => scp.ports,
        tryDestination: (destination, settings) => this.#try(destination, settings),
        waitingAt: (destination) =>
          queue.status().destinations.find(({ name }) => name === destination)?.pending ?? 0,
        freeBytes: () => spool.freeBytes(),
        hasKeys: () => hasKeys(dataDir),
      },
      running: {
        current: () => inForce.current,
        apply: (next) => applySettings(parts, next),
        restart: settingsKeeper?.reload === undefined ? 'by-hand' : 'here',
        waits: (keys) => {
          // Settings that were given without a file do not wait for one.
          if (options.configFile === undefined || keys.join() === inForce.waiting.join()) return;
          inForce.waiting = keys;
          parts.status.changed();
        },
      },
      ...(settingsKeeper === undefined
        ? {}
        : { writing: <Result>(work: () => Promise<Result>) => settingsKeeper.writing(work) }),
      secrets: (settings) => this.#secrets(settings),
      audited: (what, keys, outcome) =>
        audit.record({
          action: what === 'changed' ? 'settings-changed' : 'settings-undone',
          actor: this.#actor,
          subject: keys.join(' '),
          outcome,
        }),
    });
    // Takes note of the file as the engine found it: what comes after that is a change from outside.
    this.#desk.report().catch((error: unknown) => {
      options.logger.error('settings-not-read', {}, error);
    });
  }

  list(): Promise<SettingsReport> {
    return this.#desk.report();
  }

  change(
    {
      revision,
      changes,
      keep,
    }: {
      readonly revision: string;
      readonly changes: readonly SettingChange[];
      readonly keep: 'when-it-works' | 'anyway';
    },
    actor: Actor,
  ): Promise<ChangeResult> {
    this.#actor = actor;
    return this.#desk.change(revision, changes, keep);
  }

  undo(revision: string, actor: Actor): Promise<ChangeResult> {
    this.#actor = actor;
    return this.#desk.undo(revision);
  }

  outside(revision: string, choice: 'use-file' | 'put-back', actor: Actor): Promise<ChangeResult> {
    this.#actor = actor;
    return this.#desk.outside(revision, choice);
  }

  async forgetSecret(name: string, actor: Actor): Promise<void> {
    const { options, audit } = this.#parts;
    await removeDestinationSecret(name, options.keyStore);
    audit.record({ action: 'secret-forgotten', actor, subject: name, outcome: 'success' });
    void this.#parts.uploads.renew();
  }

  /** Answers first: whoever asked hears that it has begun. */
  restart(actor: Actor): void {
    const { options, audit } = this.#parts;
    const reload = options.settingsKeeper?.reload;
    if (reload === undefined) throw new EdgeSyncError('restart-by-hand');
    audit.record({ action: 'engine-restarted', actor, outcome: 'success' });
    options.clock.after(answerFirstMs, () => {
      reload().catch((error: unknown) => options.logger.error('restart-failed', {}, error));
    });
  }

  async #try(destination: DestinationSettings, settings: Settings): Promise<void> {
    const { options } = this.#parts;
    const { secrets, keyStore, clock } = options;
    const secret = await destinationSecret(destination.name, secrets, keyStore);
    const outgoing = await outgoingConnections({ settings, secrets, keyStore });
    const store = isArchive(destination)
      ? openStore(destination, secret, clock, outgoing)
      : await openDatasetStore(destination, secret, options, outgoing);
    try {
      await store.check();
    } finally {
      await store.close();
    }
  }

  async #secrets(settings: Settings): Promise<readonly SecretState[]> {
    const { secrets, keyStore } = this.#parts.options;
    const names = settings.destinations.filter(({ kind }) => kind !== 'folder').map(({ name }) => name);
    if (settings.network.proxy.mode !== 'none') names.push(proxySecretName);
    if (settings.alerts.email.user !== undefined) names.push(smtpSecretName);
    if (settings.alerts.webhook.url !== undefined) names.push(webhookSecretName);
    return Promise.all(
      names.map(async (name): Promise<SecretState> => {
        const variable = secretEnvironmentName(name);
        if (secrets.has(name)) return { name, state: 'environment', variable };
        const read = await keyStore.read(destinationSecretName(name));
        const states = { present: 'set', absent: 'not-set', unavailable: 'unknown' } as const;
        return { name, state: states[read.tag], variable };
      }),
    );
  }
}

const answerFirstMs = 50;

export async function hasKeys(dataDir: string): Promise<boolean> {
  return stat(join(dataDir, 'keys.json')).then(
    () => true,
    () => false,
  );
}
