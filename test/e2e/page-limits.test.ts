/** What a page in the desktop app may not do, tried in a real Electron. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appPage, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { Desk, headlineIs, appLog } from './desk.ts';

needs(
  'electron-rig',
  'xvfb',
  'dbus',
)('in the desktop app', () => {
  const desk = new Desk();

  describe('a page', () => {
    it('cannot go elsewhere, open windows, ask for permissions or reach a network', async () => {
      const { app, dataDir } = await desk.start();
      const page = await appPage(app);
      await headlineIs(page, 'all-safe');

      const tried = await page.evaluate(async () => {
        const opened = window.open('https://example.com/');
        const fetched = await fetch('https://example.com/').then(
          () => 'answered',
          () => 'refused',
        );
        const inline = document.createElement('script');
        inline.textContent = 'window.inlineRan = true';
        document.head.append(inline);
        const geolocation = await new Promise((resolve) =>
          navigator.geolocation.getCurrentPosition(
            () => resolve('given'),
            (error) => resolve(error.code),
          ),
        );
        window.location.href = 'https://example.com/';
        return {
          opened: opened === null,
          fetched,
          inline: 'inlineRan' in window,
          geolocation,
          notification: await Notification.requestPermission(),
        };
      });

      await until(() => appLog(dataDir).includes('"reason":"navigation"'));
      expect(tried).toEqual({
        opened: true,
        fetched: 'refused',
        inline: false,
        // PERMISSION_DENIED
        geolocation: 1,
        notification: 'denied',
      });
      expect(
        await page.evaluate(() => [window.location.href, document.querySelector('h1')?.textContent]),
      ).toEqual(['edge-sync://app/', 'All safe']);
    });

    it('gets no port when it is not the page of our window, even with our preload script', async () => {
      const { app, dataDir } = await desk.start();
      await headlineIs(await appPage(app), 'all-safe');

      await app.evaluate(
        async ({ BrowserWindow }, preload) => {
          const webPreferences = { preload, sandbox: true, contextIsolation: true };
          const foreign = new BrowserWindow({ show: false, webPreferences });
          await foreign.loadURL('data:text/html,foreign');
          await foreign.webContents.executeJavaScript(`
            window.gotPort = false;
            addEventListener('message', () => { window.gotPort = true; });
            window.edgeSync.connect();
          `);
        },
        join(desk.folder, 'dist', 'preload', 'index.cjs'),
      );

      await until(() => appLog(dataDir).includes('"msg":"page-refused"'));
      const gotPort = await app.evaluate(({ BrowserWindow }) => {
        const foreign = BrowserWindow.getAllWindows().find((one) =>
          one.webContents.getURL().startsWith('data:'),
        )!;
        return foreign.webContents.executeJavaScript('window.gotPort') as Promise<boolean>;
      });
      expect(gotPort).toBe(false);
    });

    it('cannot read files outside the page by its scheme', async () => {
      const { app } = await desk.start();
      const page = await appPage(app);
      await headlineIs(page, 'all-safe');

      const statuses = await page.evaluate(() =>
        Promise.all(
          [
            '/..%2f..%2fpackage.json',
            '/%2e%2e/%2e%2e/package.json',
            '/..%5c..%5cpackage.json',
            '/none.js',
            '/%2fetc%2fpasswd',
          ].map(async (path) => (await fetch(path)).status),
        ).catch((error: unknown) => String(error)),
      );

      expect(statuses).toEqual([404, 404, 404, 404, 404]);
    });
  });
});
