/** The contract's `secrets` on an engine. */
import type { SignInEvent } from '../../shared/contract-secrets.ts';
import type { AzureDestinationSettings } from '../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { Settings } from '../../shared/settings.ts';
import { entraApp } from './cloud/azure-account.ts';
import { signedInAs, signInByDeviceCode, type DeviceCode } from './cloud/entra-sign-in.ts';
import type { EngineOptions, EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { storeDestinationSecret } from './keys/destination-secret.ts';
import { outgoingConnections } from './outgoing-connections.ts';
import { eventStream } from './system/event-stream.ts';
import { Secret } from './system/secret.ts';

export interface SecretService {
  /** Uploads that wait for it go on at once. */
  store(name: string, value: string, actor: Actor): Promise<void>;
  signIn(name: string, actor: Actor, signal: AbortSignal): AsyncIterable<SignInEvent>;
}

/** @throws EdgeSyncError `usage` for a destination that nobody signs in to. */
export function destinationToSignInTo(settings: Settings, name: string): AzureDestinationSettings {
  const destination = settings.destinations.find((one) => one.name === name);
  if (destination === undefined) throw new EdgeSyncError('usage', `no destination is named ${name}`);
  if (destination.kind !== 'azure' || destination.auth !== 'device-code') {
    throw new EdgeSyncError('usage', `${name} is no azure destination with auth "device-code"`);
  }
  return destination;
}

/**
 * Lets a person sign in for a destination; `onCode` gets what they have to enter. Resolves with what to keep.
 * @throws EdgeSyncError usage, entra-*, cloud-*, proxy-refused, cancelled, keychain-*, passphrase-*.
 */
export async function signInTo(
  name: string,
  parts: Pick<EngineOptions, 'settings' | 'secrets' | 'keyStore'>,
  onCode: (code: DeviceCode) => void,
  signal: AbortSignal,
): Promise<Secret> {
  const destination = destinationToSignInTo(parts.settings, name);
  // Before anybody is asked for anything: a key store that is locked would lose the sign-in.
  const probe = await parts.keyStore.read('entra-check');
  if (probe.tag === 'unavailable') throw probe.error;
  return signInByDeviceCode(entraApp(destination), await outgoingConnections(parts), onCode, signal);
}

export class SecretCalls implements SecretService {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  store(name: string, value: string, actor: Actor): Promise<void> {
    return this.#keep(name, Secret.fromText(value), actor);
  }

  signIn(name: string, actor: Actor, signal: AbortSignal): AsyncIterable<SignInEvent> {
    return eventStream<SignInEvent>(signal, async (emit, ended) => {
      const { options, inForce } = this.#parts;
      const parts = { ...options, settings: inForce.current };
      const kept = await signInTo(name, parts, (code) => emit({ tag: 'code', ...code }), ended);
      await this.#keep(name, kept, actor);
      emit({ tag: 'signed-in', account: signedInAs(kept) });
    });
  }

  async #keep(name: string, secret: Secret, actor: Actor): Promise<void> {
    const { options, audit, uploads } = this.#parts;
    await storeDestinationSecret(name, secret, options.keyStore, options.random);
    audit.record({ action: 'secret-stored', actor, subject: name, outcome: 'success' });
    uploads.wake();
  }
}
