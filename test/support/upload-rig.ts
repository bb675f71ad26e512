/** One installation's way from spool to cloud, in a temp folder: real spool, queue, keys; the store is the caller's. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AzureStore } from '../../src/main/engine/cloud/azure-store.ts';
import type { CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { buildFileMeta } from '../../src/main/engine/dicom/part10.ts';
import { ArchiveKeys } from '../../src/main/engine/keys/archive-keys.ts';
import type { IncidentReport, InstanceDetails } from '../../src/main/engine/model.ts';
import { Queue } from '../../src/main/engine/queue/queue.ts';
import { createDatasetDigest } from '../../src/main/engine/dicom/dataset-digest.ts';
import type { RestoreKeys } from '../../src/main/engine/restore/restore.ts';
import { EnvelopeReaders } from '../../src/main/engine/seal/envelope-reader.ts';
import { EnvelopeWriters, sealWhole } from '../../src/main/engine/seal/envelope-writer.ts';
import { FileSpool } from '../../src/main/engine/spool/file-spool.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import type { ArchiveKeyRecordBytes } from '../../src/main/engine/upload/destination-link.ts';
import { UploadStage, type UploadStageDeps } from '../../src/main/engine/upload/upload-stage.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';

export const destination = 'cloud';
const explicitLittleEndian = '1.2.840.10008.1.2.1';
const fingerprint = 'ab'.repeat(32);

export interface TestImage {
  readonly details: InstanceDetails;
  /** The Part 10 file. */
  readonly file: Buffer;
  readonly dataset: Buffer;
}

/** An image with this name in its UIDs; `pixelBytes` of noise make it as large as wanted. */
export function testImage(name: string, study = '1', pixelBytes = 2000): TestImage {
  const details = {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
    sopInstanceUid: `1.2.826.9.${name}`,
    transferSyntaxUid: explicitLittleEndian,
    studyInstanceUid: `1.2.826.1.${study}`,
    seriesInstanceUid: `1.2.826.2.${study}`,
  };
  const dataset = Buffer.concat([
    element(0x0008, 0x0016, 'UI', details.sopClassUid),
    element(0x0008, 0x0018, 'UI', details.sopInstanceUid),
    element(0x0020, 0x000d, 'UI', details.studyInstanceUid),
    element(0x0020, 0x000e, 'UI', details.seriesInstanceUid),
    pixelData(new SystemRandom().bytes(pixelBytes + (pixelBytes % 2))),
  ]);
  return {
    details: {
      ...details,
      patientName: 'Canary^Upload',
      modality: 'OT',
      datasetSha256: createHash('sha256').update(dataset).digest('hex'),
    },
    dataset,
    file: Buffer.concat([buildFileMeta(details), dataset]),
  };
}

