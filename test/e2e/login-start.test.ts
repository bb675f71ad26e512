/** Starting at login, in a real Electron. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appPage, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { Desk } from './desk.ts';

needs(
  'electron-rig',
  'xvfb',
  'dbus',
)('the desktop app at login', () => {
  const desk = new Desk();

  describe('once installed', () => {
    it('is started with the session, hidden, until somebody takes the tick away in the menu', async () => {
      const { app, dataDir } = await desk.start();
      await appPage(app);
      const entry = join(dataDir, '.config', 'autostart', 'edge-sync.desktop');
      await until(() => existsSync(entry));
      const exec = /^Exec=(.*)$/m.exec(readFileSync(entry, 'utf8'))?.[1];
      expect(exec).toContain('"--hidden"');
      expect(exec).toContain(`"${dataDir}"`);
      const executable = await app.evaluate(() => process.execPath);
      expect(exec).toContain(`"${executable}"`);

      const click = (): Promise<boolean | undefined> =>
        app.evaluate(({ Menu }) => {
          Menu.getApplicationMenu()?.getMenuItemById('start-at-login')?.click();
          return Menu.getApplicationMenu()?.getMenuItemById('start-at-login')?.checked;
        });
      expect(await click()).toBe(false);
      expect(existsSync(entry)).toBe(false);
      expect(await click()).toBe(true);
      expect(existsSync(entry)).toBe(true);
    });
  });
});
