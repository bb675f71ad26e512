import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** Debian's Chromium; CI installs it. */
export const chromiumPath = process.env['EDGE_SYNC_CHROMIUM'] ?? '/usr/bin/chromium';

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

export const desktop = { width: 1280, height: 900 };
/** The narrowest window the page is drawn for. */
export const narrow = { width: 360, height: 740 };

export interface OpenedPage {
  readonly page: Page;
  /** Everything the console or the security policy complained about. */
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

/** A fresh browser profile on one address, with its complaints collected from the first moment. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: desktop, locale: 'en-GB', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    // The browser's own line for a refused or broken request; the tests that cause one look at the page.
    if (message.text().startsWith('Failed to load resource')) return;
    complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  await page.goto(address);
  return { page, complaints, close: () => context.close() };
}

/** Kept outside the repository, for eyes. The window is made as high as the page: rows out of sight are not drawn. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const dir = process.env['EDGE_SYNC_ARTEFACTS'] ?? join(tmpdir(), 'edge-sync-artefacts');
  await mkdir(dir, { recursive: true });
  const before = page.viewportSize();
  if (before !== null) await growToContent(page, before);
  await page.screenshot({ path: join(dir, `${name}.png`), animations: 'disabled' });
  if (before !== null) await page.setViewportSize(before);
}

/** A list draws more rows in a taller window, which makes the page longer: grows until it does not, at most five times. */
async function growToContent(
  page: Page,
  window: { readonly width: number; readonly height: number },
): Promise<void> {
  let height = window.height;
  for (let round = 0; round < 5; round += 1) {
    const wanted = await page.evaluate(() => document.documentElement.scrollHeight);
    if (wanted <= height) return;
    height = wanted;
    await page.setViewportSize({ width: window.width, height });
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
        }),
    );
  }
}

export async function choose(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /^(Menu|Menú)$/ }).click();
  await page.getByRole('menuitemradio', { name, exact: true }).click();
  await page.keyboard.press('Escape');
}