function element(group: number, number: number, vr: string, value: string): Buffer {
  const text = Buffer.from(value.length % 2 === 0 ? value : `${value}\0`, 'latin1');
  const header = Buffer.alloc(8);
  header.writeUInt16LE(group, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  header.writeUInt16LE(text.length, 6);
  return Buffer.concat([header, text]);
}

const pixelHeaderBytes = 12;
const largeChunkBytes = 1024 * 1024;

function pixelHeader(sizeBytes: number): Buffer {
  const header = Buffer.alloc(pixelHeaderBytes);
  header.writeUInt16LE(0x7fe0, 0);
  header.writeUInt16LE(0x0010, 2);
  header.write('OB', 4, 'latin1');
  header.writeUInt32LE(sizeBytes, 8);
  return header;
}

function pixelData(bytes: Buffer): Buffer {
  return Buffer.concat([pixelHeader(bytes.length), bytes]);
}

export interface UploadRigOptions {
  /** Reuses a folder: the same installation after a restart. */
  readonly dir?: string;
  /** 32 bytes; another installation of the same archive has the same. */
  readonly archiveKey?: Buffer;
  /** Leaves the destinations as the database has them, instead of the one of every rig. */
  readonly keepsDestinations?: boolean;
}

export class UploadRig {
  readonly dir: string;
  readonly archiveKey: Buffer;
  readonly keys: ArchiveKeys;
  readonly sealers: EnvelopeWriters;
  readonly spool: FileSpool;
  readonly queue: Queue;
  readonly logger = new FakeLogger();
  readonly clock = new SystemClock();
  readonly random = new SystemRandom();
  readonly incidents: IncidentReport[] = [];
  readonly stages: UploadStage[] = [];

  /** Of recovery kits that came into force after the first. */
  laterRecords: readonly ArchiveKeyRecordBytes[] = [];

  private constructor(dir: string, archiveKey: Buffer, spool: FileSpool, keepsDestinations: boolean) {
    this.dir = dir;
    this.archiveKey = archiveKey;
    this.spool = spool;
    this.keys = ArchiveKeys.fromArchiveKey(Secret.from(archiveKey));
    this.sealers = new EnvelopeWriters(this.random, [this.keys.kekRecipient(1)], fingerprint);
    const { clock, random, logger } = this;
    this.queue = Queue.open({ dir, sealer: this.keys.columnSealer(random), clock, random, logger });
    if (!keepsDestinations) this.queue.setDestinations([{ name: destination, required: true }]);
  }

  static async open(options: UploadRigOptions = {}): Promise<UploadRig> {
    const random = new SystemRandom();
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'edge-sync-upload-')));
    const spool = await FileSpool.open({
      dir: join(dir, 'spool'),
      random,
      clock: new SystemClock(),
      logger: new FakeLogger(),
    });
    const { archiveKey = random.bytes(32), keepsDestinations = false } = options;
    return new UploadRig(dir, archiveKey, spool, keepsDestinations);
  }

  get openers(): EnvelopeReaders {
    return new EnvelopeReaders({ kek: (id) => this.keys.kekById(id), agreements: [] });
  }

  get restoreKeys(): RestoreKeys {
    return {
      openers: this.openers,
      objectName: (identity) => this.keys.objectName(identity),
      manifestMac: (bytes) => this.keys.manifestMac(bytes),
    };
  }

  /** Seals, spools and records, as the intake does. @returns its object name. */
  async receive(image: TestImage, sealed = sealWhole(this.sealers, image.file)): Promise<string> {
    const writer = this.spool.create();
    await writer.write([sealed]);
    const { sizeBytes } = await writer.commit();
    return this.#record(image.details, writer.id, sizeBytes);
  }

  async #record(details: InstanceDetails, spoolId: string, sizeBytes: number): Promise<string> {
    const objectName = this.keys.objectName(details);
    await this.queue.recordReceived({
      objectName,
      spoolId,
      sizeBytes,
      details,
      source: 'TEST',
      flags: [],
      recoveryFingerprint: this.sealers.recoveryFingerprint,
    });
    return objectName;
  }

  /** An image of `pixelBytes`, sealed as a stream: for sizes that should not be in memory whole. */
  async receiveLarge(name: string, pixelBytes: number): Promise<string> {
    const image = testImage(name, '1', 0);
    const writer = this.spool.create();
    const sealer = this.sealers.create();
    const hash = createHash('sha256');
    const put = async (plaintext: Buffer): Promise<void> => {
      const out: Buffer[] = [];
      sealer.update(plaintext, out);
      await writer.write(out);
    };
    await writer.write([sealer.head]);
    const dataset = image.dataset.subarray(0, -pixelHeaderBytes);
    const first = Buffer.concat([dataset, pixelHeader(pixelBytes)]);
    hash.update(first);
    await put(Buffer.concat([image.file.subarray(0, -image.dataset.length), first]));
    const noise = this.random.bytes(largeChunkBytes);
    for (let left = pixelBytes; left > 0; left -= noise.length) {
      const chunk = noise.subarray(0, left);
      hash.update(chunk);
      await put(chunk);
    }
    const end: Buffer[] = [];
    sealer.finish(end);
    await writer.write(end);
    const { sizeBytes } = await writer.commit();
    const details = { ...image.details, datasetSha256: hash.digest('hex') };
    return this.#record(details, writer.id, sizeBytes);
  }

  stage(connect: () => Promise<CloudStore>, overrides: Partial<UploadStageDeps> = {}): UploadStage {
    const stage = new UploadStage({
      destination,
      concurrency: 4,
      connect,
      queue: this.queue,
      spool: this.spool,
      openers: this.openers,
      sealers: this.sealers,
      newDatasetDigest: createDatasetDigest,
      manifestMac: (bytes) => this.keys.manifestMac(bytes),
      installationId: this.queue.installationId,
      archiveId: this.keys.archiveId,
      archiveKeyRecords: () => [
        { archiveId: this.keys.archiveId, fingerprint: undefined, bytes: Buffer.from('{"record":1}') },
        ...this.laterRecords,
      ],
      mayUpload: () => true,
      rehead: (job) => Promise.resolve(job),
      lastProofAtMs: () => this.clock.nowMs(),
      reportIncident: (incident) => this.incidents.push(incident),
      onChange: () => undefined,
      clock: this.clock,
      random: this.random,
      logger: this.logger,
      ...overrides,
    });
    this.stages.push(stage);
    this.queue.onChange(() => stage.workArrived());
    return stage;
  }

  /** Waits until so many are verified; gives up with what the queue says. */
  async untilVerified(count: number, deadlineMs = 20_000): Promise<void> {
    await this.until(() => this.queue.status().verified >= count, deadlineMs);
  }

  /** Waits until one is parked and told of: that is told once the row is flushed, a moment after it can be read. */
  async untilParked(): Promise<void> {
    await this.until(() => this.queue.status().parked === 1 && this.incidents.length > 0);
  }

  async until(isSo: () => boolean, deadlineMs = 20_000): Promise<void> {
    const until = this.clock.monotonicMs() + deadlineMs;
    while (!isSo()) {
      if (this.clock.monotonicMs() > until) {
        throw new Error(`it did not come to that: ${JSON.stringify(this.queue.status())}`);
      }
      await this.clock.sleep(10);
    }
  }

  /** As a process that ends: nothing is finished. */
  async close(): Promise<void> {
    await Promise.all(this.stages.splice(0).map((stage) => stage.stop()));
    this.queue.close();
    await this.spool.close();
  }

  async dispose(): Promise<void> {
    await this.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

export function azureStore(connection: string, container: string, prefix = ''): CloudStore {
  return new AzureStore({
    connectionString: Secret.fromText(connection),
    container,
    prefix,
    clock: new SystemClock(),
  });
}

/** Names below `prefix` in the store. */
export async function namesIn(store: CloudStore, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const object of store.list(prefix)) names.push(object.name);
  return names;
}

export async function bytesOf(store: CloudStore, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
