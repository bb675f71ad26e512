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
const disposing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const dispose of disposing) await dispose();
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
    await page.getByRole('button', { name: 'Leave the set-up' }).waitFor();
    await tabTo(page, /^Leave the set-up/);
    await page.keyboard.press('Enter');
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

/** Opens the dialog of the certificate's own row, and renews it as `how` says. */
async function renew(page: Page, name: string, how: string): Promise<void> {
  await page.getByRole('button', { name: `Renew the certificate “${name}”` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(how).check({ force: true });
  await dialog.getByRole('button', { name: 'Renew the certificate' }).click();
}

needs('chromium', 'openssl')('a certificate for a device', () => {
  it('is made on the page as one protected file, as two files, or for a request, and renewed; stock OpenSSL takes each', async () => {
    // A link to the page is good for one session.
    const own = await TestInstallation.create();
    disposing.push(() => own.dispose());
    const { ready } = await own.serve(['--web', '0']);
    const { page, complaints, close } = await openPage(browser, ready.web ?? '');
    await page.getByRole('button', { name: 'Leave the set-up' }).click();
    await page.getByRole('tab', { name: 'Devices and access' }).click();
    await page.getByRole('button', { name: 'Set up a device…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Encryption: a certificate for the device').click();
    const save = async (file: string): Promise<string> => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        dialog.getByRole('button', { name: `Save ${file}` }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(file);
      const path = installation.path(file);
      await download.saveAs(path);
      return path;
    };
    const openssl = async (...args: readonly string[]) => (await run('openssl', [...args])).stdout;

    await dialog.getByLabel('Name of the device').fill('Ultrasound Zürich');
    await dialog.getByLabel('Passphrase of the file').fill('twelve letters at least');
    await dialog.getByRole('button', { name: 'Make the certificate' }).click();
    const p12 = await save('ultrasound-zurich.p12');
    const ca = await save('ultrasound-zurich-ca.pem');
    const inside = await openssl(
      ...['pkcs12', '-in', p12, '-passin', 'pass:twelve letters at least', '-nodes'],
    );
    expect(inside).toContain('BEGIN PRIVATE KEY');
    await dialog.getByRole('button', { name: 'Make another one' }).click();

    await dialog.getByLabel('Name of the device').fill('CT');
    await dialog.getByLabel('Two files: certificate and key (PEM)').check({ force: true });
    await dialog.getByText('The key file is not protected').waitFor();
    await dialog.getByRole('button', { name: 'Make the certificate' }).click();
    const certificate = await save('ct.crt.pem');
    const key = await save('ct.key.pem');
    expect(await openssl('verify', '-partial_chain', '-CAfile', ca, certificate)).toContain('OK');
    expect(await openssl('pkey', '-in', key, '-pubout')).toBe(
      await openssl('x509', '-in', certificate, '-pubkey', '-noout'),
    );
    await dialog.getByRole('button', { name: 'Make another one' }).click();

    const request = installation.path('own.csr');
    await run('openssl', [
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', '/CN=own', '-keyout', installation.path('own.key'), '-out', request],
    ]);
    await dialog.getByLabel('Name of the device').fill('Own key');
    await dialog.getByLabel('The device makes a request (CSR), which is signed here').check({ force: true });
    await dialog.getByRole('button', { name: 'Sign the request' }).click();
    await dialog.getByText('This is no certificate request.').waitFor();
    const chosen = page.waitForEvent('filechooser');
    await dialog.getByRole('button', { name: 'Open the file…' }).click();
    await (await chosen).setFiles(request);
    await expect
      .poll(() => dialog.getByLabel('Request of the device').inputValue())
      .toContain('BEGIN CERTIFICATE REQUEST');
    await dialog.getByRole('button', { name: 'Sign the request' }).click();
    const signed = await save('own-key.crt.pem');
    expect(await openssl('x509', '-in', signed, '-pubkey', '-noout')).toBe(
      await openssl('pkey', '-in', installation.path('own.key'), '-pubout'),
    );
    await dialog.getByRole('button', { name: 'Finish' }).click();
    const serial = (file: string) => openssl('x509', '-in', file, '-serial', '-noout');
    const before = await serial(certificate);
    await renew(page, 'CT', 'The device keeps its key: one new certificate file');
    const renewed = await save('ct.crt.pem');
    expect(await openssl('verify', '-partial_chain', '-CAfile', ca, renewed)).toContain('OK');
    expect(await openssl('x509', '-in', renewed, '-pubkey', '-noout')).toBe(
      await openssl('pkey', '-in', key, '-pubout'),
    );
    expect(await serial(renewed)).not.toBe(before);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByText('1 that is no longer used').waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});
