/** Chains of lists as an installation writes them, sealed and proven, in a store of the test's. */
import { createHash } from 'node:crypto';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { ArchiveKeys } from '../../src/main/engine/keys/archive-keys.ts';
import type { UploadedInstance } from '../../src/main/engine/queue/queue-types.ts';
import type { RestoreKeys } from '../../src/main/engine/restore/restore.ts';
import { EnvelopeReaders } from '../../src/main/engine/seal/envelope-reader.ts';
import { EnvelopeWriters } from '../../src/main/engine/seal/envelope-writer.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { sealBytes, wholeSource } from '../../src/main/engine/upload/manifest-writer.ts';
import { encodeManifest } from '../../src/main/engine/upload/manifest.ts';
import { hex } from './queue-kit.ts';

export const once = <T>(attempt: () => Promise<T>): Promise<T> => attempt();

export class ManifestKit {
  readonly keys: ArchiveKeys;
  readonly sealers: EnvelopeWriters;
  readonly restoreKeys: RestoreKeys;

  constructor(archiveKey = new SystemRandom().bytes(32)) {
    const keys = ArchiveKeys.fromArchiveKey(Secret.from(archiveKey));
    this.keys = keys;
    this.sealers = new EnvelopeWriters(new SystemRandom(), [keys.kekRecipient(1)], 'ab'.repeat(32));
    this.restoreKeys = {
      openers: new EnvelopeReaders({ kek: (id) => keys.kekById(id), agreements: [] }),
      objectName: (identity) => keys.objectName(identity),
      manifestMac: (bytes) => keys.manifestMac(bytes),
    };
  }

  /** Sealed bytes of one list; `mac` for one whose proof is another's. */
  sealed(
    header: {
      readonly installationId: string;
      readonly sequence: number;
      readonly previousSha256: string | null;
    },
    instances: readonly UploadedInstance[],
    mac = (bytes: Uint8Array): Buffer => this.keys.manifestMac(bytes),
  ): Buffer {
    const createdAt = new Date(1_790_000_000_000 + header.sequence * 1000).toISOString();
    const whole = { ...header, archiveId: this.keys.archiveId, createdAt };
    return sealBytes(this.sealers, encodeManifest(whole, instances, mac));
  }

  /** Writes lists 1, 2, ... with these images each. @returns the hash of the last. */
  async writeChain(
    store: CloudStore,
    installationId: string,
    lists: readonly (readonly UploadedInstance[])[],
    from: { readonly sequence: number; readonly previousSha256: string | null } = {
      sequence: 1,
      previousSha256: null,
    },
  ): Promise<string> {
    let { sequence, previousSha256 } = from;
    for (const instances of lists) {
      const bytes = this.sealed({ installationId, sequence, previousSha256 }, instances);
      await store.putIfAbsent(cloudNames.manifest(installationId, sequence), wholeSource(bytes));
      previousSha256 = createHash('sha256').update(bytes).digest('hex');
      sequence += 1;
    }
    return previousSha256 ?? '';
  }
}

/** `name` decides the object, `study` where it belongs. */
export function uploaded(name: string, study = '1', repair?: number): UploadedInstance {
  return {
    instanceId: 1,
    objectName: hex(`object ${name}`, 32),
    proof: {
      etag: '"1"',
      objectSha256: hex(`sealed ${name} ${repair ?? 0}`, 32),
      sizeBytes: 1000 + name.length,
      ...(repair === undefined ? {} : { repair }),
    },
    details: {
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: `1.2.3.${name}`,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      studyInstanceUid: `1.2.9.${study}`,
      seriesInstanceUid: `1.2.8.${study}`,
      patientName: `Canary^Study ${study}`,
      instanceNumber: '7',
      datasetSha256: hex(`dataset ${name}`, 32),
    },
  };
}
