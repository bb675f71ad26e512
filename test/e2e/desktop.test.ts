/** The desktop app in a real Electron: window, tray, engine's life, quitting, and what a page may not do. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AgentState } from '../../src/shared/agent-state.ts';
import type { ErrorCode } from '../../src/shared/errors.ts';
import type { Headline } from '../../src/shared/status.ts';
import {
  appPage,
  artefactsDir,
  asInstalled,
  buildApp,
  commandFor,
  Display,
  isAlive,
  launchApp,
  until,
  type AppStart,
} from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { TrayHost, trayHostRuns, type TrayReading } from '../support/tray-host.ts';
import { stubFiles, stubState } from './stub-state.ts';

const words: Readonly<Record<Headline, string>> = {
  'all-safe': 'All safe',
  working: 'Working',
  attention: 'Needs attention',
  'not-receiving': 'Not receiving',
};

needs(
  'electron-rig',
  'xvfb',
  'dbus',
)('the desktop app', () => {
  let built: Awaited<ReturnType<typeof buildApp>>;
  let installed: ReturnType<typeof asInstalled>;
  let display: Display;
  const endings: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    built = await buildApp('stand-in');
    installed = asInstalled(built.folder);
    display = await Display.start();
  });

  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  afterAll(() => {
    display.stop();
    installed.remove();
    built.remove();
  });

  function dataFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'edge-sync-desk-'));
    endings.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    return folder;
  }

  /** Starts the app as it is when installed, unless said otherwise; it is ended after the test, whatever happened. */
  async function start(how: Partial<AppStart> = {}): Promise<{
    readonly app: ElectronApplication;
    readonly how: AppStart;
    readonly dataDir: string;
  }> {
    const given = { app: { executable: installed.executable }, display, ...how };
    const whole: AppStart = { ...given, dataDir: how.dataDir ?? dataFolder() };
    const app = await launchApp(whole);
    const { pid } = app.process();
    endings.push(async () => {
      if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
      const engine = enginePid(whole.dataDir);
      await until(() => pid === undefined || !isAlive(pid));
      if (engine !== undefined && isAlive(engine)) process.kill(engine, 'SIGKILL');
    });
    return { app, how: whole, dataDir: whole.dataDir };
  }

  async function trayHost(): Promise<TrayHost> {
    const host = await TrayHost.start();
    endings.push(() => host.stop());
    return host;
  }

  async function picture(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: join(artefactsDir(), `desktop-${name}.png`) });
  }

  describe('the window', () => {
    it("shows the engine's headline over the message port, from the app's own scheme", async () => {
      const { app } = await start();
      const page = await appPage(app);

      await headlineIs(page, 'all-safe');

      expect(page.url()).toBe('edge-sync://app/');
      expect(await app.evaluate(({ app: electron }) => electron.isPackaged)).toBe(true);
      await picture(page, 'all-safe');
    });

    it('works as well when a loader starts the app late, from a host of its own that no network knows', async () => {
      const { app } = await start({ app: { folder: built.folder } });
      const page = await appPage(app);

      await headlineIs(page, 'all-safe');

      expect(page.url()).toBe('https://edge-sync.invalid/');
    });

    it('follows every change of the engine', async () => {
      const { app, dataDir } = await start();
      const page = await appPage(app);
      await headlineIs(page, 'all-safe');

      for (const headline of ['working', 'attention', 'all-safe'] as const) {
        tell(dataDir, stubState(headline));
        await headlineIs(page, headline);
        await picture(page, headline);
      }
    });

    it('has no way to Node or Electron but the one function that asks for a port', async () => {
      const { app } = await start();
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

      expect(reach).toEqual({ bridge: ['connect'], globals: [] });
      expect(preferences).toEqual({
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        webSecurity: true,
      });
    });

    it('hides when closed, goes on receiving, and is shown again by a second launch, which ends by itself', async () => {
      const { app, how } = await start();
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
      const dataDir = dataFolder();
      const left = { x: 90, y: 70, width: 700, height: 620 };
      const first = await start({ dataDir });
      await headlineIs(await appPage(first.app), 'all-safe');
      await first.app.evaluate(
        ({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]!.setBounds(bounds),
        left,
      );
      await quitFromMenu(first.app);

      const second = await start({ dataDir });
      await appPage(second.app);

      const bounds = await second.app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]!.getNormalBounds(),
      );
      expect(bounds).toEqual(left);
    });

    it('is not opened by a start at login', async () => {
      const { app, dataDir } = await start({ args: ['--hidden'] });

      await until(() => enginePid(dataDir) !== undefined);

      expect(app.windows()).toHaveLength(0);
    });
  });

  describe('a page', () => {
    it('cannot go elsewhere, open windows, ask for permissions or reach a network', async () => {
      const { app, dataDir } = await start();
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
      const { app, dataDir } = await start();
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
        join(built.folder, 'dist', 'preload', 'index.cjs'),
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
      const { app } = await start();
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

  describe("the engine's life", () => {
    it('an engine that is killed is started again, and until then nothing is green', async () => {
      const { app, dataDir } = await start();
      const page = await appPage(app);
      await headlineIs(page, 'all-safe');
      const before = enginePid(dataDir)!;
      failWith(dataDir, 'database-too-new');

      process.kill(before, 'SIGKILL');

      await headlineIs(page, 'not-receiving');
      await page.getByText('was written by a newer version').first().waitFor();
      expect(await page.locator('[data-tone="all-safe"]').count()).toBe(0);
      await picture(page, 'engine-away');

      rmSync(stubFiles(dataDir).failWith);
      await retryEngine(page);
      await headlineIs(page, 'all-safe');
      expect(enginePid(dataDir)).not.toBe(before);
    });

    it('an engine that crashes comes back by itself', async () => {
      const { app, dataDir } = await start();
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
      const { app } = await start({ env: { EDGE_SYNC_ENGINE_NODE: '/nonexistent/node' } });

      await headlineIs(await appPage(app), 'all-safe');
    });

    it("runs the engine under the developer's Node when not installed", async () => {
      const env = { EDGE_SYNC_ENGINE_NODE: process.execPath };
      const { app, dataDir } = await start({ app: { folder: built.folder }, env });

      await headlineIs(await appPage(app), 'all-safe');

      const program = readFileSync(`/proc/${enginePid(dataDir)!}/cmdline`, 'utf8').split('\0')[0];
      expect(program).toBe(process.execPath);
      await quitFromMenu(app);
      expect(readFileSync(stubFiles(dataDir).drained, 'utf8')).not.toBe('');
    });
  });

  describe('quitting', () => {
    it('asks while images are on the way, and "keep running" keeps everything running', async () => {
      const { app, dataDir } = await start();
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
      const { app, dataDir } = await start();
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
      const { app, dataDir } = await start();
      const page = await appPage(app);
      tell(dataDir, stubState('working'));
      await headlineIs(page, 'working');
      const gone = exitOf(app);

      app.process().kill('SIGTERM');

      expect(await gone).toBe(0);
      expect(readFileSync(stubFiles(dataDir).drained, 'utf8')).not.toBe('');
    });
  });

  describe.skipIf(!trayHostRuns() && process.env['CI'] !== 'true')(
    'the tray (with python3-dbus and python3-gi)',
    () => {
      it('has a shape for each of the four states and tells no patient', async () => {
        const tray = await trayHost();
        const { app, dataDir } = await start({ busAddress: tray.busAddress });
        await headlineIs(await appPage(app), 'all-safe');

        for (const headline of ['working', 'attention', 'all-safe'] as const) {
          tell(dataDir, stubState(headline));
          const seen = await trayTells(tray, words[headline]);
          expect(await shapeOf(app, seen)).toBe(`${headline}-on-light`);
          expect(JSON.stringify([seen.toolTip, seen.menu])).not.toMatch(/JD|MK|AR\b/);
          keepIcon(seen, headline);
        }
        failWith(dataDir, 'keychain-unavailable');
        process.kill(enginePid(dataDir)!, 'SIGKILL');
        const away = await trayTells(tray, 'The keychain of this PC cannot be used');
        expect(away.toolTip).toBe('Edge Sync: Not receiving');
        expect(await shapeOf(app, away)).toBe('not-receiving-on-light');
        keepIcon(away, 'not-receiving');
      });

      it('changes to the drawing for dark panels with the theme', async () => {
        const tray = await trayHost();
        const { app } = await start({ busAddress: tray.busAddress });
        await trayTells(tray, 'All safe');

        await app.evaluate(({ nativeTheme }) => {
          nativeTheme.themeSource = 'dark';
        });

        await until(async () => (await shapeOf(app, await tray.read())) === 'all-safe-on-dark');
        await picture(await appPage(app), 'dark');
      });

      it('opens the window, retries what failed, starts the engine, and quits', async () => {
        const tray = await trayHost();
        const { app, dataDir } = await start({ busAddress: tray.busAddress, args: ['--hidden'] });
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

      it('notifies once when something begins and once when it is over', async () => {
        const tray = await trayHost();
        const { app, dataDir } = await start({ busAddress: tray.busAddress });
        const page = await appPage(app);
        await headlineIs(page, 'all-safe');

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
    },
  );
});

async function headlineIs(page: Page, headline: Headline): Promise<void> {
  await page
    .getByRole('heading', { level: 1, name: words[headline], exact: true })
    .waitFor({ timeout: 60_000 });
}

/** The page's own button for an engine that is away. */
async function retryEngine(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /try again/i })
    .first()
    .click();
}

/** Written whole beside and renamed, so that the stand-in never reads half a state. */
function tell(dataDir: string, state: AgentState): void {
  writeFileSync(stubFiles(dataDir).state, JSON.stringify(state));
}

function failWith(dataDir: string, code: ErrorCode): void {
  writeFileSync(stubFiles(dataDir).failWith, code);
}

function enginePid(dataDir: string): number | undefined {
  const text = fileText(join(dataDir, 'run', 'engine.json'));
  return text === undefined ? undefined : (JSON.parse(text) as { pid: number }).pid;
}

function appLog(dataDir: string): string {
  return fileText(join(dataDir, 'logs', 'app.log')) ?? '';
}

function fileText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function windowsShown(app: ElectronApplication): Promise<number> {
  return app.evaluate(
    ({ BrowserWindow }) => BrowserWindow.getAllWindows().filter((one) => one.isVisible()).length,
  );
}

async function closeWindow(app: ElectronApplication): Promise<void> {
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.close());
}

function exitOf(app: ElectronApplication): Promise<number | null> {
  return new Promise((resolve) => app.process().once('exit', resolve));
}

async function quitFromMenu(app: ElectronApplication): Promise<number | null> {
  const gone = exitOf(app);
  // The app may be gone before it can answer.
  await app.evaluate(({ app: electron }) => electron.quit()).catch(() => undefined);
  return gone;
}

interface Question {
  readonly message: string;
  readonly buttons: readonly string[];
  readonly cancelId: number;
}

/** Answers Electron's message boxes as a person would, keeping the questions. */
async function answerQuestions(app: ElectronApplication, response: number): Promise<void> {
  await app.evaluate(({ dialog }, answer) => {
    const kept = globalThis as unknown as { questions: unknown[] };
    kept.questions = [];
    dialog.showMessageBox = (...given: unknown[]) => {
      kept.questions.push(given.at(-1));
      return Promise.resolve({ response: answer, checkboxChecked: false });
    };
  }, response);
}

async function questions(app: ElectronApplication): Promise<readonly Question[] | undefined> {
  const asked = await app.evaluate(() => (globalThis as unknown as { questions: Question[] }).questions);
  return asked.length > 0 ? asked : undefined;
}

/** Waits until the tooltip or the menu has a text. */
function trayTells(tray: TrayHost, text: string): Promise<TrayReading> {
  return until(async () => {
    if ((await tray.count()) === 0) return undefined;
    const reading = await tray.read();
    const told = [reading.toolTip, ...reading.menu.map(({ label }) => label)];
    return told.some((one) => one.includes(text)) ? reading : undefined;
  });
}

/** Which of the project's tray drawings the desktop was given, compared pixel by pixel by Electron's own decoder. */
async function shapeOf(app: ElectronApplication, reading: TrayReading): Promise<string> {
  const given = reading.pixmaps[0];
  if (given === undefined) throw new Error('the tray item has no picture');
  const names = Object.keys(words).flatMap((shape) => [`${shape}-on-light`, `${shape}-on-dark`]);
  const root = join(import.meta.dirname, '..', '..', 'assets', 'tray');
  const drawings = await app.evaluate(
    ({ nativeImage }, files) =>
      files.map((file) => {
        const image = nativeImage.createFromPath(file);
        // Linux panels are given the drawing of twice the size and scale it down themselves.
        const scaleFactor = 2;
        const bgra = image.toBitmap({ scaleFactor });
        const width = Math.round(Math.sqrt(bgra.length / 4));
        return { width, height: width, bgra: bgra.toString('base64') };
      }),
    names.map((name) => join(root, `${name}.png`)),
  );
  const argb = Buffer.from(given.argb, 'base64');
  const distances = drawings.map(({ width, height, bgra }) =>
    width === given.width && height === given.height
      ? meanDifference(argb, Buffer.from(bgra, 'base64'))
      : Number.POSITIVE_INFINITY,
  );
  const nearest = distances.indexOf(Math.min(...distances));
  if (distances[nearest]! > 4) throw new Error(`no drawing of ours: ${distances.join(', ')}`);
  return names[nearest]!;
}

/** Per channel, 0 to 255; colours count by their alpha, since a decoder may or may not multiply it in. */
function meanDifference(argb: Buffer, bgra: Buffer): number {
  let sum = 0;
  for (let at = 0; at < argb.length; at += 4) {
    const alpha = argb[at]!;
    sum += Math.abs(alpha - bgra[at + 3]!);
    if (alpha < 255) continue;
    for (const [mine, theirs] of [
      [1, 2],
      [2, 1],
      [3, 0],
    ] as const) {
      sum += Math.abs(argb[at + mine]! - bgra[at + theirs]!);
    }
  }
  return sum / argb.length;
}

/** As a portable pixmap, to be looked at. */
function keepIcon(reading: TrayReading, name: string): void {
  const { width, height, argb } = reading.pixmaps[0]!;
  const pixels = Buffer.from(argb, 'base64');
  for (let at = 0; at < pixels.length; at += 4) {
    const alpha = pixels[at]!;
    pixels.copyWithin(at, at + 1, at + 4);
    pixels[at + 3] = alpha;
  }
  const header = `P7\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n`;
  writeFileSync(join(artefactsDir(), `tray-${name}.pam`), Buffer.concat([Buffer.from(header), pixels]));
}
