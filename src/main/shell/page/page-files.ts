import { readFile } from 'node:fs/promises';
import { extname, join, relative, resolve, isAbsolute } from 'node:path';

/** The page's own origin: a scheme of ours instead of file://, so that "same origin" means "our page". */
export const pageScheme = 'edge-sync';
export const pageHost = 'app';
export const pageOrigin = `${pageScheme}://${pageHost}`;
export const pageUrl = `${pageOrigin}/`;

/** No inline script or style, nothing from outside, no framing. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/**
 * Answers one request of the custom protocol with a file below `root`, or 404 / 405 with an empty body.
 * Only known file types are served; a path that leaves `root`, however it is written, is not found.
 */
export async function answerPageRequest(
  root: string,
  request: { readonly url: string; readonly method: string },
): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405);
  const file = fileFor(root, request.url);
  const type = file === undefined ? undefined : contentTypes[extname(file)];
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
    const url = new URL(requestUrl);
    if (url.protocol !== `${pageScheme}:` || url.host !== pageHost) return undefined;
    path = decodeURIComponent(url.pathname);
  } catch {
    return undefined;
  }
  if (/[\0\\:]/.test(path) || path.split('/').includes('..')) return undefined;
  const file = resolve(join(root, path === '/' ? 'index.html' : path));
  const below = relative(root, file);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? undefined : file;
}
