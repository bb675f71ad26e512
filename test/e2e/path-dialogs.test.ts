/** Choosing a path in the desktop's own dialog: in a real Electron, with a person's answer given in place of the dialog. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { appPage, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { appLog, Desk, headlineIs, picture } from './desk.ts';

interface Opened {
  readonly onWindow: boolean;
  readonly title: string;
  readonly buttonLabel: string;
  readonly properties: readonly string[];
}

/** From now on a dialog is answered at once: with this path, or, without one, by a cancel. */
async function answerDialogs(app: ElectronApplication, path: string | undefined): Promise<void> {
  await app.evaluate(({ BrowserWindow, dialog }, answer) => {
    const kept = globalThis as unknown as { opened?: Opened[] };
    kept.opened ??= [];
    const stand = (...given: unknown[]) => {
      const options = given.at(-1) as Opened;
      kept.opened?.push({
        onWindow: given[0] === BrowserWindow.getAllWindows()[0],
        title: options.title,
        buttonLabel: options.buttonLabel,
        properties: options.properties,
      });
      return Promise.resolve({ canceled: answer === null, filePaths: answer === null ? [] : [answer] });
    };
    dialog.showOpenDialog = stand;
  }, path ?? null);
}

function opened(app: ElectronApplication): Promise<readonly Opened[]> {
  return app.evaluate(() => (globalThis as unknown as { opened?: Opened[] }).opened ?? []);
}

/** What the page's own world can do with the bridge, whatever the page's code would do. */
function askBridge(page: Page, ...given: readonly unknown[]): Promise<unknown> {
  return page.evaluate(async (args) => {
    const bridge = (window as unknown as { edgeSync: { choosePath(...all: unknown[]): Promise<unknown> } })
      .edgeSync;
    return bridge.choosePath(...args).catch((error: unknown) => String(error));
  }, given);
}

