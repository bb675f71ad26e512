/**
 * The whole set-up by the keyboard alone, on the page as a real engine serves it: from a fresh data folder over a real
 * cloud emulator to images of a real sender, all safe.
 */
import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { dicomTestFile } from '../support/wizard-files.ts';
import { runPeer } from '../support/dicom-peers.ts';
import { TestInstallation } from '../support/installation.ts';
import type { RunningEngine } from '../support/installation.ts';
import { press, tabTo, type } from '../support/keyboard.ts';
import { launchBrowser, openPage, screenshot } from '../support/page-browser.ts';
import { needs } from '../support/tools.ts';

const withTools = needs('chromium', 'dcmtk');

let cloud: Azurite;
let container: string;
let browser: Browser;

beforeAll(async () => {
  [cloud, browser] = await Promise.all([startAzurite(), launchBrowser()]);
  container = await cloud.makeContainer();
});
afterAll(async () => {
  await browser.close();
  await cloud.stop();
});

async function send(installation: TestInstallation, engine: RunningEngine, label: string): Promise<void> {
  const file = await dicomTestFile(installation, label);
  const { host, port, aet } = engine.ready.dicom;
  const sent = await runPeer('storescu', ['-aet', 'SONO-1', '-aec', aet, host, String(port), file]);
  expect(sent).toMatchObject({ exitCode: 0 });
}

const title = (page: Page, name: string) =>
  page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
const stepIs = (page: Page, name: string, mark: string) =>
  page.getByRole('button', { name: new RegExp(`^${name}.*${mark}$`) }).waitFor();

withTools('a fresh installation', () => {
  it('is set up from end to end by the keyboard alone, and then all is safe', async () => {
    const installation = await TestInstallation.create();
    try {
      const engine = await installation.serve(['--web', '0']);
      const { page, complaints, close } = await openPage(browser, engine.ready.web ?? '');
      const look = async (name: string) => {
        await screenshot(page, `wizard-real-${name}`);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
      };

      // Nothing was done here yet: the page begins with set-up by itself. It can be left, and gone on with.
      await title(page, 'The recovery kit');
      await press(page, 'Leave the set-up');
      await title(page, 'Needs attention');
      await press(page, 'Continue the set-up');
      await title(page, 'The recovery kit');
      // An image that comes before anything is set up is kept, and sent later.
      await send(installation, engine, 'first of all');
      await look('1-kit');
      await press(page, 'Make the recovery kit');
      await page.getByRole('dialog').waitFor();
      await press(page, 'Show the words');
      const shown = page.locator('.kit-words .kit-word');
      await shown.nth(23).waitFor();
      const words = await shown.allTextContents();
      await tabTo(page, /on paper/);
      await page.keyboard.press('Space');
      await press(page, 'Go on to the check');
      // The field's hidden name and its number: the first of 24.
      await tabTo(page, 'Word 11');
      await page.keyboard.type(words.join(' '));
      await press(page, 'Check');
      await page.getByText('The words opened a test image.').waitFor();
      await press(page, 'Close');
      await stepIs(page, 'Recovery kit', 'done');
      await look('2-kit-proven');
      await press(page, 'Next');

      await title(page, 'The cloud storage');
      // One step after the other can be left and come back to: the page loaded anew goes on here, not at the start.
      await page.reload();
      await title(page, 'The cloud storage');
      await tabTo(page, /shared access signature/);
      await page.keyboard.press('ArrowDown');
      await type(page, 'Connection string', cloud.connectionString());
      await type(page, 'Container', 'wrong-name');
      await look('3-cloud');
      await press(page, 'Try it now');
      await page.getByText('The container does not exist').waitFor();
      await look('4-cloud-failed');
      expect(await readFile(installation.configFile, 'utf8')).not.toContain('wrong-name');

      await tabTo(page, 'Container');
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type(container);
      await press(page, /^Try/);
      await page.getByRole('button', { name: 'Save and use it' }).waitFor();
      await look('5-cloud-passed');
      await press(page, 'Save and use it');
      await stepIs(page, 'Cloud storage', 'done');
      await look('6-cloud-saved');
      await press(page, 'Next');

      await title(page, 'The first device');
      await send(installation, engine, 'after the cloud');
      await page.getByText('SONO-1 has sent its first images.').waitFor();
      await look('7-device');
      await press(page, 'Next');
      await title(page, 'Ready');
      await page.getByText('All safe', { exact: true }).waitFor();
      await look('8-ready');
      await press(page, 'Go to the overview');
      await title(page, 'All safe');
      await installation.statusWhere(({ counts, safe }) => safe && counts.verified === 2);

      const config = await readFile(installation.configFile, 'utf8');
      for (const secret of [words.join(' '), cloud.accountKey]) {
        expect(config).not.toContain(secret);
        expect(engine.log()).not.toContain(secret);
      }
      expect(complaints).toEqual([]);
      await close();
    } finally {
      await installation.dispose();
    }
  });
});
