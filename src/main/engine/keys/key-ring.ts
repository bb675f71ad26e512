/** The keys of one installation: opened at start, asked by every stage, changed by enrolment and by whoever administers it. */
import { mkdir } from 'node:fs/promises';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, ColumnSealer, KeyStore, Logger, Random } from '../ports.ts';
import { addRecipients, replaceRecipients } from '../seal/add-recipients.ts';
import { recipientFromCertificate } from '../seal/certificate.ts';
import { EnvelopeReaders, openWhole } from '../seal/envelope-reader.ts';
import { EnvelopeWriters, sealWhole } from '../seal/envelope-writer.ts';
import { generateEphemeralKey, type OpeningKeys, type Recipient } from '../seal/recipients.ts';
import type { OpenerFactory, SealerFactory } from '../seal/seal-port.ts';
import { Secret } from '../system/secret.ts';
import { encodeRecord, openArchiveKeyRecord } from './archive-key-record.ts';
import { ArchiveKeys, archiveKeyBytes, maxEpoch, type InstanceIdentity } from './archive-keys.ts';
import { readDeviceKey, storeNewDeviceKey } from './device-key.ts';
import { adoptKeys, joinArchive, type AdoptDeps } from './joining.ts';
import { furtherRecipient } from './further-recipients.ts';
import type { FurtherRecipient } from './key-file-schema.ts';
import { damaged, readKeyFile, writeKeyFile, type KeyFileBody, type StoredKeyFile } from './key-file.ts';
import { endsReplacement, kitsInForce, kitWith, makeKit, proven } from './recovery-kit.ts';
import type { RecoveryKey } from './recovery-key.ts';
import { restoreKeysFromWords, type RestoreKeys } from './restore-keys.ts';
import { forgetStaleEntries, writeUnderNewDeviceKey } from './rotation.ts';
import { recoveryKeyFromWords } from './words-records.ts';

export interface KeyRingDeps {
  readonly dataDir: string;
  readonly keyStore: KeyStore;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether anything on this PC is sealed already (spool files, database rows): then no new key may be made. */
  readonly sealedData: 'present' | 'absent';
}

export interface ArchiveKeyRecordFacts {
  readonly archiveId: string;
  /** undefined: it lies at the archive's own name. */
  readonly fingerprint: string | undefined;
  readonly bytes: Buffer;
}

export interface MadeWords {
  readonly words: readonly string[];
  readonly fingerprint: string;
}

const drillContentBytes = 4096;

