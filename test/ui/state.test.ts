/** What the page says about being safe, and above all when it must not say it. */
import { expect, it } from 'vitest';
import type { BrowserContextOptions, Page } from 'playwright-core';
import type { AgentState } from '../../src/shared/agent-state.ts';
import * as states from '../support/agent-states.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { screenshot } from '../support/page-browser.ts';
import type { OpenedPage } from '../support/page-browser.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

async function engineShowing(state: AgentState | undefined): Promise<FakeEngine> {
  const engine = suite.engine(state ?? undefined);
  if (state === undefined) engine.show(undefined);
  await suite.start(engine);
  return engine;
}

async function open(engine: FakeEngine, options: BrowserContextOptions = {}): Promise<OpenedPage['page']> {
  const opened = await suite.open(engine.link(), options);
  return opened.page;
}

const headline = (page: Page) => page.getByRole('heading', { level: 1 });

/** Pixels of the window that are clearly green, counted by a second page from a picture of the first. */
async function greenPixels(page: Page): Promise<number> {
  const picture = (await page.screenshot({ animations: 'disabled' })).toString('base64');
  const counter = await suite.browser.newPage();
  try {
    return await counter.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext('2d');
      if (context === null) throw new Error('no canvas');
      context.drawImage(image, 0, 0);
      const { data: pixels } = context.getImageData(0, 0, image.width, image.height);
      let green = 0;
      for (let at = 0; at < pixels.length; at += 4) {
        const [red = 0, greenPart = 0, blue = 0] = pixels.slice(at, at + 3);
        if (greenPart > red + 5 && greenPart > blue + 5) green += 1;
      }
      return green;
    }, picture);
  } finally {
    await counter.close();
  }
}

/** The icon of the tab is not on a screenshot. */
const tabIcon = (page: Page) => page.locator('#page-icon').getAttribute('href');

inBrowser('the headline', () => {
  it.each([
    ['All safe', states.allSafe],
    ['Working', states.working],
    ['Needs attention', states.attention],
    ['Not receiving', states.notReceiving],
  ] as const)('says “%s” in words, in the tab and by its own shape', async (text, state) => {
    const page = await open(await engineShowing(state()));
    await headline(page).getByText(text, { exact: true }).waitFor();
    expect(await page.title()).toBe(`${text} · Edge Sync`);
  });

  it('has four different shapes besides the unknown one', async () => {
    const engine = await engineShowing(states.allSafe());
    const page = await open(engine);
    const shapes = new Set<string>();
    for (const [text, state] of [
      ['All safe', states.allSafe],
      ['Working', states.working],
      ['Needs attention', states.attention],
      ['Not receiving', states.notReceiving],
    ] as const) {
      engine.show(state());
      await headline(page).getByText(text, { exact: true }).waitFor();
      shapes.add(await page.locator('.headline-icon').innerHTML());
    }
    await engine.stop();
    await headline(page).getByText('State unknown').waitFor();
    shapes.add(await page.locator('.headline-icon').innerHTML());
    expect(shapes.size).toBe(5);
  });

  it('gives the reason and the one next step', async () => {
    const page = await open(await engineShowing(states.notReceiving()));
    const card = page.getByRole('region', { name: 'Not receiving' });
    await card.getByText('The port is already used by another program: 192.168.1.20 port 11112.').waitFor();
    await card.getByText('Stop the other program').waitFor();
  });
});

