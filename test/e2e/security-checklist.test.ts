/**
 * Electron's security checklist (electronjs.org, "Security", 20 items), each asked of the running app, of the session
 * and window it really uses, or of the configuration that the fuses are flipped from.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../scripts/required-tools.ts';
import { contentSecurityPolicy } from '../../src/shared/page-hosting.ts';
import { appPage, asInstalled, buildApp, Display, launchApp, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { appLog, headlineIs } from './desk.ts';

const root = repositoryRoot;
const text = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8');

describe('the installer', () => {
  const builder = text('electron-builder.yml');
  const fuse = (name: string): string | undefined =>
    new RegExp(`^  ${name}: (true|false)$`, 'm').exec(builder)?.[1];

  it.each([
    ['runAsNode', 'false'],
    ['enableCookieEncryption', 'true'],
    ['enableNodeOptionsEnvironmentVariable', 'false'],
    ['enableNodeCliInspectArguments', 'false'],
    ['enableEmbeddedAsarIntegrityValidation', 'true'],
    ['onlyLoadAppFromAsar', 'true'],
    ['loadBrowserProcessSpecificV8Snapshot', 'false'],
    ['grantFileProtocolExtraPrivileges', 'false'],
  ])('19. sets the fuse %s to %s', (name, value) => {
    expect(fuse(name)).toBe(value);
  });

  it('takes in only what is named: no system has a list of its own, whose exclusions would add the whole checkout', () => {
    const lists = [...builder.matchAll(/^( *)files:\n((?:\1 .*\n)+)/gm)];
    expect(lists).toHaveLength(1);
    const [, indent, entries = ''] = lists[0]!;
    expect(indent).toBe('');
    const taken = [...entries.matchAll(/^ +- '?([^!#'\n]+)'?$/gm)].map(([, entry]) => entry);
    expect(taken).toEqual([
      'dist/**',
      'assets/tray/**',
      'assets/reader/**',
      'assets/icon.png',
      'package.json',
      'LICENSE',
    ]);
  });

  it('16. carries a current Electron, pinned exactly', () => {
    const { devDependencies } = JSON.parse(text('package.json')) as {
      devDependencies: Record<string, string>;
    };
    expect(devDependencies['electron']).toMatch(/^(4[5-9]|[5-9]\d)\.\d+\.\d+$/);
  });
});

needs('electron-rig', 'xvfb')('the running app', () => {
  const endings: (() => Promise<void> | void)[] = [];
  let app: ElectronApplication;
  let page: Page;
  let dataDir: string;

  beforeAll(async () => {
    const built = await buildApp('stand-in');
    endings.push(() => built.remove());
    const installed = asInstalled(built.folder);
    endings.push(() => installed.remove());
    const display = await Display.start();
    endings.push(() => display.stop());
    dataDir = mkdtempSync(join(tmpdir(), 'edge-sync-checklist-'));
    endings.push(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }));
    app = await launchApp({ app: { executable: installed.executable }, dataDir, display });
    endings.push(() => app.close().catch(() => undefined));
    page = await appPage(app);
    await headlineIs(page, 'all-safe');
  });

  afterAll(async () => {
    for (const end of endings.reverse()) await end();
  });

  it('2. to 4., 6., 8. to 11. has the safe preference of each kind in its one window', async () => {
    const preferences = await app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) =>
        (
          window.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> }
        ).getLastWebPreferences(),
      ),
    );

    expect(preferences).toHaveLength(1);
    expect(preferences[0]).toMatchObject({
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      webviewTag: false,
    });
    expect(preferences[0]?.['allowRunningInsecureContent'] ?? false).toBe(false);
    expect(preferences[0]?.['experimentalFeatures'] ?? false).toBe(false);
    expect(preferences[0]?.['enableBlinkFeatures'] ?? '').toBe('');
  });

  it('1., 18. loads its page from its own scheme alone: no network, no file://', async () => {
    expect(page.url()).toBe('edge-sync://app/');
    const reached = await page.evaluate(() =>
      Promise.all(
        ['http://127.0.0.1:1/', 'https://example.com/', 'file:///etc/hostname'].map((url) =>
          fetch(url).then(
            () => 'reached',
            () => 'refused',
          ),
        ),
      ),
    );
    expect(reached).toEqual(['refused', 'refused', 'refused']);
  });

  it('5. denies every permission that a page can ask for', async () => {
    const states = await page.evaluate(() =>
      Promise.all(
        ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'persistent-storage'].map(
          async (name) => (await navigator.permissions.query({ name: name as PermissionName })).state,
        ),
      ),
    );
    expect(new Set(states)).toEqual(new Set(['denied']));
  });

  it('7. answers with the policy: nothing inline, no eval, nothing from elsewhere', async () => {
    const given = await page.evaluate(async () =>
      (await fetch('/index.html')).headers.get('content-security-policy'),
    );
    expect(given).toBe(contentSecurityPolicy);
    expect(given).not.toMatch(/unsafe-|\*|https?:/);
    const evaluated = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.checklistRan = true';
      document.head.append(script);
      return 'checklistRan' in window;
    });
    expect(evaluated).toBe(false);
  });

  it('12. to 14. attaches no webview, opens no window and goes nowhere else', async () => {
    await page.evaluate(() => {
      const view = document.createElement('webview');
      view.setAttribute('src', 'https://example.com/');
      document.body.append(view);
      const frame = document.createElement('iframe');
      frame.src = 'https://example.com/';
      document.body.append(frame);
      window.open('https://example.com/');
      window.location.href = 'https://example.com/';
    });
    await until(() =>
      ['window', 'navigation'].every((what) => appLog(dataDir).includes(`"reason":"${what}"`)),
    );

    expect(page.url()).toBe('edge-sync://app/');
    const contents = await app.evaluate(({ webContents }) =>
      webContents.getAllWebContents().map((one) => one.getURL()),
    );
    expect(contents).toEqual(['edge-sync://app/']);
  });

  it('15. never hands an address or a file to the desktop: openExternal and openPath are nowhere in the shell', () => {
    const bundle = text('src', 'main', 'index.ts');
    expect(bundle).not.toMatch(/openExternal|openPath|showItemInFolder/);
    const imports = [
      'desk/desk-window.ts',
      'desk/desk-tray.ts',
      'desk/app-menu.ts',
      'page/path-dialogs.ts',
    ].map((file) => text('src', 'main', 'shell', file));
    expect(imports.join('\n')).not.toMatch(/\bshell\b.*from 'electron'|openExternal|openPath/);
  });

  it('17., 20. gives the page two functions and no way to Electron; the shell listens on one channel and answers on one', async () => {
    const bridge = await page.evaluate(() => ({
      own: Object.keys((window as unknown as { edgeSync: object }).edgeSync),
      leaked: ['require', 'process', 'module', 'ipcRenderer', 'electron'].filter((name) => name in window),
    }));
    expect(bridge).toEqual({ own: ['connect', 'choosePath'], leaked: [] });
    const channels = await app.evaluate(({ ipcMain }) =>
      ipcMain.eventNames().filter((name) => typeof name === 'string' && !/^(ELECTRON|-|error$)/.test(name)),
    );
    expect(channels).toEqual(['edge-sync:connect']);
    const answered = await app.evaluate(({ ipcMain }) => [
      // Electron has no public list of what `handle` was called with.
      ...(ipcMain as unknown as { _invokeHandlers: Map<string, unknown> })._invokeHandlers.keys(),
    ]);
    expect(answered).toEqual(['edge-sync:choose-path']);
  });
});
