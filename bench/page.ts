/**
 * `npm run bench -- page`: what the page costs with 100 studies and with 2,000 of 50 images each (100,000), in Chromium:
 * from a key, a click or the wheel to the next picture; the page's work for one delta of the feed; and the memory of its
 * process. The engine is a stand-in that speaks the real contract and sends deltas all the while, as a real one does
 * while it receives. Sizes take turns, each in a browser of its own. `--runs N` (5), `--repeat N` (20): times an
 * interaction is done in one run. At most 1.5 times is wanted; no figure makes the bench fail.
 */
import { readFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { studiesShown, type AgentState, type StudySummary } from '../src/shared/agent-state.ts';
import { en } from '../src/renderer/i18n/en.ts';
import * as states from '../test/support/agent-states.ts';
import { buildPage } from '../test/support/built-page.ts';
import { FakeEngine } from '../test/support/fake-engine.ts';
import { launchBrowser, openPage } from '../test/support/page-browser.ts';

const sizes = [100, 2000] as const;
const imagesEach = 50;
const wantedRatio = 1.5;
/** As often as the engine sends at most. */
const deltaEveryMs = 250;
const deltasTimed = 40;
const minuteMs = 60_000;

type Size = (typeof sizes)[number];
type Figure = 'scroll' | 'type' | 'tab' | 'open' | 'delta' | 'heap' | 'process';

const figures: Readonly<Record<Figure, { readonly title: string; readonly unit: string }>> = {
  scroll: { title: 'scroll the list', unit: 'ms' },
  type: { title: 'type in search', unit: 'ms' },
  tab: { title: 'switch tab', unit: 'ms' },
  open: { title: 'open a study', unit: 'ms' },
  delta: { title: 'work for one delta', unit: 'ms' },
  heap: { title: 'JavaScript heap', unit: 'MB' },
  process: { title: 'own memory of the process', unit: 'MB' },
};

type Figures = Record<Figure, number>;

/** Runs the bench. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { runs: { type: 'string', default: '5' }, repeat: { type: 'string', default: '20' } },
  });
  const [runs, repeat] = [Number(values.runs), Number(values.repeat)];
  if (!(runs >= 1) || !(repeat >= 1)) throw new Error('--runs and --repeat take numbers from 1');
  const built = await buildPage();
  const all: Record<Size, Figures[]> = { 100: [], 2000: [] };
  try {
    // The first round does not count: it fills the disk's cache.
    for (let round = 0; round <= runs; round += 1) {
      for (const size of round % 2 === 0 ? sizes : [...sizes].reverse()) {
        const found = await measure(built.dir, size, repeat);
        if (round > 0) all[size].push(found);
        console.error(`page: ${round === 0 ? 'warm-up' : `run ${round}`}, ${size} studies done`);
      }
    }
  } finally {
    await built.remove();
  }
  print(all, { runs, repeat });
}

async function measure(dir: string, size: Size, repeat: number): Promise<Figures> {
  const state = withStudies(size);
  const engine = new FakeEngine(dir, state);
  await engine.start();
  const browser = await launchBrowser();
  const stop = new AbortController();
  try {
    const { page } = await openPage(browser, engine.link());
    await page.getByRole('region', { name: 'Images' }).waitFor();
    const session = await page.context().newCDPSession(page);
    const grid = page.locator('.study-grid').first();
    await grid.scrollIntoViewIfNeeded();
    const delta = await costOfDeltas(session, engine, state);
    const feeding = feed(engine, state, stop.signal);
    const found = {
      delta,
      scroll: await scrolling(page, repeat),
      type: await typing(page, repeat),
      tab: await tabs(page, repeat),
      open: await opening(page, repeat),
    };
    stop.abort();
    await feeding;
    return { ...found, ...(await memory(browser, session)) };
  } finally {
    stop.abort();
    await browser.close();
    await engine.stop();
  }
}

/** What the engine would show of so many: the newest of them, the others by search. */
function withStudies(total: Size): AgentState {
  const studies = Array.from({ length: Math.min(total, studiesShown) }, (_, index) => studyOf(index));
  const images = total * imagesEach;
  const counts = { received: images, pending: 0, verified: images, failed: 0, parked: 0 };
  const destinations = [states.destination({ verified: images })];
  return { ...states.agent({ counts, destinations }, studies), studiesTotal: total };
}

const modalities = ['CT', 'US', 'DX', 'CR'] as const;
const nowMs = Date.now();

/** Half an hour apart, so that most are of other days, as in a clinic. */
function studyOf(index: number, atMs = nowMs - index * 30 * minuteMs): StudySummary {
  const iso = new Date(atMs).toISOString();
  return states.study({
    id: `study-${index}`,
    initials: `${String.fromCharCode(65 + (index % 26))}${String.fromCharCode(65 + ((index * 7) % 26))}`,
    modality: modalities[index % modalities.length] ?? 'CT',
    instances: imagesEach,
    firstReceivedAt: iso,
    lastReceivedAt: iso,
  });
}

/** One image more in one study, and the counts with it. */
function pushDelta(engine: FakeEngine, state: AgentState, sent: number): void {
  const images = imagesEach + sent;
  const study = { ...studyOf(0, nowMs + sent * 10), instances: images, verified: images - 1 };
  const counts = { ...state.status.counts, received: state.status.counts.received + sent };
  engine.push({
    tag: 'delta',
    status: { ...state.status, counts },
    studies: [{ ...study, state: 'uploading' }],
    studiesTotal: state.studiesTotal,
    uploadBytesPerSecond: 5_000_000 + sent,
  });
}

async function feed(engine: FakeEngine, state: AgentState, signal: AbortSignal): Promise<void> {
  for (let sent = deltasTimed + 1; !signal.aborted; sent += 1) {
    pushDelta(engine, state, sent);
    await sleep(deltaEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Time on the page's thread for one delta, ms: parsing, drawing and layout together. */
async function costOfDeltas(session: CDPSession, engine: FakeEngine, state: AgentState): Promise<number> {
  await session.send('Performance.enable');
  const taskSeconds = async (): Promise<number> => (await metricsOf(session)).get('TaskDuration') ?? NaN;
  await sleep(1000);
  const before = await taskSeconds();
  for (let sent = 1; sent <= deltasTimed; sent += 1) {
    pushDelta(engine, state, sent);
    await sleep(100);
  }
  await sleep(300);
  return (1000 * ((await taskSeconds()) - before)) / deltasTimed;
}

async function metricsOf(session: CDPSession): Promise<ReadonlyMap<string, number>> {
  const { metrics } = await session.send('Performance.getMetrics');
  return new Map(metrics.map(({ name, value }) => [name, value]));
}

/** Does `act` and takes the time in the page, from the event's own time stamp until its picture was given out, ms. */
async function timed(page: Page, event: string, act: () => Promise<unknown>): Promise<number> {
  const armed = await page.evaluateHandle((type) => {
    const holder: { done?: Promise<number> } = {};
    holder.done = new Promise((resolve) => {
      addEventListener(
        type,
        ({ timeStamp }) => {
          requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => resolve(performance.now() - timeStamp);
            port2.postMessage(undefined);
          });
        },
        { capture: true, once: true },
      );
    });
    return holder;
  }, event);
  await act();
  const ms = await armed.evaluate(({ done }) => done);
  await armed.dispose();
  return ms ?? NaN;
}

async function repeated(repeat: number, once: (index: number) => Promise<number>): Promise<number> {
  const each: number[] = [];
  for (let index = 0; index < repeat; index += 1) each.push(await once(index));
  return median(each);
}

/** The long list: there, and back from its end. */
async function scrolling(page: Page, repeat: number): Promise<number> {
  const grids = page.locator('.study-grid');
  const grid = grids.last();
  await grid.scrollIntoViewIfNeeded();
  await grid.hover();
  return repeated(repeat, (index) =>
    timed(page, 'scroll', () => page.mouse.wheel(0, index % 8 < 4 ? 900 : -900)),
  );
}

async function typing(page: Page, repeat: number): Promise<number> {
  const field = page.getByRole('textbox', { name: 'Find a study' });
  await field.focus();
  const found = await repeated(repeat, () => timed(page, 'keydown', () => page.keyboard.press('a')));
  await field.fill('');
  return found;
}

/** Away from the overview and back: the way back draws it anew. */
async function tabs(page: Page, repeat: number): Promise<number> {
  const names = page.getByRole('tab');
  return repeated(repeat, (index) =>
    timed(page, 'mousedown', () => names.nth(index % 2 === 0 ? 1 : 0).click()),
  );
}

async function opening(page: Page, repeat: number): Promise<number> {
  await page.getByRole('tab').first().click();
  return repeated(Math.ceil(repeat / 2), async () => {
    const button = page.locator('.study-grid').last().getByText(en.study.open, { exact: true }).first();
    const ms = await timed(page, 'mouseup', () => button.click());
    await page.getByText(en.study.back, { exact: true }).click();
    return ms;
  });
}

/** After garbage was collected, MB. The process: what it has for itself alone (proc(5), smaps_rollup). */
async function memory(browser: Browser, session: CDPSession): Promise<Pick<Figures, 'heap' | 'process'>> {
  await session.send('HeapProfiler.collectGarbage');
  const heap = ((await metricsOf(session)).get('JSHeapUsedSize') ?? NaN) / 1e6;
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send('SystemInfo.getProcessInfo');
  const own = await Promise.all(
    processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => privateMb(id)),
  );
  return { heap, process: Math.max(...own) };
}

async function privateMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const kb = [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm)].map(([, size]) => Number(size));
  return kb.length === 0 ? NaN : kb.reduce((sum, one) => sum + one, 0) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? NaN, sorted[Math.floor(middle)] ?? NaN];
  return (low + high) / 2;
}

function print(all: Record<Size, readonly Figures[]>, options: Readonly<Record<string, number>>): void {
  const rows = (Object.keys(figures) as Figure[]).map((name) => {
    const [few, many] = sizes.map((size) => median(all[size].map((one) => one[name])));
    return { name, few: few ?? NaN, many: many ?? NaN, ratio: (many ?? NaN) / (few ?? NaN) };
  });
  console.log('| page | 100 studies | 2,000 studies | ratio | at most | |');
  console.log('|---|---|---|---|---|---|');
  for (const { name, few, many, ratio } of rows) {
    const { title, unit } = figures[name];
    const cells = [title, `${few.toFixed(1)} ${unit}`, `${many.toFixed(1)} ${unit}`, ratio.toFixed(2)];
    console.log(
      `| ${[...cells, wantedRatio, ratio <= wantedRatio ? 'reached' : 'not reached'].join(' | ')} |`,
    );
  }
  const machine = { cpus: cpus().length, load: loadavg(), node: process.version };
  console.log(JSON.stringify({ bench: 'page', options, machine, rows, all }, undefined, 2));
}
