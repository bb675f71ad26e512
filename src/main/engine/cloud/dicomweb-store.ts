/** DICOMweb (PS3.18): STOW-RS to store, WADO-RS to fetch back, QIDO-RS to ask. */
import http from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import type { DicomwebDestinationSettings } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, Random } from '../ports.ts';
import type { Secret } from '../system/secret.ts';
import { trustedAuthorities } from '../system/trusted-authorities.ts';
import type { DatasetBytes, DatasetIdentity, DatasetStore, Retrieved } from './dataset-store.ts';
import {
  checkStored,
  isPage,
  namesInstance,
  refusal,
  type AnsweredRequest,
  type ServiceAnswer,
} from './dicomweb-answers.ts';
import { dicomwebSignIn, type DicomwebSignIn } from './dicomweb-credential.ts';
import { boundaryOf, onePart, OnePartReader } from './multipart.ts';
import { direct, type Outgoing } from './outgoing.ts';
import { runRequest, type EndedBy } from './request-run.ts';
import { connectionError, notTheCloud, systemCode } from './service-answers.ts';

/** The answer to one stored instance, or a search for one, is some hundred bytes. */
const maxAnswerBytes = 1024 * 1024;
const dicomJson = 'application/dicom+json';
/** PS3.5 9.1, as it may stand in an address. */
const uidPattern = /^[0-9.]{1,64}$/;

export interface DicomwebStoreOptions {
  readonly settings: DicomwebDestinationSettings;
  readonly secret: Secret | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly outgoing?: Outgoing;
}

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Buffer>;
}

export class DicomwebStore implements DatasetStore {
  readonly kind = 'dicomweb';
  readonly #base: URL;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #signIn: DicomwebSignIn;
  readonly #agent: http.Agent;

  private constructor(options: DicomwebStoreOptions, signIn: DicomwebSignIn) {
    const { settings, clock, random, outgoing = direct } = options;
    this.#base = new URL(`${settings.url.replace(/\/+$/, '')}/`);
    this.#clock = clock;
    this.#random = random;
    this.#signIn = signIn;
    this.#agent = trusting(outgoing(this.#base.href), signIn.tls);
  }

  /** @throws EdgeSyncError cloud-secret-missing, cloud-secret-malformed, pacs-certificate-file. */
  static async open(options: DicomwebStoreOptions): Promise<DicomwebStore> {
    return new DicomwebStore(options, await dicomwebSignIn(options.settings, options.secret));
  }