inBrowser('green', () => {
  it('is there when all is safe: what the other tests look for can be found', async () => {
    const page = await open(await engineShowing(states.allSafe()));
    await headline(page).getByText('All safe').waitFor();
    expect(await greenPixels(page)).toBeGreaterThan(10_000);
    expect(decodeURIComponent((await tabIcon(page)) ?? '')).toContain('#1a7a45');
  });

  it('is nowhere before the first snapshot', async () => {
    const page = await open(await engineShowing(undefined));
    await headline(page).getByText('One moment').waitFor();
    await screenshot(page, 'loading');
    expect(await greenPixels(page)).toBe(0);
  });

  it.each(['light', 'dark'] as const)(
    'is gone (%s) when the engine dies, and comes back with it',
    async (colorScheme) => {
      const engine = await engineShowing(states.allSafe());
      const page = await open(engine, { colorScheme });
      await headline(page).getByText('All safe').waitFor();
      await engine.stop();
      await headline(page).getByText('State unknown').waitFor();
      await page.getByText('The connection to the engine is lost. Trying again.').waitFor();
      await screenshot(page, `lost-${colorScheme}`);
      expect(await greenPixels(page)).toBe(0);
      expect(decodeURIComponent((await tabIcon(page)) ?? '')).not.toContain('#1a7a45');
      expect(await page.title()).toBe('State unknown · Edge Sync');
      expect(await page.getByRole('button', { name: 'Import files' }).isDisabled()).toBe(true);
      // Nor do words and shapes go on claiming what nobody can know now.
      expect(await page.getByText('Ready to receive').count()).toBe(0);
      expect(await page.getByText('In order').count()).toBe(0);
      expect(await page.locator('.chip[data-tone="all-safe"], .count[data-tone]').count()).toBe(0);

      const asked = page.waitForRequest((request) => request.url().endsWith('/agent/watch'));
      await page.getByRole('button', { name: 'Try now' }).click();
      await asked;
      await engine.start();
      await headline(page).getByText('All safe').waitFor();
    },
  );

  it('is gone after 90 seconds without a word, and the page asks again', async () => {
    const engine = await engineShowing(states.allSafe());
    const opened = await suite.open('about:blank');
    const { page } = opened;
    await page.clock.install();
    await page.goto(engine.link());
    await headline(page).getByText('All safe').waitFor();
    // A new watcher will wait in vain: the engine is stuck.
    engine.show(undefined);
    await page.clock.runFor(89_000);
    expect(await headline(page).textContent()).toBe('All safe');
    await page.clock.runFor(1_500);
    await headline(page).getByText('State unknown').waitFor();
    await page.getByText('Nothing has been heard from the engine for a while').waitFor();
    await screenshot(page, 'silent');
    expect(await greenPixels(page)).toBe(0);
  });

  it('does not come back with a delta of a new connection, only with its snapshot', async () => {
    const engine = await engineShowing(states.allSafe());
    const page = await open(engine);
    await headline(page).getByText('All safe').waitFor();
    await engine.stop();
    await headline(page).getByText('State unknown').waitFor();
    engine.show(undefined);
    const asked = page.waitForResponse((answer) => answer.url().endsWith('/agent/watch') && answer.ok());
    await engine.start();
    await asked;
    engine.push({
      tag: 'delta',
      status: states.status(),
      studies: [],
      studiesTotal: 6,
      uploadBytesPerSecond: 0,
    });
    engine.push({
      tag: 'delta',
      status: states.status(),
      studies: [states.study({ id: 'study-late', initials: 'ZZ' })],
      studiesTotal: 7,
      uploadBytesPerSecond: 0,
    });
    expect(await headline(page).textContent()).toBe('State unknown');
    engine.show(states.working());
    await headline(page).getByText('Working').waitFor();
    expect(await page.getByText('ZZ').count()).toBe(0);
  });

  it('is not shown where the engine’s own figures contradict it', async () => {
    const counts = { received: 493, pending: 0, verified: 490, failed: 3, parked: 0 };
    const page = await open(await engineShowing(states.agent({ counts })));
    await headline(page).getByText('Needs attention').waitFor();
    await page.getByText('3 images could not be uploaded.').waitFor();
  });
});

inBrowser('what moves', () => {
  it('is the progress of a study, the counts and the order, with each delta', async () => {
    const shown = states.working();
    const engine = await engineShowing(shown);
    const page = await open(engine);
    const bar = page.getByRole('progressbar', { name: 'Verified images of study SB, CT' });
    await bar.waitFor();
    expect(await bar.evaluate((one) => (one as HTMLProgressElement).value)).toBe(76);

    engine.push({
      tag: 'delta',
      status: {
        ...shown.status,
        counts: { received: 727, pending: 24, verified: 703, failed: 0, parked: 0 },
      },
      studies: [
        { ...shown.studies[0]!, verified: 210, verifiedBytes: 1, state: 'verified' },
        states.study({ id: 'study-new', initials: 'NW', lastReceivedAt: states.minutesAgo(-1) }),
      ],
      studiesTotal: 9,
      uploadBytesPerSecond: 1_000_000,
    });
    await page.getByText('24 images are sealed on this PC').waitFor();
    expect(await bar.evaluate((one) => (one as HTMLProgressElement).value)).toBe(210);
    expect(await page.locator('.study').first().textContent()).toContain('NW');
    await page.getByText('9 studies').waitFor();
  });

  it('stays quick with 500 studies: a delta draws one row again, not all', async () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      states.study({ id: `s${index}`, initials: `A${index % 10}`, lastReceivedAt: states.minutesAgo(index) }),
    );
    const engine = await engineShowing({ ...states.agent({}, many), studiesTotal: 2000 });
    const page = await open(engine);
    await page.getByText('The newest 500 of 2,000').waitFor();
    // Only what can be seen and a little more: the list is virtual.
    await page.locator('.study').nth(3).waitFor();
    expect(await page.locator('.study').count()).toBeLessThan(60);
    const touched = await page.evaluate(() => {
      const rows = new Set<Node>();
      const observer = new MutationObserver((changes) => {
        for (const { target } of changes) {
          const element = target instanceof Element ? target : target.parentElement;
          const row = element?.closest('.study');
          if (row !== null && row !== undefined) rows.add(row);
        }
      });
      observer.observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
      Object.assign(window, { touchedRows: () => rows.size });
      return rows.size;
    });
    expect(touched).toBe(0);
    engine.push({
      tag: 'delta',
      studies: [{ ...many[3]!, verified: 60, state: 'uploading' }],
      studiesTotal: 2001,
      uploadBytesPerSecond: 0,
    });
    await page.getByText('The newest 500 of 2,001').waitFor();
    expect(await page.evaluate<number>('window.touchedRows()')).toBe(1);
  });
});
