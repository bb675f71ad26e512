/** The viewer as it ships, and a browser that looks at it from a file. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Download, Page } from 'playwright-core';
import { build } from 'vite';
import { desktop } from './page-browser.ts';

export interface BuiltViewer {
  /** The one file. */
  readonly file: string;
  readonly address: string;
  remove(): Promise<void>;
}

export async function buildViewer(): Promise<BuiltViewer> {
  const dir = await mkdtemp(join(tmpdir(), 'edge-sync-viewer-'));
  await build({
    configFile: resolve(import.meta.dirname, '../../vite.viewer.config.ts'),
    mode: 'production',
    logLevel: 'warn',
    build: { outDir: dir, emptyOutDir: true },
  });
  const file = join(dir, 'viewer.html');
  return { file, address: pathToFileURL(file).href, remove: () => rm(dir, { recursive: true, force: true }) };
}

export interface OpenedViewer {
  readonly page: Page;
  /** Of the console and the security policy. */
  readonly complaints: readonly string[];
  /** Every address that was asked for over a network, without its query. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export async function openViewer(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<OpenedViewer> {
  const context = await browser.newContext({
    viewport: desktop,
    locale: 'en-GB',
    acceptDownloads: true,
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http')) requests.push(url.origin + url.pathname);
  });
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    // The browser's own line for an answer that is not 200: tests that cause one look at the page.
    if (/^Failed to load resource|blocked by CORS policy/.test(message.text())) return;
    complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  await page.goto(address);
  return { page, complaints, requests, close: () => context.close() };
}

/** Presses a button and gives what the browser saved by it. */
export async function savedBy(
  page: Page,
  name: string,
): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name, exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await contentOf(download) };
}

async function contentOf(download: Download): Promise<Buffer> {
  return readFile(await download.path());
}
