/** The home page: search, what may be erased, hints that can be silenced, curves and their table. */
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { en } from '../../src/renderer/i18n/en.ts';
import { busyHome } from '../support/agent-home.ts';
import * as states from '../support/agent-states.ts';
import { manyStudies } from '../support/home-screens.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

async function arrange(state: AgentState = states.allSafe()) {
  const engine = suite.engine(state);
  Object.assign(engine.home, busyHome());
  await suite.start(engine);
  const opened = await suite.open(engine.link());
  await opened.page.getByRole('region', { name: 'Images' }).waitFor();
  return { engine, page: opened.page, complaints: opened.complaints };
}

const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

inBrowser('search', () => {
  it('is done by the keyboard, shows initials, and names only by a reveal', async () => {
    const { engine, page, complaints } = await arrange();
    await page.getByRole('textbox', { name: 'Find a study' }).focus();
    await page.keyboard.type('exa mar');
    await page.keyboard.press('Enter');
    await page.getByText('3 studies found').waitFor();
    expect(engine.calls).toEqual([{ name: 'find', input: { text: 'exa mar', before: null } }]);
    expect(await page.content()).not.toContain('Maria');
    await page
      .getByRole('button', { name: /^Show name: study MG/ })
      .first()
      .click();
    await page.getByText('Example, Maria Gloria').waitFor();
    await page.getByRole('textbox', { name: 'Find a study' }).press('Escape');
    await region(page, 'Today').waitFor();
    expect(await page.content()).not.toMatch(/exa mar|Maria/);
    expect(complaints).toEqual([]);
  });

  it('goes on to older studies', async () => {
    const { engine, page } = await arrange();
    engine.home.found = { ...engine.home.found, next: 17 };
    await page.getByRole('textbox', { name: 'Find a study' }).fill('exa');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Show older ones' }).click();
    await expect.poll(() => engine.calls.at(-1)?.input).toEqual({ text: 'exa', before: 17 });
  });
});

inBrowser('what may be erased', () => {
  it('is green only for what the device named, and prints as a list of its own', async () => {
    const { page } = await arrange();
    const panel = region(page, 'Safe to erase on the device?');
    const chip = (text: string) => panel.locator('.chip').filter({ hasText: text });
    expect(await chip('Safe to erase: 438 images').getAttribute('data-tone')).toBe('all-safe');
    expect(await chip('52 received and verified: compare').getAttribute('data-tone')).toBe('unknown');
    expect(await chip('Do not erase: 3 of 12').getAttribute('data-tone')).toBe('not-receiving');
    expect(await chip('Do not erase: it is not known').getAttribute('data-tone')).toBe('attention');
    expect(await panel.locator('[data-tone="all-safe"]').count()).toBe(1);
    await page.getByRole('button', { name: 'List to print' }).click();
    await page.getByRole('dialog').getByRole('table').first().waitFor();
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('#root').isVisible()).toBe(false);
    expect(await page.locator('.erase-sheet').isVisible()).toBe(true);
    expect(await page.getByRole('button', { name: 'Print' }).isVisible()).toBe(false);
  });

  it('is not green while the engine is not heard', async () => {
    const { engine, page } = await arrange();
    const panel = region(page, 'Safe to erase on the device?');
    await panel.getByText('Safe to erase: 438 images').waitFor();
    await engine.stop();
    await page.getByRole('heading', { name: en.headline.unknown }).waitFor();
    expect(await panel.locator('[data-tone="all-safe"]').count()).toBe(0);
  });
});

inBrowser('a hint', () => {
  it('is silenced for today or for good, and taken back', async () => {
    const { engine, page } = await arrange();
    const panel = region(page, 'May be missing');
    await panel.getByText('Series 3: number 17 and 120 to 122 missing').waitFor();
    await panel.getByRole('button', { name: 'Never for this device: XRAY' }).click();
    await panel.getByRole('button', { name: /^XRAY/ }).click();
    await expect
      .poll(() => engine.calls.map(({ name, input }) => [name, input]))
      .toEqual([
        ['silence', { aeTitle: 'XRAY', until: null }],
        ['speak', { aeTitle: 'XRAY' }],
      ]);
    // The headline is none of its business.
    await page.getByRole('heading', { name: en.headline['all-safe'] }).waitFor();
  });
});

inBrowser('the day', () => {
  it('is drawn as curves, and told as a table', async () => {
    const { page } = await arrange();
    const panel = region(page, 'Today in curves');
    await panel.getByRole('img', { name: /Images received and waiting/ }).waitFor();
    expect(await panel.locator('canvas').count()).toBe(2);
    await panel.getByRole('radio', { name: 'Table' }).press('Space');
    await expect.poll(() => panel.getByRole('row').count()).toBe(8);
  });

  it('draws only what is seen of many studies, and shows one modality', async () => {
    const { page } = await arrange({ ...states.agent({}, manyStudies(500)), studiesTotal: 2000 });
    await page.getByRole('grid').first().waitFor();
    expect(await page.locator('.study').count()).toBeLessThan(80);
    const tile = page.getByRole('radio', { name: /^US/ });
    await tile.press('Space');
    await expect
      .poll(async () =>
        (await page.locator('.study-title strong').allTextContents()).every((one) => one === 'US'),
      )
      .toBe(true);
  });
});
