/** The desktop app in a real Electron on a display of its own, with the stand-in engine or the real one. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createPackage } from '@electron/asar';
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { build, mergeConfig, type InlineConfig } from 'vite';
import { decoderBuild, engineBuild, preloadBuild, rendererBuild, shellBuild } from '../../scripts/build.ts';
import { repositoryRoot } from '../../scripts/required-tools.ts';
import { rigEngineBuild, rigModules } from './rig-engine.ts';
import { electronRig, programPath } from './tools.ts';

/** Where screenshots go: EDGE_SYNC_ARTEFACTS, else a folder under the temp folder. */
export function artefactsDir(): string {
  const folder = process.env['EDGE_SYNC_ARTEFACTS'] ?? join(tmpdir(), 'edge-sync-artefacts');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** An X display of its own; the server picks a free number. */
export class Display {
  readonly name: string;
  readonly #server: ChildProcess;

  private constructor(name: string, server: ChildProcess) {
    this.name = name;
    this.#server = server;
  }

  static async start(): Promise<Display> {
    const server = spawn(
      programPath('Xvfb'),
      ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp', '-noreset'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
    );
    const number = await new Promise<string>((done, failed) => {
      server.once('error', failed);
      server.once('exit', (code) => failed(new Error(`Xvfb ended with ${String(code)}`)));
      (server.stdio[3] as NodeJS.ReadableStream).once('data', (data: Buffer) =>
        done(data.toString('utf8').trim()),
      );
    });
    return new Display(`:${number}`, server);
  }

  stop(): void {
    this.#server.kill();
  }
}

/** Which engine the built app carries: `real` for a developer's Node, `real-inside` for the runtime's own process. */
export type AppEngine = 'stand-in' | 'real' | 'real-inside';

/** Builds shell, preload, page and an engine into a throwaway app folder. Remove it with `remove`. */
export async function buildApp(
  engine: AppEngine,
  page: InlineConfig = rendererBuild(),
): Promise<{ readonly folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'edge-sync-app-'));
  const into = (config: InlineConfig, outDir: string): InlineConfig =>
    mergeConfig(config, { build: { outDir: join(folder, 'dist', outDir) } });
  const stub: InlineConfig = mergeConfig(shellBuild(), {
    build: { rolldownOptions: { output: { chunkFileNames: 'engine-[name]-[hash].js' } } },
  });
  stub.build!.rolldownOptions!.input = {
    'engine-process': resolve(import.meta.dirname, '../e2e/stub-engine.ts'),
  };
  await build(into(page, 'renderer'));
  await build(into(shellBuild(), 'main'));
  await build(into(preloadBuild(), 'preload'));
  const engines = { 'stand-in': stub, real: engineBuild(), 'real-inside': rigEngineBuild() };
  await build(into(engines[engine], 'main'));
  if (engine !== 'stand-in') await build(into(decoderBuild(), 'preview'));
  symlinkSync(join(repositoryRoot, 'assets'), join(folder, 'assets'));
  if (engine === 'real-inside') rigModules(join(folder, 'node_modules'));
  else symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'edge-sync', version: '0.1.0', type: 'module', main: 'dist/main/index.js' }),
  );
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * The runtime with the app inside it, under the app's own name: as a packaged app is loaded (`app.isPackaged` is true).
 * The rig's loader, which `launchApp` uses otherwise, starts our code only after the app is ready.
 */
export function asInstalled(appFolder: string): { readonly executable: string; remove(): void } {
  const rig = electronRig();
  // Beside the rig, so that hard links do instead of copies; the program finds its resources beside itself.
  const folder = mkdtempSync(join(rig, '..', 'installed-'));
  execFileSync('cp', ['-rl', `${rig}/.`, folder]);
  renameSync(join(folder, 'electron'), join(folder, 'edge-sync'));
  symlinkSync(appFolder, join(folder, 'resources', 'app'));
  return {
    executable: join(folder, 'edge-sync'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * As the installer lays it out: the app in an archive, and the runtime with the fuses of electron-builder.yml, but for the
 * one by which a test attaches itself. Packages lie beside the archive, not in it, where they are found just the same.
 */
export async function asPackaged(
  appFolder: string,
): Promise<{ readonly executable: string; remove(): void }> {
  const installed = asInstalled(appFolder);
  const { executable } = installed;
  const resources = join(executable, '..', 'resources');
  rmSync(join(resources, 'app'));
  const contents = join(resources, 'contents');
  mkdirSync(contents);
  for (const part of ['dist', 'assets', 'package.json'])
    cpSync(realpathSync(join(appFolder, part)), join(contents, part), { recursive: true });
  await createPackage(contents, join(resources, 'app.asar'));
  rmSync(contents, { recursive: true });
  symlinkSync(realpathSync(join(appFolder, 'node_modules')), join(resources, 'node_modules'));
  // A copy of its own: the rig's is not to be changed.
  const program = readFileSync(executable);
  rmSync(executable);
  writeFileSync(executable, program, { mode: 0o755 });
  await flipFuses(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.RunAsNode]: false,
    [FuseV1Options.EnableCookieEncryption]: true,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
    [FuseV1Options.OnlyLoadAppFromAsar]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
  });
  return installed;
}

export interface AppStart {
  /** Folder from `buildApp`, or the program from `asInstalled`. */
  readonly app: { readonly folder: string } | { readonly executable: string };
  readonly dataDir: string;
  readonly display: Display;
  readonly busAddress?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Environment and arguments of a start, for `_electron.launch` and for a plain second process alike. */
export function commandFor(start: AppStart): {
  executablePath: string;
  args: string[];
  env: Record<string, string>;
} {
  const inherited = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || /^(EDGE_SYNC_|ELECTRON_|VITEST|NODE_)/.test(name) ? [] : [[name, value]],
    ),
  );
  const program = 'executable' in start.app ? [] : [start.app.folder];
  return {
    executablePath: 'executable' in start.app ? start.app.executable : join(electronRig(), 'electron'),
    args: ['--no-sandbox', '--disable-gpu', ...program, '--data-dir', start.dataDir, ...(start.args ?? [])],
    env: {
      ...inherited,
      DISPLAY: start.display.name,
      // Without a bus of our own there must be none: the tests never touch a real desktop.
      DBUS_SESSION_BUS_ADDRESS: start.busAddress ?? 'unix:path=/nonexistent',
      LANG: 'en_US.UTF-8',
      XDG_CONFIG_HOME: join(start.dataDir, '.config'),
      XDG_CACHE_HOME: join(start.dataDir, '.cache'),
      ...start.env,
    },
  };
}

const launchWithinMs = 20_000;
const launchAttempts = 3;

/**
 * Starts the app under Playwright. Its attachment can miss the first window when that appears in the same moment (the
 * app runs, the attachment never completes): then the app is ended and started again.
 */
export async function launchApp(start: AppStart): Promise<ElectronApplication> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await _electron.launch({ ...commandFor(start), timeout: launchWithinMs, colorScheme: null });
    } catch (error) {
      if (attempt === launchAttempts) throw error;
    }
  }
}

/** The app's window, once it has loaded our page. */
export async function appPage(app: ElectronApplication): Promise<Page> {
  const page = await app.firstWindow();
  await page.waitForLoadState('domcontentloaded');
  return page;
}

/** Whether a process with this id lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until `ask` gives something other than undefined or false; the test's own timeout ends a hopeless wait. */
export async function until<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (;;) {
    const value = await ask();
    if (value !== undefined && value !== false) return value;
    await new Promise((next) => setTimeout(next, 50));
  }
}
