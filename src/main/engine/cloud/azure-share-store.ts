import http from 'node:http';
import https from 'node:https';
import {
  BlobSASPermissions,
  BlobServiceClient,
  ContainerClient,
  generateBlobSASQueryParameters,
  newPipeline,
  SASProtocol,
  StorageSharedKeyCredential,
  type Pipeline,
} from '@azure/storage-blob';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import type { Secret } from '../system/secret.ts';
import { parseConnectionString } from './azure-connection.ts';
import { mapAzureError, meansMissing } from './azure-errors.ts';
import { AzureStore, throughAgent } from './azure-store.ts';
import type { ObjectSource, StoredObject } from './cloud-store.ts';
import { direct, type Outgoing } from './outgoing.ts';
import { runRequest } from './request-run.ts';
import type { BrowserAccess, ShareStore } from './share-store.ts';

/** What the rule of `allowBrowsers` says; an hour of caching saves a request per image. */
const corsRule = {
  allowedOrigins: '*',
  allowedMethods: 'GET,HEAD,OPTIONS',
  allowedHeaders: 'range,x-ms-*',
  exposedHeaders: 'content-length,content-range,content-type,etag,x-ms-*',
  maxAgeInSeconds: 3600,
};
/** Azure keeps at most five rules. */
const mostCorsRules = 5;
const preflightWithinMs = 30_000;

export interface AzureShareStoreOptions {
  /** With an account key: it signs the addresses of a link. */
  readonly connectionString: Secret;
  readonly container: string;
  readonly prefix: string;
  readonly clock: Clock;
  /** How the service is reached; straight unless given. */
  readonly outgoing?: Outgoing;
}

/**
 * Shares in Azure Blob Storage. Putting and listing are the archive's own store's, on this place's credential.
 * @throws EdgeSyncError by the constructor: cloud-secret-malformed; share-place-unfit for a credential that cannot sign.
 */
export class AzureShareStore implements ShareStore {
  readonly place: string;
  readonly #store: AzureStore;
  readonly #credential: StorageSharedKeyCredential;
  readonly #url: string;
  readonly #container: ContainerClient;
  readonly #service: BlobServiceClient;
  readonly #agent: http.Agent;
  readonly #prefix: string;
  readonly #clock: Clock;

  constructor(options: AzureShareStoreOptions) {
    const { connectionString, container, prefix, clock, outgoing = direct } = options;
    const account = parseConnectionString(connectionString);
    if (!(account.credential instanceof StorageSharedKeyCredential)) {
      throw new EdgeSyncError(
        'share-place-unfit',
        'its credential cannot sign links: a connection string with an account key is needed',
      );
    }
    this.#clock = clock;
    this.#credential = account.credential;
    this.#url = account.url;
    this.#agent = outgoing(account.url);
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#store = new AzureStore({ connectionString, container, prefix, clock, outgoing });
    const pipeline = this.#pipeline();
    this.#container = new ContainerClient(`${account.url}/${container}`, pipeline);
    this.#service = new BlobServiceClient(account.url, pipeline);
    this.place = [account.url, container, ...(prefix === '' ? [] : [prefix])].join('/');
  }

  async put(name: string, source: ObjectSource, signal?: AbortSignal): Promise<void> {
    const outcome = await this.#store.putIfAbsent(name, source, signal === undefined ? {} : { signal });
    if (outcome.tag === 'exists') throw new EdgeSyncError('cloud-conflict');
  }

