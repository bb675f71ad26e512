import { readFile } from 'node:fs/promises';
import { extname, join, relative, resolve, isAbsolute } from 'node:path';
import { contentSecurityPolicy, pageMediaTypes } from '../../../shared/page-hosting.ts';

/** Where the page lives: a scheme or a host of our own, so that "same origin" means "our page". Never file://. */
export interface PageOrigin {
  readonly scheme: 'edge-sync' | 'https';
  readonly host: string;
}

/** The rule: a scheme nobody else has. Electron takes it only from code that runs before the app is ready. */
export const ownScheme: PageOrigin = { scheme: 'edge-sync', host: 'app' };

/**
 * For a loader that starts our code after the app is ready: a host name that can never exist (RFC 6761, 6.4), with all
 * https of the page's session answered by us, so that nothing reaches a network.
 */
export const ownHost: PageOrigin = { scheme: 'https', host: 'edge-sync.invalid' };

export function pageUrl(origin: PageOrigin): string {
  return `${origin.scheme}://${origin.host}/`;
}

/** True for a URL of our own page. `URL.origin` is "null" for schemes it does not know, so the parts are compared. */
export function isOwnPage(origin: PageOrigin, url: string): boolean {
  try {
    const { protocol, host } = new URL(url);
    return protocol === `${origin.scheme}:` && host === origin.host;
  } catch {
    return false;
  }
}

/**
 * Answers one request of the custom protocol with a file below `root`, or 404 / 405 with an empty body.
 * Only known file types are served; a path that leaves `root`, however it is written, is not found.
 */
export async function answerPageRequest(
  root: string,
  origin: PageOrigin,
  request: { readonly url: string; readonly method: string },
): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405);
  const file = isOwnPage(origin, request.url) ? fileFor(root, request.url) : undefined;
  const type = file === undefined ? undefined : pageMediaTypes[extname(file)];
  if (file === undefined || type === undefined) return refusal(404);
  let body: Buffer;
  try {
    body = await readFile(file);
  } catch {
    return refusal(404);
  }
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), {
    headers: { ...securityHeaders, 'content-type': type },
  });
}

const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
} as const;

function refusal(status: 404 | 405): Response {
  return new Response(null, { status, headers: securityHeaders });
}

/** Absolute path below `root`, or undefined. */
function fileFor(root: string, requestUrl: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(new URL(requestUrl).pathname);
  } catch {
    return undefined;
  }
  if (/[\0\\:]/.test(path) || path.split('/').includes('..')) return undefined;
  const file = resolve(join(root, path === '/' ? 'index.html' : path));
  const below = relative(root, file);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? undefined : file;
}
