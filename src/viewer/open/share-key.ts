/** From a link's secret, and a passcode where one was set, to the share's key-encryption key. */
import { ViewerProblem } from './problem.ts';

const kekInfo = new TextEncoder().encode('edge-sync share kek v1');

/**
 * NFKC (as people type the same word differently), then UTF-8: what scrypt takes. No passcode begins or ends with a
 * space, but what is copied from a message often does.
 */
export function passcodeBytes(passcode: string): Uint8Array {
  return new TextEncoder().encode(passcode.normalize('NFKC').trim());
}

/**
 * HKDF-SHA256 (RFC 5869) over the secret, followed by what scrypt made of the passcode (32 bytes) if there is one.
 * The key can only unwrap (RFC 3394) and never comes out of the browser's key store.
 * @throws ViewerProblem browser-unsafe where WebCrypto is not given (a page over plain http).
 */
export async function deriveShareKek(secret: Uint8Array, stretched?: Uint8Array): Promise<CryptoKey> {
  const subtle = webCrypto();
  const input = new Uint8Array(secret.length + (stretched?.length ?? 0));
  input.set(secret);
  if (stretched !== undefined) input.set(stretched, secret.length);
  const material = await subtle.importKey('raw', input, 'HKDF', false, ['deriveKey']);
  input.fill(0);
  return subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: kekInfo },
    material,
    { name: 'AES-KW', length: 256 },
    false,
    ['unwrapKey'],
  );
}

/** @throws ViewerProblem browser-unsafe. */
export function webCrypto(): SubtleCrypto {
  const subtle = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (subtle === undefined) throw new ViewerProblem('browser-unsafe');
  return subtle;
}
