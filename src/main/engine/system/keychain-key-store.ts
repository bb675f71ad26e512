/**
 * The PC's own keychain: Credential Manager on Windows, Keychain on macOS, the Secret Service (gnome-keyring, KWallet)
 * on Linux. Linux is pinned to the Secret Service, because the kernel's keyring forgets at reboot.
 */
import { timingSafeEqual } from 'node:crypto';
import { AsyncEntry } from '@napi-rs/keyring';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, KeyStore, KeyStoreRead } from '../ports.ts';
import { checkKeyStoreEntry, checkKeyStoreName } from './key-store-limits.ts';
import { Secret } from './secret.ts';

const service = 'edge-sync';
/** A locked keychain may ask its user; longer than a person needs for a password we do not wait at start. */
const defaultTimeoutMs = 60_000;

export class KeychainKeyStore implements KeyStore {
  readonly kind = 'keychain';
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(deps: { readonly clock: Clock; readonly timeoutMs?: number }) {
    this.#clock = deps.clock;
    this.#timeoutMs = deps.timeoutMs ?? defaultTimeoutMs;
  }

  /** `absent` only when the keychain answered that there is no such entry; locked, missing or late is `unavailable`. */
  async read(name: string): Promise<KeyStoreRead> {
    checkKeyStoreName(name);
    try {
      const bytes = await this.#answer((signal) => entry(name).getSecret(signal));
      if (bytes === null) return { tag: 'absent' };
      const secret = Secret.from(Uint8Array.from(bytes));
      bytes.fill(0);
      return { tag: 'present', secret };
    } catch (error) {
      return { tag: 'unavailable', error: unavailable(error) };
    }
  }

  /** Reads back what it wrote. Throws keychain-unavailable. */
  async write(name: string, secret: Secret): Promise<void> {
    checkKeyStoreName(name);
    checkKeyStoreEntry(secret);
    try {
      await this.#answer((signal) => entry(name).setSecret(Uint8Array.from(secret.reveal()), signal));
    } catch (error) {
      throw unavailable(error);
    }
    const read = await this.read(name);
    if (read.tag === 'unavailable') throw read.error;
    const kept =
      read.tag === 'present' &&
      read.secret.sizeBytes === secret.sizeBytes &&
      timingSafeEqual(read.secret.reveal(), secret.reveal());
    if (!kept) throw new EdgeSyncError('keychain-unavailable', 'it did not keep what was written');
  }

  async remove(name: string): Promise<void> {
    checkKeyStoreName(name);
    try {
      await this.#answer((signal) => entry(name).deleteCredential(signal));
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** The native call cannot be stopped once it runs; after the timeout its answer is ignored. */
  async #answer<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const late = new Promise<never>((_resolve, reject) => {
      const timer = this.#clock.after(this.#timeoutMs, () => {
        reject(new EdgeSyncError('keychain-unavailable', 'it did not answer in time'));
        abort.abort();
      });
      abort.signal.addEventListener('abort', () => timer.cancel(), { once: true });
    });
    const asked = ask(abort.signal);
    asked.catch(() => undefined);
    try {
      return await Promise.race([asked, late]);
    } finally {
      abort.abort();
    }
  }
}

/** On Linux this looks for the service at once and blocks for up to 2 s when that hangs; the rest is asynchronous. */
function entry(name: string): AsyncEntry {
  return new AsyncEntry(service, name, { linux: { store: 'secret-service' } });
}

/** The library's messages name the platform's reason (locked, no service) and no secret; only the known part is told. */
function unavailable(error: unknown): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  const message = error instanceof Error ? error.message : '';
  return new EdgeSyncError('keychain-unavailable', reasonIn(message), { cause: error });
}

function reasonIn(message: string): string | undefined {
  if (/did not receive a reply|timed? ?out/i.test(message)) return 'it did not answer in time';
  if (/\blocked\b|unlock|dismissed|denied|interaction is not allowed/i.test(message)) return 'it is locked';
  if (/dbus|d-bus|not provided|no storage/i.test(message)) return 'no keychain service answers';
  return undefined;
}
