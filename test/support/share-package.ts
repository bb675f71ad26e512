/** Makes share packages as the viewer reads them, in a real storage emulator that lets pages read it. */
import { createHash, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import {
  BlobSASPermissions,
  BlobServiceClient,
  StorageSharedKeyCredential,
  generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import { EnvelopeWriters, sealWhole } from '../../src/main/engine/seal/envelope-writer.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { FakeRandom } from '../fakes/fake-random.ts';
import { startAzurite, type Azurite } from './azurite.ts';

export interface ShareFile {
  readonly bytes: Buffer;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly modality?: string;
  readonly seriesNumber?: string;
  readonly seriesDescription?: string;
  readonly instanceNumber?: string;
}

export interface SharePlan {
  readonly files: readonly ShareFile[];
  readonly passcode?: string;
  /** From now; negative is over already. */
  readonly expiresInMs?: number;
  readonly study?: Readonly<Record<string, string>>;
  /** Changes the index before it is sealed. */
  readonly change?: (index: Record<string, unknown>) => Record<string, unknown>;
}

export interface MadeShare {
  readonly shareId: string;
  /** Behind the viewer's address. */
  readonly fragment: string;
  /** Names in the container: the index, then the files. */
  readonly objects: readonly string[];
}

export class ShareStorage {
  readonly #azurite: Azurite;
  readonly #credential: StorageSharedKeyCredential;
  readonly container: string;

  private constructor(azurite: Azurite, container: string) {
    this.#azurite = azurite;
    this.container = container;
    this.#credential = new StorageSharedKeyCredential(azurite.accountName, azurite.accountKey);
  }

  static async start(): Promise<ShareStorage> {
    const azurite = await startAzurite();
    const storage = new ShareStorage(azurite, await azurite.makeContainer());
    await storage.letPagesRead(['*']);
    return storage;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#azurite.port}`;
  }

  /** The rule a practice sets on its storage; no origin is no rule. */
  async letPagesRead(origins: readonly string[]): Promise<void> {
    const service = new BlobServiceClient(`${this.origin}/${this.#azurite.accountName}`, this.#credential);
    await service.setProperties({
      cors: origins.map((allowedOrigins) => ({
        allowedOrigins,
        allowedMethods: 'GET,HEAD,OPTIONS',
        allowedHeaders: '*',
        exposedHeaders: '*',
        maxAgeInSeconds: 0,
      })),
    });
  }

  async put(name: string, content: Buffer): Promise<void> {
    await this.#azurite.container(this.container).getBlockBlobClient(name).uploadData(content);
  }

  read(name: string): Promise<Buffer> {
    return this.#azurite.container(this.container).getBlockBlobClient(name).downloadToBuffer();
  }

  async remove(name: string): Promise<void> {
    await this.#azurite.container(this.container).deleteBlob(name);
  }

  stop(): Promise<void> {
    return this.#azurite.stop();
  }

  signed(name: string, expiresInMs: number): string {
    const now = Date.now();
    const query = generateBlobSASQueryParameters(
      {
        containerName: this.container,
        blobName: name,
        permissions: BlobSASPermissions.parse('r'),
        startsOn: new Date(now - 3_600_000),
        expiresOn: new Date(now + expiresInMs),
      },
      this.#credential,
    );
    return `${this.origin}/${this.#azurite.accountName}/${this.container}/${name}?${query.toString()}`;
  }

  async share(plan: SharePlan): Promise<MadeShare> {
    const shareId = randomBytes(16).toString('hex');
    const { kek, keyPart } = linkKey(plan.passcode);
    const sealers = new EnvelopeWriters(
      new FakeRandom(shareId),
      [{ tag: 'kek', keyId: Buffer.from(shareId, 'hex'), kek }],
      null,
    );
    const expiresInMs = plan.expiresInMs ?? 3_600_000;
    const objects = [`${shareId}/index.cms`];
    const files: unknown[] = [];
    for (const [at, { bytes, ...about }] of plan.files.entries()) {
      const name = `${shareId}/${String(at + 1).padStart(6, '0')}.cms`;
      objects.push(name);
      await this.put(name, sealWhole(sealers, bytes));
      files.push({
        url: this.signed(name, expiresInMs),
        sizeBytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
        ...about,
      });
    }
    const index = {
      format: 'edge-sync-share',
      version: 1,
      shareId,
      createdAt: new Date().toISOString(),
      expiresAt: new Date(Date.now() + expiresInMs).toISOString(),
      practice: 'Harbour Practice',
      study: {
        studyInstanceUid: '1.2.3.4',
        patientName: 'DOE^JANE',
        patientId: 'P-17',
        studyDate: '20261122',
        studyDescription: 'Test study',
        ...plan.study,
      },
      files,
    };
    const content = Buffer.from(JSON.stringify(plan.change?.(index) ?? index));
    await this.put(`${shareId}/index.cms`, sealWhole(sealers, content));
    const url = this.signed(`${shareId}/index.cms`, expiresInMs);
    return { shareId, fragment: `#v1.${Buffer.from(url).toString('base64url')}.${keyPart}`, objects };
  }
}

/** Written from the specification of links, not with the engine's code: the two must agree. */
function linkKey(passcode: string | undefined): { readonly kek: Secret; readonly keyPart: string } {
  const secret = randomBytes(32);
  const salt = randomBytes(16);
  const logN = 15;
  const stretched =
    passcode === undefined
      ? Buffer.alloc(0)
      : scryptSync(passcode.normalize('NFKC'), salt, 32, { N: 2 ** logN, r: 8, p: 1, maxmem: 2 ** 28 });
  const input = Buffer.concat([secret, stretched]);
  const kek = Secret.from(Buffer.from(hkdfSync('sha256', input, '', 'edge-sync share kek v1', 32)));
  const keyPart =
    passcode === undefined
      ? `k.${secret.toString('base64url')}`
      : `p.${secret.toString('base64url')}.${salt.toString('base64url')}.${logN}`;
  return { kek, keyPart };
}
