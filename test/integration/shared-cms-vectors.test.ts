/** Test vectors made by others (OpenSSL and an independent prototype): each must come out as recorded. */
import { existsSync, readFileSync } from 'node:fs';
import { createHash, createPrivateKey } from 'node:crypto';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { EnvelopeReaders } from '../../src/main/engine/seal/envelope-reader.ts';
import { EnvelopeWriter, HeadTemplate, prepareObject } from '../../src/main/engine/seal/envelope-writer.ts';
import { recipientFromCertificate } from '../../src/main/engine/seal/certificate.ts';
import type { OpeningKeys } from '../../src/main/engine/seal/recipients.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { ephemeralKeyFromScalar } from '../support/ephemeral-key.ts';
import { needs } from '../support/tools.ts';

const folder = resolve(import.meta.dirname, '../../../shared/data/cms');

interface Vectors {
  readonly content: { readonly sha256: string };
  readonly keys: {
    readonly kek: string;
    readonly kekId: string;
    readonly ski: string;
    readonly issuerAndSerial: string;
    readonly deterministic: {
      readonly cek: string;
      readonly iv: string;
      readonly ephemeralPrivate: string;
      readonly chunk: number;
    };
  };
  readonly vectors: readonly {
    readonly file: string;
    readonly content: string;
    readonly reader: Readonly<Record<'kek' | 'ec', string>>;
  }[];
}

const codeFor: Readonly<Record<string, string>> = {
  ok: 'ok',
  TAG: 'object-tampered',
  TRUNCATED: 'object-truncated',
  TRAILING: 'object-tampered',
  FORMAT: 'object-format',
  KEY_UNWRAP: 'object-tampered',
  NO_RECIPIENT: 'object-no-recipient',
};

function outcome(sealed: Buffer, keys: OpeningKeys, stepBytes: number, content: Buffer): string {
  const opener = new EnvelopeReaders(keys).create();
  const plaintext: Buffer[] = [];
  try {
    for (let at = 0; at < sealed.length; at += stepBytes) {
      plaintext.push(...opener.push(sealed.subarray(at, at + stepBytes)));
    }
    opener.end();
  } catch (error) {
    return error instanceof EdgeSyncError ? error.code : String(error);
  }
  return Buffer.concat(plaintext).equals(content) ? 'ok' : 'other content';
}

needs('shared-cms')('test vectors made by others (../shared/data/cms)', () => {
  const load = (file: string): Buffer => readFileSync(join(folder, file));
  const vectors = existsSync(folder)
    ? (JSON.parse(load('vectors.json').toString()) as Vectors)
    : ({ vectors: [] } as unknown as Vectors);

  const keysFor = (holder: 'kek' | 'ec'): OpeningKeys => ({
    kek: (id) =>
      holder === 'kek' && id.equals(Buffer.from(vectors.keys.kekId, 'hex'))
        ? Secret.from(Buffer.from(vectors.keys.kek, 'hex'))
        : undefined,
    agreements:
      holder === 'ec'
        ? [
            {
              privateKey: createPrivateKey(load('recovery.key')),
              ids: recipientFromCertificate(load('recovery.crt').toString()).ids,
            },
          ]
        : [],
  });

  it('has vectors', () => {
    expect(vectors.vectors.length).toBe(40);
  });

  for (const vector of vectors.vectors) {
    for (const holder of ['kek', 'ec'] as const) {
      for (const stepBytes of [1, 97, 65_536]) {
        it(`${vector.file} opened by ${holder} in steps of ${stepBytes} gives ${vector.reader[holder]}`, () => {
          const got = outcome(load(vector.file), keysFor(holder), stepBytes, load(vector.content));
          expect(got).toBe(codeFor[vector.reader[holder]]);
        });
      }
    }
  }

  it('the certificate names its recipient as the vectors do', () => {
    const { ids } = recipientFromCertificate(load('recovery.crt').toString());
    expect(ids).toEqual([
      { tag: 'key-id', keyId: Buffer.from(vectors.keys.ski, 'hex') },
      { tag: 'issuer-serial', der: Buffer.from(vectors.keys.issuerAndSerial, 'hex') },
    ]);
  });

  it('writes good-proto-deterministic.cms byte for byte from its key, nonce and ephemeral key', () => {
    const { cek, iv, ephemeralPrivate, chunk } = vectors.keys.deterministic;
    const content = load('content.dcm');
    expect(createHash('sha256').update(content).digest('hex')).toBe(vectors.content.sha256);
    const template = new HeadTemplate([
      recipientFromCertificate(load('recovery.crt').toString()).recipient,
      {
        tag: 'kek',
        keyId: Buffer.from(vectors.keys.kekId, 'hex'),
        kek: Secret.from(Buffer.from(vectors.keys.kek, 'hex')),
      },
    ]);
    const writer = new EnvelopeWriter(
      prepareObject(template, {
        contentKey: Buffer.from(cek, 'hex'),
        nonce: Buffer.from(iv, 'hex'),
        newEphemeralKey: () => ephemeralKeyFromScalar(Buffer.from(ephemeralPrivate, 'hex')),
      }),
      chunk,
    );
    const out: Buffer[] = [writer.head];
    writer.update(content, out);
    writer.finish(out);
    expect(Buffer.concat(out).equals(load('good-proto-deterministic.cms'))).toBe(true);
  });
});