  sign(name: string, validity: { readonly fromMs: number; readonly untilMs: number }): string {
    const url = new URL(this.#container.getBlobClient(this.#prefix + name).url);
    const query = generateBlobSASQueryParameters(
      {
        containerName: this.#container.containerName,
        blobName: this.#prefix + name,
        permissions: BlobSASPermissions.parse('r'),
        protocol: url.protocol === 'https:' ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
        startsOn: new Date(validity.fromMs),
        expiresOn: new Date(validity.untilMs),
      },
      this.#credential,
    );
    url.search = query.toString();
    return url.href;
  }

  async *list(shareId: string, signal?: AbortSignal): AsyncGenerator<StoredObject> {
    yield* this.#store.list(folderOf(shareId), signal);
  }

  async remove(shareId: string, signal?: AbortSignal): Promise<number> {
    let removed = 0;
    for await (const { name } of this.list(shareId, signal)) {
      const isGone = await this.#run(signal, (abortSignal) =>
        this.#container
          .getBlobClient(this.#prefix + name)
          .delete({ deleteSnapshots: 'include', abortSignal })
          .then(
            () => true,
            (error: unknown) => {
              if (meansMissing(error)) return false;
              throw error;
            },
          ),
      );
      if (isGone) removed += 1;
    }
    for await (const left of this.list(shareId, signal)) {
      throw new EdgeSyncError('share-not-deleted', `${left.sizeBytes} bytes are still there`);
    }
    return removed;
  }

  check(signal?: AbortSignal): Promise<void> {
    return this.#store.check(signal);
  }

  /** A preflight (Fetch standard, CORS protocol): the service answers it without a credential. */
  async browserAccess(origin: string, signal?: AbortSignal): Promise<BrowserAccess> {
    const url = this.#container.getBlobClient(`${this.#prefix}preflight`).url;
    const answer = await this.#preflight(url, origin, signal).catch(() => undefined);
    if (answer === undefined) return 'unknown';
    const allowed = answer.headers['access-control-allow-origin'];
    return answer.statusCode === 200 && (allowed === '*' || allowed === origin) ? 'allowed' : 'refused';
  }

  async allowBrowsers(signal?: AbortSignal): Promise<void> {
    await this.#run(signal, async (abortSignal) => {
      const { cors = [] } = await this.#service.getProperties({ abortSignal });
      const others = cors.filter((rule) => JSON.stringify(sorted(rule)) !== JSON.stringify(sorted(corsRule)));
      if (others.length >= mostCorsRules) {
        throw new EdgeSyncError('share-place-unfit', 'the account has five CORS rules already');
      }
      await this.#service.setProperties({ cors: [...others, corsRule] }, { abortSignal });
    });
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#store.close();
  }

  #pipeline(): Pipeline {
    const pipeline = newPipeline(this.#credential, {
      retryOptions: { maxTries: 1 },
      userAgentOptions: { userAgentPrefix: 'edge-sync' },
    });
    pipeline.factories.push(throughAgent(this.#agent, new URL(this.#url).host));
    return pipeline;
  }

  #run<T>(signal: AbortSignal | undefined, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return runRequest(this.#clock, 0, signal, request, (error, ended) =>
      mapAzureError(error, {
        host: new URL(this.#url).host,
        container: this.#container.containerName,
        nowMs: this.#clock.nowMs(),
        ended,
      }),
    );
  }

  #preflight(url: string, origin: string, signal: AbortSignal | undefined): Promise<http.IncomingMessage> {
    const { request } = url.startsWith('https:') ? https : http;
    return new Promise((resolve, reject) => {
      const asked = request(
        url,
        {
          method: 'OPTIONS',
          agent: this.#agent,
          timeout: preflightWithinMs,
          headers: { origin, 'access-control-request-method': 'GET' },
          ...(signal === undefined ? {} : { signal }),
        },
        (answer) => {
          answer.resume();
          answer.once('error', reject);
          answer.once('end', () => resolve(answer));
        },
      );
      asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
      asked.once('error', reject);
      asked.end();
    });
  }
}

/** One share's own: a slash at its end, so that no other share's name can begin with it. */
function folderOf(shareId: string): string {
  if (!/^[0-9a-f]{32}$/.test(shareId)) throw new EdgeSyncError('share-unknown');
  return `${shareId}/`;
}

function sorted(rule: object): [string, unknown][] {
  return Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The address of a credential's account, to see whether two lead to the same; undefined for what names none. */
export function accountUrl(connection: Secret): string | undefined {
  try {
    return parseConnectionString(connection).url;
  } catch {
    return undefined;
  }
}
