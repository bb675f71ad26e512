/** The page as the engine serves it and a real engine: a kit of shares made and proven, and the keys renewed. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { TestInstallation } from '../support/installation.ts';
import type { RunningEngine } from '../support/installation.ts';
import { launchBrowser, openPage } from '../support/page-browser.ts';
import { needs } from '../support/tools.ts';

const withTools = needs('chromium', 'openssl');
const run = promisify(execFile);

let installation: TestInstallation;
let engine: RunningEngine;
let browser: Browser;

beforeAll(async () => {
  installation = await TestInstallation.create();
  [engine, browser] = await Promise.all([installation.serve(['--web', '0']), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await installation.dispose();
});

withTools('a new installation', () => {
  it('hands out shares, is proven by two of them, and then renews its keys', async () => {
    const { page, complaints, close } = await openPage(browser, engine.ready.web ?? '');
    await page.getByRole('button', { name: 'Leave the set-up' }).click();
    const dialog = page.getByRole('dialog');
    const confirm = (name: string) => dialog.getByRole('button', { name, exact: true }).click();
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click();

    await page
      .getByRole('region', { name: 'Recovery kit' })
      .getByRole('button', { name: 'Make the' })
      .click();
    await page.getByText('Three people keep one share each').click();
    await confirm('Show the shares');
    const papers: string[] = [];
    for (const number of [1, 2, 3]) {
      await page.getByRole('dialog', { name: `Share ${number} of 3` }).waitFor();
      await page.frameLocator('.kit-frame').locator('.words').waitFor();
      papers.push((await dialog.locator('.kit-words .kit-word').allTextContents()).join(' '));
      await dialog.getByText(`Share ${number} is on paper`).click();
      await confirm(number < 3 ? 'Next share' : 'Go on to the check');
    }
    for (const [index, paper] of [papers[2]!, papers[0]!].entries()) {
      const first = page.getByRole('textbox', { name: `Share ${index + 1}, word 1`, exact: true });
      await first.fill(paper);
    }
    await confirm('Check');
    await page.getByText('The words opened a test image.').waitFor();
    await confirm('Close');

    await page.getByRole('tab', { name: 'Keys and recovery' }).click();
    const words = page.getByRole('region', { name: 'Recovery words' });
    await words.getByText('Proven', { exact: true }).waitFor();
    await words.getByText('a test image').waitFor();
    await page.getByText('There is no backup in the cloud yet.').waitFor();

    await press('New epoch');
    await confirm('Begin a new epoch');
    await page.getByText('Archive, epoch 2').waitFor();
    await press('Change the passphrase');
    await dialog.getByLabel('Passphrase now', { exact: true }).fill('not the passphrase');
    for (const label of ['New passphrase', 'New passphrase once more'])
      await dialog.getByLabel(label, { exact: true }).fill('lantern brook canary sofa velvet');
    await confirm('Change');
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Passphrase now', { exact: true }).fill('correct horse battery staple');
    await confirm('Change');
    await page.getByText('The passphrase is changed.').waitFor();

    const certificate = installation.path('practice.crt');
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
      ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'keyUsage=keyAgreement'],
      ...['-subj', '/CN=Lake practice', '-keyout', installation.path('practice.key'), '-out', certificate],
    ]);
    await press('Add a certificate');
    await dialog.getByLabel('Name', { exact: true }).fill('Lake practice');
    await dialog.locator('input[type=file]').setInputFiles(certificate);
    await page.getByText('practice.crt').waitFor();
    await confirm('Add');
    await page.getByRole('heading', { name: 'Lake practice' }).waitFor();
    await press('Remove “Lake practice”');
    await confirm('Remove');
    await page.getByText('Nobody else.').waitFor();

    // Nothing of the kit or the passphrases reached the log.
    for (const secret of [...papers, 'lantern brook canary']) expect(engine.log()).not.toContain(secret);
    expect(complaints).toEqual([]);
    await close();
  });
});
