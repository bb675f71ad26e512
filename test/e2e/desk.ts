/** What every test of the desktop app shares: the built app, a display, and ways to tell, ask and look. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { AgentState } from '../../src/shared/agent-state.ts';
import type { ErrorCode } from '../../src/shared/errors.ts';
import type { Headline } from '../../src/shared/status.ts';
import {
  artefactsDir,
  asInstalled,
  buildApp,
  Display,
  isAlive,
  launchApp,
  until,
  type AppEngine,
  type AppStart,
} from '../support/electron.ts';
import { TrayHost, type TrayReading } from '../support/tray-host.ts';
import { stubFiles } from './stub-state.ts';

export const words: Readonly<Record<Headline, string>> = {
  'all-safe': 'All safe',
  working: 'Working',
  attention: 'Needs attention',
  'not-receiving': 'Not receiving',
};

export interface Started {
  readonly app: ElectronApplication;
  readonly how: AppStart;
  readonly dataDir: string;
}

/** Call inside a suite: builds the app once, ends after each test whatever that test started. */
export class Desk {
  #built: Awaited<ReturnType<typeof buildApp>> | undefined;
  #installed: ReturnType<typeof asInstalled> | undefined;
  #display: Display | undefined;
  readonly #endings: (() => Promise<void> | void)[] = [];

  constructor(engine: AppEngine = 'stand-in') {
    beforeAll(async () => {
      this.#built = await buildApp(engine);
      this.#installed = asInstalled(this.#built.folder);
      this.#display = await Display.start();
    });
    afterEach(async () => {
      for (const end of this.#endings.splice(0).reverse()) await end();
    });
    afterAll(() => {
      this.#display?.stop();
      this.#installed?.remove();
      this.#built?.remove();
    });
  }

  /** The app folder, for the loader that starts our code late. */
  get folder(): string {
    return this.#built!.folder;
  }

  dataFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'edge-sync-desk-'));
    this.#endings.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    return folder;
  }

  /** Starts the app as it is when installed, unless said otherwise. */
  async start(how: Partial<AppStart> = {}): Promise<Started> {
    const given = { app: { executable: this.#installed!.executable }, display: this.#display!, ...how };
    const whole: AppStart = { ...given, dataDir: how.dataDir ?? this.dataFolder() };
    const app = await launchApp(whole);
    const { pid } = app.process();
    this.#endings.push(async () => {
      const engine = enginePid(whole.dataDir);
      if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
      await until(() => pid === undefined || !isAlive(pid));
      if (engine !== undefined && isAlive(engine)) process.kill(engine, 'SIGKILL');
    });
    return { app, how: whole, dataDir: whole.dataDir };
  }

  async trayHost(): Promise<TrayHost> {
    const host = await TrayHost.start();
    this.#endings.push(() => host.stop());
    return host;
  }
}

export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(artefactsDir(), `desktop-${name}.png`) });
}

export async function headlineIs(page: Page, headline: Headline): Promise<void> {
  await page
    .getByRole('heading', { level: 1, name: words[headline], exact: true })
    .waitFor({ timeout: 60_000 });
}

/** The page's own button for an engine that is away. */
export async function retryEngine(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /try again/i })
    .first()
    .click();
}

/** Written whole beside and renamed, so that the stand-in never reads half a state. */
export function tell(dataDir: string, state: AgentState): void {
  writeWhole(stubFiles(dataDir).state, JSON.stringify(state));
}

export function failWith(dataDir: string, code: ErrorCode): void {
  writeWhole(stubFiles(dataDir).failWith, code);
}

function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

export function enginePid(dataDir: string): number | undefined {
  const text = fileText(join(dataDir, 'run', 'engine.json'));
  return text === undefined ? undefined : (JSON.parse(text) as { pid: number }).pid;
}

export function appLog(dataDir: string): string {
  return fileText(join(dataDir, 'logs', 'app.log')) ?? '';
}

export function fileText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

export function windowsShown(app: ElectronApplication): Promise<number> {
  return app.evaluate(
    ({ BrowserWindow }) => BrowserWindow.getAllWindows().filter((one) => one.isVisible()).length,
  );
}

export async function closeWindow(app: ElectronApplication): Promise<void> {
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.close());
}

export function exitOf(app: ElectronApplication): Promise<number | null> {
  return new Promise((resolve) => app.process().once('exit', resolve));
}

export async function quitFromMenu(app: ElectronApplication): Promise<number | null> {
  const gone = exitOf(app);
  // The app may be gone before it can answer.
  await app.evaluate(({ app: electron }) => electron.quit()).catch(() => undefined);
  return gone;
}

export interface Question {
  readonly message: string;
  readonly buttons: readonly string[];
  readonly cancelId: number;
}

/** Answers Electron's message boxes as a person would, keeping the questions. */
export async function answerQuestions(app: ElectronApplication, response: number): Promise<void> {
  await app.evaluate(({ dialog }, answer) => {
    const kept = globalThis as unknown as { questions: unknown[] };
    kept.questions = [];
    dialog.showMessageBox = (...given: unknown[]) => {
      kept.questions.push(given.at(-1));
      return Promise.resolve({ response: answer, checkboxChecked: false });
    };
  }, response);
}

export async function questions(app: ElectronApplication): Promise<readonly Question[] | undefined> {
  const asked = await app.evaluate(() => (globalThis as unknown as { questions: Question[] }).questions);
  return asked.length > 0 ? asked : undefined;
}

/** Waits until the tooltip or the menu has a text. */
export function trayTells(tray: TrayHost, text: string): Promise<TrayReading> {
  return until(async () => {
    if ((await tray.count()) === 0) return undefined;
    const reading = await tray.read();
    const told = [reading.toolTip, ...reading.menu.map(({ label }) => label)];
    return told.some((one) => one.includes(text)) ? reading : undefined;
  });
}

/** Which of the project's tray drawings the desktop was given, compared pixel by pixel by Electron's own decoder. */
export async function shapeOf(app: ElectronApplication, reading: TrayReading): Promise<string> {
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
export function keepIcon(reading: TrayReading, name: string): void {
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
