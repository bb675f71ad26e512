/** The home page in all its states, and the way there. */
import type { Page } from 'playwright-core';
import { reportFor } from '../../src/shared/errors.ts';
import { busyHome } from './agent-home.ts';
import * as states from './agent-states.ts';
import { button, stay } from './device-screens.ts';
import type { Engine, Screen, Words } from './device-screens.ts';

function busy(engine: Engine): void {
  Object.assign(engine.home, busyHome());
}

/** What the page asked before it was told otherwise is asked again. */
async function reload(page: Page, words: Words): Promise<void> {
  await stay(page, words);
  await page.reload();
  await stay(page, words);
}

/** A page keeps its session over a reload. */
async function showBusy(page: Page, words: Words, engine: Engine): Promise<void> {
  busy(engine);
  await reload(page, words);
  await page.locator('.curve canvas').first().waitFor();
  await page.getByText('CT-ROOM-1').first().waitFor();
}

export const homeScreens: readonly Screen[] = [
  { name: 'home-busy', state: states.working, reach: showBusy },
  {
    name: 'home-curves-table',
    state: states.allSafe,
    async reach(page, words, engine) {
      await showBusy(page, words, engine);
      await page.getByRole('radio', { name: words.charts.asTable }).click();
      await page.getByRole('table', { name: words.charts.tableHours }).waitFor();
    },
  },
  {
    name: 'home-failed',
    state: states.allSafe,
    async reach(page, words, engine) {
      for (const call of ['erase-list', 'hints', 'activity', 'chart'] as const)
        engine.refusals.set(call, reportFor('internal'));
      await reload(page, words);
      await page.getByRole('alert').nth(3).waitFor();
    },
  },
  {
    name: 'home-nobody',
    state: states.allSafe,
    async reach(page, words, engine) {
      engine.home.hints = { ...engine.home.hints, nobody: { expected: 3, usuallyBy: 585 } };
      await reload(page, words);
      await page.getByText(words.missing.nobodyText).waitFor();
    },
  },
  {
    name: 'dialog-erase',
    state: states.allSafe,
    async reach(page, words, engine) {
      await showBusy(page, words, engine);
      await button(page, words.erase.open).click();
      await page.getByRole('dialog').getByText('SONO-2').first().waitFor();
    },
  },
  {
    name: 'search-found',
    state: states.allSafe,
    async reach(page, words, engine) {
      busy(engine);
      await search(page, words, 'exa mar');
      await page.locator('.search-results .study').nth(2).waitFor();
    },
  },
  {
    name: 'search-nothing',
    state: states.allSafe,
    async reach(page, words) {
      await search(page, words, 'nobody');
      await page.getByText(words.search.nothingText).waitFor();
    },
  },
  {
    name: 'search-failed',
    state: states.allSafe,
    async reach(page, words, engine) {
      engine.refusals.set('find', reportFor('disk-error'));
      await search(page, words, 'exa');
      await page.getByRole('search').locator('..').getByRole('alert').waitFor();
    },
  },
  {
    name: 'home-many',
    state: () => ({ ...states.agent({}, manyStudies(500)), studiesTotal: 2000 }),
    async reach(page, words) {
      await stay(page, words);
      await page.getByRole('grid').getByRole('row').first().waitFor();
    },
  },
];

export async function search(page: Page, words: Words, text: string): Promise<void> {
  await page.getByRole('textbox', { name: words.search.label }).fill(text);
  await page.keyboard.press('Enter');
}

export function manyStudies(count: number) {
  return Array.from({ length: count }, (_, index) =>
    states.study({
      id: `many-${index}`,
      initials: `${String.fromCharCode(65 + (index % 26))}X`,
      modality: ['CT', 'US', 'DX'][index % 3] ?? 'CT',
      instances: 50,
      verified: index === 0 ? 20 : 50,
      // In order, and of today but for those beyond some hours ago in the night.
      lastReceivedAt: new Date(Date.now() - index * 10_000).toISOString(),
    }),
  );
}
