import type http from 'node:http';
import { Transform, type Readable } from 'node:stream';
import { S3Client } from '@aws-sdk/client-s3';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { S3Credential } from './s3-credential.ts';
import { notTheCloud } from './service-answers.ts';

/** A page of a listing has at most 1,000 names of at most 1,024 bytes, with little around each. */
const maxAnswerBytes = 8 * 1024 * 1024;
/** What a service says about an error; the rest of a longer text is of no use. */
const maxErrorBytes = 64 * 1024;

export interface S3Place {
  readonly region: string;
  /** undefined: AWS. */
  readonly endpoint: string | undefined;
  readonly addressing: 'virtual' | 'path';
}

/** What the library's deserializer is given; the part of it that matters here. */
interface RawAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  body?: unknown;
}

/**
 * The vendor's client with its retries off, no checksums of its own choice, the connections given, and answers bounded:
 * the library reads whatever is no object's content as one text.
 */
export function makeS3Client(place: S3Place, credential: S3Credential, agent: http.Agent): S3Client {
  const client = new S3Client({
    region: place.region,
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
    forcePathStyle: place.addressing === 'path',
    credentials: { ...credential },
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Own servers and proxies often answer it late or never.
    expectContinueHeader: false,
    // Nothing of the user's own files or environment: the settings say everything.
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    defaultUserAgentProvider: () => Promise.resolve([['edge-sync', '0']]),
    requestHandler: { httpAgent: agent, httpsAgent: agent },
  });
  const host = place.endpoint === undefined ? 'AWS' : new URL(place.endpoint).host;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const answer = result.response as RawAnswer;
      if (answer.statusCode < 300 && answer.headers?.['content-type']?.startsWith('text/html') === true) {
        if (isReadable(answer.body)) answer.body.destroy();
        throw notTheCloud(host, answer.statusCode);
      }
      const isContent = context.commandName === 'GetObjectCommand' && answer.statusCode < 300;
      if (!isContent && isReadable(answer.body)) {
        answer.body = bounded(answer.body, answer.statusCode < 300 ? maxAnswerBytes : maxErrorBytes);
      }
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'boundedAnswers' },
  );
  return client;
}

function isReadable(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body && typeof body.pipe === 'function';
}

/** Ends with an error when more comes than fits. */
function bounded(body: Readable, maxBytes: number): Readable {
  let seen = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > maxBytes) {
        done(new EdgeSyncError('cloud-server-error', 'an answer far longer than it can be'));
        body.destroy();
        return;
      }
      done(null, chunk);
    },
  });
  body.once('error', (error) => limit.destroy(error));
  body.once('close', () => {
    if (!body.readableEnded) limit.destroy(new Error('the connection was cut'));
  });
  limit.once('close', () => body.destroy());
  return body.pipe(limit);
}
