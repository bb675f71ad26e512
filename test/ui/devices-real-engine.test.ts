/** The page as the engine serves it, a real engine, and Debian's echoscu as the device that nobody paired yet. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { TestInstallation } from '../support/installation.ts';
import type { RunningEngine } from '../support/installation.ts';
import { launchBrowser, openPage } from '../support/page-browser.ts';
import { needs } from '../support/tools.ts';

const withPeers = needs('chromium', 'dcmtk');
const run = promisify(execFile);

let installation: TestInstallation;
let engine: RunningEngine;
let browser: Browser;

beforeAll(async () => {
  installation = await TestInstallation.create({ config: { dicom: { port: 0, allowLoopback: false } } });
  [engine, browser] = await Promise.all([installation.serve(['--web', '0']), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await installation.dispose();
});

/** One C-ECHO; whether it was answered with success. */
async function echo(): Promise<'answered' | 'refused'> {
  const { port, aet } = engine.ready.dicom;
  try {
    await run('echoscu', ['-aet', 'ECHO-ROOM', '-aec', aet, '127.0.0.1', String(port)]);
    return 'answered';
  } catch {
    return 'refused';
  }
}

withPeers('a device that nobody paired', () => {
  it('is refused, appears on the open page, is allowed there, and is answered from then on', async () => {
    const { page, complaints, close } = await openPage(browser, engine.ready.web ?? '');
    await page.getByRole('button', { name: 'Leave the set-up' }).click();
    await page.getByRole('tab', { name: 'Devices and access' }).click();
    await page.getByText('Nobody was turned away.').waitFor();
    await page.getByText('No device is paired yet.').waitFor();

    expect(await echo()).toBe('refused');
    const row = page.getByRole('listitem').filter({ hasText: 'ECHO-ROOM' });
    await row.getByText('No device with this title is paired.').waitFor();
    await row.getByRole('button', { name: /^Allow/ }).click();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Echo room');
    await page.getByRole('dialog').getByRole('button', { name: 'Allow', exact: true }).click();
    await page.getByText('“Echo room” is paired. Let it try again.').waitFor();

    expect(await echo()).toBe('answered');
    const device = page.getByRole('listitem').filter({ hasText: 'Echo room' });
    await device.getByText('Not encrypted on this network').waitFor();
    await device.getByText(/now|seconds ago/).waitFor();

    await device.getByRole('button', { name: 'Remove “Echo room”' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('No device is paired yet.').waitFor();
    expect(await echo()).toBe('refused');
    expect(complaints).toEqual([]);
    await close();
  });
});
