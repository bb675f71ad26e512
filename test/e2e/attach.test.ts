/** An engine that runs without the app, and what the app tells an engine about the PC: in a real Electron. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { appPage, isAlive, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import {
  answerQuestions,
  appLog,
  Desk,
  enginePid,
  fileText,
  headlineIs,
  quitFromMenu,
  tell,
  trayTells,
} from './desk.ts';
import { stubFiles, stubState } from './stub-state.ts';

/** The stand-in as a process of its own: what `edge-sync serve` is on a PC that has it as a service. */
async function serviceOn(desk: Desk, dataDir: string): Promise<ChildProcess> {
  const program = join(desk.folder, 'dist', 'main', 'engine-process.js');
  const service = spawn(process.execPath, [program, 'serve', '--data-dir', dataDir], { stdio: 'ignore' });
  await until(() => enginePid(dataDir) === service.pid);
  return service;
}

needs(
  'electron-rig',
  'xvfb',
  'dbus',
  'python3-dbus',
  'python3-gi',
)('the desktop app', () => {
  const desk = new Desk();

  it('uses an engine that runs already, says so, and leaves it running', async () => {
    const tray = await desk.trayHost();
    const dataDir = desk.dataFolder();
    const service = await serviceOn(desk, dataDir);
    try {
      tell(dataDir, stubState('working'));
      const { app } = await desk.start({ dataDir, busAddress: tray.busAddress });
      await headlineIs(await appPage(app), 'working');
      const seen = await trayTells(tray, 'Connected to the Edge Sync service');
      expect(seen.menu.map(({ label }) => label)).toContain('Quit this app (the service goes on receiving)');
      expect(enginePid(dataDir)).toBe(service.pid);
      // Any question would be answered with "keep running".
      await answerQuestions(app, 0);

      expect(await quitFromMenu(app)).toBe(0);

      expect(isAlive(service.pid!)).toBe(true);
      expect(existsSync(stubFiles(dataDir).drained)).toBe(false);
      expect(appLog(dataDir)).toContain('"msg":"engine-attached"');
    } finally {
      service.kill('SIGKILL');
    }
  });

  it('starts an engine of its own when that one ends, and is not green in between', async () => {
    const dataDir = desk.dataFolder();
    const service = await serviceOn(desk, dataDir);
    const { app } = await desk.start({ dataDir });
    const page = await appPage(app);
    await headlineIs(page, 'all-safe');

    service.kill('SIGKILL');

    await headlineIs(page, 'not-receiving');
    await headlineIs(page, 'all-safe');
    expect(enginePid(dataDir)).not.toBe(service.pid);
    expect(await quitFromMenu(app)).toBe(0);
    expect(existsSync(stubFiles(dataDir).drained)).toBe(true);
  });

  it('tells the engine at its start about the network, and wakes it after a sleep', async () => {
    const { app, dataDir } = await desk.start();
    await headlineIs(await appPage(app), 'all-safe');
    const told = (): string => fileText(stubFiles(dataDir).told) ?? '';
    await until(() => told().includes('{"network":{"metered":'));

    await app.evaluate(({ powerMonitor }) => {
      powerMonitor.emit('suspend');
      powerMonitor.emit('resume');
    });

    await until(() => told().includes('{"wake":"resume"}'));
    expect(appLog(dataDir)).toContain('"msg":"pc-sleeps"');
  });

  it('leads from a notification to the failure', async () => {
    const { app, dataDir } = await desk.start();
    const page = await appPage(app);
    tell(dataDir, stubState('attention'));
    await headlineIs(page, 'attention');
    await page.getByRole('tab', { name: 'Settings' }).click();

    // What a click on a notification does to the window.
    await app.evaluate(({ BrowserWindow }) => {
      const window = BrowserWindow.getAllWindows()[0]!;
      return window.loadURL(`${window.webContents.getURL().split('#')[0]!}#failures`).catch(() => undefined);
    });

    await page.locator('#failures:focus').waitFor();
    expect(page.url()).toBe('edge-sync://app/');
  });
});
