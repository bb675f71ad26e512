/** An installation's keys in a temp folder, and key stores that break at a chosen moment. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing, type KeyRingDeps } from '../../src/main/engine/keys/key-ring.ts';
import { deriveRecoveryKey } from '../../src/main/engine/keys/recovery-key.ts';
import { entropyFromWords } from '../../src/main/engine/keys/recovery-words.ts';
import type { KeyStore, KeyStoreRead } from '../../src/main/engine/ports.ts';
import { EnvelopeReaders } from '../../src/main/engine/seal/envelope-reader.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { FakeRandom } from '../fakes/fake-random.ts';

export type KeyStoreCall = 'read' | 'write' | 'remove';

/** Keeps entries in memory and lets a test look, refuse or be late at each call. */
export class WatchedKeyStore implements KeyStore {
  readonly kind = 'keychain';
  readonly entries = new Map<string, Buffer>();
  /** Runs before and after each call has had its effect; a rejection is what the caller gets. */
  before: (call: KeyStoreCall, name: string) => Promise<void> | void = () => undefined;
  after: (call: KeyStoreCall, name: string) => Promise<void> | void = () => undefined;

  async read(name: string): Promise<KeyStoreRead> {
    try {
      await this.before('read', name);
      const bytes = this.entries.get(name);
      await this.after('read', name);
      return bytes === undefined ? { tag: 'absent' } : { tag: 'present', secret: Secret.from(bytes) };
    } catch (error) {
      return { tag: 'unavailable', error: error as EdgeSyncError };
    }
  }

  async write(name: string, secret: Secret): Promise<void> {
    await this.before('write', name);
    this.entries.set(name, Buffer.from(secret.reveal()));
    await this.after('write', name);
  }

  async remove(name: string): Promise<void> {
    await this.before('remove', name);
    this.entries.delete(name);
    await this.after('remove', name);
  }

  /** From now on as it was made. */
  calm(): void {
    this.before = () => undefined;
    this.after = () => undefined;
  }
}

export class KeyHome {
  readonly dir: string;
  readonly dataDir: string;
  readonly store = new WatchedKeyStore();
  readonly logger = new FakeLogger();
  /** An hour from now, so that certificates that OpenSSL makes during a test are valid. */
  readonly clock = new FakeClock(Date.now() + 3_600_000);
  #opened = 0;

  private constructor(dir: string) {
    this.dir = dir;
    this.dataDir = join(dir, 'data');
  }

  static async create(): Promise<KeyHome> {
    return new KeyHome(await mkdtemp(join(tmpdir(), 'edge-sync-key-life-')));
  }

  deps(changes: Partial<KeyRingDeps> = {}): KeyRingDeps {
    this.#opened += 1;
    return {
      dataDir: this.dataDir,
      keyStore: this.store,
      random: new FakeRandom(`${this.dir} run ${this.#opened}`),
      clock: this.clock,
      logger: this.logger,
      sealedData: 'absent',
      ...changes,
    };
  }

  open(changes: Partial<KeyRingDeps> = {}): Promise<KeyRing> {
    return KeyRing.open(this.deps(changes));
  }

  /** Keys, words, and the words proven. */
  async enrolled(): Promise<{ readonly ring: KeyRing; readonly words: readonly string[] }> {
    const ring = await this.open();
    const { words } = await ring.createRecovery({ replace: false });
    await ring.checkRecovery(words);
    return { ring, words };
  }

  get keysFile(): string {
    return join(this.dataDir, 'keys.json');
  }

  /** What a crash at this moment would leave. */
  async snapshot(): Promise<Moment> {
    const entries = new Map(this.store.entries);
    return { keysJson: await readFile(this.keysFile), entries };
  }

  async copyTo(folder: string): Promise<void> {
    await cp(this.dataDir, folder, { recursive: true });
  }

  dispose(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }
}

export interface Moment {
  readonly keysJson: Buffer;
  readonly entries: ReadonlyMap<string, Buffer>;
}

export async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'ok';
  } catch (error) {
    if (error instanceof EdgeSyncError) return error.code;
    throw error;
  }
}

export function readersOf(words: readonly string[]): EnvelopeReaders {
  const { agreement } = deriveRecoveryKey(entropyFromWords(words));
  return new EnvelopeReaders({ kek: () => undefined, agreements: [agreement] });
}

export function otherWords(seed = 'another clinic'): Secret {
  return Secret.from(new FakeRandom(seed).bytes(32));
}
