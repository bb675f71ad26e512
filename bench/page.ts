/**
 * `npm run bench -- page`: what the page costs with 100 studies and with 2,000 of 50 images each (100,000), in Chromium:
 * from a key, a click or the wheel to the next picture; the page's work for one delta of the feed; and the memory of its
 * process. The engine is a stand-in that speaks the real contract and sends deltas all the while, as a real one does
 * while it receives. Both sizes are open side by side, each in a browser of its own with an engine of its own, and take
 * turns at every single interaction: what else the machine does meets both alike. Work is the processor time of the
 * page's thread, which others do not lengthen. `--runs N` (5), `--repeat N` (20): times an interaction is done in one
 * run. At most 1.5 times is wanted; no figure makes the bench fail.
 */
import { readFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser, CDPSession, Locator, Page } from 'playwright-core';
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
type Figure = 'scroll' | 'type' | 'leave' | 'back' | 'open' | 'delta' | 'heap' | 'process';

const figures: Readonly<Record<Figure, { readonly title: string; readonly unit: string }>> = {
  scroll: { title: 'scroll the list', unit: 'ms' },
  type: { title: 'type in search', unit: 'ms' },
  leave: { title: 'switch tab: away from the overview', unit: 'ms' },
  back: { title: 'switch tab: back to the overview', unit: 'ms' },
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
  if (!(runs >= 1) || !(repeat >= 2)) throw new Error('--runs takes a number from 1, --repeat from 2');
  const built = await buildPage();
  const all: Record<Size, Figures[]> = { 100: [], 2000: [] };
  try {
    // The first round does not count: it fills the disk's cache.
    for (let round = 0; round <= runs; round += 1) {
      const found = await measure(built.dir, round, repeat);
      if (round > 0) for (const size of sizes) all[size].push(found[size]);
      console.error(`page: ${round === 0 ? 'warm-up' : `run ${round}`} done`);
    }
  } finally {
    await built.remove();
  }
  print(all, { runs, repeat });
}

/** The page of one size, open in its own browser. */
interface Side {
  readonly size: Size;
  readonly state: AgentState;
  readonly engine: FakeEngine;
  readonly browser: Browser;
  readonly page: Page;
  readonly session: CDPSession;
}

/** `round`: odd and even ones begin with another size. */
async function measure(dir: string, round: number, repeat: number): Promise<Record<Size, Figures>> {
  const open: Side[] = [];
  const stop = new AbortController();
  try {
    for (const size of round % 2 === 0 ? sizes : [...sizes].reverse()) open.push(await openSide(dir, size));
    const delta = await inTurns(open, deltasTimed, costOfDelta);
    const feeding = open.map(({ engine, state }) => feed(engine, state, stop.signal));
    for (const { page } of open) await page.locator('.study-grid').last().hover();
    const scroll = await inTurns(open, repeat, scrollOnce);
    for (const { page } of open) await searchField(page).focus();
    const type = await inTurns(open, repeat, typeOnce);
    for (const { page } of open) await searchField(page).fill('');
    const tab = await inTurns(open, repeat, switchTab);
    // Two things: the one takes down, the other draws anew. A median over both would stand between them.
    const leave = everySecond(tab, 0);
    const back = everySecond(tab, 1);
    for (const { page } of open) await page.getByRole('tab').first().click();
    const opened = await inTurns(open, Math.ceil(repeat / 2), openOnce);
    stop.abort();
    await Promise.all(feeding);
    const of = async (size: Size): Promise<Figures> => {
      const side = open.find((one) => one.size === size);
      if (side === undefined) throw new Error(`no page with ${size} studies`);
      const times = { delta, scroll, type, leave, back, open: opened };
      const medians = Object.entries(times).map(([name, each]) => [name, median(each.get(size) ?? [])]);
      return {
        ...(Object.fromEntries(medians) as Record<keyof typeof times, number>),
        ...(await memory(side)),
      };
    };
    return { 100: await of(100), 2000: await of(2000) };
  } finally {
    stop.abort();
    for (const { browser, engine } of open) {
      await browser.close();
      await engine.stop();
    }
  }
}

async function openSide(dir: string, size: Size): Promise<Side> {
  const state = withStudies(size);
  const engine = new FakeEngine(dir, state);
  await engine.start();
  const browser = await launchBrowser();
  const { page } = await openPage(browser, engine.link());
  await page.getByRole('region', { name: 'Images' }).waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.locator('.study-grid').last().scrollIntoViewIfNeeded();
  await sleep(1000);
  return { size, state, engine, browser, page, session };
}

/** Each page in turn, `times` times, beginning now with the one, now with the other: what each time took, ms. */
async function inTurns(
  open: readonly Side[],
  times: number,
  once: (side: Side, index: number) => Promise<number>,
): Promise<ReadonlyMap<Size, readonly number[]>> {
  const all = new Map<Size, number[]>(open.map(({ size }) => [size, []]));
  for (let index = 0; index < times; index += 1) {
    for (const side of index % 2 === 0 ? open : [...open].reverse())
      all.get(side.size)?.push(await once(side, index));
  }
  return all;
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

/** Processor time of the page's thread for one delta, ms: parsing, drawing and layout together. */
async function costOfDelta({ session, engine, state }: Side, index: number): Promise<number> {
  const taskSeconds = async (): Promise<number> => (await metricsOf(session)).get('TaskDuration') ?? NaN;
  const before = await taskSeconds();
  pushDelta(engine, state, index + 1);
  await sleep(100);
  return 1000 * ((await taskSeconds()) - before);
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

function everySecond(
  times: ReadonlyMap<Size, readonly number[]>,
  first: 0 | 1,
): ReadonlyMap<Size, readonly number[]> {
  return new Map([...times].map(([size, each]) => [size, each.filter((_, index) => index % 2 === first)]));
}

/** The long list: there, and back from its end. */
function scrollOnce({ page }: Side, index: number): Promise<number> {
  return timed(page, 'scroll', () => page.mouse.wheel(0, index % 8 < 4 ? 900 : -900));
}

function searchField(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Find a study' });
}

function typeOnce({ page }: Side): Promise<number> {
  return timed(page, 'keydown', () => page.keyboard.press('a'));
}

/** Away from the overview and back: the way back draws it anew. */
function switchTab({ page }: Side, index: number): Promise<number> {
  const names = page.getByRole('tab');
  return timed(page, 'mousedown', () => names.nth(index % 2 === 0 ? 1 : 0).click());
}

async function openOnce({ page }: Side): Promise<number> {
  const button = page.locator('.study-grid').last().getByText(en.study.open, { exact: true }).first();
  const ms = await timed(page, 'mouseup', () => button.click());
  await page.getByText(en.study.back, { exact: true }).click();
  return ms;
}

/** After garbage was collected, MB. The process: what it has for itself alone (proc(5), smaps_rollup). */
async function memory({ browser, session }: Side): Promise<Pick<Figures, 'heap' | 'process'>> {
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