  async store(
    identity: DatasetIdentity,
    bytes: DatasetBytes,
    options: {
      readonly sizeBytes: number;
      readonly signal?: AbortSignal;
      readonly onProgress?: (sentBytes: number) => void;
    },
  ): Promise<void> {
    requireUids(identity);
    const boundary = `edge-sync-${this.#random.bytes(16).toString('hex')}`;
    const asked: Asked = {
      method: 'POST',
      path: 'studies',
      headers: {
        accept: dicomJson,
        'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
      },
      body: onePart(boundary, ['Content-Type: application/dicom'], counted(bytes, options.onProgress)),
    };
    await this.#run(options.sizeBytes, options.signal, async (signal) => {
      const response = await this.#ask(asked, signal);
      const answer = await wholeAnswer(response);
      checkStored(answer, identity.sopInstanceUid, this.#answered());
    });
  }

  async retrieve(
    identity: DatasetIdentity,
    options: {
      readonly maxBytes: number;
      readonly signal?: AbortSignal;
      readonly onChunk: (chunk: Buffer) => void;
    },
  ): Promise<Retrieved> {
    const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = requireUids(identity);
    const asked: Asked = {
      method: 'GET',
      path: `studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`,
      // Without it a service recodes to Explicit VR Little Endian (PS3.18 8.7.3.5.2).
      headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
    };
    return this.#run(options.maxBytes, options.signal, async (signal): Promise<Retrieved> => {
      const response = await this.#ask(asked, signal);
      try {
        const status = response.statusCode ?? 0;
        if (status === 404 || status === 410) return { tag: 'absent' };
        if ([400, 405, 406, 501].includes(status)) return { tag: 'not-given' };
        if (status === 403) return { tag: 'not-given' };
        if (status !== 200) {
          throw refusal({ status, headers: response.headers, body: Buffer.alloc(0) }, this.#answered());
        }
        return await this.#file(response, options);
      } finally {
        response.destroy();
      }
    });
  }

  async isListed(identity: DatasetIdentity, signal?: AbortSignal): Promise<boolean> {
    const { sopInstanceUid } = requireUids(identity);
    const asked: Asked = {
      method: 'GET',
      path: `instances?SOPInstanceUID=${sopInstanceUid}&limit=5`,
      headers: { accept: dicomJson },
    };
    return this.#run(0, signal, async (ending) => {
      const answer = await wholeAnswer(await this.#ask(asked, ending));
      if (answer.status === 204) return false;
      if (answer.status !== 200) throw refusal(answer, this.#answered());
      if (isPage(answer)) throw notTheCloud(this.#base.host, answer.status);
      return namesInstance(answer, sopInstanceUid);
    });
  }

  async check(signal?: AbortSignal): Promise<void> {
    const asked: Asked = { method: 'GET', path: 'studies?limit=1', headers: { accept: dicomJson } };
    await this.#run(0, signal, async (ending) => {
      const answer = await wholeAnswer(await this.#ask(asked, ending), 'cut');
      // It is a DICOMweb address that answers; that it does not search, or not so, is no fault (PS3.18 8.3.4).
      const { status } = answer;
      if ([200, 204, 206, 400, 405, 406, 413, 501].includes(status)) {
        if (isPage(answer)) throw notTheCloud(this.#base.host, status);
        return;
      }
      throw refusal(answer, this.#answered());
    });
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  async #file(
    response: http.IncomingMessage,
    { maxBytes, onChunk }: { readonly maxBytes: number; readonly onChunk: (chunk: Buffer) => void },
  ): Promise<Retrieved> {
    const contentType = response.headers['content-type'];
    if (contentType?.toLowerCase().startsWith('text/html') === true) throw notTheCloud(this.#base.host, 200);
    // A single part may come without the multipart around it (PS3.18 8.7.3.1).
    const isBare = contentType !== undefined && /^application\/dicom\s*(;|$)/i.test(contentType);
    const boundary = boundaryOf(contentType);
    if (boundary === undefined && !isBare) return { tag: 'not-given' };
    const reader = boundary === undefined ? undefined : new OnePartReader(boundary);
    let sizeBytes = 0;
    let wireBytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      wireBytes += chunk.length;
      // Headers, boundaries and an epilogue without end count too.
      if (wireBytes > maxBytes + maxAnswerBytes) return { tag: 'longer' };
      for (const content of reader === undefined ? [chunk] : reader.push(chunk)) {
        if (sizeBytes === 0 && reader !== undefined && !isDicom(reader.mediaType))
          return { tag: 'not-given' };
        sizeBytes += content.length;
        if (sizeBytes > maxBytes) return { tag: 'longer' };
        onChunk(content);
      }
    }
    reader?.end();
    if (!response.complete) throw new EdgeSyncError('cloud-unreachable', 'the answer was cut short');
    return { tag: 'whole' };
  }

  /** Sends, and gives the answer with its body still to be read. An answer before the end of `body` ends the sending. */
  async #ask(asked: Asked, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { method, path, headers, body } = asked;
    const { authorization } = this.#signIn;
    const request = (this.#base.protocol === 'https:' ? https : http).request(new URL(path, this.#base), {
      method,
      agent: this.#agent,
      signal,
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    });
    const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      request.once('error', reject);
      request.once('close', () => reject(new Error('the connection was closed without an answer')));
    });
    // Looked at below; until then a failure must not count as unhandled.
    answered.catch(() => undefined);
    if (body === undefined) {
      request.end();
      return answered;
    }
    try {
      await writeAll(request, body, answered);
    } catch (error) {
      request.destroy();
      throw error;
    }
    return answered;
  }

  #answered(): AnsweredRequest {
    return { host: this.#base.host, nowMs: this.#clock.nowMs() };
  }

  #run<T>(
    sizeBytes: number,
    signal: AbortSignal | undefined,
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return runRequest(this.#clock, sizeBytes, signal, request, (error, ended) =>
      mapFailure(error, ended, this.#base.host),
    );
  }
}

