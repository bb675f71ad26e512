/** The contract's `setup` on an engine. A credential that is only tried lies in memory and nowhere else. */
import { createHash } from 'node:crypto';
import type { ListeningChange, LiveTestEvent } from '../../shared/contract-setup.ts';
import type { DestinationSettings } from '../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import { openStore } from './cloud/open-store.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { destinationSecret, destinationSecretName } from './keys/destination-secret.ts';
import { runLiveTest } from './live-test.ts';
import { outgoingConnections } from './outgoing-connections.ts';
import type { SettingChange, SettingsKeeper } from './settings-keeper.ts';
import { eventStream } from './system/event-stream.ts';
import { Secret } from './system/secret.ts';

export interface Draft {
  readonly destination: DestinationSettings;
  /** null: the stored one, or none needed. */
  readonly credential: string | null;
}

export interface SetupService {
  testDestination(draft: Draft, actor: Actor, signal: AbortSignal): AsyncIterable<LiveTestEvent>;
  saveDestination(
    request: Draft & { readonly despite?: 'test-not-passed' | undefined },
    actor: Actor,
  ): Promise<void>;
  listen(change: ListeningChange, actor: Actor): Promise<void>;
}

type Parts = Pick<EngineParts, 'options' | 'keys' | 'queue' | 'audit'>;

export class SetupCalls implements SetupService {
  readonly #parts: Parts;
  /** What has passed the live test, as it was typed, by hash. */
  readonly #passed = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  testDestination(draft: Draft, actor: Actor, signal: AbortSignal): AsyncIterable<LiveTestEvent> {
    const { options, keys, queue, audit } = this.#parts;
    const { settings, clock, random } = options;
    const { mode, address } = settings.network.proxy;
    return eventStream<LiveTestEvent>(signal, async (emit, ending) => {
      const outcome = await runLiveTest({
        open: async () =>
          openStore(
            draft.destination,
            await this.#credentialOf(draft),
            clock,
            await outgoingConnections(options),
          ),
        proxy: mode === 'none' || address === undefined ? null : address,
        archiveId: keys.archiveId,
        installationId: queue.installationId,
        clock,
        random,
        emit,
        signal: ending,
      });
      if (outcome === 'passed') this.#passed.add(draftHash(draft));
      audit.record({
        action: 'destination-tested',
        actor,
        subject: draft.destination.name,
        outcome: outcome === 'passed' ? 'success' : 'failure',
      });
      emit({ tag: 'ended', outcome });
    });
  }

  async saveDestination(
    request: Draft & { readonly despite?: 'test-not-passed' | undefined },
    actor: Actor,
  ): Promise<void> {
    const { options, audit } = this.#parts;
    const { destination, credential, despite } = request;
    if (!this.#passed.has(draftHash(request)) && destination.required && despite === undefined)
      throw new EdgeSyncError('destination-not-tested', destination.name);
    const { destinations } = options.settings;
    const before = destinations.find(({ name }) => name === destination.name);
    if (
      before !== undefined &&
      this.#holdsImages(destination.name) &&
      placeOf(before) !== placeOf(destination)
    )
      throw new EdgeSyncError('destination-in-use', destination.name);
    const value = (inFile: unknown): unknown => withDestination(inFile, destination);
    await this.#change([{ path: ['destinations'], value }], async () => {
      if (credential !== null)
        await options.keyStore.write(destinationSecretName(destination.name), Secret.fromText(credential));
      audit.record({ action: 'destination-saved', actor, subject: destination.name, outcome: 'success' });
    });
  }

  async listen(change: ListeningChange, actor: Actor): Promise<void> {
    const { audit } = this.#parts;
    const changes = Object.entries(change)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]): SettingChange => ({ path: ['dicom', key], value: () => value }));
    await this.#change(changes, () => {
      audit.record({ action: 'listening-changed', actor, outcome: 'success' });
      return Promise.resolve();
    });
  }

  #change(changes: readonly SettingChange[], ready: () => Promise<void>): Promise<void> {
    return keeperOf(this.#parts).change(changes, ready);
  }

  async #credentialOf({ destination, credential }: Draft): Promise<Secret | undefined> {
    const { secrets, keyStore } = this.#parts.options;
    if (credential !== null) return Secret.fromText(credential);
    return destinationSecret(destination.name, secrets, keyStore);
  }

  #holdsImages(name: string): boolean {
    const counts = this.#parts.queue.status().destinations.find((one) => one.name === name);
    return (counts?.verified ?? 0) > 0;
  }
}

/** In its place, or at the end. What else stands in the file is checked by who writes it. */
function withDestination(inFile: unknown, destination: DestinationSettings): readonly unknown[] {
  const list: readonly unknown[] = Array.isArray(inFile) ? inFile : [];
  const isIt = (one: unknown): boolean =>
    typeof one === 'object' && one !== null && 'name' in one && one.name === destination.name;
  return list.some(isIt) ? list.map((one) => (isIt(one) ? destination : one)) : [...list, destination];
}

function keeperOf({ options }: Pick<Parts, 'options'>): SettingsKeeper {
  if (options.settingsKeeper !== undefined) return options.settingsKeeper;
  throw new EdgeSyncError('usage', 'settings are changed with `edge-sync config set` here');
}

/** Where the images lie; a changed way of signing in or a speed limit is no other place. */
function placeOf(destination: DestinationSettings): string {
  switch (destination.kind) {
    case 'azure':
      return JSON.stringify(['azure', destination.container, destination.prefix]);
    case 's3':
      return JSON.stringify(['s3', destination.endpoint, destination.bucket, destination.prefix]);
    case 'folder':
      return JSON.stringify(['folder', destination.path, destination.prefix]);
    default:
      // A kind that came later: every difference counts.
      return JSON.stringify(destination);
  }
}

/** Of everything that the live test depends on; the credential itself is not kept. */
function draftHash({ destination, credential }: Draft): string {
  return createHash('sha256')
    .update(JSON.stringify([destination, credential]))
    .digest('hex');
}
