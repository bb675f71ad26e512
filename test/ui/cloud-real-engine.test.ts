/** The page as the engine serves it, a real engine and a real storage service: share, revoke, look again, restore. */
import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAzurite } from '../support/azurite.ts';
import type { Azurite } from '../support/azurite.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation } from '../support/installation.ts';
import type { RunningEngine } from '../support/installation.ts';
import { launchBrowser, openPage } from '../support/page-browser.ts';
import { needs } from '../support/tools.ts';

let cloud: Azurite;
let installation: TestInstallation;
let engine: RunningEngine;
let browser: Browser;

beforeAll(async () => {
  cloud = await startAzurite({ tag: 'memory' }, [
    { name: `s${randomBytes(8).toString('hex')}`, key: randomBytes(64).toString('base64') },
  ]);
  await cloud.makeContainer('edge-sync');
  await cloud.makeContainer('shares', 'second account');
  installation = await TestInstallation.create({
    config: {
      destinations: [{ name: 'cloud', kind: 'azure', container: 'edge-sync' }],
      sharing: { container: 'shares', prefix: 'given', practice: 'Practice of Dr. Test' },
    },
    secrets: { cloud: cloud.connectionString() },
  });
  [engine, browser] = await Promise.all([installation.serve(['--web', '0']), launchBrowser()]);
  for (const label of ['first', 'second']) {
    const image = makeDicomFile({
      studyInstanceUid: testUid('page study'),
      sopInstanceUid: testUid(`page ${label}`),
      patientName: 'CANARY^PAGE',
      pixelBytes: 20_000,
    });
    const path = installation.path(`${label}.dcm`);
    await writeFile(path, image.bytes);
    expect((await installation.command(['import', path])).code).toBe(0);
  }
});
afterAll(async () => {
  await browser.close();
  await installation.dispose();
  await cloud.stop();
});

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

async function ofStudy(page: Page, item: RegExp): Promise<void> {
  await page.getByRole('button', { name: /^More for study/ }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

needs('chromium')('a study on the page of a running engine', () => {
  it('is shared by link after the place is set up, listed, revoked, and restored without a UID', async () => {
    const { page, complaints, close } = await openPage(browser, engine.ready.web ?? '');
    await ofStudy(page, /^Share/);
    await page.getByLabel('Connection string').fill(cloud.connectionString(undefined, 'second account'));
    await press(page, 'Store');
    await press(page, 'Let browsers read');
    await page.getByText('1 day', { exact: true }).click();
    await press(page, 'Make the link');
    const link = await page.getByRole('region', { name: 'Link' }).locator('.typed').textContent();
    const passcode = await page.getByRole('region', { name: 'Passcode' }).locator('.typed').textContent();
    expect(link).toMatch(/#v1\..+\.p\..+/);
    expect(passcode?.length).toBeGreaterThan(11);
    expect(link).not.toContain(passcode);
    await press(page, 'Close and forget both');
    expect(await page.content()).not.toContain(passcode);
    expect(engine.log()).not.toContain(passcode);

    await press(page, 'Shared studies');
    await page.getByText('Can be opened').waitFor();
    await page.getByRole('button', { name: /^Revoke/ }).click();
    await press(page, 'Yes, revoke');
    await page.getByText('The share is revoked and gone from the cloud.').waitFor();
    await page.getByText('Revoked', { exact: true }).waitFor();
    await press(page, 'Close');

    const folder = installation.path('restored');
    await ofStudy(page, /^Restore/);
    await page.getByLabel('Folder to write to').fill(folder);
    await press(page, 'Restore');
    await page.getByText('Everything was restored.').waitFor();
    const names = await readdir(folder, { recursive: true });
    expect(names.filter((name) => name.endsWith('.dcm'))).toHaveLength(2);
    await press(page, 'Close');

    await press(page, 'Check everything');
    await press(page, 'Start');
    // Nothing was uploaded before the words are proven: that is said, and not called good.
    await page.getByText('There was nothing in the cloud to look at.').waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});