/**
 * Writes a body as the connection takes it. Stops without an error when an answer comes first: whatever it says, the end
 * was not sent, so that nothing half counts as stored.
 */
async function writeAll(
  request: http.ClientRequest,
  body: AsyncIterable<Buffer>,
  answered: Promise<http.IncomingMessage>,
): Promise<void> {
  let state = 'open' as 'open' | 'answered' | 'failed';
  const early = answered.then(
    (response) => {
      state = 'answered';
      // With the rest of the body unsent the connection is of no further use.
      response.once('close', () => request.destroy());
    },
    () => {
      state = 'failed';
    },
  );
  for await (const chunk of body) {
    if (state !== 'open') break;
    if (!request.write(chunk)) await Promise.race([once(request, 'drain'), early]).catch(() => undefined);
  }
  if (state === 'answered') {
    const { statusCode = 0 } = await answered;
    if (statusCode < 300)
      throw new EdgeSyncError('cloud-server-error', 'it answered before the end was sent');
    return;
  }
  request.end();
}

/** @param beyond what to do with more than fits: refuse it, or take what came. */
async function wholeAnswer(
  response: http.IncomingMessage,
  beyond: 'refuse' | 'cut' = 'refuse',
): Promise<ServiceAnswer> {
  const { statusCode: status = 0, headers } = response;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxAnswerBytes) {
        if (beyond === 'cut' || status >= 300) break;
        throw new EdgeSyncError('cloud-server-error', 'an answer far longer than it can be');
      }
      chunks.push(chunk);
    }
  } finally {
    if (!response.readableEnded) response.destroy();
  }
  return { status, headers, body: Buffer.concat(chunks) };
}

async function* counted(
  bytes: DatasetBytes,
  onProgress: ((sentBytes: number) => void) | undefined,
): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const chunk of bytes) {
    yield chunk;
    sent += chunk.length;
    onProgress?.(sent);
  }
}

/** UIDs become part of an address: only what is a UID. */
function requireUids(identity: DatasetIdentity): DatasetIdentity {
  const { sopInstanceUid, studyInstanceUid, seriesInstanceUid } = identity;
  if (![sopInstanceUid, studyInstanceUid, seriesInstanceUid].every((uid) => uidPattern.test(uid))) {
    throw new EdgeSyncError('pacs-refused', 'the image has no usable UIDs');
  }
  return identity;
}

function isDicom(mediaType: string): boolean {
  return mediaType === '' || mediaType === 'application/dicom';
}

/** The same connections with a client certificate and one more authority. */
function trusting(agent: http.Agent, { cert, key, authority }: DicomwebSignIn['tls']): http.Agent {
  const authorities = trustedAuthorities();
  const ca = authority === undefined ? {} : { ca: [...(authorities ?? []), authority] };
  const own = cert === undefined ? {} : { cert, key };
  // Node has it on every agent; the types know it of https agents alone.
  const { options } = agent as unknown as { readonly options: https.AgentOptions };
  Object.assign(options, ca, own);
  return agent;
}

/** Codes by which OpenSSL says that it does not trust, or was not trusted. */
const untrusted =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_ALTNAME|HOSTNAME_MISMATCH|INVALID_CA)/;
const notLetIn = /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN/;

function mapFailure(error: unknown, ended: EndedBy, host: string): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  switch (ended) {
    case 'by-caller':
      return new EdgeSyncError('cancelled', undefined, { cause: error });
    case 'by-deadline':
      return new EdgeSyncError('cloud-unreachable', `${host} did not answer in time`, { cause: error });
    case 'by-service': {
      const code = systemCode(error);
      if (untrusted.test(code))
        return new EdgeSyncError('pacs-untrusted', `${host} (${code})`, { cause: error });
      if (notLetIn.test(code)) return new EdgeSyncError('cloud-auth', `${host} (${code})`, { cause: error });
      return connectionError(error, host);
    }
  }
}
