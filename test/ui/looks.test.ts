/**
 * Every screen in both languages and both themes: nothing that axe, the console or the security policy complains of,
 * nothing wider than the window. Each leaves a screenshot for eyes.
 */
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { reportFor } from '../../src/shared/errors.ts';
import { en } from '../../src/renderer/i18n/en.ts';
import { es } from '../../src/renderer/i18n/es.ts';
import * as states from '../support/agent-states.ts';
import { cloudScreens } from '../support/cloud-screens.ts';
import { button, deviceScreens, stay } from '../support/device-screens.ts';
import type { Screen, Words } from '../support/device-screens.ts';
import { homeScreens } from '../support/home-screens.ts';
import { recoveryScreens } from '../support/recovery-screens.ts';
import { wizardScreens } from '../support/wizard-screens.ts';
import { buildPage } from '../support/built-page.ts';
import type { BuiltPage } from '../support/built-page.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { launchBrowser, narrow, openPage, screenshot } from '../support/page-browser.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

let built: BuiltPage;
let browser: Browser;

beforeAll(async () => {
  [built, browser] = await Promise.all([buildPage(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await built.remove();
});

const screens: readonly Screen[] = [
  { name: 'all-safe', state: states.allSafe, reach: stay },
  { name: 'working', state: states.working, reach: stay },
  { name: 'attention', state: states.attention, reach: stay },
  { name: 'not-receiving', state: states.notReceiving, reach: stay },
  { name: 'empty', state: states.empty, reach: stay },
  { name: 'no-kit', state: states.noKit, reach: stay },
  { name: 'kit-unproven', state: states.kitUnproven, reach: stay },
  {
    name: 'no-destination',
    state: () => states.agent({ safe: false, headline: 'attention', destinations: [] }),
    reach: stay,
  },
  {
    name: 'loading',
    state: () => undefined,
    reach: (page, words) => page.getByRole('heading', { name: words.headline.connecting }).waitFor(),
  },
  {
    name: 'lost',
    state: states.allSafe,
    async reach(page, words, engine) {
      await stay(page, words);
      await engine.stop();
      await page.getByRole('heading', { name: words.headline.unknown }).waitFor();
    },
  },
  {
    name: 'fresh-link',
    state: states.allSafe,
    async reach(page, words, engine) {
      await stay(page, words);
      engine.forgetSessions();
      await page.reload();
      await page.getByRole('heading', { name: words.freshLink.title }).waitFor();
    },
  },
  {
    name: 'menu',
    state: states.allSafe,
    async reach(page, words) {
      await button(page, words.header.menu).click();
      await page.getByRole('menu').waitFor();
    },
  },
  {
    name: 'revealed',
    state: states.allSafe,
    async reach(page, words) {
      await page
        .getByRole('button', { name: new RegExp(words.studies.revealLabel.slice(0, 10)) })
        .first()
        .click();
      await page.getByText('Example, Maria Gloria').waitFor();
    },
  },
  ...recoveryScreens,
  ...wizardScreens,
  ...homeScreens,
  {
    name: 'dialog-credential',
    state: states.attention,
    async reach(page, words) {
      await button(page, words.destinations.enterCredential).first().click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'dialog-import',
    state: states.allSafe,
    async reach(page, words) {
      await button(page, words.files.import).click();
      await button(page, words.importDialog.start).click();
      await page.getByText(words.importDialog.empty).waitFor();
    },
  },
  {
    name: 'dialog-importing',
    state: states.allSafe,
    async reach(page, words, engine) {
      const progress = {
        tag: 'progress',
        found: 1240,
        done: 486,
        stored: 470,
        duplicates: 12,
        failed: 4,
        bytes: 246_000_000,
      } as const;
      const problem = (path: string) =>
        ({ tag: 'problem', problem: { ...reportFor('not-dicom'), path } }) as const;
      engine.importEvents = [progress, problem('/scans/notes.txt'), problem('/scans/Thumbs.db'), progress];
      await button(page, words.files.import).click();
      await page.getByRole('dialog').getByRole('textbox').fill('/scans');
      await button(page, words.importDialog.start).click();
      await page.getByText('/scans/Thumbs.db').waitFor();
    },
  },
  {
    name: 'dialog-restore',
    state: states.allSafe,
    async reach(page, words) {
      await button(page, words.files.restore).click();
      await page.getByText(words.restoreDialog.some, { exact: true }).click();
      await button(page, words.restoreDialog.start).click();
      await page.getByText(words.restoreDialog.nothingChosen).waitFor();
    },
  },
  {
    name: 'dialog-restored',
    state: states.allSafe,
    async reach(page, words, engine) {
      const done = {
        tag: 'progress',
        total: 493,
        restored: 490,
        skipped: 2,
        missing: 0,
        damaged: 1,
        unproven: 3,
        bytes: 258_000_000,
      } as const;
      engine.restoreEvents = [
        { tag: 'problem', problem: { ...reportFor('object-tampered'), object: 'objects/a1/a1b2c3.cms' } },
        done,
        done,
      ];
      await button(page, words.files.restore).click();
      await page.getByLabel(words.restoreDialog.label).fill('/restored');
      await button(page, words.restoreDialog.start).click();
      await page.getByText(words.restoreDialog.problemNoStudy).waitFor();
      engine.finishRun();
      await page.getByText(words.restoreDialog.doneIncomplete).waitFor();
    },
  },
  ...deviceScreens,
  ...cloudScreens,
];

interface Look {
  readonly name: string;
  readonly words: Words;
  readonly options: BrowserContextOptions;
  readonly axe: 'all rules' | 'not again';
}

const looks: readonly Look[] = [
  {
    name: 'en-light',
    words: en as Words,
    options: { locale: 'en-GB', colorScheme: 'light' },
    axe: 'all rules',
  },
  { name: 'es-dark', words: es, options: { locale: 'es-ES', colorScheme: 'dark' }, axe: 'all rules' },
  // Spanish is the longer language; the width is 200 % zoom of a 720 px window too.
  { name: 'es-narrow', words: es, options: { locale: 'es-ES', viewport: narrow }, axe: 'not again' },
];

async function onScreen(screen: Screen, look: Look, check: (page: Page) => Promise<void>): Promise<void> {
  const engine = new FakeEngine(built.dir, screen.state());
  if (screen.state() === undefined) engine.show(undefined);
  await engine.start();
  const { page, complaints, close } = await openPage(browser, engine.link(), {
    reducedMotion: 'reduce',
    ...look.options,
  });
  try {
    await screen.reach(page, look.words, engine);
    await check(page);
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await engine.stop();
  }
}

/** Every rule of axe: WCAG 2.0 to 2.2 A and AA, and its best practices. */
async function violations(page: Page): Promise<readonly string[]> {
  // Rules run as scripts in every frame, and the kit's frame runs none: its page has tests of its own.
  await page.locator('iframe[sandbox]').evaluateAll((frames) => {
    for (const frame of frames) frame.removeAttribute('srcdoc');
    for (const frame of frames) frame.replaceWith(document.createElement('div'));
  });
  const found = await new AxeBuilder({ page })
    .options({ rules: { 'target-size': { enabled: true } } })
    .analyze();
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((one) => `${id}: ${one.html} ${one.failureSummary ?? ''}`),
  );
}

const widerThanWindow = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const overlay = document.querySelector('.overlay');
    const dialogTooWide = overlay !== null && overlay.scrollWidth > overlay.clientWidth;
    return scrollWidth > clientWidth || dialogTooWide;
  });

inBrowser.each(looks)('$name', (look) => {
  it.each(screens)('$name', async (screen) => {
    await onScreen(screen, look, async (page) => {
      await screenshot(page, `${screen.name}-${look.name}`);
      expect(await widerThanWindow(page)).toBe(false);
      if (look.axe === 'all rules') expect(await violations(page)).toEqual([]);
    });
  });
});

inBrowser('the page', () => {
  const safe = screens[0]!;

  it('follows the chosen appearance against the system’s', async () => {
    const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await onScreen(
      safe,
      { ...looks[0]!, options: { colorScheme: 'dark', locale: 'en-GB' } },
      async (page) => {
        const dark = await background(page);
        await page.getByRole('button', { name: 'Menu' }).click();
        await page.getByRole('menuitemradio', { name: 'Light' }).click();
        await expect.poll(() => background(page)).not.toBe(dark);
        await page.emulateMedia({ colorScheme: 'light' });
        await page.getByRole('button', { name: 'Menu' }).click();
        await page.getByRole('menuitemradio', { name: 'Dark' }).click();
        await expect.poll(() => background(page)).toBe(dark);
      },
    );
  });

  it('has no horizontal scroll at 320 px, which is 400 % zoom of 1280', async () => {
    const names = ['working', 'attention', 'devices-busy', 'dialog-allow', 'dialog-attention'];
    for (const screen of screens.filter(({ name }) => names.includes(name))) {
      const look = { ...looks[2]!, options: { locale: 'es-ES', viewport: { width: 320, height: 640 } } };
      await onScreen(screen, look, async (page) => {
        expect(await widerThanWindow(page)).toBe(false);
      });
    }
  });

  it('keeps what stands behind a dialog out of reach', async () => {
    const dialog = screens.find(({ name }) => name === 'dialog-credential')!;
    await onScreen(dialog, looks[0]!, async (page) => {
      const hidden = await page
        .locator('.page')
        .evaluate((one) => one.closest('[inert], [aria-hidden="true"]') !== null);
      expect(hidden).toBe(true);
    });
  });

  it('keeps its shapes where the system chooses the colours', async () => {
    await onScreen(
      screens[2]!,
      { ...looks[0]!, options: { locale: 'en-GB', forcedColors: 'active' } },
      async (page) => {
        await screenshot(page, 'attention-forced-colors');
        const fill = await page
          .locator('.headline-icon .icon-body')
          .evaluate((one) => getComputedStyle(one).fill);
        const behind = await page
          .locator('.headline')
          .evaluate((one) => getComputedStyle(one).backgroundColor);
        expect(fill).not.toBe(behind);
      },
    );
  });

  it('has neither inline script nor inline style in its shell', async () => {
    const engine = new FakeEngine(built.dir);
    await engine.start();
    const shell = await (await fetch(engine.origin)).text();
    await engine.stop();
    expect(shell).not.toMatch(/<style|\sstyle=|\son\w+=/);
    for (const [, attributes, body] of shell.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)) {
      expect(attributes).toContain('src="./');
      expect(body).toBe('');
    }
  });
});
