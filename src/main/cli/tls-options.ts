/** `--tls --ca FILE --cert FILE --key FILE` of echo and send. */
import { readFile, stat } from 'node:fs/promises';
import { certificateFingerprintSchema } from '../../shared/devices.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import { certificatesIn } from '../engine/certificates/pem.ts';
import { fits, keyFromPem, keyPem } from '../engine/certificates/keys.ts';
import type { Clock } from '../engine/ports.ts';
import type { OpenConnection } from '../engine/send/requestor.ts';
import { type ExpectedPeer, tlsConnection } from '../engine/send/tls-connection.ts';
import type { Secret } from '../engine/system/secret.ts';
import { askPassphrase, givenPassphrase, type PassphraseOptions } from './secret-input.ts';

export interface TlsOptions extends PassphraseOptions {
  readonly tls?: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Instead of the name in its certificate. */
  readonly peerFingerprint?: string;
}

/** A chain with its key; larger than any in use. */
const largestFileBytes = 256 * 1024;

export interface TlsParts {
  readonly trustedPem: readonly string[];
  readonly identity: { readonly certificatePem: string; readonly keyPem: Secret };
  readonly expected: ExpectedPeer;
}

/** undefined: plain TCP. Throws usage, file-not-readable, certificate-import-unusable. */
export async function connectionOf(options: TlsOptions, clock: Clock): Promise<OpenConnection | undefined> {
  const parts = await tlsParts(options);
  if (parts === undefined) return undefined;
  const { trustedPem, identity, expected } = parts;
  return tlsConnection({ trustedPem, identities: () => [identity], expected }, clock);
}

/** What the files hold; throws as `connectionOf`. */
export async function tlsParts(options: TlsOptions): Promise<TlsParts | undefined> {
  const { ca, cert, key } = options;
  if (options.tls !== true) {
    const given = [ca, cert, key, options.peerFingerprint].some((one) => one !== undefined);
    if (given) throw new EdgeSyncError('usage', '--ca, --cert, --key and --peer-fingerprint go with --tls');
    return undefined;
  }
  if (ca === undefined || cert === undefined || key === undefined)
    throw new EdgeSyncError('usage', '--tls takes --ca FILE, --cert FILE and --key FILE');
  const trustedPem = certificatesIn(await textOf(ca)).map(({ pem }) => pem);
  const chain = certificatesIn(await textOf(cert)).map(({ pem }) => pem);
  const privateKey = await privateKeyOf(await textOf(key), options);
  if (!fits(chain[0] ?? '', privateKey))
    throw new EdgeSyncError(
      'certificate-import-unusable',
      'the private key is not the one of the certificate',
    );
  const identity = { certificatePem: chain.join(''), keyPem: keyPem(privateKey) };
  return { trustedPem, identity, expected: expectedOf(options) };
}

async function privateKeyOf(pem: string, options: PassphraseOptions): Promise<ReturnType<typeof keyFromPem>> {
  const given = givenPassphrase(options);
  const isEncrypted = pem.includes('ENCRYPTED');
  return keyFromPem(
    pem,
    given ?? (isEncrypted ? await askPassphrase('Passphrase of the private key', 'once') : undefined),
  );
}

function expectedOf({ peerFingerprint }: TlsOptions): ExpectedPeer {
  if (peerFingerprint === undefined) return { tag: 'name' };
  const sha256 = certificateFingerprintSchema.safeParse(peerFingerprint.replaceAll(':', '').toLowerCase());
  if (!sha256.success) throw new EdgeSyncError('usage', sha256.error.issues[0]?.message);
  return { tag: 'fingerprint', sha256: [sha256.data] };
}

async function textOf(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > largestFileBytes) throw new EdgeSyncError('usage', `${file} is too large`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof EdgeSyncError) throw error;
    throw new EdgeSyncError('file-not-readable', file, { cause: error });
  }
}
