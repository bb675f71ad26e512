/** The engine under the desktop app: killed, failing, drained. In a real Electron, with a stand-in engine. */
import { readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { appPage, isAlive, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import {
  Desk,
  headlineIs,
  retryEngine,
  tell,
  failWith,
  enginePid,
  appLog,
  exitOf,
  quitFromMenu,
  answerQuestions,
  questions,
  picture,
} from './desk.ts';
import { stubFiles, stubState } from './stub-state.ts';

needs(
  'electron-rig',
  'xvfb',
  'dbus',
)('under the desktop app', () => {
  const desk = new Desk();

  describe("the engine's life", () => {
    it('an engine that is killed is started again, and until then nothing is green', async () => {
      const { app, dataDir } = await desk.start();
      const page = await appPage(app);
      await headlineIs(page, 'all-safe');
      const before = enginePid(dataDir)!;
      failWith(dataDir, 'database-too-new');

      process.kill(before, 'SIGKILL');

      await headlineIs(page, 'not-receiving');
      await page.getByText('was written by a newer version').first().waitFor();
      expect(await page.locator('#state').getAttribute('data-tone')).toBe('not-receiving');
      await picture(page, 'engine-away');

      rmSync(stubFiles(dataDir).failWith);
      await retryEngine(page);
      await headlineIs(page, 'all-safe');
      expect(enginePid(dataDir)).not.toBe(before);
    });

    it('an engine that crashes comes back by itself', async () => {
      const { app, dataDir } = await desk.start();
      const page = await appPage(app);
      await headlineIs(page, 'all-safe');
      const before = enginePid(dataDir)!;

      process.kill(before, 'SIGKILL');

      await until(() => {
        const now = enginePid(dataDir);
        return now !== undefined && now !== before && isAlive(now);
      });
      await headlineIs(page, 'all-safe');
      expect(appLog(dataDir)).toContain('"msg":"engine-ended"');
    });

    it("an installed app ignores the developer's switch for another Node", async () => {
      const { app } = await desk.start({ env: { EDGE_SYNC_ENGINE_NODE: '/nonexistent/node' } });

      await headlineIs(await appPage(app), 'all-safe');
    });

    it("runs the engine under the developer's Node when not installed", async () => {
      const env = { EDGE_SYNC_ENGINE_NODE: process.execPath };
      const { app, dataDir } = await desk.start({ app: { folder: desk.folder }, env });

      await headlineIs(await appPage(app), 'all-safe');

      const program = readFileSync(`/proc/${enginePid(dataDir)!}/cmdline`, 'utf8').split('\0')[0];
      expect(program).toBe(process.execPath);
      await quitFromMenu(app);
      expect(readFileSync(stubFiles(dataDir).drained, 'utf8')).not.toBe('');
    });
  });

  describe('quitting', () => {
    it('asks while images are on the way, and "keep running" keeps everything running', async () => {
      const { app, dataDir } = await desk.start();
      const page = await appPage(app);
      tell(dataDir, stubState('working'));
      await headlineIs(page, 'working');
      await answerQuestions(app, 0);

      await app.evaluate(({ app: electron }) => electron.quit());

      const asked = await until(() => questions(app));
      expect(asked).toMatchObject([
        {
          message: '212 images are still on the way to the cloud',
          buttons: ['Keep running', 'Quit anyway'],
          cancelId: 0,
        },
      ]);
      await headlineIs(page, 'working');
      expect(isAlive(enginePid(dataDir)!)).toBe(true);
    });

    it('drains the engine and leaves nothing running', async () => {
      const { app, dataDir } = await desk.start();
      const page = await appPage(app);
      tell(dataDir, stubState('working'));
      await headlineIs(page, 'working');
      await answerQuestions(app, 1);
      const engine = enginePid(dataDir)!;

      const code = await quitFromMenu(app);

      expect(code).toBe(0);
      expect(readFileSync(stubFiles(dataDir).drained, 'utf8')).toBe(String(engine));
      expect(isAlive(engine)).toBe(false);
    });

    it('does not ask the operating system, which ends it with SIGTERM', async () => {
      const { app, dataDir } = await desk.start();
      const page = await appPage(app);
      tell(dataDir, stubState('working'));
      await headlineIs(page, 'working');
      const gone = exitOf(app);

      app.process().kill('SIGTERM');

      expect(await gone).toBe(0);
      expect(readFileSync(stubFiles(dataDir).drained, 'utf8')).not.toBe('');
    });
  });
});
