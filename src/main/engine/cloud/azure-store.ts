import { createHash } from 'node:crypto';
import type http from 'node:http';
import type { Readable } from 'node:stream';
import {
  ContainerClient,
  newPipeline,
  type BlobItem,
  type BlockBlobClient,
  type RequestPolicyFactory,
  type WebResource,
} from '@azure/storage-blob';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import { releaseMemory } from '../system/release-memory.ts';
import { Secret } from '../system/secret.ts';
import { bareEtag, blockBytes, putInBlocks } from './azure-blocks.ts';
import { parseConnectionString, type AzureAccount } from './azure-connection.ts';
import { inspectAzure } from './azure-privileges.ts';
import type { Finding, InspectableStore } from './privileges.ts';
import { mapAzureError, meansExists, meansMissing, type FailedRequest } from './azure-errors.ts';
import { direct, type Outgoing } from './outgoing.ts';
import { BufferPool } from './buffer-pool.ts';
import type { ObjectSource, PutOutcome, StoredObject } from './cloud-store.ts';
import { runRequest, untilAnswered } from './request-run.ts';
import { clockSkew, notTheCloud } from './service-answers.ts';
import { collect } from './whole-object.ts';

/** RFC 8551: a CMS object. */
const contentType = 'application/pkcs7-mime';
/** 64 MiB: block buffers of all large uploads of one store together. */
const blockBuffers = 16;
/** Pages without a name in a row, as the service gives them where much was deleted. */
const mostEmptyPages = 1000;
/** Written (create-only, 0 bytes) by `check`, to see that writing is allowed. */
const checkName = 'checks/write';

export interface AzureStoreOptions {
  /** The account, or the connection string that names it. */
  readonly account?: AzureAccount;
  readonly connectionString?: Secret;
  readonly container: string;
  /** Folder inside the container; empty, or without slashes at its ends. */
  readonly prefix: string;
  readonly clock: Clock;
  /** How the service is reached; straight unless given. */
  readonly outgoing?: Outgoing;
}

/**
 * Azure Blob Storage through the vendor's SDK, with the SDK's own retries off.
 * Up to 4 MiB an object is one Put Blob whose MD5 the service checks; above, blocks that outlive a broken attempt.
 * @throws EdgeSyncError `cloud-secret-malformed` by the constructor.
 */
export class AzureStore implements InspectableStore {
  readonly kind = 'azure';
  readonly #container: ContainerClient;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #agent: http.Agent;
  readonly #pool = new BufferPool(blockBytes, blockBuffers, 4);
  readonly #host: string;
  readonly #account: AzureAccount;

  constructor(options: AzureStoreOptions) {
    const account = options.account ?? parseConnectionString(options.connectionString ?? Secret.fromText(''));
    this.#account = account;
    this.#host = new URL(account.url).host;
    this.#agent = (options.outgoing ?? direct)(account.url);
    this.#clock = options.clock;
    this.#prefix = options.prefix === '' ? '' : `${options.prefix}/`;
    const pipeline = newPipeline(account.credential, {
      retryOptions: { maxTries: 1 },
      userAgentOptions: { userAgentPrefix: 'edge-sync' },
    });
    pipeline.factories.push(throughAgent(this.#agent, this.#host));
    const query = account.sas === '' ? '' : `?${account.sas}`;
    this.#container = new ContainerClient(`${account.url}/${options.container}${query}`, pipeline);
  }

  async putIfAbsent(
    name: string,
    source: ObjectSource,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (confirmedBytes: number) => void } = {},
  ): Promise<PutOutcome> {
    const client = this.#blob(name);
    const { signal, onProgress } = options;
    if (source.sizeBytes <= blockBytes) {
      const bytes = await collect(source);
      const etag = await this.#putAtOnce(client, bytes, signal);
      if (etag !== undefined) {
        // All of it was taken, or its MD5 would not be in the answer.
        releaseMemory(bytes);
        onProgress?.(source.sizeBytes);
        return { tag: 'created', etag, sizeBytes: source.sizeBytes };
      }
      // Blocks of an unfinished attempt can stand in the way of a single write: then there is nothing to be seen yet.
      if ((await this.stat(name, signal)) !== undefined) return { tag: 'exists' };
    } else if ((await this.stat(name, signal)) !== undefined) {
      return { tag: 'exists' };
    }
    const outcome = await putInBlocks(client, source, this.#pool, this.#run, {
      contentType,
      signal,
      onProgress,
    });
    switch (outcome.tag) {
      case 'created':
        return { tag: 'created', etag: outcome.etag, sizeBytes: source.sizeBytes };
      case 'exists':
        if ((await this.stat(name, signal)) !== undefined) return outcome;
        throw new EdgeSyncError('cloud-server-error', 'the uploaded blocks are gone');
    }
  }

