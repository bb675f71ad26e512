/** Tray and notifications, read and clicked from the desktop's side of the session bus. */
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { appPage, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import {
  Desk,
  words,
  headlineIs,
  tell,
  failWith,
  enginePid,
  fileText,
  windowsShown,
  closeWindow,
  exitOf,
  trayTells,
  shapeOf,
  keepIcon,
  picture,
} from './desk.ts';
import { stubFiles, stubState } from './stub-state.ts';

needs(
  'electron-rig',
  'xvfb',
  'dbus',
  'python3-dbus',
  'python3-gi',
)('beside the clock', () => {
  const desk = new Desk();

  describe('the tray (with python3-dbus and python3-gi)', () => {
    it('has a shape for each of the four states and tells no patient', async () => {
      const tray = await desk.trayHost();
      const { app, dataDir } = await desk.start({ busAddress: tray.busAddress });
      await headlineIs(await appPage(app), 'all-safe');

      for (const headline of ['working', 'attention', 'all-safe'] as const) {
        tell(dataDir, stubState(headline));
        const seen = await trayTells(tray, words[headline]);
        await until(async () => (await shapeOf(app, await tray.read())) === `${headline}-on-light`);
        expect(JSON.stringify([seen.toolTip, seen.menu])).not.toMatch(/JD|MK|AR\b/);
        keepIcon(await tray.read(), headline);
      }
      failWith(dataDir, 'keychain-unavailable');
      process.kill(enginePid(dataDir)!, 'SIGKILL');
      const away = await trayTells(tray, 'The keychain of this PC cannot be used');
      expect(away.toolTip).toBe('Edge Sync: Not receiving');
      await until(async () => (await shapeOf(app, await tray.read())) === 'not-receiving-on-light');
      keepIcon(await tray.read(), 'not-receiving');
    });

    it('changes to the drawing for dark panels with the theme', async () => {
      const tray = await desk.trayHost();
      const { app } = await desk.start({ busAddress: tray.busAddress });
      await trayTells(tray, 'All safe');

      await app.evaluate(({ nativeTheme }) => {
        nativeTheme.themeSource = 'dark';
      });

      await until(async () => (await shapeOf(app, await tray.read())) === 'all-safe-on-dark');
      await picture(await appPage(app), 'dark');
    });

    it('opens the window, retries what failed, starts the engine, and quits', async () => {
      const tray = await desk.trayHost();
      const { app, dataDir } = await desk.start({ busAddress: tray.busAddress, args: ['--hidden'] });
      tell(dataDir, stubState('attention'));
      await trayTells(tray, 'Needs attention');

      await tray.activate();
      await headlineIs(await appPage(app), 'attention');
      await closeWindow(app);
      await tray.click('Open Edge Sync');
      await until(async () => (await windowsShown(app)) === 1);
      await tray.click('Try everything again');
      await until(() => fileText(stubFiles(dataDir).retried) === '{"id":null}\n');

      tell(dataDir, stubState('all-safe'));
      failWith(dataDir, 'keychain-unavailable');
      process.kill(enginePid(dataDir)!, 'SIGKILL');
      await trayTells(tray, 'The keychain of this PC cannot be used');
      rmSync(stubFiles(dataDir).failWith);
      await tray.click('Start receiving now');
      await trayTells(tray, 'All safe');

      const gone = exitOf(app);
      await tray.click('Quit Edge Sync');
      expect(await gone).toBe(0);
    });

    it('pauses uploads for each of its times, tells that they are, and goes on', async () => {
      const tray = await desk.trayHost();
      const { dataDir } = await desk.start({ busAddress: tray.busAddress, args: ['--hidden'] });
      await trayTells(tray, '30 minutes');
      const told = (): readonly string[] =>
        (fileText(stubFiles(dataDir).told) ?? '').split('\n').filter((line) => /pause|resume/.test(line));

      for (const [at, label] of ['30 minutes', '1 hour', 'Until tomorrow, 6:00'].entries()) {
        await tray.click(label);
        await until(() => told().length === at + 1);
      }
      const state = stubState('all-safe');
      const hold = { by: 'paused' as const, until: '2026-01-05T12:00:00.000Z' };
      const destinations = state.status.destinations.map((one) => ({
        ...one,
        state: 'paused' as const,
        hold,
      }));
      tell(dataDir, {
        ...state,
        status: { ...state.status, safe: false, headline: 'working', destinations },
      });
      const paused = await trayTells(tray, 'Go on with uploads');
      expect(paused.menu.map(({ label }) => label)).not.toContain('30 minutes');
      await tray.click('Go on with uploads');
      await until(() => told().length === 4);
      tell(dataDir, state);
      await trayTells(tray, '30 minutes');

      expect(told().map((line) => JSON.parse(line) as unknown)).toEqual([
        { pause: { tag: 'for', minutes: 30 } },
        { pause: { tag: 'for', minutes: 60 } },
        { pause: { tag: 'until-tomorrow' } },
        { resume: 'all' },
      ]);
    });

    it('notifies once when something begins and once when it is over', async () => {
      const tray = await desk.trayHost();
      const { dataDir } = await desk.start({ busAddress: tray.busAddress, args: ['--hidden'] });
      await trayTells(tray, 'All safe');

      tell(dataDir, stubState('attention'));
      await until(async () => (await tray.notifications()).length === 1);
      tell(dataDir, stubState('all-safe'));
      await until(async () => (await tray.notifications()).length === 2);

      expect(await tray.notifications()).toEqual([
        {
          title: 'The cloud refused the request',
          body: 'Look at the detail and the settings of the account.',
        },
        { title: 'All safe', body: 'This is over: The cloud refused the request' },
      ]);
    });
  });
});
