/**
 * Reads a share link: `<viewer>#v1.<base64url of the index URL>.<key part>`, where the key part is `k.<secret>`, or with
 * a passcode `p.<secret>.<salt>.<log2 N>`. The fragment never leaves the browser.
 */
import { ViewerProblem } from './problem.ts';

/** RFC 7914's cost parameter as its logarithm. Above 18 the memory (1 KiB * N) is more than a phone gives. */
const minLogN = 14;
const maxLogN = 18;
const maxFragmentChars = 8192;
const secretBytes = 32;
const saltBytes = 16;

export type LinkKey =
  | { readonly tag: 'secret'; readonly secret: Uint8Array }
  | {
      readonly tag: 'passcode';
      readonly secret: Uint8Array;
      readonly salt: Uint8Array;
      /** scrypt's N is 2 to this. */
      readonly logN: number;
    };

export interface ShareLink {
  readonly indexUrl: string;
  /** The 32 hex digits that the index URL's folder is named by. */
  readonly shareId: string;
  readonly key: LinkKey;
}

/**
 * `text` is a whole link, or its fragment with or without `#`.
 * @throws ViewerProblem link-broken, or link-newer for another version.
 */
export function parseLink(text: string): ShareLink {
  const trimmed = text.trim();
  const fragment = trimmed.slice(trimmed.lastIndexOf('#') + 1);
  if (fragment.length > maxFragmentChars) throw new ViewerProblem('link-broken', 'too long');
  const [version, url, ...key] = fragment.split('.');
  if (version === undefined || !/^v\d+$/.test(version)) throw new ViewerProblem('link-broken', 'no version');
  if (version !== 'v1') throw new ViewerProblem('link-newer', version);
  const indexUrl = new TextDecoder().decode(fromBase64Url(url ?? ''));
  return { indexUrl, shareId: shareIdIn(checkedUrl(indexUrl)), key: parseKey(key) };
}

function parseKey(parts: readonly string[]): LinkKey {
  const [kind, secretText = '', saltText = '', logNText = ''] = parts;
  if (kind === 'k' && parts.length === 2) return { tag: 'secret', secret: exactly(secretText, secretBytes) };
  if (kind !== 'p' || parts.length !== 4) throw new ViewerProblem('link-broken', 'key part');
  const logN = /^\d{1,2}$/.test(logNText) ? Number(logNText) : 0;
  if (logN < minLogN || logN > maxLogN) throw new ViewerProblem('link-broken', 'cost');
  return {
    tag: 'passcode',
    secret: exactly(secretText, secretBytes),
    salt: exactly(saltText, saltBytes),
    logN,
  };
}

function exactly(text: string, bytes: number): Uint8Array {
  const value = fromBase64Url(text);
  if (value.length !== bytes) throw new ViewerProblem('link-broken', 'key length');
  return value;
}

/**
 * RFC 4648 section 5, without padding.
 * @throws ViewerProblem link-broken.
 */
export function fromBase64Url(text: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new ViewerProblem('link-broken', 'base64url');
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    throw new ViewerProblem('link-broken', 'base64url');
  }
}

/**
 * An address that the page may ask: https, or this computer itself.
 * @throws ViewerProblem link-broken.
 */
export function checkedUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ViewerProblem('link-broken', 'address');
  }
  const loopback = url.protocol === 'http:' && (url.hostname === '127.0.0.1' || url.hostname === 'localhost');
  if ((url.protocol !== 'https:' && !loopback) || url.username !== '' || url.password !== '') {
    throw new ViewerProblem('link-broken', 'address');
  }
  return url;
}

/** The folder that holds an object of a share, with the slash: all of a share lies in one. */
export function folderOf(url: URL): string {
  return url.origin + url.pathname.slice(0, url.pathname.lastIndexOf('/') + 1);
}

function shareIdIn(url: URL): string {
  const [id, name] = url.pathname.split('/').slice(-2);
  if (name !== 'index.cms' || id === undefined || !/^[0-9a-f]{32}$/.test(id)) {
    throw new ViewerProblem('link-broken', 'not the address of a share');
  }
  return id;
}
