import type http from 'node:http';
import type { Readable } from 'node:stream';
import {
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import type { S3DestinationSettings } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import type { Secret } from '../system/secret.ts';
import { direct, type Outgoing } from './outgoing.ts';
import { BufferPool } from './buffer-pool.ts';
import type { ObjectSource, PutOutcome, StoredObject } from './cloud-store.ts';
import { inspectS3 } from './s3-privileges.ts';
import type { Finding, InspectableStore } from './privileges.ts';
import { PartStager } from './part-stager.ts';
import { runRequest, untilAnswered, type EndedBy } from './request-run.ts';
import { makeS3Client } from './s3-client.ts';
import { parseS3Credential } from './s3-credential.ts';
import { answerDateOf, mapS3Error, meansNoObject, meansTaken, meansUndecided } from './s3-errors.ts';
import {
  abortUpload,
  bare,
  checkFits,
  checksumOf,
  joinParts,
  openUpload,
  partBytes,
  partSink,
  sweepUploads,
  type UploadPlace,
} from './s3-parts.ts';
import { clockSkew, notTheCloud } from './service-answers.ts';
import { collect } from './whole-object.ts';

/** RFC 8551: a CMS object. */
const contentType = 'application/pkcs7-mime';
/** 64 MiB: part buffers of all large uploads of one store together. */
const partBuffers = 8;
/** Written (create-only, 0 bytes) by `check`, to see that writing is allowed and that nothing is overwritten. */
const checkName = 'checks/write';
/** Never comes to exist: `check` sends it with a wrong checksum, which the service has to refuse. */
const wrongName = (kind: 'md5' | 'sha256'): string => `checks/checksum-${kind}`;
/** Joining parts takes a service minutes; it has the time of an upload of this size, 17 minutes. */
const joiningAsBytes = 4 * 1024 * 1024;

export interface S3StoreOptions {
  readonly settings: Pick<
    S3DestinationSettings,
    'bucket' | 'prefix' | 'region' | 'endpoint' | 'addressing' | 'checksum' | 'createOnly'
  >;
  readonly credential: Secret;
  readonly clock: Clock;
  /** How the service is reached; straight unless given. */
  readonly outgoing?: Outgoing;
}

type Answered<T> = { readonly tag: 'done'; readonly value: T } | { readonly tag: 'taken' | 'undecided' };

/**
 * S3 and what speaks like it (AWS, MinIO, R2, Wasabi, GCS by its XML interface) through AWS's own library, its retries
 * off. Up to 8 MiB an object is one PutObject; above, parts that outlive a broken attempt. The service checks a checksum
 * of every request, and is asked at `check` whether it really does, and whether it really refuses to overwrite.
 * @throws EdgeSyncError `cloud-secret-malformed` by the constructor.
 */
export class S3Store implements InspectableStore {
  readonly kind = 's3';
  readonly #settings: S3StoreOptions['settings'];
  readonly #client: S3Client;
  readonly #agent: http.Agent;
  readonly #clock: Clock;
  readonly #host: string;
  readonly #prefix: string;
  readonly #pool = new BufferPool(partBytes, partBuffers, 2);
  /** Uploads this store is busy with: two writers of one name must not share one. */
  readonly #inUse = new Set<string>();
  #joining: Promise<void> | undefined;

  constructor(options: S3StoreOptions) {
    const { settings, credential } = options;
    const url = settings.endpoint ?? `https://s3.${settings.region}.amazonaws.com`;
    this.#host = new URL(url).host;
    this.#agent = (options.outgoing ?? direct)(url);
    this.#clock = options.clock;
    this.#settings = settings;
    this.#prefix = settings.prefix === '' ? '' : `${settings.prefix}/`;
    const { region, endpoint, addressing } = settings;
    this.#client = makeS3Client({ region, endpoint, addressing }, parseS3Credential(credential), this.#agent);
  }

  async putIfAbsent(
    name: string,
    source: ObjectSource,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (confirmedBytes: number) => void } = {},
  ): Promise<PutOutcome> {
    const { signal, onProgress } = options;
    const { sizeBytes } = source;
    const mustLook = sizeBytes > partBytes || this.#settings.createOnly === 'by-versioning';
    if (mustLook && (await this.stat(name, signal)) !== undefined) return { tag: 'exists' };
    const answer =
      sizeBytes <= partBytes
        ? await this.#putAtOnce(name, await collect(source), signal)
        : await this.#putInParts(name, source, { signal, onProgress });
    switch (answer.tag) {
      case 'done':
        if (sizeBytes <= partBytes) onProgress?.(sizeBytes);
        return { tag: 'created', etag: answer.value, sizeBytes };
      case 'taken':
        return { tag: 'exists' };
      case 'undecided':
        if ((await this.stat(name, signal)) !== undefined) return { tag: 'exists' };
        throw new EdgeSyncError('cloud-server-error', 'another upload of the same object was under way');
    }
  }

  async stat(name: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    const answer = await this.#run(0, signal, (abortSignal) =>
      this.#client
        .send(new HeadObjectCommand({ Bucket: this.#settings.bucket, Key: this.#prefix + name }), {
          abortSignal,
        })
        .catch((error: unknown) => {
          if (meansNoObject(error)) return undefined;
          throw error;
        }),
    );
    if (answer === undefined) return undefined;
    const etag = bare(answer.ETag);
    if (etag === '') throw notTheCloud(this.#host, 200);
    return { name, sizeBytes: answer.ContentLength ?? 0, etag };
  }

  async *read(name: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const answer = await this.#run(0, signal, (abortSignal) =>
      untilAnswered(abortSignal, undefined, (own) =>
        this.#client.send(new GetObjectCommand({ Bucket: this.#settings.bucket, Key: this.#prefix + name }), {
          abortSignal: own,
        }),
      ),
    );
    const body = answer.Body as Readable | undefined;
    if (body === undefined) throw new EdgeSyncError('cloud-server-error', 'an answer without content');
    if (bare(answer.ETag) === '') {
      body.destroy();
      throw notTheCloud(this.#host, 200);
    }
    const onLaterAbort = (): void => void body.destroy(new Error('cancelled'));
    signal?.addEventListener('abort', onLaterAbort, { once: true });
    let bytes = 0;
    try {
      for await (const chunk of body) {
        const buffer = chunk as Buffer;
        bytes += buffer.length;
        yield buffer;
      }
    } catch (error) {
      throw mapS3Error(error, this.#failed(signal?.aborted === true ? 'by-caller' : 'by-service'));
    } finally {
      signal?.removeEventListener('abort', onLaterAbort);
      body.destroy();
    }
    if (bytes !== answer.ContentLength)
      throw new EdgeSyncError('cloud-unreachable', `${this.#host} (cut short)`);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    let last: string | undefined;
    const below = this.#prefix + prefix;
    do {
      const page = await this.#page(below, token, 1000, signal);
      for (const { Key, Size, ETag } of page.objects) {
        // A name that is not what was asked for, or that comes again, would let a service keep us busy for ever.
        if (
          !Key.startsWith(below) ||
          (last !== undefined && Buffer.compare(Buffer.from(Key), Buffer.from(last)) <= 0)
        ) {
          throw new EdgeSyncError('cloud-server-error', 'a listing out of order or outside the prefix');
        }
        last = Key;
        yield { name: Key.slice(this.#prefix.length), sizeBytes: Size, etag: bare(ETag) };
      }
      if (page.token !== undefined && page.objects.length === 0) {
        throw new EdgeSyncError('cloud-server-error', 'a listing that goes on without a name');
      }
      token = page.token;
    } while (token !== undefined);
  }

  /**
   * Lists, compares the clocks, writes (one empty object, once), and asks for two things that services are known to
   * ignore: to refuse a wrong checksum, and to refuse to overwrite. Clears what was abandoned.
   * @throws EdgeSyncError `cloud-overwrites`, `cloud-checksum` when it does not; all others of the interface.
   */
  async check(signal?: AbortSignal): Promise<void> {
    const page = await this.#page(this.#prefix, undefined, 1, signal);
    const skew = clockSkew(page.date, this.#clock.nowMs());
    if (skew !== undefined) throw skew;
    await this.#checkChecksum(signal);
    const nothing = Buffer.alloc(0);
    if (this.#settings.createOnly === 'by-versioning') {
      await this.#checkVersions(signal);
      if ((await this.stat(checkName, signal)) === undefined)
        await this.#putAtOnce(checkName, nothing, signal);
    } else if ((await this.#putAtOnce(checkName, nothing, signal)).tag === 'done') {
      // It was not there. Now it is: a second one has to be refused.
      if ((await this.#putAtOnce(checkName, nothing, signal)).tag === 'done') throw overwrites('PutObject');
    }
    const place = { client: this.#client, bucket: this.#settings.bucket, checksum: this.#settings.checksum };
    const serviceMs = page.date?.getTime() ?? this.#clock.nowMs();
    await sweepUploads({ ...place, run: this.#run }, `${this.#prefix}objects/`, serviceMs, signal);
  }

  close(): Promise<void> {
    this.#client.destroy();
    this.#agent.destroy();
    return Promise.resolve();
  }

  inspect(signal?: AbortSignal): Promise<readonly Finding[]> {
    const { bucket, checksum } = this.#settings;
    return inspectS3(
      { client: this.#client, bucket, prefix: this.#prefix, checksum, run: this.#run },
      signal,
    );
  }

  async #putAtOnce(name: string, bytes: Buffer, signal: AbortSignal | undefined): Promise<Answered<string>> {
    const answer = await this.#decided(bytes.length, signal, (abortSignal) =>
      this.#client.send(
        new PutObjectCommand({
          Bucket: this.#settings.bucket,
          Key: this.#prefix + name,
          Body: bytes,
          ContentType: contentType,
          ...checksumOf(this.#settings.checksum, bytes),
          ...this.#condition(),
        }),
        { abortSignal },
      ),
    );
    if (answer.tag !== 'done') return answer;
    const etag = bare(answer.value.ETag);
    // Where the etag is an MD5 it is the proof; else (encrypted by a key of the service) the object is looked at.
    if (etag !== createHash('md5').update(bytes).digest('hex')) {
      await this.#mustBe(name, etag, bytes.length, signal);
    }
    return { tag: 'done', value: etag };
  }

  async #putInParts(
    name: string,
    source: ObjectSource,
    options: {
      readonly signal: AbortSignal | undefined;
      readonly onProgress: ((confirmedBytes: number) => void) | undefined;
    },
  ): Promise<Answered<string>> {
    const { signal } = options;
    checkFits(source.sizeBytes);
    await this.#checkJoining(signal);
    const place = this.#place(name);
    const upload = await openUpload(place, contentType, (id) => !this.#inUse.has(id), signal);
    // Another writer of ours may have taken it while the parts were listed.
    if (this.#inUse.has(upload.uploadId)) return { tag: 'undecided' };
    this.#inUse.add(upload.uploadId);
    try {
      const parts = await new PartStager(partSink(place, upload), this.#pool, options).stageAll(source);
      const answer = await this.#decided(joiningAsBytes, signal, (abortSignal) =>
        joinParts({ ...place, run: unmapped }, upload.uploadId, parts, this.#condition(), abortSignal),
      );
      if (answer.tag !== 'done') {
        if (answer.tag === 'taken') await abortUpload(place, upload.uploadId, signal);
        return answer;
      }
      await this.#mustBe(name, answer.value, source.sizeBytes, signal);
      return answer;
    } finally {
      this.#inUse.delete(upload.uploadId);
    }
  }

  /** What was stored, read back: length and etag. */
  async #mustBe(
    name: string,
    etag: string,
    sizeBytes: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const stored = await this.stat(name, signal);
    if (stored?.sizeBytes !== sizeBytes || stored.etag !== etag || etag === '') {
      throw new EdgeSyncError('cloud-checksum', 'what was stored is not what was sent');
    }
  }

  /** Some services keep to If-None-Match for one request and not for joined parts: tried once, on the probe object. */
  #checkJoining(signal: AbortSignal | undefined): Promise<void> {
    if (this.#settings.createOnly === 'by-versioning') return Promise.resolve();
    this.#joining ??= this.#tryJoining(signal).catch((error: unknown) => {
      this.#joining = undefined;
      throw error;
    });
    return this.#joining;
  }

  async #tryJoining(signal: AbortSignal | undefined): Promise<void> {
    await this.#putAtOnce(checkName, Buffer.alloc(0), signal);
    const place = this.#place(checkName);
    const upload = await openUpload(place, contentType, () => false, signal);
    try {
      const stop = signal ?? new AbortController().signal;
      const part = await partSink(place, upload).send(0, Buffer.from('0'), stop);
      const answer = await this.#decided(joiningAsBytes, signal, (abortSignal) =>
        joinParts({ ...place, run: unmapped }, upload.uploadId, [part], this.#condition(), abortSignal),
      );
      if (answer.tag === 'done') throw overwrites('CompleteMultipartUpload');
      if (answer.tag === 'undecided') {
        throw new EdgeSyncError('cloud-server-error', 'it does not say whether it would have overwritten');
      }
    } finally {
      await abortUpload(place, upload.uploadId, signal);
    }
  }

  /** Where the service cannot refuse to overwrite, what is overwritten has to be kept. */
  async #checkVersions(signal: AbortSignal | undefined): Promise<void> {
    const answer = await this.#run(0, signal, (abortSignal) =>
      this.#client.send(new GetBucketVersioningCommand({ Bucket: this.#settings.bucket }), { abortSignal }),
    );
    if (answer.Status !== 'Enabled') {
      throw new EdgeSyncError(
        'cloud-overwrites',
        'createOnly is "by-versioning" and the bucket keeps no versions',
      );
    }
  }

  /** A wrong checksum has to be refused. A service that takes it, takes anything. */
  async #checkChecksum(signal: AbortSignal | undefined): Promise<void> {
    const { bucket, checksum } = this.#settings;
    const Key = this.#prefix + wrongName(checksum);
    let answer: Answered<unknown>;
    try {
      answer = await this.#decided(0, signal, (abortSignal) =>
        this.#client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key,
            Body: Buffer.from('this'),
            ...checksumOf(checksum, Buffer.from('other')),
            ...this.#condition(),
          }),
          { abortSignal },
        ),
      );
    } catch (error) {
      if (error instanceof EdgeSyncError && error.code === 'cloud-checksum') return;
      throw error;
    }
    switch (answer.tag) {
      case 'done':
        throw new EdgeSyncError(
          'cloud-refused',
          'the service does not check the checksum of what it is sent',
        );
      case 'taken':
        // It was taken once: that it would be refused now cannot be seen while it lies there.
        throw new EdgeSyncError(
          'cloud-refused',
          `the service took a wrong checksum before; when that is mended, delete ${wrongName(checksum)} there`,
        );
      case 'undecided':
        throw new EdgeSyncError('cloud-server-error', 'it does not say whether it checks checksums');
    }
  }

  #condition(): { readonly IfNoneMatch?: '*' } {
    return this.#settings.createOnly === 'by-service' ? { IfNoneMatch: '*' } : {};
  }

  #place(name: string): UploadPlace {
    const { bucket, checksum } = this.#settings;
    return { client: this.#client, bucket, key: this.#prefix + name, checksum, run: this.#run };
  }

  async #page(
    prefix: string,
    token: string | undefined,
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<{
    readonly objects: readonly { readonly Key: string; readonly Size: number; readonly ETag: string }[];
    readonly token: string | undefined;
    readonly date: Date | undefined;
  }> {
    const command = new ListObjectsV2Command({
      Bucket: this.#settings.bucket,
      Prefix: prefix,
      MaxKeys: most,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    let date: Date | undefined;
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        date = answerDateOf((result.response as { headers?: Record<string, string> }).headers);
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'answerDate' },
    );
    const answer = await this.#run(0, signal, (abortSignal) => this.#client.send(command, { abortSignal }));
    const objects = (answer.Contents ?? []).map(({ Key, Size, ETag }) => ({
      Key: Key ?? '',
      Size: Size ?? 0,
      ETag: ETag ?? '',
    }));
    const next = answer.IsTruncated === true ? answer.NextContinuationToken : undefined;
    // No service leaves out the bucket's name: what has nothing of a listing in it is none, not an empty one.
    if (answer.Name === undefined && objects.length === 0 && next === undefined) {
      throw notTheCloud(this.#host, 200);
    }
    return { objects, token: next, date };
  }

  /** A create-only write: refused because something is there is an answer, no failure. */
  #decided<T>(
    sizeBytes: number,
    signal: AbortSignal | undefined,
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<Answered<T>> {
    return this.#run<Answered<T>>(sizeBytes, signal, async (abortSignal) => {
      try {
        return { tag: 'done', value: await request(abortSignal) };
      } catch (error) {
        if (meansTaken(error)) return { tag: 'taken' };
        if (meansUndecided(error)) return { tag: 'undecided' };
        throw error;
      }
    });
  }

  readonly #run = <T>(
    sizeBytes: number,
    signal: AbortSignal | undefined,
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> =>
    runRequest(this.#clock, sizeBytes, signal, request, (error, ended) =>
      mapS3Error(error, this.#failed(ended)),
    );

  #failed(ended: EndedBy): Parameters<typeof mapS3Error>[1] {
    return { host: this.#host, bucket: this.#settings.bucket, nowMs: this.#clock.nowMs(), ended };
  }
}

/** For a request inside one that has its deadline and mapping already. */
const unmapped: UploadPlace['run'] = (_sizeBytes, signal, request) =>
  request(signal ?? new AbortController().signal);

function overwrites(request: string): EdgeSyncError {
  return new EdgeSyncError('cloud-overwrites', `it ignores If-None-Match of ${request}`);
}
