/** The window of the desktop app in a real Electron. */
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { appPage, commandFor, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import {
  Desk,
  headlineIs,
  tell,
  enginePid,
  windowsShown,
  closeWindow,
  quitFromMenu,
  picture,
} from './desk.ts';
import { stubState } from './stub-state.ts';

needs(
  'electron-rig',
  'xvfb',
  'dbus',
)('the desktop app', () => {
  const desk = new Desk();

  describe('the window', () => {
    it("shows the engine's headline over the message port, from the app's own scheme", async () => {
      const { app } = await desk.start();
      const page = await appPage(app);

      await headlineIs(page, 'all-safe');

      expect(page.url()).toBe('edge-sync://app/');
      expect(await app.evaluate(({ app: electron }) => electron.isPackaged)).toBe(true);
      await picture(page, 'all-safe');
    });

    it('works as well when a loader starts the app late, from a host of its own that no network knows', async () => {
      const { app } = await desk.start({ app: { folder: desk.folder } });
      const page = await appPage(app);

      await headlineIs(page, 'all-safe');

      expect(page.url()).toBe('https://edge-sync.invalid/');
    });

    it('follows every change of the engine', async () => {
      const { app, dataDir } = await desk.start();
      const page = await appPage(app);
      await headlineIs(page, 'all-safe');

      for (const headline of ['working', 'attention', 'all-safe'] as const) {
        tell(dataDir, stubState(headline));
        await headlineIs(page, headline);
        await picture(page, headline);
      }
    });

    it('has no way to Node or Electron but two functions: one asks for a port, one for a path that a person chooses', async () => {
      const { app } = await desk.start();
      const page = await appPage(app);

      const reach = await page.evaluate(() => ({
        bridge: Object.keys((window as unknown as { edgeSync: object }).edgeSync),
        globals: ['require', 'process', 'module', 'Buffer', 'global'].filter((name) => name in window),
      }));
      const preferences = await app.evaluate(({ BrowserWindow }) => {
        const window = BrowserWindow.getAllWindows()[0]! as unknown as {
          webContents: { getLastWebPreferences(): Record<string, unknown> };
        };
        const { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity } =
          window.webContents.getLastWebPreferences();
        return { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity };
      });

      expect(reach).toEqual({ bridge: ['connect', 'choosePath'], globals: [] });
      expect(preferences).toEqual({
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        webSecurity: true,
      });
    });

    it('hides when closed, goes on receiving, and is shown again by a second launch, which ends by itself', async () => {
      const { app, how } = await desk.start();
      const page = await appPage(app);
      await headlineIs(page, 'all-safe');
      await closeWindow(app);
      expect(await windowsShown(app)).toBe(0);

      const { executablePath, args, env } = commandFor(how);
      const second = spawn(executablePath, args, { env, stdio: 'ignore' });
      const code = await new Promise((resolve) => second.once('exit', resolve));

      expect(code).toBe(0);
      await until(async () => (await windowsShown(app)) === 1);
      await headlineIs(page, 'all-safe');
    });

    it('opens where it was left', async () => {
      const dataDir = desk.dataFolder();
      const left = { x: 90, y: 70, width: 700, height: 620 };
      const first = await desk.start({ dataDir });
      await headlineIs(await appPage(first.app), 'all-safe');
      await first.app.evaluate(
        ({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]!.setBounds(bounds),
        left,
      );
      await quitFromMenu(first.app);

      const second = await desk.start({ dataDir });
      await appPage(second.app);

      const bounds = await second.app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]!.getNormalBounds(),
      );
      expect(bounds).toEqual(left);
    });

    it('is not opened by a start at login', async () => {
      const { app, dataDir } = await desk.start({ args: ['--hidden'] });

      await until(() => enginePid(dataDir) !== undefined);

      expect(app.windows()).toHaveLength(0);
    });
  });
});