  async stat(name: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    const answer = await this.#run(0, signal, (abortSignal) =>
      this.#blob(name)
        .getProperties({ abortSignal })
        .catch((error: unknown) => {
          if (meansMissing(error)) return undefined;
          throw error;
        }),
    );
    if (answer === undefined) return undefined;
    return { name, sizeBytes: answer.contentLength ?? 0, etag: bareEtag(answer.etag) };
  }

  async *read(name: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const answer = await this.#run(0, signal, (abortSignal) =>
      untilAnswered(abortSignal, signal, (own) =>
        this.#blob(name).download(0, undefined, { maxRetryRequests: 0, abortSignal: own }),
      ),
    );
    const body = answer.readableStreamBody;
    if (body === undefined) throw new EdgeSyncError('cloud-server-error', 'an answer without content');
    let bytes = 0;
    try {
      for await (const chunk of body) {
        const buffer = chunk as Buffer;
        bytes += buffer.length;
        yield buffer;
      }
    } catch (error) {
      throw mapAzureError(error, this.#failed(signal?.aborted === true ? 'by-caller' : 'by-service'));
    } finally {
      if ('destroy' in body && typeof body.destroy === 'function') body.destroy();
    }
    if (bytes !== answer.contentLength)
      throw new EdgeSyncError('cloud-unreachable', `${this.#host} (cut short)`);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoredObject> {
    let continuationToken: string | undefined;
    let last = '';
    let emptyPages = 0;
    do {
      const from = continuationToken;
      const page = await this.#run(0, signal, (abortSignal) => this.#page(prefix, from, 5000, abortSignal));
      // The service may well give a page without names. For ever, or the same ones again, it would keep us busy.
      const end = page.items.at(-1)?.name;
      emptyPages = end === undefined ? emptyPages + 1 : 0;
      if (emptyPages > mostEmptyPages || (end !== undefined && end <= last)) {
        throw new EdgeSyncError('cloud-server-error', 'a listing that does not end');
      }
      last = end ?? last;
      for (const item of page.items) {
        if (!item.name.startsWith(this.#prefix + prefix)) {
          throw new EdgeSyncError('cloud-server-error', 'a listing outside the prefix');
        }
        yield {
          name: item.name.slice(this.#prefix.length),
          sizeBytes: item.properties.contentLength ?? 0,
          etag: bareEtag(item.properties.etag),
        };
      }
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined && continuationToken !== '');
  }

  /** Lists and writes (one empty object, once): what uploading and restoring need; and compares the clocks. */
  async check(signal?: AbortSignal): Promise<void> {
    const page = await this.#run(0, signal, (abortSignal) => this.#page('', undefined, 1, abortSignal));
    const skew = clockSkew(page.date, this.#clock.nowMs());
    if (skew !== undefined) throw skew;
    await this.#putAtOnce(this.#blob(checkName), Buffer.alloc(0), signal);
  }

  inspect(signal?: AbortSignal): Promise<readonly Finding[]> {
    const { signIn, sas } = this.#account;
    const probe = this.#prefix + checkName;
    const access = { container: this.#container, signIn, sas, probe, run: this.#run };
    return inspectAzure(access, this.#clock.nowMs(), signal);
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  #blob(name: string): BlockBlobClient {
    return this.#container.getBlockBlobClient(this.#prefix + name);
  }

  /** One Put Blob, create-only. @returns its etag, or undefined when something is there. */
  async #putAtOnce(
    client: BlockBlobClient,
    bytes: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const md5 = createHash('md5').update(bytes).digest();
    const answer = await this.#run(bytes.length, signal, (abortSignal) =>
      client
        .upload(bytes, bytes.length, {
          abortSignal,
          conditions: { ifNoneMatch: '*' },
          transactionalContentMD5: md5,
          blobHTTPHeaders: { blobContentType: contentType },
        })
        .catch((error: unknown) => {
          if (meansExists(error)) return undefined;
          throw error;
        }),
    );
    if (answer === undefined) return undefined;
    if (answer.contentMD5 === undefined || !md5.equals(answer.contentMD5) || answer.etag === undefined) {
      throw new EdgeSyncError('cloud-checksum', 'the answer does not prove what was stored');
    }
    return bareEtag(answer.etag);
  }

  async #page(
    prefix: string,
    continuationToken: string | undefined,
    maxPageSize: number,
    abortSignal: AbortSignal,
  ): Promise<{
    readonly items: readonly BlobItem[];
    readonly continuationToken: string | undefined;
    readonly date: Date | undefined;
  }> {
    const pages = this.#container
      .listBlobsFlat({ prefix: this.#prefix + prefix, abortSignal })
      .byPage({ maxPageSize, ...(continuationToken === undefined ? {} : { continuationToken }) });
    for await (const page of pages) {
      return { items: page.segment.blobItems, continuationToken: page.continuationToken, date: page.date };
    }
    return { items: [], continuationToken: undefined, date: undefined };
  }

  /** One request with a deadline of ours, cancelled with the caller's signal; throws EdgeSyncError only. */
  readonly #run = <T>(
    sizeBytes: number,
    signal: AbortSignal | undefined,
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    return runRequest(this.#clock, sizeBytes, signal, request, (error, ended) =>
      mapAzureError(error, this.#failed(ended)),
    );
  };

  #failed(ended: FailedRequest['ended']): FailedRequest {
    return {
      host: this.#host,
      container: this.#container.containerName,
      nowMs: this.#clock.nowMs(),
      ended,
    };
  }
}

/**
 * Sends every request of the pipeline over the store's own connections. A success that the service has not marked as
 * its own is none: a portal that answers 200 to everything must not say what lies there.
 */
export function throughAgent(agent: http.Agent, host: string): RequestPolicyFactory {
  return {
    create: (next) => ({
      sendRequest: async (request: WebResource) => {
        request.agent = agent;
        const answer = await next.sendRequest(request);
        if (answer.status < 300 && answer.headers.get('x-ms-request-id') === undefined) {
          (answer.readableStreamBody as Readable | undefined)?.destroy();
          throw notTheCloud(host, answer.status);
        }
        return answer;
      },
    }),
  };
}
