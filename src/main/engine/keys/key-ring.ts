/** The keys of one installation: opened at start, asked by every stage, changed by enrolment alone. */
import { mkdir } from 'node:fs/promises';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, ColumnSealer, KeyStore, Logger, Random } from '../ports.ts';
import { addRecipients } from '../seal/add-recipients.ts';
import { recipientFromCertificate } from '../seal/certificate.ts';
import { EnvelopeReaders, openWhole } from '../seal/envelope-reader.ts';
import { EnvelopeWriters, sealWhole } from '../seal/envelope-writer.ts';
import {
  generateEphemeralKey,
  unwrapKey,
  wrapKey,
  type OpeningKeys,
  type Recipient,
} from '../seal/recipients.ts';
import type { OpenerFactory, SealerFactory } from '../seal/seal-port.ts';
import { Secret } from '../system/secret.ts';
import { encodeRecord, makeArchiveKeyRecord, openArchiveKeyRecord } from './archive-key-record.ts';
import { ArchiveKeys, archiveKeyBytes, type InstanceIdentity } from './archive-keys.ts';
import { damaged, readKeyFile, writeKeyFile, type KeyFileBody, type StoredKeyFile } from './key-file.ts';
import { deriveRecoveryKey, makeRecoveryCertificate, type RecoveryKey } from './recovery-key.ts';
import { entropyBytes, entropyFromWords, wordsFromEntropy } from './recovery-words.ts';
import { restoreKeysFromWords, type RestoreKeys } from './restore-keys.ts';

export interface KeyRingDeps {
  readonly dataDir: string;
  readonly keyStore: KeyStore;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether anything on this PC is sealed already (spool files, database rows): then no new key may be made. */
  readonly sealedData: 'present' | 'absent';
}

const deviceKeyBytes = 32;
const drillContentBytes = 4096;

