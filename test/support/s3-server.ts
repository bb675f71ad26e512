/**
 * A small S3 service of our own, in memory, for tests: what it is and what it is not.
 * It checks AWS Signature Version 4 (header form, payload hash, five headers and more) on every request, Content-MD5,
 * x-amz-checksum-sha256 and x-amz-content-sha256, and keeps to `If-None-Match: *` on PutObject and
 * CompleteMultipartUpload with 412, decided in one step. Path and virtual-host addressing, multipart uploads, ranges,
 * listings in pages, versioning and object lock as flags that are only told. It is not AWS: no policies, no versions,
 * no replication delay, no 5 MiB least part. `lacks` makes it one of the services that ignore things.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface S3Server {
  readonly port: number;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Keys with their content, past the protocol. */
  readonly objects: ReadonlyMap<string, S3Object>;
  /** Unfinished uploads by id. */
  readonly uploads: ReadonlyMap<string, Upload>;
  /** Requests seen: method, path and query. */
  readonly requests: readonly string[];
  /** What this service gets wrong from now on. */
  behave(lacks: Partial<Lacks>): void;
  stop(): Promise<void>;
}

export interface Lacks {
  readonly putCondition: boolean;
  readonly joinCondition: boolean;
  readonly checksums: boolean;
  /** Etags as services give them that encrypt by a key of theirs. */
  readonly md5Etags: boolean;
  readonly versioning: 'Enabled' | 'Suspended' | 'off';
  readonly lock: 'GOVERNANCE' | 'COMPLIANCE' | 'off';
  readonly mayDelete: boolean;
  /** False: a policy asks for If-None-Match with every PutObject. */
  readonly mayOverwrite: boolean;
  /** Unfinished uploads began this long ago, milliseconds. */
  readonly uploadsAgeMs: number;
  /** Replaces the answer to a listing. */
  readonly listing: ((xml: string) => string) | undefined;
}

export interface S3Object {
  readonly bytes: Buffer;
  readonly etag: string;
}
export interface Upload {
  readonly key: string;
  readonly parts: Map<number, S3Object & { readonly sha256: string }>;
}