needs(
  'electron-rig',
  'xvfb',
  'dbus',
)('the dialog for a path', () => {
  const desk = new Desk();

  async function start(): Promise<{ app: ElectronApplication; page: Page; dataDir: string }> {
    const { app, dataDir } = await desk.start();
    const page = await appPage(app);
    await headlineIs(page, 'all-safe');
    return { app, page, dataDir };
  }

  it('fills in where images are restored to, can be corrected, and changes nothing when it is cancelled', async () => {
    const { app, page, dataDir } = await start();
    await page.getByRole('button', { name: 'Restore images' }).click();
    const field = page.getByLabel('Folder to write to', { exact: true });
    const choose = page.getByRole('button', { name: 'Choose… (Folder to write to)' });

    await answerDialogs(app, '/srv/Muster Erika');
    await choose.click();
    await expect.poll(() => field.inputValue()).toBe('/srv/Muster Erika');
    await picture(page, 'choose-restore');
    await page.keyboard.press('End');
    await page.keyboard.type('/2026');
    await expect.poll(() => field.inputValue()).toBe('/srv/Muster Erika/2026');

    await answerDialogs(app, undefined);
    await choose.click();
    await until(async () => (await opened(app)).length === 2);
    await expect.poll(() => field.inputValue()).toBe('/srv/Muster Erika/2026');

    expect(await opened(app)).toEqual(
      Array.from({ length: 2 }, () => ({
        onWindow: true,
        title: 'Choose the folder for the restored images',
        buttonLabel: 'Choose',
        properties: ['openDirectory', 'createDirectory', 'dontAddToRecent'],
      })),
    );
    expect(appLog(dataDir)).not.toContain('Muster');
  });

  it('adds lines to what is imported, each place once, and says so when a name cannot be used', async () => {
    const { app, page } = await start();
    await page.getByRole('button', { name: 'Import files' }).click();
    const paths = page.getByLabel('Paths');
    await paths.fill('/typed');

    await answerDialogs(app, '/media/stick');
    await page.getByRole('button', { name: 'Add a folder…' }).click();
    await expect.poll(() => paths.inputValue()).toBe('/typed\n/media/stick');
    await answerDialogs(app, '/media/stick/a.dcm');
    await page.getByRole('button', { name: 'Add a file…' }).click();
    await expect.poll(() => paths.inputValue()).toBe('/typed\n/media/stick\n/media/stick/a.dcm');
    await page.getByRole('button', { name: 'Add a file…' }).click();
    await until(async () => (await opened(app)).length === 3);
    await picture(page, 'choose-import');

    await answerDialogs(app, '/media/two\nlines');
    await page.getByRole('button', { name: 'Add a folder…' }).click();
    await page.getByText(/has characters that cannot be used here/).waitFor();
    expect(await paths.inputValue()).toBe('/typed\n/media/stick\n/media/stick/a.dcm');
    expect((await opened(app)).map(({ properties }) => properties[0])).toEqual([
      'openDirectory',
      'openFile',
      'openFile',
      'openDirectory',
    ]);
  });

  it('is refused for a purpose that is unknown, and with anything beside it', async () => {
    const { app, page, dataDir } = await start();
    await answerDialogs(app, '/etc');

    for (const given of [
      ['anything'],
      [],
      ['__proto__'],
      [{ properties: ['openFile'] }],
      [['restore']],
      ['x'.repeat(100_000)],
    ])
      expect(await askBridge(page, ...given)).toMatch(/refused/);
    // The preload script hands on the purpose alone.
    expect(await askBridge(page, 'restore', { defaultPath: '/etc' })).toEqual({
      tag: 'chosen',
      path: '/etc',
    });

    expect(await opened(app)).toHaveLength(1);
    expect(appLog(dataDir).split('"msg":"path-dialog-refused"')).toHaveLength(7);
  });

  it('opens once: a second is refused while the first is unanswered, and any over a hidden window', async () => {
    const { app, page, dataDir } = await start();
    await app.evaluate(({ dialog }) => {
      const kept = globalThis as unknown as { answer: (value: unknown) => void; shown: number };
      kept.shown = 0;
      const waiting = () => {
        kept.shown += 1;
        return new Promise((resolve) => {
          kept.answer = resolve;
        });
      };
      dialog.showOpenDialog = waiting as typeof dialog.showOpenDialog;
    });
    const first = askBridge(page, 'restore');
    await until(() => app.evaluate(() => (globalThis as unknown as { shown: number }).shown === 1));

    expect(await askBridge(page, 'watch')).toMatch(/refused/);
    expect(appLog(dataDir)).toContain('"reason":"one-at-a-time"');
    await app.evaluate(() =>
      (globalThis as unknown as { answer: (value: unknown) => void }).answer({
        canceled: true,
        filePaths: [],
      }),
    );
    expect(await first).toEqual({ tag: 'cancelled' });

    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.hide());
    expect(await askBridge(page, 'restore')).toMatch(/refused/);
    expect(await app.evaluate(() => (globalThis as unknown as { shown: number }).shown)).toBe(1);
  });

  it('does not open for another window with the same preload script, at another origin or at our own', async () => {
    const { app, dataDir } = await start();
    await answerDialogs(app, '/etc');

    const answers = await app.evaluate(
      async ({ BrowserWindow }, preload) => {
        const { session } = BrowserWindow.getAllWindows()[0]!.webContents;
        const asked: unknown[] = [];
        for (const url of ['data:text/html,foreign', 'edge-sync://app/']) {
          const webPreferences = { preload, session, sandbox: true, contextIsolation: true };
          const foreign = new BrowserWindow({ show: false, webPreferences });
          await foreign.loadURL(url);
          asked.push(
            await foreign.webContents.executeJavaScript(
              `window.edgeSync.choosePath('restore').then(JSON.stringify, (error) => String(error))`,
            ),
          );
        }
        return asked;
      },
      join(desk.folder, 'dist', 'preload', 'index.cjs'),
    );

    expect(answers).toEqual([expect.stringMatching(/refused/), expect.stringMatching(/refused/)]);
    expect(await opened(app)).toEqual([]);
    expect(appLog(dataDir).split('"reason":"not-our-page"')).toHaveLength(3);
  });

  it('does not open for a frame inside our page, which gets no bridge of its own', async () => {
    const { app, page } = await start();
    await answerDialogs(app, '/etc');

    const bridges = await page.evaluate(async () => {
      const frame = document.createElement('iframe');
      frame.srcdoc = '<p>inside</p>';
      document.body.append(frame);
      await new Promise((loaded) => frame.addEventListener('load', loaded, { once: true }));
      return frame.contentWindow === null
        ? 'none'
        : typeof (frame.contentWindow as Window & { edgeSync?: unknown }).edgeSync;
    });

    expect(bridges).toBe('undefined');
    expect(await opened(app)).toEqual([]);
  });

  it('says so when the desktop shows none, and the field goes on', async () => {
    const { app, page } = await start();
    await app.evaluate(({ dialog }) => {
      dialog.showOpenDialog = () => Promise.reject(new Error('no portal'));
    });
    await page.getByRole('button', { name: 'Restore images' }).click();
    const field = page.getByLabel('Folder to write to', { exact: true });
    await field.fill('/srv/typed');
    await page.getByRole('button', { name: 'Choose… (Folder to write to)' }).click();
    await page.getByText('The window for choosing did not open. Type the path instead.').waitFor();
    expect(await field.inputValue()).toBe('/srv/typed');
    await field.fill('/srv/typed again');
    await page.getByText('The window for choosing did not open.').waitFor({ state: 'detached' });
  });
});