export class KeyRing {
  readonly columns: ColumnSealer;
  readonly openers: OpenerFactory;
  readonly #deps: KeyRingDeps;
  readonly #keys: ArchiveKeys;
  readonly #openingKeys: OpeningKeys;
  readonly #sealers: EnvelopeWriters;
  #body: KeyFileBody;
  #records: readonly ArchiveKeyRecordFacts[];
  /** Enrolment and drill run one after the other. */
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(deps: KeyRingDeps, keys: ArchiveKeys, body: KeyFileBody) {
    this.#deps = deps;
    this.#keys = keys;
    this.#body = body;
    this.#records = recordsOf(body);
    this.#openingKeys = { kek: (id) => keys.kekById(id), agreements: [] };
    this.openers = new EnvelopeReaders(this.#openingKeys);
    this.columns = keys.columnSealer(deps.random);
    this.#sealers = new EnvelopeWriters(deps.random, recipientsFor(keys, body), sealedFingerprint(body));
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

  /**
   * Gets an installation going again whose key store entry was lost (or keys.json, then with `records` from the cloud):
   * a new device key for the same archive, and the words count as proven. See joining.ts for what it throws.
   */
  static async adopt(
    deps: AdoptDeps,
    words: readonly string[],
    records?: readonly Uint8Array[],
  ): Promise<KeyRing> {
    await adoptKeys(deps, words, records);
    return KeyRing.open({ ...deps, sealedData: 'present' });
  }

  /**
   * Makes a fresh data folder a further installation of an archive. `records`: all that lies below cloudNames.keys.
   * See joining.ts for what it throws.
   */
  static async join(
    deps: KeyRingDeps,
    words: readonly string[],
    records: readonly Uint8Array[],
  ): Promise<KeyRing> {
    await joinArchive(deps, words, records);
    return KeyRing.open({ ...deps, sealedData: 'present' });
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
    const { state } = this.#body.recovery;
    return state === 'replacing' ? 'proven' : state;
  }

  /** All that may be told about the keys; no key is in it. */
  get facts(): KeyFileBody {
    return this.#body;
  }

  /** When the words were last proven, or undefined. */
  get recoveryProvenAtMs(): number | undefined {
    const { recovery } = this.#body;
    return 'provenAt' in recovery ? Date.parse(recovery.provenAt) : undefined;
  }

  /** Of the kit in force; while a replacement waits for its drill that is the old one. */
  get recoveryFingerprint(): string | null {
    return kitsInForce(this.#body)[0]?.fingerprint ?? null;
  }

  /** Throws recovery-missing, recovery-words-replaced or recovery-words-other unless it is of a kit in force. */
  mustBeInForce(fingerprint: string): void {
    kitWith(this.#body, fingerprint);
  }

  get recoveryCertificatePem(): string | null {
    return kitsInForce(this.#body)[0]?.certificatePem ?? null;
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

  /** What a new PC starts from: of the kit in force. Throws recovery-missing before enrolment. */
  archiveKeyRecord(): Buffer {
    const [first] = this.archiveKeyRecords();
    if (first === undefined) throw new EdgeSyncError('recovery-missing');
    return first.bytes;
  }

  /** What belongs below cloudNames.keys: one record, two while a replacement waits for its drill, none before enrolment. */
  archiveKeyRecords(): readonly ArchiveKeyRecordFacts[] {
    return this.#records;
  }

  /**
   * A new head for an object sealed before enrolment (or to an earlier kit), so that the recovery key opens
   * it too; the content stays as it is. `head` is everything before the first content segment (seal/headSize).
   * Throws recovery-missing, object-format, object-no-recipient, object-tampered.
   */
  addRecoveryRecipient(this: KeyRing, head: Buffer): Buffer {
    const kits = kitsInForce(this.#body);
    if (kits.length === 0) throw new EdgeSyncError('recovery-missing');
    const recipients = kits.map((kit) => recipientFromCertificate(kit.certificatePem).recipient);
    return addRecipients(head, this.#openingKeys, recipients, generateEphemeralKey);
  }

  /**
   * A new head for the same content that only `recipients` open: for a study that is shared. `head` as above.
   * Throws object-format, object-no-recipient, object-tampered.
   */
  headFor(this: KeyRing, head: Buffer, recipients: readonly Recipient[]): Buffer {
    return replaceRecipients(head, this.#openingKeys, recipients, generateEphemeralKey);
  }

  /**
   * Makes the recovery key. The words exist only in the answer. Throws recovery-exists: always once a kit is proven,
   * before that unless `replace` is true.
   */
  createRecovery(options: { readonly replace: boolean }): Promise<MadeWords> {
    return this.#inTurn(async () => {
      const { state } = this.#body.recovery;
      if (state === 'proven' || state === 'replacing' || (state === 'created' && !options.replace)) {
        throw new EdgeSyncError('recovery-exists');
      }
      const { kit, words } = await this.#newKit('archive');
      await this.#store({ ...this.#body, recovery: { state: 'created', kit } });
      this.#deps.logger.info('recovery-created', { fingerprint: kit.fingerprint });
      return { words, fingerprint: kit.fingerprint };
    });
  }

  /**
   * The drill: seals a test object as any image is sealed and opens it with the words' key alone, and opens the archive
   * key record with them too. Afterwards the kit is proven; the new kit of a replacement takes the old one's place.
   * Throws recovery-missing, recovery-words-count, -misspelt, -checksum, -other, -replaced; object-tampered when the
   * drill itself fails; where a replacement ends also keychain-unavailable and what else the key store throws.
   */
  checkRecovery(
    words: readonly string[],
  ): Promise<{ readonly fingerprint: string; readonly provenAt: string }> {
    return this.#inTurn(async () => {
      if (this.#body.recovery.state === 'none') throw new EdgeSyncError('recovery-missing');
      const key = recoveryKeyFromWords(words);
      const kit = kitWith(this.#body, key.fingerprint);
      this.#drill(key);
      const opened = openArchiveKeyRecord(kit.archiveKeyRecord, key);
      if (opened.archiveId !== this.archiveId) {
        throw new EdgeSyncError('object-tampered', 'the archive key record');
      }
      const provenAt = this.#now();
      const { fingerprint } = kit;
      const wanted = proven(this.#body, fingerprint, provenAt);
      // An older keys.json put back would bring the replaced kit back: so it must not open any more.
      await (endsReplacement(this.#body, fingerprint)
        ? this.#storeUnderNewDeviceKey(wanted)
        : this.#store(wanted));
      this.#deps.logger.info('recovery-proven', { fingerprint });
      return { fingerprint, provenAt };
    });
  }

  /**
   * Begins to replace a proven kit: new words, in force beside the old ones until `checkRecovery` has proven them.
   * `again` makes other words for a replacement that has begun. Throws recovery-missing, recovery-not-proven,
   * recovery-replacing; `again` also as rotateDeviceKey.
   */
  replaceRecovery(mode: 'begin' | 'again'): Promise<MadeWords> {
    return this.#inTurn(async () => {
      const { recovery } = this.#body;
      if (recovery.state === 'none') throw new EdgeSyncError('recovery-missing');
      if (recovery.state === 'created') throw new EdgeSyncError('recovery-not-proven');
      if (recovery.state === 'replacing' && mode === 'begin') throw new EdgeSyncError('recovery-replacing');
      const { kit, words } = await this.#newKit('fingerprint');
      const { kit: old, provenAt } = recovery;
      const wanted: KeyFileBody = {
        ...this.#body,
        recovery: { state: 'replacing', kit: old, provenAt, next: kit },
      };
      // Words that were given out and are out of force now must not come back with an older keys.json.
      await (recovery.state === 'replacing' ? this.#storeUnderNewDeviceKey(wanted) : this.#store(wanted));
      this.#deps.logger.info('recovery-replacing', { fingerprint: kit.fingerprint });
      return { words, fingerprint: kit.fingerprint };
    });
  }

  /** Drops words that were never proven; the old ones stay. Throws recovery-not-replacing, and as rotateDeviceKey. */
  cancelReplacement(): Promise<void> {
    return this.#inTurn(async () => {
      const { recovery } = this.#body;
      if (recovery.state !== 'replacing') throw new EdgeSyncError('recovery-not-replacing');
      const { kit, provenAt } = recovery;
      await this.#storeUnderNewDeviceKey({ ...this.#body, recovery: { state: 'proven', kit, provenAt } });
      this.#deps.logger.info('recovery-replacement-cancelled', {});
    });
  }

  /**
   * A new device key; the old one opens nothing any more, an older copy of keys.json neither.
   * Throws keychain-unavailable, passphrase-*, disk-*: then the old one is in force.
   */
  rotateDeviceKey(): Promise<void> {
    return this.#inTurn(() => this.#storeUnderNewDeviceKey(this.#body));
  }

  /** A new key-encryption key for all objects from now on; earlier ones stay readable. Throws as rotateDeviceKey. */
  newEpoch(): Promise<{ readonly epoch: number }> {
    return this.#inTurn(async () => {
      const epoch = this.#body.epoch + 1;
      if (epoch > maxEpoch) throw new RangeError('there are no further epochs');
      await this.#storeUnderNewDeviceKey({ ...this.#body, epoch, epochSince: this.#now() });
      this.#deps.logger.info('archive-epoch', { epoch });
      return { epoch };
    });
  }

  /**
   * Seals new objects to one more certificate (PEM). Throws certificate-unusable with what is wrong with it,
   * recipient-exists, recipient-too-many.
   */
  addRecipient(name: string, certificatePem: string): Promise<FurtherRecipient> {
    return this.#inTurn(async () => {
      const added = furtherRecipient(this.#body, name, certificatePem, this.#deps.clock.nowMs());
      await this.#store({ ...this.#body, recipients: [...this.#body.recipients, added] });
      this.#deps.logger.info('recipient-added', { fingerprint: added.fingerprint });
      return added;
    });
  }

  /** New objects are not sealed to it any more. Throws recipient-unknown, and as rotateDeviceKey. */
  removeRecipient(fingerprint: string): Promise<void> {
    return this.#inTurn(async () => {
      const recipients = this.#body.recipients.filter((one) => one.fingerprint !== fingerprint);
      if (recipients.length === this.#body.recipients.length) throw new EdgeSyncError('recipient-unknown');
      await this.#storeUnderNewDeviceKey({ ...this.#body, recipients });
      this.#deps.logger.info('recipient-removed', { fingerprint });
    });
  }

  /** Resolves when no change of the keys is under way any more, whatever came of it. */
  async settled(): Promise<void> {
    await this.#lastChange;
  }

  #newKit(place: 'archive' | 'fingerprint'): ReturnType<typeof makeKit> {
    return makeKit(this.#keys, this.#body.epoch, place, this.#now(), this.#deps.random);
  }

  #drill(key: RecoveryKey): void {
    const content = this.#deps.random.bytes(drillContentBytes);
    const sealed = sealWhole(this.#sealers, content);
    const wordsAlone = new EnvelopeReaders({ kek: () => undefined, agreements: [key.agreement] });
    if (!openWhole(wordsAlone, sealed).equals(content)) {
      throw new EdgeSyncError('object-tampered', 'the test object of the drill');
    }
  }

  async #store(body: KeyFileBody): Promise<void> {
    await writeKeyFile(this.#deps.dataDir, body, this.#keys, this.#deps.clock);
    this.#follow(body);
  }

  #storeUnderNewDeviceKey(wanted: KeyFileBody): Promise<void> {
    return writeUnderNewDeviceKey(this.#deps, this.#keys, this.#body, wanted, (body) => this.#follow(body));
  }

  #follow(body: KeyFileBody): void {
    this.#body = body;
    this.#records = recordsOf(body);
    this.#sealers.setRecipients(recipientsFor(this.#keys, body), sealedFingerprint(body));
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
  const kits = kitsInForce(body).map((kit) => {
    const { recipient, fingerprint } = recipientFromCertificate(kit.certificatePem);
    if (fingerprint !== kit.fingerprint) throw damaged();
    return recipient;
  });
  const further = body.recipients.map((one) => recipientFromCertificate(one.certificatePem).recipient);
  return [keys.kekRecipient(body.epoch), ...kits, ...further];
}

function recordsOf(body: KeyFileBody): readonly ArchiveKeyRecordFacts[] {
  return kitsInForce(body).map(({ archiveKeyRecord, fingerprint, recordPlace }) => ({
    archiveId: body.archiveId,
    fingerprint: recordPlace === 'archive' ? undefined : fingerprint,
    bytes: encodeRecord(archiveKeyRecord),
  }));
}

/** While a replacement waits, objects bear the new kit's mark already: then nothing is left to do to them after it. */
function sealedFingerprint(body: KeyFileBody): string | null {
  return kitsInForce(body).at(-1)?.fingerprint ?? null;
}

async function openStored<T>(
  deps: KeyRingDeps,
  stored: StoredKeyFile,
  make: (keys: ArchiveKeys, body: KeyFileBody) => T,
): Promise<T> {
  const { body } = stored;
  const state = await readDeviceKey(deps.keyStore, body);
  switch (state.tag) {
    case 'opens': {
      const { keys } = state;
      stored.verify(keys);
      let present = body;
      // What a rotation that broke off has left.
      await forgetStaleEntries(deps, keys, body, (tidied) => (present = tidied));
      return make(keys, present);
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
    case 'other':
      throw state.error;
    default:
      return assertNever(state);
  }
}

/** The entry is stored before the file, so that a file never names a key that was not kept. */
async function createKeys(deps: KeyRingDeps): Promise<{ keys: ArchiveKeys; body: KeyFileBody }> {
  const installationId = deps.random.bytes(16).toString('hex');
  const entry = `device-key-${installationId}`;
  const now = new Date(deps.clock.nowMs()).toISOString();
  const keys = ArchiveKeys.fromArchiveKey(Secret.from(deps.random.bytes(archiveKeyBytes)));
  const body: KeyFileBody = {
    format: 'edge-sync-keys',
    version: 2,
    installationId,
    archiveId: keys.archiveId,
    epoch: 1,
    epochSince: now,
    deviceKey: { entry, since: now },
    staleEntries: [],
    wrappedArchiveKey: await storeNewDeviceKey(entry, keys, deps),
    recovery: { state: 'none' },
    retiredKits: [],
    recipients: [],
  };
  await mkdir(deps.dataDir, { recursive: true, mode: 0o700 });
  await writeKeyFile(deps.dataDir, body, keys, deps.clock);
  deps.logger.info('keys-made', { installationId, keyStore: deps.keyStore.kind });
  return { keys, body };
}
