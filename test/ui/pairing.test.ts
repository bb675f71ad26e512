/** Setting up a device: how it looks, and that the keyboard alone gets through it. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, it } from 'vitest';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { es } from '../../src/renderer/i18n/es.ts';
import { reportFor } from '../../src/shared/errors.ts';
import * as access from '../support/agent-access.ts';
import { visit } from '../support/agent-pairing.ts';
import { allSafe } from '../support/agent-states.ts';
import type { Words } from '../support/device-screens.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { narrow, screenshot } from '../support/page-browser.ts';
import { english, openPairing, pairingScreens } from '../support/pairing-screens.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

interface Arranged {
  readonly engine: FakeEngine;
  readonly page: Page;
  readonly complaints: readonly string[];
}

async function arrange(
  options: BrowserContextOptions = {},
  prepare: (engine: FakeEngine) => void = () => undefined,
): Promise<Arranged> {
  const engine = suite.engine(allSafe());
  prepare(engine);
  await suite.start(engine);
  const { page, complaints } = await suite.open(engine.link(), {
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  page.setDefaultTimeout(8_000);
  return { engine, page, complaints };
}

interface Look {
  readonly name: string;
  readonly words: Words;
  readonly options: BrowserContextOptions;
  readonly axe: 'all rules' | 'not again';
}

const looks: readonly Look[] = [
  { name: 'en-light', words: english, options: { locale: 'en-GB', colorScheme: 'light' }, axe: 'all rules' },
  { name: 'es-dark', words: es, options: { locale: 'es-ES', colorScheme: 'dark' }, axe: 'all rules' },
  { name: 'es-narrow', words: es, options: { locale: 'es-ES', viewport: narrow }, axe: 'not again' },
];

const widerThanWindow = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const overlay = document.querySelector('.overlay');
    return scrollWidth > clientWidth || (overlay !== null && overlay.scrollWidth > overlay.clientWidth);
  });

async function violations(page: Page): Promise<readonly string[]> {
  const found = await new AxeBuilder({ page })
    .options({ rules: { 'target-size': { enabled: true } } })
    .analyze();
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((one) => `${id}: ${one.html} ${one.failureSummary ?? ''}`),
  );
}

/** The overlay scrolls by itself: the window is made as high as the dialog, so that all of it is seen. */
async function pictured(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  const height = await page.evaluate(() => document.querySelector('.overlay')?.scrollHeight ?? 0);
  if (before !== null) await page.setViewportSize({ ...before, height: Math.max(before.height, height) });
  await screenshot(page, name);
}

