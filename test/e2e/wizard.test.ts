/**
 * Set-up in the desktop app on a fresh PC: the real engine, its keys in a real Secret Service, a real cloud emulator and
 * a real sender; by the keyboard.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngineClient } from '../../src/main/rpc/client.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { runPeer } from '../support/dicom-peers.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { appPage, buildApp, Display, launchApp } from '../support/electron.ts';
import { press, tabTo, type } from '../support/keyboard.ts';
import { KeyringSession } from '../support/keyring-session.ts';
import { needs } from '../support/tools.ts';
import { appLog, headlineIs, picture, quitFromMenu } from './desk.ts';

needs(
  'electron-rig',
  'xvfb',
  'dbus',
  'gnome-keyring',
  'dcmtk',
)('the desktop app on a fresh PC', () => {
  let built: Awaited<ReturnType<typeof buildApp>>;
  let display: Display;
  let cloud: Azurite;
  let keyring: KeyringSession;
  let container: string;
  let dataDir: string;

  beforeAll(async () => {
    built = await buildApp('real');
    [display, cloud, keyring] = await Promise.all([Display.start(), startAzurite(), KeyringSession.start()]);
    container = await cloud.makeContainer();
    dataDir = await mkdtemp(join(tmpdir(), 'edge-sync-first-run-'));
    // A free port, since other tests run beside this one; everything else is as it comes.
    await writeFile(join(dataDir, 'config.json'), JSON.stringify({ dicom: { port: 0 } }));
  });
  afterAll(async () => {
    display.stop();
    built.remove();
    await cloud.stop();
    await keyring.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is set up by the keyboard, keeps its secrets in the keychain, and goes green with the first image', async () => {
    const client = createEngineClient({ dataDir });
    const app = await launchApp({
      app: { folder: built.folder },
      dataDir,
      display,
      busAddress: keyring.busAddress,
      env: { EDGE_SYNC_ENGINE_NODE: process.execPath },
    });
    const page = await appPage(app);
    const title = (name: string) =>
      page.getByRole('heading', { level: 1, name, exact: true }).waitFor({ timeout: 60_000 });

    await title('The recovery kit');
    await picture(page, 'setup-kit');
    await press(page, 'Make the recovery kit');
    await press(page, 'Show the words');
    const shown = page.locator('.kit-words .kit-word');
    await shown.nth(23).waitFor();
    const words = await shown.allTextContents();
    await tabTo(page, /on paper/);
    await page.keyboard.press('Space');
    await press(page, 'Go on to the check');
    await tabTo(page, 'Word 11');
    await page.keyboard.type(words.join(' '));
    await press(page, 'Check');
    await page.getByText('The words opened a test image.').waitFor();
    await press(page, 'Close');
    await press(page, 'Next');

    await title('The cloud storage');
    await tabTo(page, /shared access signature/);
    await page.keyboard.press('ArrowDown');
    await type(page, 'Connection string', cloud.connectionString());
    await type(page, 'Container', container);
    await press(page, 'Try it now');
    await page.getByRole('button', { name: 'Save and use it' }).waitFor();
    await picture(page, 'setup-cloud');
    await press(page, 'Save and use it');
    await page.getByText('This storage is set up').waitFor();
    await press(page, 'Next');

    await title('The first device');
    await picture(page, 'setup-device');
    const file = join(dataDir, 'image.dcm');
    await writeFile(file, makeDicomFile({ sopInstanceUid: testUid('first image'), modality: 'US' }).bytes);
    const { host, port, aeTitle } = (await client.agent.status()).listener;
    const sent = await runPeer('storescu', ['-aet', 'SONO-1', '-aec', aeTitle, host, String(port), file]);
    expect(sent).toMatchObject({ exitCode: 0 });
    await page.getByText('SONO-1 has sent its first images.').waitFor();
    await press(page, 'Next');
    await title('Ready');
    await page.getByText('All safe', { exact: true }).waitFor();
    await picture(page, 'setup-ready');
    await press(page, 'Go to the overview');
    await headlineIs(page, 'all-safe');

    // Neither the device key nor the credential lies in a file.
    expect(existsSync(join(dataDir, 'key-file.json'))).toBe(false);
    const config = await readFile(join(dataDir, 'config.json'), 'utf8');
    for (const secret of [cloud.accountKey, words.join(' ')]) {
      expect(config).not.toContain(secret);
      expect(appLog(dataDir)).not.toContain(secret);
    }
    expect(await quitFromMenu(app)).toBe(0);
  });
});