export class KeyRing {
  readonly columns: ColumnSealer;
  readonly openers: OpenerFactory;
  readonly #deps: KeyRingDeps;
  readonly #keys: ArchiveKeys;
  readonly #openingKeys: OpeningKeys;
  readonly #sealers: EnvelopeWriters;
  #body: KeyFileBody;
  /** Enrolment and drill run one after the other. */
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(deps: KeyRingDeps, keys: ArchiveKeys, body: KeyFileBody) {
    this.#deps = deps;
    this.#keys = keys;
    this.#body = body;
    this.#openingKeys = { kek: (id) => keys.kekById(id), agreements: [] };
    this.openers = new EnvelopeReaders(this.#openingKeys);
    this.columns = keys.columnSealer(deps.random);
    this.#sealers = new EnvelopeWriters(deps.random, recipientsFor(keys, body), fingerprintOf(body));
  }

  /**
   * Opens the keys of the data folder, or makes them when there are none: only if the key store confirms absence and
   * nothing is sealed yet. Throws keychain-unavailable, keychain-entry-missing, passphrase-*, key-file-damaged,
   * disk-full, data-dir-not-writable.
   */
  static async open(deps: KeyRingDeps): Promise<KeyRing> {
    const stored = await readKeyFile(deps.dataDir);
    if (stored !== undefined) return openStored(deps, stored, (keys, body) => new KeyRing(deps, keys, body));
    if (deps.sealedData === 'present') throw new EdgeSyncError('key-file-damaged', 'keys.json is missing');
    const { keys, body } = await createKeys(deps);
    return new KeyRing(deps, keys, body);
  }

  /** For a restore on a new PC: see restore-keys.ts. */
  static fromWords(words: readonly string[], archiveKeyRecord: Uint8Array): RestoreKeys {
    return restoreKeysFromWords(words, archiveKeyRecord);
  }

  /** New objects; follows enrolment at once. */
  get sealers(): SealerFactory {
    return this.#sealers;
  }

  get installationId(): string {
    return this.#body.installationId;
  }

  get archiveId(): string {
    return this.#body.archiveId;
  }

  get recoveryState(): 'none' | 'created' | 'proven' {
    return this.#body.recovery.state;
  }

  /** When the words were last proven, or undefined. */
  get recoveryProvenAtMs(): number | undefined {
    const { recovery } = this.#body;
    return recovery.state === 'proven' ? Date.parse(recovery.provenAt) : undefined;
  }

  get recoveryFingerprint(): string | null {
    return fingerprintOf(this.#body);
  }

  get recoveryCertificatePem(): string | null {
    const { recovery } = this.#body;
    return recovery.state === 'none' ? null : recovery.certificatePem;
  }

  /** 64 hex digits: the instance's name in every cloud. */
  objectName(this: KeyRing, identity: InstanceIdentity): string {
    return this.#keys.objectName(identity);
  }

  /** 32 bytes, HMAC-SHA256. */
  manifestMac(this: KeyRing, bytes: Uint8Array): Buffer {
    return this.#keys.manifestMac(bytes);
  }

  /** 32 bytes, HMAC-SHA256: of backups of the settings. */
  backupMac(this: KeyRing, bytes: Uint8Array): Buffer {
    return this.#keys.backupMac(bytes);
  }

  /** What belongs at cloudNames.archiveKey(archiveId). Throws recovery-missing before enrolment. */
  archiveKeyRecord(): Buffer {
    const { recovery } = this.#body;
    if (recovery.state === 'none') throw new EdgeSyncError('recovery-missing');
    return encodeRecord(recovery.archiveKeyRecord);
  }

  /**
   * A new head for an object sealed before enrolment (or to an earlier, unproven kit), so that the recovery key opens
   * it too; the content stays as it is. `head` is everything before the first content segment (seal/headSize).
   * Throws recovery-missing, object-format, object-no-recipient, object-tampered.
   */
  addRecoveryRecipient(this: KeyRing, head: Buffer): Buffer {
    const { recovery } = this.#body;
    if (recovery.state === 'none') throw new EdgeSyncError('recovery-missing');
    const { recipient } = recipientFromCertificate(recovery.certificatePem);
    return addRecipients(head, this.#openingKeys, [recipient], generateEphemeralKey);
  }

  /**
   * Makes the recovery key. The words exist only in the answer. Throws recovery-exists: always once a kit is proven,
   * before that unless `replace` is true.
   */
  createRecovery(options: {
    readonly replace: boolean;
  }): Promise<{ readonly words: readonly string[]; readonly fingerprint: string }> {
    return this.#inTurn(async () => {
      const { state } = this.#body.recovery;
      if (state === 'proven' || (state === 'created' && !options.replace)) {
        throw new EdgeSyncError('recovery-exists');
      }
      const entropy = Secret.from(this.#deps.random.bytes(entropyBytes));
      const key = deriveRecoveryKey(entropy);
      const words = wordsFromEntropy(entropy);
      entropy.wipe();
      const record = makeArchiveKeyRecord(this.#keys, this.#body.epoch, key, this.#deps.random);
      await this.#store({
        state: 'created',
        certificatePem: await makeRecoveryCertificate(key),
        fingerprint: key.fingerprint,
        createdAt: this.#now(),
        archiveKeyRecord: record,
      });
      this.#deps.logger.info('recovery-created', { fingerprint: key.fingerprint });
      return { words, fingerprint: key.fingerprint };
    });
  }

  /**
   * The drill: seals a test object as any image is sealed and opens it with the words' key alone, and opens the archive
   * key record with them too. Afterwards the kit is proven. Throws recovery-missing, recovery-words-count, -misspelt,
   * -checksum, -other; object-tampered when the drill itself fails.
   */
  checkRecovery(
    words: readonly string[],
  ): Promise<{ readonly fingerprint: string; readonly provenAt: string }> {
    return this.#inTurn(async () => {
      const { recovery } = this.#body;
      if (recovery.state === 'none') throw new EdgeSyncError('recovery-missing');
      const entropy = entropyFromWords(words);
      const key = deriveRecoveryKey(entropy);
      entropy.wipe();
      if (key.fingerprint !== recovery.fingerprint) throw new EdgeSyncError('recovery-words-other');
      this.#drill(key);
      const opened = openArchiveKeyRecord(recovery.archiveKeyRecord, key);
      if (opened.archiveId !== this.archiveId) {
        throw new EdgeSyncError('object-tampered', 'the archive key record');
      }
      const provenAt = this.#now();
      const { certificatePem, fingerprint, createdAt, archiveKeyRecord } = recovery;
      await this.#store({
        state: 'proven',
        certificatePem,
        fingerprint,
        createdAt,
        archiveKeyRecord,
        provenAt,
      });
      this.#deps.logger.info('recovery-proven', { fingerprint });
      return { fingerprint, provenAt };
    });
  }

  #drill(key: RecoveryKey): void {
    const content = this.#deps.random.bytes(drillContentBytes);
    const sealed = sealWhole(this.#sealers, content);
    const wordsAlone = new EnvelopeReaders({ kek: () => undefined, agreements: [key.agreement] });
    if (!openWhole(wordsAlone, sealed).equals(content)) {
      throw new EdgeSyncError('object-tampered', 'the test object of the drill');
    }
  }

  async #store(recovery: KeyFileBody['recovery']): Promise<void> {
    const body = { ...this.#body, recovery };
    await writeKeyFile(this.#deps.dataDir, body, this.#keys, this.#deps.clock);
    this.#body = body;
    this.#sealers.setRecipients(recipientsFor(this.#keys, body), fingerprintOf(body));
  }

  #now(): string {
    return new Date(this.#deps.clock.nowMs()).toISOString();
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#lastChange.then(change, change);
    this.#lastChange = result.catch(() => undefined);
    return result;
  }
}

