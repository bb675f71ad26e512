/** What a page of the desktop app may save, and what nobody may: in a real Electron. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { appPage, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { appLog, Desk, headlineIs } from './desk.ts';

interface Offered {
  readonly name: string;
  readonly state: string;
}

/**
 * Answers the save dialog as a person would: with a file of `folder` (Electron opens none where a place is set). It is
 * registered behind the app's own listener, and sees only what that let pass.
 */
async function answerDialogs(app: ElectronApplication, folder: string): Promise<void> {
  await app.evaluate(({ BrowserWindow }, place) => {
    const kept = globalThis as unknown as { offered: Offered[]; made: number };
    Object.assign(kept, { offered: [], made: 0 });
    const { session } = BrowserWindow.getAllWindows()[0]!.webContents;
    session.on('will-download', (event, item) => {
      if (event.defaultPrevented) return;
      const name = item.getSaveDialogOptions().defaultPath ?? '';
      kept.made += 1;
      item.setSavePath(`${place}/saved-${kept.made}`);
      item.once('done', (_done, state) => kept.offered.push({ name, state }));
    });
  }, folder);
}

function offered(app: ElectronApplication): Promise<readonly Offered[]> {
  return app.evaluate(() => (globalThis as unknown as { offered: Offered[] }).offered);
}

/** As the page's own buttons do it. */
async function handOver(page: Page, fileName: string, text: string): Promise<void> {
  await page.evaluate(
    ([name, content]) => {
      const href = URL.createObjectURL(new Blob([content!]));
      Object.assign(document.createElement('a'), { href, download: name }).click();
    },
    [fileName, text],
  );
}

const refusals = (dataDir: string): number => appLog(dataDir).split('"msg":"download-refused"').length - 1;

needs(
  'electron-rig',
  'xvfb',
  'dbus',
)('a page of the desktop app', () => {
  const desk = new Desk();

  it('saves what it has made, through a dialog, under a name without folders', async () => {
    const { app, dataDir } = await desk.start();
    const page = await appPage(app);
    await headlineIs(page, 'all-safe');
    const folder = desk.dataFolder();
    await answerDialogs(app, folder);

    await handOver(page, 'recovery kit.pdf', '%PDF-1.7 kit');
    await until(async () => (await offered(app)).length === 1);
    await handOver(page, '..\\..\\evil/viewer.exe.html', '<p>viewer</p>');
    await until(async () => (await offered(app)).length === 2);

    const downloads = await app.evaluate(({ app: electron }) => electron.getPath('downloads'));
    expect(await offered(app)).toEqual([
      { name: join(downloads, 'recovery kit.pdf'), state: 'completed' },
      { name: expect.stringMatching(/^[^\\]*viewer-exe\.html$/) as unknown, state: 'completed' },
    ]);
    expect(readFileSync(join(folder, 'saved-1'), 'utf8')).toBe('%PDF-1.7 kit');
    expect(readFileSync(join(folder, 'saved-2'), 'utf8')).toBe('<p>viewer</p>');
    // Names are a person's words.
    expect(appLog(dataDir)).not.toMatch(/recovery kit|viewer-exe/);
    expect(page.url()).toBe('edge-sync://app/');
  });

  it('also where a loader started the app late', async () => {
    const { app } = await desk.start({ app: { folder: desk.folder } });
    const page = await appPage(app);
    await headlineIs(page, 'all-safe');
    await answerDialogs(app, desk.dataFolder());

    await handOver(page, 'list.csv', 'a;b');

    await until(async () => (await offered(app)).length === 1);
  });

  it('saves nothing that a desktop would run, nothing empty, and nothing that it did not make', async () => {
    const { app, dataDir } = await desk.start();
    const page = await appPage(app);
    await headlineIs(page, 'all-safe');
    const folder = desk.dataFolder();
    await answerDialogs(app, folder);

    await handOver(page, 'setup.exe', 'MZ');
    await until(() => refusals(dataDir) === 1);
    await handOver(page, 'kit.pdf', '');
    await until(() => refusals(dataDir) === 2);
    await page.evaluate(() => {
      Object.assign(document.createElement('a'), { href: './index.html', download: 'page.html' }).click();
    });
    await until(() => refusals(dataDir) === 3);
    await page.evaluate(() => {
      Object.assign(document.createElement('a'), { href: 'data:text/plain,x', download: 'x.txt' }).click();
    });
    await until(() => refusals(dataDir) === 4);

    expect(readdirSync(folder)).toEqual([]);
    expect(await offered(app)).toEqual([]);
    const reasons = [...appLog(dataDir).matchAll(/"msg":"download-refused"[^}]*|"reason":"([a-z-]+)"/g)];
    expect(reasons.flatMap(([, reason]) => reason ?? [])).toEqual([
      'kind',
      'size',
      'not-made-by-the-page',
      'not-made-by-the-page',
    ]);
  });

  it('is the only one that saves: another window of the same session cannot, nor the shell by an address', async () => {
    const { app, dataDir } = await desk.start();
    await headlineIs(await appPage(app), 'all-safe');
    const folder = desk.dataFolder();
    await answerDialogs(app, folder);

    await app.evaluate(async ({ BrowserWindow }) => {
      const { session } = BrowserWindow.getAllWindows()[0]!.webContents;
      const foreign = new BrowserWindow({ show: false, webPreferences: { session, sandbox: true } });
      await foreign.loadURL('edge-sync://app/');
      await foreign.webContents.executeJavaScript(`
        Object.assign(document.createElement('a'), {
          href: URL.createObjectURL(new Blob(['x'])), download: 'x.txt' }).click();
      `);
    });

    await until(() => appLog(dataDir).includes('"reason":"not-our-page"'));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('buries nobody under dialogs: the third at once is refused', async () => {
    const { app, dataDir } = await desk.start();
    const page = await appPage(app);
    await headlineIs(page, 'all-safe');
    await app.evaluate(({ BrowserWindow }) => {
      const { session } = BrowserWindow.getAllWindows()[0]!.webContents;
      session.on('will-download', (event, item) => {
        // Stands for a dialog that nobody has answered yet.
        if (!event.defaultPrevented) item.pause();
      });
    });

    for (const name of ['a.txt', 'b.txt', 'c.txt']) await handOver(page, name, 'x'.repeat(64));

    await until(() => appLog(dataDir).includes('"reason":"too-many"'));
    expect(refusals(dataDir)).toBe(1);
    expect(existsSync(join(dataDir, 'a.txt'))).toBe(false);
  });
});
