/**
 * `npm run dev`: builds, opens the desktop app, and on every change builds what changed and starts the app anew.
 * Arguments go on to Electron, before the app folder.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { buildAll, engineBuild, preloadBuild, rendererBuild, shellBuild } from './build.ts';

const root = join(import.meta.dirname, '..');
const electron = electronProgram();
/** Editors save in several steps. */
const settleMs = 200;

await buildAll();
let app = startApp();
const changed = new Set<'page' | 'app'>();
let timer: NodeJS.Timeout | undefined;
let working = Promise.resolve();

watch(join(root, 'src'), { recursive: true }, (_kind, name) => {
  if (name === null || /\.test\.tsx?$/.test(name)) return;
  if (name.startsWith('renderer') || name.startsWith('shared')) changed.add('page');
  if (!name.startsWith('renderer')) changed.add('app');
  clearTimeout(timer);
  timer = setTimeout(() => {
    working = working.then(rebuild);
  }, settleMs);
});
process.once('SIGINT', () => process.exit(0));

async function rebuild(): Promise<void> {
  const parts = new Set(changed);
  changed.clear();
  try {
    if (parts.has('page')) await build(rendererBuild());
    if (parts.has('app'))
      for (const config of [shellBuild(), preloadBuild(), engineBuild()]) await build(config);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return;
  }
  await stopApp(app);
  app = startApp();
}

function startApp(): ChildProcess {
  const started = spawn(electron, [...process.argv.slice(2), root], { stdio: 'inherit' });
  started.once('error', (error) => console.error(error.message));
  started.once('exit', (code) => {
    // The person quit the app: so ends this. An app that we ended for a rebuild is no longer `app` by its signal.
    if (started === app && !started.killed) process.exit(code ?? 0);
  });
  return started;
}

async function stopApp(running: ChildProcess): Promise<void> {
  if (running.exitCode !== null || running.signalCode !== null) return;
  const gone = new Promise((resolve) => running.once('exit', resolve));
  running.kill('SIGTERM');
  await gone;
}

/** Electron's package fetches its runtime when first asked for it; without one there is nothing to develop in. */
function electronProgram(): string {
  try {
    return createRequire(import.meta.url)('electron') as string;
  } catch {
    console.error(
      'dev: the runtime of Electron is not here and could not be fetched. Run `npx install-electron` with a network, ' +
        'or work on the engine and the page alone: npm run build && npx edge-sync serve --web 0',
    );
    process.exit(1);
  }
}
