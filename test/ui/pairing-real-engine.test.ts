/** The page as a real engine serves it: DCMTK is the device, and the keyboard alone sets it up to its first image. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { ctStorage } from '../support/devices.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { startStorescp } from '../support/dicom-peers.ts';
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

/** What a device does; whether it got through. */
async function device(
  program: 'echoscu' | 'storescu',
  calledAe: string,
  ...files: string[]
): Promise<boolean> {
  try {
    const { port } = engine.ready.dicom;
    await run(program, ['-aet', 'CT-ROOM', '-aec', calledAe, '127.0.0.1', String(port), ...files]);
    return true;
  } catch {
    return false;
  }
}

const focusedText = (page: Page) =>
  page.evaluate(() => {
    const { activeElement } = document;
    return activeElement?.getAttribute('aria-label') ?? activeElement?.textContent ?? '';
  });

async function tabTo(page: Page, text: RegExp): Promise<void> {
  for (let step = 0; step < 60; step += 1) {
    if (text.test(await focusedText(page))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${String(text)}; focus is on “${await focusedText(page)}”`);
}

withPeers('a device that is set up with the keyboard alone', () => {
  it('is told its mistake, appears, is allowed, echoes both ways, and sends its first image', async () => {
    const { page, complaints, close } = await openPage(browser, engine.ready.web ?? '');
    const { aet } = engine.ready.dicom;
    await page.getByRole('tab', { name: 'Overview' }).waitFor();
    await tabTo(page, /^Overview/);
    await page.keyboard.press('ArrowRight');
    await tabTo(page, /^Set up a device/);
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('No device can reach this PC yet').waitFor();

    expect(await device('echoscu', 'ARCHIVE')).toBe(false);
    await dialog.getByText(`The device asked for “ARCHIVE”, but this PC is called “${aet}”.`).waitFor();
    expect(await device('echoscu', aet)).toBe(false);
    await dialog.getByText('CT-ROOM at 127.0.0.1 wants to connect').waitFor();
    await dialog.getByText(`The device asked for “ARCHIVE”`).waitFor({ state: 'detached' });

    await tabTo(page, /^Allow CT-ROOM/);
    await page.keyboard.press('Enter');
    await tabTo(page, /^Allow$/);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Space');
    await tabTo(page, /^Allow$/);
    await page.keyboard.press('Enter');
    await dialog.getByText('Paired: CT-ROOM').waitFor();
    expect(await device('echoscu', aet)).toBe(true);
    await dialog.getByText(/Echo received/).waitFor();

    const node = await startStorescp(installation.dir, ['-aet', 'CT-ROOM']);
    await dialog.getByLabel('Port of the device').focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type(String(node.port));
    await page.keyboard.press('Enter');
    await dialog.getByText(/The device answered in \d+ ms\./).waitFor();
    await node.stop();
    await page.keyboard.press('Enter');
    await dialog.getByText('Nothing answers there.').waitFor();

    const file = makeDicomFile({ sopClassUid: ctStorage, sopInstanceUid: testUid('first'), seed: 'first' });
    const path = installation.path('first.dcm');
    await writeFile(path, file.bytes);
    expect(await device('storescu', aet, path)).toBe(true);
    await dialog.getByText('1 image received from CT-ROOM.').waitFor();
    await tabTo(page, /^Finish$/);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
    await close();
  });
});
