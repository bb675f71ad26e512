import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PageFile {
  readonly path: string;
  /** Removes file and folder, as far as the system lets it. Never throws; again is allowed. */
  readonly remove: () => void;
}

/**
 * A file that leads a browser to `url`. Everybody on a PC can read the arguments of a program, so a link that opens a
 * session goes into a file that only this user can read, and the file's name into the arguments.
 * @throws Error when `url` is no http address of this PC, or the disk refuses.
 */
export function writePageFile(url: string): PageFile {
  const html = redirectTo(url);
  const folder = mkdtempSync(join(tmpdir(), 'edge-sync-page-'));
  const remove = (): void => {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // A browser on Windows may hold it; the link in it works once and for ten minutes only.
    }
  };
  const path = join(folder, 'edge-sync.html');
  try {
    writeFileSync(path, html, { mode: 0o600, flag: 'wx' });
    return { path, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** A page that goes on to `url` at once, by itself and without a script. */
function redirectTo(url: string): string {
  const { protocol, hostname, href } = new URL(url);
  if (protocol !== 'http:' || hostname !== '127.0.0.1') throw new Error('the page is not on this PC');
  const escaped = href
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="referrer" content="no-referrer">',
    `<meta http-equiv="refresh" content="0; url=${escaped}">`,
    '<title>Edge Sync</title>',
    `<p><a href="${escaped}">Open Edge Sync</a></p>`,
    '</html>',
    '',
  ].join('\n');
}