interface Asked {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

const hash = (kind: 'md5' | 'sha256', bytes: Uint8Array | string): Buffer =>
  createHash(kind).update(bytes).digest();

export async function startS3Server(bucket = 'images'): Promise<S3Server> {
  const accessKeyId = `AK${randomBytes(8).toString('hex').toUpperCase()}`;
  const secretAccessKey = randomBytes(30).toString('base64');
  const objects = new Map<string, S3Object>();
  const uploads = new Map<string, Upload>();
  const requests: string[] = [];
  let lacks: Lacks = {
    putCondition: false,
    joinCondition: false,
    checksums: false,
    md5Etags: true,
    versioning: 'off',
    lock: 'off',
    mayDelete: true,
    mayOverwrite: true,
    uploadsAgeMs: 0,
    listing: undefined,
  };
  const service = new Service(objects, uploads, () => lacks);
  const server = http.createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.once('end', () => {
      requests.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
      let answer: Answer;
      try {
        const body = Buffer.concat(chunks);
        checkSignature(incoming, body, accessKeyId, secretAccessKey);
        answer = service.answer(asked(incoming, body, bucket));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        answer = {
          status: error.status,
          body: `<Error><Code>${error.code}</Code><Message>no</Message></Error>`,
        };
      }
      const bytes = Buffer.from(answer.body ?? '');
      const isHead = incoming.method === 'HEAD';
      outgoing.writeHead(answer.status, {
        'x-amz-request-id': randomBytes(8).toString('hex'),
        ...(answer.status === 204 ? {} : { 'content-length': String(bytes.length) }),
        ...(typeof answer.body === 'string' ? { 'content-type': 'application/xml' } : {}),
        ...answer.headers,
      });
      outgoing.end(isHead ? undefined : bytes);
    });
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    bucket,
    accessKeyId,
    secretAccessKey,
    objects,
    uploads,
    requests,
    behave: (next) => {
      lacks = { ...lacks, ...next };
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Path style `/bucket/key`, virtual style by a Host header `bucket.anything`. */
function asked(incoming: http.IncomingMessage, body: Buffer, bucket: string): Asked {
  const url = new URL(incoming.url ?? '/', 'http://x');
  const path = decodeURIComponent(url.pathname).slice(1);
  const isVirtual = (incoming.headers.host ?? '').startsWith(`${bucket}.`);
  const [first = '', ...rest] = path.split('/');
  if (!isVirtual && first !== bucket) throw new Refusal(404, 'NoSuchBucket');
  const key = isVirtual ? path : rest.join('/');
  return { method: incoming.method ?? '', key, query: url.searchParams, headers: incoming.headers, body };
}

class Service {
  readonly #objects: Map<string, S3Object>;
  readonly #uploads: Map<string, Upload>;
  readonly #lacks: () => Lacks;

  constructor(objects: Map<string, S3Object>, uploads: Map<string, Upload>, lacks: () => Lacks) {
    this.#objects = objects;
    this.#uploads = uploads;
    this.#lacks = lacks;
  }

  answer(request: Asked): Answer {
    const { method, key, query } = request;
    if (key === '') return this.#bucket(request);
    if (method === 'POST' && query.has('uploads')) return this.#begin(key);
    const uploadId = query.get('uploadId');
    if (uploadId !== null) return this.#upload(request, uploadId);
    switch (method) {
      case 'PUT':
        return this.#put(request);
      case 'GET':
      case 'HEAD':
        return this.#get(request);
      case 'DELETE':
        if (!this.#lacks().mayDelete) throw new Refusal(403, 'AccessDenied');
        this.#objects.delete(key);
        return { status: 204 };
      default:
        throw new Refusal(405, 'MethodNotAllowed');
    }
  }

  #put({ key, headers, body }: Asked): Answer {
    this.#checkSums(headers, body);
    if (headers['if-none-match'] === undefined && !this.#lacks().mayOverwrite)
      throw new Refusal(403, 'AccessDenied');
    if (headers['if-none-match'] === '*' && !this.#lacks().putCondition && this.#objects.has(key)) {
      throw new Refusal(412, 'PreconditionFailed');
    }
    const object = { bytes: body, etag: this.#etag(hash('md5', body).toString('hex')) };
    this.#objects.set(key, object);
    return { status: 200, headers: { etag: `"${object.etag}"` } };
  }

  #get({ key, headers }: Asked): Answer {
    const object = this.#objects.get(key);
    if (object === undefined) throw new Refusal(404, 'NoSuchKey');
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
    const common = { etag: `"${object.etag}"`, 'last-modified': new Date().toUTCString() };
    if (range === null) return { status: 200, headers: common, body: object.bytes };
    const from = Number(range[1]);
    const to =
      range[2] === '' ? object.bytes.length - 1 : Math.min(Number(range[2]), object.bytes.length - 1);
    return {
      status: 206,
      headers: { ...common, 'content-range': `bytes ${from}-${to}/${object.bytes.length}` },
      body: object.bytes.subarray(from, to + 1),
    };
  }

  #begin(key: string): Answer {
    const id = randomBytes(16).toString('hex');
    this.#uploads.set(id, { key, parts: new Map() });
    return {
      status: 200,
      body: `<InitiateMultipartUploadResult><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    };
  }

  #upload(request: Asked, id: string): Answer {
    const upload = this.#uploads.get(id);
    if (upload?.key !== request.key) throw new Refusal(404, 'NoSuchUpload');
    switch (request.method) {
      case 'PUT': {
        this.#checkSums(request.headers, request.body);
        const md5 = hash('md5', request.body).toString('hex');
        const etag = this.#etag(md5);
        const sha256 = hash('sha256', request.body).toString('base64');
        upload.parts.set(Number(request.query.get('partNumber')), { bytes: request.body, etag, sha256 });
        return { status: 200, headers: { etag: `"${etag}"`, 'x-amz-checksum-sha256': sha256 } };
      }
      case 'GET': {
        const marker = Number(request.query.get('part-number-marker') ?? 0);
        const all = [...upload.parts].filter(([number]) => number > marker).toSorted(([a], [b]) => a - b);
        const page = all.slice(0, 3);
        const parts = page.map(
          ([number, { etag, bytes, sha256 }]) =>
            `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag><Size>${bytes.length}</Size><ChecksumSHA256>${sha256}</ChecksumSHA256></Part>`,
        );
        const more = all.length > page.length;
        return {
          status: 200,
          body: `<ListPartsResult><IsTruncated>${more}</IsTruncated><NextPartNumberMarker>${page.at(-1)?.[0] ?? 0}</NextPartNumberMarker>${parts.join('')}</ListPartsResult>`,
        };
      }
      case 'POST':
        return this.#join(request, id, upload);
      case 'DELETE':
        this.#uploads.delete(id);
        return { status: 204 };
      default:
        throw new Refusal(405, 'MethodNotAllowed');
    }
  }

  #join({ key, headers, body }: Asked, id: string, upload: Upload): Answer {
    if (headers['if-none-match'] === '*' && !this.#lacks().joinCondition && this.#objects.has(key)) {
      throw new Refusal(412, 'PreconditionFailed');
    }
    const wanted = [...body.toString().matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: /<ETag>(?:&quot;|")?([^<"&]+)/.exec(part)?.[1],
    }));
    const parts = wanted.map(({ number, etag }) => {
      const part = upload.parts.get(number);
      if (part?.etag !== etag || part === undefined) throw new Refusal(400, 'InvalidPart');
      return part;
    });
    const bytes = Buffer.concat(parts.map((part) => part.bytes));
    const md5 = hash('md5', Buffer.concat(parts.map((part) => hash('md5', part.bytes)))).toString('hex');
    const etag = `${this.#etag(md5)}-${parts.length}`;
    this.#objects.set(key, { bytes, etag });
    this.#uploads.delete(id);
    return {
      status: 200,
      body: `<CompleteMultipartUploadResult><Key>${key}</Key><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`,
    };
  }

  #bucket({ method, query }: Asked): Answer {
    if (method !== 'GET') throw new Refusal(405, 'MethodNotAllowed');
    if (query.has('versioning')) {
      const { versioning } = this.#lacks();
      const status = versioning === 'off' ? '' : `<Status>${versioning}</Status>`;
      return { status: 200, body: `<VersioningConfiguration>${status}</VersioningConfiguration>` };
    }
    if (query.has('object-lock')) {
      const { lock } = this.#lacks();
      if (lock === 'off') throw new Refusal(404, 'ObjectLockConfigurationNotFoundError');
      return {
        status: 200,
        body: `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>${lock}</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>`,
      };
    }
    const prefix = query.get('prefix') ?? '';
    if (query.has('uploads')) {
      const initiated = new Date(Date.now() - this.#lacks().uploadsAgeMs).toISOString();
      const found = [...this.#uploads]
        .filter(([, upload]) => upload.key.startsWith(prefix))
        .map(
          ([id, { key }]) =>
            `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${initiated}</Initiated></Upload>`,
        );
      return {
        status: 200,
        body: `<ListMultipartUploadsResult>${found.join('')}</ListMultipartUploadsResult>`,
      };
    }
    const most = Math.min(Number(query.get('max-keys') ?? 1000), 1000);
    const after = Buffer.from(
      query.get('continuation-token') ?? query.get('start-after') ?? '',
      'utf8',
    ).toString();
    const keys = [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix) && key > after)
      .toSorted((a, b) => (a < b ? -1 : 1));
    const page = keys.slice(0, most);
    const contents = page.map((key) => {
      const { bytes, etag } = this.#objects.get(key) ?? { bytes: Buffer.alloc(0), etag: '' };
      return `<Contents><Key>${key}</Key><Size>${bytes.length}</Size><ETag>&quot;${etag}&quot;</ETag><LastModified>${new Date().toISOString()}</LastModified></Contents>`;
    });
    const more =
      keys.length > page.length
        ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${page.at(-1) ?? ''}</NextContinuationToken>`
        : '<IsTruncated>false</IsTruncated>';
    const xml = `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>x</Name>${more}${contents.join('')}</ListBucketResult>`;
    return { status: 200, body: this.#lacks().listing?.(xml) ?? xml };
  }

  #etag(md5: string): string {
    return this.#lacks().md5Etags ? md5 : hash('sha256', md5).toString('hex');
  }

  #checkSums(headers: http.IncomingHttpHeaders, body: Buffer): void {
    if (this.#lacks().checksums) return;
    const md5 = headers['content-md5'];
    if (md5 !== undefined && md5 !== hash('md5', body).toString('base64'))
      throw new Refusal(400, 'BadDigest');
    const sha256 = headers['x-amz-checksum-sha256'];
    if (sha256 !== undefined && sha256 !== hash('sha256', body).toString('base64')) {
      throw new Refusal(400, 'BadDigest');
    }
  }
}

/** AWS Signature Version 4 in the Authorization header, and the payload's hash that it signs. */
function checkSignature(incoming: http.IncomingMessage, body: Buffer, keyId: string, secret: string): void {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request,\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/.exec(
      incoming.headers.authorization ?? '',
    );
  if (given === null) throw new Refusal(403, 'AccessDenied');
  const [, id = '', day = '', region = '', names = '', signature = ''] = given;
  if (id !== keyId) throw new Refusal(403, 'InvalidAccessKeyId');
  const payload = String(incoming.headers['x-amz-content-sha256'] ?? '');
  const url = new URL(incoming.url ?? '/', 'http://x');
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const headers = names
    .split(';')
    .map(
      (name) =>
        `${name}:${String(incoming.headers[name] ?? '')
          .trim()
          .replace(/\s+/g, ' ')}\n`,
    )
    .join('');
  const path = (incoming.url ?? '/').split('?')[0] ?? '/';
  const canonical = [incoming.method, path, query, headers, names, payload].join('\n');
  const date = String(incoming.headers['x-amz-date'] ?? '');
  const toSign = [
    'AWS4-HMAC-SHA256',
    date,
    `${day}/${region}/s3/aws4_request`,
    hash('sha256', canonical).toString('hex'),
  ].join('\n');
  const hmac = (key: Buffer | string, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
  if (hmac(key, toSign).toString('hex') !== signature) throw new Refusal(403, 'SignatureDoesNotMatch');
  const apart = Math.abs(
    Date.now() - Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')),
  );
  if (!(apart < 15 * 60_000)) throw new Refusal(403, 'RequestTimeTooSkewed');
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== hash('sha256', body).toString('hex')) {
    throw new Refusal(400, 'XAmzContentSHA256Mismatch');
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