needs(
  'electron-rig',
  'xvfb',
  'dbus',
)('in the desktop app with the real engine, a dialog', () => {
  const desk = new Desk('real');

  it('fills in the storage of the set-up, what is imported, and the folders of the settings', async () => {
    const dataDir = desk.dataFolder();
    const place = (name: string): string => {
      const path = join(desk.dataFolder(), name);
      mkdirSync(path);
      return path;
    };
    const scans = place('scans');
    writeFileSync(
      join(scans, 'one'),
      makeDicomFile({ sopInstanceUid: testUid('chosen'), modality: 'US' }).bytes,
    );
    writeFileSync(
      join(dataDir, 'config.json'),
      JSON.stringify({ dicom: { port: 0 }, keys: { store: 'passphrase' } }),
    );
    const { app } = await desk.start({
      // As a developer starts it: only then another Node may run the engine.
      app: { folder: desk.folder },
      dataDir,
      env: { EDGE_SYNC_ENGINE_NODE: process.execPath, EDGE_SYNC_PASSPHRASE: 'a passphrase for the test' },
    });
    const page = await appPage(app);
    await page.getByRole('heading', { level: 1, name: 'The recovery kit' }).waitFor({ timeout: 60_000 });

    const storage = place('nas');
    await answerDialogs(app, storage);
    await page.getByRole('button', { name: /Cloud storage/ }).click();
    await page.getByText('Folder or network share').click();
    await page.getByRole('button', { name: 'Choose… (Folder)' }).click();
    await expect.poll(() => page.getByLabel('Folder', { exact: true }).inputValue()).toBe(storage);
    await picture(page, 'choose-storage');
    await page.getByRole('button', { name: 'Try it now' }).click();
    await page.getByRole('button', { name: 'Save and use it' }).waitFor();
    await page.getByRole('button', { name: 'Leave the set-up' }).click();

    await answerDialogs(app, scans);
    await page.getByRole('button', { name: 'Import files' }).click();
    await page.getByRole('button', { name: 'Add a folder…' }).click();
    await expect.poll(() => page.getByLabel('Paths').inputValue()).toBe(scans);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('dialog', { name: 'Import finished' }).waitFor();
    await page.getByText('1 of 1 files read').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();

    await page.getByRole('tab', { name: 'Settings' }).click();
    const watched = page.locator('[data-setting="folders"]');
    await watched.getByRole('button', { name: 'Add', exact: true }).click();
    await watched.getByRole('button', { name: 'Choose… (Folder)' }).click();
    await expect.poll(() => watched.getByLabel('Folder', { exact: true }).inputValue()).toBe(scans);
    const stores = page.locator('[data-setting="destinations"]');
    await stores.getByRole('button', { name: 'Add: PACS (DICOMweb)' }).click();
    await answerDialogs(app, '/etc/ssl/clinic.pem');
    for (const name of ['File with the client certificate', 'File with the authority’s certificate']) {
      await stores.getByRole('button', { name: `Choose… (${name})` }).click();
      await expect
        .poll(() => stores.getByLabel(name, { exact: true }).inputValue())
        .toBe('/etc/ssl/clinic.pem');
    }
    const proxy = page.locator('[data-setting="network.proxy.pac"]');
    await answerDialogs(app, '/srv/proxy.pac');
    await proxy.getByRole('button', { name: /^Choose…/ }).click();
    await expect.poll(() => proxy.getByRole('textbox').inputValue()).toBe('/srv/proxy.pac');
    await picture(page, 'choose-settings');
    expect((await opened(app)).map(({ title }) => title)).toEqual([
      'Choose the folder or share for the encrypted copies',
      'Choose a folder to import, with everything in it',
      'Choose the folder to watch',
      'Choose the file with the certificates (PEM)',
      'Choose the file with the certificates (PEM)',
      'Choose the script that chooses the proxy (PAC)',
    ]);
  });
});
