/**
 * `npm start`: opens the desktop app. Where Electron cannot run (no display, its runtime neither there nor to be
 * fetched, it ends before its window is up) the engine runs without it and the page is served to a browser instead;
 * one line says so. Arguments go on to whichever runs.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { buildAll, isUpToDate } from './build.ts';
import { writePageFile, type PageFile } from './page-file.ts';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);

/** Fetching the runtime once takes minutes on a slow line; no answer at all must not look like a hang for ever. */
const fetchWithinMs = 10 * 60_000;

/** A browser that has to be started first has read the file by then. */
const pageFileMs = 60_000;

if (!isUpToDate()) await buildAll();
const obstacle = await tryDesktop();
if (obstacle !== undefined) await runHeadless(obstacle);

/** Runs the app until it ends. Resolves with why it could not, or undefined when it could. */
async function tryDesktop(): Promise<string | undefined> {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])
    return 'no display';
  const executable = await electronExecutable();
  if (executable === undefined) return 'the Electron runtime is not here and could not be fetched';
  const child = spawn(executable, [root, ...args], { stdio: ['inherit', 'pipe', 'inherit'] });
  forwardSignals(child);
  const ready: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{"event":"app-ready"')) ready.push(line);
    console.log(line);
  });
  const code = await exitOf(child);
  // A second launch shows the first one's window and ends with 0 at once.
  if (ready.length > 0 || code === 0) {
    process.exitCode = code ?? 1;
    return undefined;
  }
  return 'Electron ended before its window was up';
}

/** Path of the runtime, fetched at the first start; undefined when that fails. */
async function electronExecutable(): Promise<string | undefined> {
  const packagePath = createRequire(import.meta.url).resolve('electron');
  const ask = spawn(
    process.execPath,
    ['-e', `process.stderr.write(require(${JSON.stringify(packagePath)}))`],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: fetchWithinMs,
    },
  );
  let answer = '';
  ask.stderr.on('data', (chunk: Buffer) => {
    answer += chunk.toString('utf8');
  });
  const code = await exitOf(ask);
  return code === 0 ? answer.split('\n').at(-1) : undefined;
}

async function runHeadless(why: string): Promise<void> {
  console.log(`The desktop app cannot run here (${why}): running without it, with the page in the browser.`);
  const engine = spawn(
    process.execPath,
    [join(root, 'bin', 'edge-sync.js'), 'serve', '--web', '0', ...args],
    {
      stdio: ['inherit', 'pipe', 'inherit'],
    },
  );
  forwardSignals(engine);
  createInterface({ input: engine.stdout }).on('line', (line) => {
    const url = pageOf(line);
    if (url === undefined) {
      console.log(line);
      return;
    }
    console.log(`Edge Sync receives. Its page: ${url}`);
    openInBrowser(url);
  });
  process.exitCode = (await exitOf(engine)) ?? 1;
}

function pageOf(line: string): string | undefined {
  try {
    const ready = JSON.parse(line) as { event?: unknown; web?: unknown };
    return ready.event === 'ready' && typeof ready.web === 'string' ? ready.web : undefined;
  } catch {
    return undefined;
  }
}

/** Best effort: the address was printed, so a desktop without a browser loses nothing. */
function openInBrowser(url: string): void {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return;
  let file: PageFile;
  try {
    file = writePageFile(url);
  } catch {
    return;
  }
  process.once('exit', file.remove);
  setTimeout(file.remove, pageFileMs).unref();
  const [command, ...before] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler']
        : ['xdg-open'];
  const opener = spawn(command, [...before, file.path], { stdio: 'ignore', detached: true });
  opener.on('error', file.remove);
  opener.on('exit', (code) => {
    if (code !== 0) file.remove();
  });
  opener.unref();
}

function forwardSignals(child: ChildProcess): void {
  // Ctrl+C reaches the child by itself; this process waits for its orderly end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', (code) => resolve(code));
  });
}