inBrowser.each(looks)('setting up a device, $name', (look) => {
  it.each(pairingScreens)(
    '$name has nothing that axe, the console or the policy complains of',
    async (screen) => {
      const { engine, page, complaints } = await arrange(look.options);
      await screen.reach(page, look.words, engine);
      await pictured(page, `${screen.name}-${look.name}`);
      expect(await widerThanWindow(page)).toBe(false);
      expect(await violations(page)).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );
});

const focusedText = (page: Page) =>
  page.evaluate(() => {
    const { activeElement } = document;
    return activeElement?.getAttribute('aria-label') ?? activeElement?.textContent ?? '';
  });

/** Presses Tab until the focus is on something with this text. */
async function tabTo(page: Page, text: RegExp): Promise<void> {
  for (let step = 0; step < 60; step += 1) {
    if (text.test(await focusedText(page))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${String(text)}; focus is on “${await focusedText(page)}”`);
}

inBrowser('with the keyboard alone', () => {
  it('a device is seen, allowed with a kind and a limit, tested both ways, and its first image arrives', async () => {
    const { engine, page } = await arrange();
    await page.getByRole('tab', { name: 'Overview' }).waitFor();
    await tabTo(page, /^Overview/);
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'Set up a device…' }).waitFor();
    await tabTo(page, /^Set up a device/);
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Listening. The device appears here by itself.').waitFor();
    await tabTo(page, /^Copy: AE title/);
    await page.keyboard.press('Enter');
    await page.getByText('AE title of this PC copied.').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('EDGESYNC');

    // The unknown caller appears by itself.
    engine.access = access.clinic({ devices: [], callers: [access.caller()] });
    engine.pairing.show({ visits: [visit()] });
    await dialog.getByText('PORTABLE-7 at 192.168.1.77 wants to connect').waitFor();
    await dialog
      .getByText('X-ray images: JPEG lossless and uncompressed')
      .or(dialog.getByText('X-ray images: uncompressed and JPEG lossless'))
      .waitFor();
    await tabTo(page, /^Allow PORTABLE-7/);
    await page.keyboard.press('Enter');

    // The kind is guessed; another is chosen and taken back.
    await dialog.getByLabel('Name', { exact: true }).waitFor();
    await tabTo(page, /X-ray.*/);
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: 'Dental X-ray' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: /Dental X-ray/ }).waitFor();
    await page.keyboard.press('Tab');
    await expect.poll(() => dialog.getByLabel('Name', { exact: true }).inputValue()).toBe('Dental X-ray');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Portable X-ray');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await expect
      .poll(() => dialog.getByLabel('Only what such a device sends, and reports').isChecked())
      .toBe(true);

    // Plaintext has to be said yes to.
    await tabTo(page, /^Allow$/);
    await page.keyboard.press('Enter');
    await dialog.getByText('Confirm this, or set the device up with encryption.').waitFor();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Space');
    await tabTo(page, /^Allow$/);
    await page.keyboard.press('Enter');
    await expect.poll(() => engine.calls.at(-1)?.name).toBe('allow-caller');
    const { input } = engine.calls.at(-1)! as { input: { name: string; pairing: { classes: string[] } } };
    expect(input.name).toBe('Portable X-ray');
    expect(input.pairing.classes).toContain('1.2.840.10008.5.1.4.1.1.1.3');
    await dialog.getByText('Paired: Portable X-ray').waitFor();
    engine.pairing.show({});
    await dialog.getByText('Waiting for the echo of the device.').waitFor();

    // Its echo, ours, its image.
    const deviceId = access.idOf('9');
    engine.pairing.show({ visits: [visit({ deviceId, problem: null, echoes: 1 })] });
    await dialog.getByText(/Echo received/).waitFor();
    await tabTo(page, /^Send an echo$/);
    await page.keyboard.press('Enter');
    await dialog.getByText('The device answered in 4 ms.').waitFor();
    expect(engine.calls.at(-1)).toMatchObject({
      name: 'pairing-echo',
      input: { host: '192.168.1.77', port: 104, aeTitle: 'DEVICE', channel: 'plain', deviceId },
    });
    engine.pairing.show({ visits: [visit({ deviceId, problem: null, images: 1 })] });
    await dialog.getByText('1 image received from Portable X-ray.').waitFor();
    await tabTo(page, /^Finish$/);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
  });
});

inBrowser('setting up a device', () => {
  it('says why our echo did not come back, and what to compare', async () => {
    const { engine, page } = await arrange();
    engine.pairing.show({ visits: [visit({ deviceId: access.idOf('1'), problem: null, echoes: 1 })] });
    engine.pairing.echo = reportFor('peer-refused', 'our AE title is not known there');
    await openPairing(page, english);
    await page.getByRole('button', { name: 'Send an echo' }).click();
    await page.getByText('Enter the AE title of this PC (EDGESYNC) in the device').waitFor();
  });

  it('puts on paper the card alone', async () => {
    const { page } = await arrange();
    await openPairing(page, english);
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByText('DICOM connection to Edge Sync', { exact: true }).isVisible()).toBe(true);
    expect(await page.getByText('192.168.1.20', { exact: true }).last().isVisible()).toBe(true);
    expect(await page.getByText('Listening. The device appears here by itself.').isVisible()).toBe(false);
    expect(await page.getByRole('button', { name: 'Copy: Port', exact: true }).isVisible()).toBe(false);
    await screenshot(page, 'pair-card-print');
  });

  it('asks before it listens in a network', async () => {
    const { engine, page } = await arrange({}, (one) => {
      one.access = {
        ...access.nobody(),
        addresses: [
          { interface: 'Ethernet', address: '192.168.1.20', scope: 'private', used: false },
          { interface: 'Loopback', address: '127.0.0.1', scope: 'loopback', used: true },
        ],
      };
    });
    await openPairing(page, english);
    const dialog = page.getByRole('dialog');
    await dialog.getByText('No device can reach this PC yet').waitFor();
    await dialog.getByRole('button', { name: 'Use this network…' }).click();
    await page.getByText('Listen on “Ethernet”?').waitFor();
    expect(engine.calls.filter(({ name }) => name.startsWith('setup'))).toEqual([]);
    await page.getByRole('button', { name: 'Listen there' }).click();
    await expect
      .poll(() => engine.calls.filter(({ name }) => name === 'setup-listen'))
      .toEqual([{ name: 'setup-listen', input: { host: 'Ethernet' } }]);
  });
});