function recipientsFor(keys: ArchiveKeys, body: KeyFileBody): Recipient[] {
  const kek = keys.kekRecipient(body.epoch);
  if (body.recovery.state === 'none') return [kek];
  const { recipient, fingerprint } = recipientFromCertificate(body.recovery.certificatePem);
  if (fingerprint !== body.recovery.fingerprint) throw damaged();
  return [kek, recipient];
}

function fingerprintOf(body: KeyFileBody): string | null {
  return body.recovery.state === 'none' ? null : body.recovery.fingerprint;
}

function deviceKeyName(installationId: string): string {
  return `device-key-${installationId}`;
}

async function openStored<T>(
  deps: KeyRingDeps,
  stored: StoredKeyFile,
  make: (keys: ArchiveKeys, body: KeyFileBody) => T,
): Promise<T> {
  const { body } = stored;
  const read = await deps.keyStore.read(deviceKeyName(body.installationId));
  switch (read.tag) {
    case 'present': {
      const keys = unwrapArchiveKey(read.secret, body);
      stored.verify(keys);
      return make(keys, body);
    }
    case 'absent': {
      if (deps.sealedData === 'present' || body.recovery.state !== 'none') {
        throw new EdgeSyncError('keychain-entry-missing');
      }
      // Nothing was ever sealed with the lost key and nobody holds words for it: begin anew.
      deps.logger.warn('keys-made-anew', { installationId: body.installationId });
      const created = await createKeys(deps);
      return make(created.keys, created.body);
    }
    case 'unavailable':
      throw read.error;
    default:
      return assertNever(read);
  }
}

function unwrapArchiveKey(deviceKey: Secret, body: KeyFileBody): ArchiveKeys {
  if (deviceKey.sizeBytes !== deviceKeyBytes) {
    throw new EdgeSyncError('keychain-entry-missing', 'the entry does not hold a key of this program');
  }
  const unwrapped = unwrapKey(deviceKey.reveal(), Buffer.from(body.wrappedArchiveKey, 'hex'));
  if (unwrapped === undefined) throw damaged();
  const archiveKey = Secret.from(unwrapped);
  unwrapped.fill(0);
  return ArchiveKeys.fromArchiveKey(archiveKey);
}

/** The entry is stored before the file, so that a file never names a key that was not kept. */
async function createKeys(deps: KeyRingDeps): Promise<{ keys: ArchiveKeys; body: KeyFileBody }> {
  const installationId = deps.random.bytes(16).toString('hex');
  const name = deviceKeyName(installationId);
  const before = await deps.keyStore.read(name);
  if (before.tag === 'unavailable') throw before.error;
  if (before.tag === 'present')
    throw new EdgeSyncError('keychain-unavailable', 'a fresh entry exists already');

  const deviceKey = Secret.from(deps.random.bytes(deviceKeyBytes));
  const keys = ArchiveKeys.fromArchiveKey(Secret.from(deps.random.bytes(archiveKeyBytes)));
  await deps.keyStore.write(name, deviceKey);
  const body: KeyFileBody = {
    format: 'edge-sync-keys',
    version: 1,
    installationId,
    archiveId: keys.archiveId,
    epoch: 1,
    wrappedArchiveKey: Buffer.from(wrapKey(deviceKey.reveal(), keys.archiveKey.reveal())).toString('hex'),
    recovery: { state: 'none' },
  };
  deviceKey.wipe();
  await mkdir(deps.dataDir, { recursive: true, mode: 0o700 });
  await writeKeyFile(deps.dataDir, body, keys, deps.clock);
  deps.logger.info('keys-made', { installationId, keyStore: deps.keyStore.kind });
  return { keys, body };
}
