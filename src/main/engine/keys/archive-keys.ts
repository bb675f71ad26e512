/**
 * What comes from the archive key: one HKDF-SHA256 (RFC 5869) label for each use, so that no key serves two.
 * docs/sealed-object.md lists the labels; they never change.
 */
import { createHmac, hkdfSync } from 'node:crypto';
import type { ColumnSealer, Random } from '../ports.ts';
import type { InstanceDetails } from '../model.ts';
import type { Recipient } from '../seal/recipients.ts';
import { Secret } from '../system/secret.ts';
import { SealedColumns } from './column-sealer.ts';
import { lengthPrefixed } from './encoding.ts';

export const archiveKeyBytes = 32;

const labels = {
  archiveId: 'edge-sync archive id v1',
  kekTag: 'edge-sync kek tag v1',
  kek: (epoch: number) => `edge-sync kek v1 epoch ${epoch}`,
  objectName: 'edge-sync object name v1',
  lookup: 'edge-sync lookup v1',
  manifest: 'edge-sync manifest v1',
  column: 'edge-sync sealed column v1',
  keyFile: 'edge-sync key file v1',
  backup: 'edge-sync backup v1',
  audit: 'edge-sync audit chain v1',
} as const;

/** Epochs fit the four bytes they have in a key identifier. */
export const maxEpoch = 2 ** 32 - 1;
const kekTagBytes = 8;
const kekIdBytes = kekTagBytes + 4;
/** KEKs kept ready; more epochs than this are derived again when met. */
const maxCachedKeks = 64;

export type InstanceIdentity = Pick<
  InstanceDetails,
  'sopInstanceUid' | 'transferSyntaxUid' | 'datasetSha256'
>;

export class ArchiveKeys {
  /** 32 hex digits; public. */
  readonly archiveId: string;
  readonly #archiveKey: Secret;
  readonly #kekTag: Buffer;
  readonly #objectNameKey: Secret;
  readonly #manifestKey: Secret;
  readonly #keyFileKey: Secret;
  readonly #backupKey: Secret;
  readonly #keks = new Map<number, Secret>();

  private constructor(archiveKey: Secret) {
    if (archiveKey.sizeBytes !== archiveKeyBytes) throw new RangeError('an archive key has 32 bytes');
    this.#archiveKey = archiveKey;
    this.archiveId = derive(archiveKey, labels.archiveId, 16).toString('hex');
    this.#kekTag = derive(archiveKey, labels.kekTag, kekTagBytes);
    this.#objectNameKey = deriveSecret(archiveKey, labels.objectName);
    this.#manifestKey = deriveSecret(archiveKey, labels.manifest);
    this.#keyFileKey = deriveSecret(archiveKey, labels.keyFile);
    this.#backupKey = deriveSecret(archiveKey, labels.backup);
  }

  static fromArchiveKey(archiveKey: Secret): ArchiveKeys {
    return new ArchiveKeys(archiveKey);
  }

  get archiveKey(): Secret {
    return this.#archiveKey;
  }

  /** First recipient of every object of this epoch. */
  kekRecipient(epoch: number): Recipient {
    return { tag: 'kek', keyId: this.kekId(epoch), kek: this.#kek(epoch) };
  }

  /** 8 bytes that mark this archive, then the epoch: a reader needs no list of epochs. */
  kekId(epoch: number): Buffer {
    if (!Number.isInteger(epoch) || epoch < 1 || epoch > maxEpoch) throw new RangeError('no such epoch');
    const id = Buffer.alloc(kekIdBytes);
    this.#kekTag.copy(id);
    id.writeUInt32BE(epoch, kekTagBytes);
    return id;
  }

  /** The KEK that a key identifier names, or undefined when it is another archive's. */
  kekById(keyId: Buffer): Secret | undefined {
    if (keyId.length !== kekIdBytes || !keyId.subarray(0, kekTagBytes).equals(this.#kekTag)) return undefined;
    const epoch = keyId.readUInt32BE(kekTagBytes);
    return epoch === 0 ? undefined : this.#kek(epoch);
  }

  /**
   * The name an instance has in the cloud: HMAC-SHA256 over the SOP Instance UID and transfer syntax, each behind its
   * length (2 bytes), and the 32-byte SHA-256 of its dataset; 64 hex digits.
   */
  objectName(identity: InstanceIdentity): string {
    if (!/^[0-9a-f]{64}$/.test(identity.datasetSha256)) throw new RangeError('a SHA-256 has 64 hex digits');
    return createHmac('sha256', this.#objectNameKey.asKey())
      .update(lengthPrefixed(identity.sopInstanceUid))
      .update(lengthPrefixed(identity.transferSyntaxUid))
      .update(Buffer.from(identity.datasetSha256, 'hex'))
      .digest('hex');
  }

  /** 32-byte HMAC-SHA256 that proves a manifest was written by this archive. */
  manifestMac(bytes: Uint8Array): Buffer {
    return createHmac('sha256', this.#manifestKey.asKey()).update(bytes).digest();
  }

  /** 32-byte HMAC-SHA256 that proves a backup of the settings was written by this archive. */
  backupMac(bytes: Uint8Array): Buffer {
    return createHmac('sha256', this.#backupKey.reveal()).update(bytes).digest();
  }

  /** 32-byte HMAC-SHA256 that proves keys.json was written by this installation. */
  keyFileMac(bytes: Uint8Array): Buffer {
    return createHmac('sha256', this.#keyFileKey.reveal()).update(bytes).digest();
  }

  columnSealer(random: Random): ColumnSealer {
    const column = deriveSecret(this.#archiveKey, labels.column);
    const lookup = deriveSecret(this.#archiveKey, labels.lookup);
    const audit = deriveSecret(this.#archiveKey, labels.audit);
    return new SealedColumns({ column, lookup, audit }, random);
  }

  #kek(epoch: number): Secret {
    const cached = this.#keks.get(epoch);
    if (cached !== undefined) return cached;
    const kek = deriveSecret(this.#archiveKey, labels.kek(epoch));
    if (this.#keks.size < maxCachedKeks) this.#keks.set(epoch, kek);
    return kek;
  }
}

function derive(key: Secret, label: string, sizeBytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key.reveal(), Buffer.alloc(0), Buffer.from(label), sizeBytes));
}

function deriveSecret(key: Secret, label: string): Secret {
  return Secret.from(derive(key, label, 32));
}
