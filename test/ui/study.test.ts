/** One study in full on the page: by mouse, by keyboard alone, in both languages and looks, and what must stay hidden. */
import AxeBuilder from '@axe-core/playwright';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { reportFor } from '../../src/shared/errors.ts';
import * as states from '../support/agent-states.ts';
import * as cloud from '../support/cloud-screens.ts';
import { studyUidOf, type FakeEngine } from '../support/fake-engine.ts';
import { choose, desktop, narrow, screenshot } from '../support/page-browser.ts';
import { destinationOf, seriesOf, shownStudy } from '../support/study-answers.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

async function arrange(
  state: AgentState = states.allSafe(),
  options: BrowserContextOptions = {},
  prepare: (engine: FakeEngine) => void = () => undefined,
) {
  const engine = suite.engine(state);
  prepare(engine);
  await suite.start(engine);
  const opened = await suite.open(engine.link(), options);
  await opened.page
    .getByRole('button', { name: /^(Details of study|Detalles del estudio)/ })
    .first()
    .waitFor();
  return { engine, page: opened.page, complaints: opened.complaints };
}

const press = (page: Page, name: string | RegExp) =>
  page
    .getByRole('button', { name, ...(typeof name === 'string' ? { exact: true } : {}) })
    .first()
    .click();
const open = (page: Page) => press(page, /^(Details of study|Detalles del estudio)/);
const large = (page: Page) => page.locator('canvas.picture');
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? '');

/** The bytes of the large picture as it stands. */
const pixels = (page: Page): Promise<string> =>
  large(page).evaluate((one) => (one as HTMLCanvasElement).toDataURL());

async function tabTo(
  page: Page,
  role: 'button' | 'slider' | 'listbox',
  name: string | RegExp,
): Promise<void> {
  const wanted = page.getByRole(role, { name, ...(typeof name === 'string' ? { exact: true } : {}) }).first();
  for (let step = 0; step < 90; step += 1) {
    if (await wanted.evaluateAll((all) => all.some((one) => one === document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach “${String(name)}”`);
}

inBrowser('a study', () => {
  it('tells how it stands before anything of it is shown, and shows no name and no image', async () => {
    const { engine, page, complaints } = await arrange();
    await open(page);
    await page.getByRole('heading', { name: 'Study MG · CT' }).waitFor();
    await page.getByText('Series 1 · CT').waitFor();
    await page.getByText('120 verified').waitFor();
    await page.getByText('120 images received from CT-ROOM-1 and sealed', { exact: false }).waitFor();
    await page.getByText('Show name and images to see it.').waitFor();
    expect(await page.locator('canvas').count()).toBe(0);
    expect(await page.content()).not.toMatch(/Example|Maria|EX-0001|Chest/);
    expect(engine.calls.map(({ name }) => name)).not.toContain('study-picture');
    expect(complaints).toEqual([]);
  });

  it('shows name, descriptions and images after a reveal, and forgets them at once when hidden', async () => {
    const { engine, page, complaints } = await arrange();
    await open(page);
    await press(page, 'Show name and images');
    await page.getByText('Example, Maria Gloria').waitFor();
    await page.getByText('Chest axial 5 mm').waitFor();
    await large(page).waitFor();
    await expect.poll(() => page.locator('canvas.thumbnail-picture').count()).toBeGreaterThan(3);
    await press(page, 'Hide now');
    await expect.poll(() => page.locator('canvas').count()).toBe(0);
    expect(await page.content()).not.toMatch(/Example|Maria|EX-0001|Chest/);
    await expect.poll(() => engine.study.grants.size).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('hides by itself when the time is over, and can be shown again', async () => {
    const { engine, page } = await arrange(states.allSafe(), {}, (one) => {
      one.study.hideAfterSeconds = 2;
    });
    await open(page);
    await press(page, 'Show name and images');
    await large(page).waitFor();
    await page.getByText('Show name and images to see it.').waitFor();
    expect(await page.locator('canvas').count()).toBe(0);
    expect(await page.content()).not.toContain('Maria');
    await press(page, 'Show name and images');
    await large(page).waitFor();
    expect(engine.calls.filter(({ name }) => name === 'study-reveal')).toHaveLength(2);
  });

  it('is hidden when the study is left', async () => {
    const { engine, page } = await arrange();
    await open(page);
    await press(page, 'Show name and images');
    await large(page).waitFor();
    await press(page, 'Back to all studies');
    await page.getByRole('region', { name: 'Images' }).waitFor();
    await expect.poll(() => engine.study.grants.size).toBe(0);
    expect(await page.content()).not.toContain('Maria');
  });

  it('is worked by keyboard alone: opened, frames scrubbed, tried again, restored, left', async () => {
    const state = states.attention();
    const { engine, page } = await arrange(state, {}, (one) => {
      const stuck = state.studies[0]!;
      one.study.shown = shownStudy({
        study: stuck,
        destinations: [
          destinationOf({
            verified: 91,
            failed: 3,
            parked: 2,
            errors: [{ ...reportFor('cloud-server-error'), count: 3, parked: false }],
          }),
        ],
        series: [
          seriesOf({
            id: '1',
            modality: 'US',
            number: '2',
            instances: 5,
            verified: 3,
            failed: 2,
            sampleInstanceId: '1002',
            local: 5,
          }),
        ],
        seriesTotal: 1,
      });
    });
    engine.restoreEvents = [cloud.restoring(), cloud.restoring({ restored: 490, skipped: 3 })];
    await tabTo(page, 'button', /^Details of study RV/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Study RV · CT' }).waitFor();
    await page
      .getByText(/The cloud service has a problem|3 × /)
      .first()
      .waitFor();

    await tabTo(page, 'button', 'Try again now');
    await page.keyboard.press('Enter');
    await expect.poll(() => engine.calls.some(({ name }) => name === 'study-retry')).toBe(true);

    await tabTo(page, 'button', 'Show name and images');
    await page.keyboard.press('Enter');
    await large(page).waitFor();
    await tabTo(page, 'listbox', 'Images of the series');
    await page.keyboard.press('End');
    await page.getByRole('img', { name: 'Image 5, frame 1 of 24' }).waitFor();
    await page.keyboard.press('Home');
    await page.getByRole('img', { name: 'Image 1, frame 1 of 24' }).waitFor();
    await tabTo(page, 'slider', 'Frame');
    const before = await pixels(page);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('img', { name: 'Image 1, frame 3 of 24' }).waitFor();
    expect(await pixels(page)).not.toBe(before);
    await page.keyboard.press('End');
    await page.getByRole('img', { name: 'Image 1, frame 24 of 24' }).waitFor();

    await page.keyboard.press('Shift+Tab');
    await tabTo(page, 'button', 'Restore…');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('Study RV · CT').waitFor();
    await page.keyboard.type('/restored');
    await page.keyboard.press('Enter');
    await page.getByText('203 of 493 images').waitFor();
    engine.finishRun();
    await page.getByText('Everything was restored.').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(engine.calls.find(({ name }) => name === 'restore')?.input).toMatchObject({
      to: '/restored',
      selection: { tag: 'study', studyInstanceUid: studyUidOf('study-9') },
    });

    await tabTo(page, 'button', 'Back to all studies');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Details');
  });

  it('draws grey values in the window that is chosen', async () => {
    const { page } = await arrange();
    await open(page);
    await press(page, 'Show name and images');
    await large(page).waitFor();
    const asked = await pixels(page);
    await page.getByLabel('Brightness and contrast').selectOption('bone');
    await expect.poll(() => pixels(page)).not.toBe(asked);
    await page.getByLabel('Brightness and contrast').selectOption('file');
    await expect.poll(() => pixels(page)).toBe(asked);
    await page.getByText('Invert').click();
    await expect.poll(() => pixels(page)).not.toBe(asked);
    await page.getByText('Invert').click();
    await page.getByRole('slider', { name: 'Contrast' }).focus();
    await page.keyboard.press('PageUp');
    await expect.poll(() => pixels(page)).not.toBe(asked);
    await page.getByText('My own').waitFor({ state: 'attached' });
  });

  it('fetches from the cloud what has no copy here only when asked', async () => {
    const { engine, page } = await arrange(states.allSafe(), {}, (one) => {
      one.study.evicted.add('0');
    });
    await open(page);
    await press(page, 'Show name and images');
    await page.getByText(/copy of this image on this PC/).waitFor();
    await press(page, 'Fetch from the cloud');
    await large(page).waitFor();
    const from = engine.calls.flatMap(({ name, input }) =>
      name === 'study-picture' && (input as { instanceId: string }).instanceId === '0'
        ? [(input as { from: string }).from]
        : [],
    );
    expect(from).toEqual(['here', 'cloud']);
  });

  it.each(['preview-not-shown', 'preview-damaged', 'preview-decoder-stopped'] as const)(
    'says what it means that an image cannot be drawn: %s',
    async (code) => {
      const { page } = await arrange(states.allSafe(), {}, (one) => {
        one.study.refused.set('0', code);
      });
      await open(page);
      await press(page, 'Show name and images');
      await page.getByText(reportFor(code).message).waitFor();
      await press(page, 'Next image');
      await large(page).waitFor();
    },
  );

  it('says why a button cannot be pressed', async () => {
    const { page } = await arrange(states.allSafe(), {}, (one) => {
      one.study.shown = shownStudy({
        study: states.study({ state: 'receiving', verified: 0 }),
        destinations: [destinationOf({ verified: 0, waiting: 120, lastVerifiedAt: null })],
      });
    });
    await open(page);
    for (const name of ['Try again now', 'Check cloud copies now…', 'Share by link…'])
      expect(await page.getByRole('button', { name, exact: true }).isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Restore…', exact: true }).isDisabled()).toBe(false);
    await page.getByText('Share: images are still arriving. Share when the study is complete.').waitFor();
    await page.getByText('Check cloud copies: nothing of this study is in the cloud yet.').waitFor();
  });

  it('keeps a series of 20,000 images to the rows in sight, and reaches the last', async () => {
    const { engine, page } = await arrange(states.allSafe(), {}, (one) => {
      one.study.shown = shownStudy({ series: [seriesOf({ instances: 20_000 })], seriesTotal: 1 });
    });
    await open(page);
    const list = page.getByRole('listbox', { name: 'Images of the series' });
    await list.getByText('Image 1', { exact: true }).waitFor();
    await list.focus();
    await page.keyboard.press('End');
    await list.getByText('Image 20000', { exact: true }).waitFor();
    expect(await list.getByRole('option').count()).toBeLessThan(40);
    const asked = engine.calls.filter(({ name }) => name === 'study-instances');
    expect(asked.length).toBeLessThan(6);
    expect(asked.at(-1)?.input).toMatchObject({ offset: 19_900 });
  });

  it('that is not known says so, with a way back', async () => {
    const { engine, page } = await arrange();
    engine.refusals.set('study-show', reportFor('study-unknown'));
    await open(page);
    await page.getByText('This study is not known on this PC').waitFor();
    await press(page, 'Back to all studies');
    await page.getByRole('region', { name: 'Images' }).waitFor();
  });
});

const looks = [
  ['en', 'light', desktop],
  ['es', 'dark', desktop],
  ['es', 'light', narrow],
  ['en', 'dark', narrow],
] as const;

inBrowser('how a study looks', () => {
  it.each(looks)(
    '%s, %s, %o: hidden, shown, in trouble; nothing for axe to complain about',
    async (language, look, viewport) => {
      const { engine, page, complaints } = await arrange(states.allSafe(), { viewport, colorScheme: look });
      if (language === 'es') await choose(page, 'Español');
      const name = (part: string): string => `study-${part}-${language}-${look}-${viewport.width}`;
      const clean = async (part: string): Promise<void> => {
        await screenshot(page, name(part));
        const { violations } = await new AxeBuilder({ page })
          .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
          .analyze();
        expect(
          violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html.slice(0, 200)) })),
        ).toEqual([]);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(wide).toBeLessThanOrEqual(0);
      };
      await open(page);
      await page.getByText(/^(Series|Serie) 1/).waitFor();
      await clean('hidden');
      await press(page, /^(Show name and images|Ver nombre e imágenes)$/);
      await large(page).waitFor();
      await expect.poll(() => page.locator('canvas.thumbnail-picture').count()).toBeGreaterThan(3);
      await clean('shown');
      engine.study.shown = shownStudy({
        study: states.study({ verified: 110, failed: 7, parked: 3, state: 'attention' }),
        local: 30,
        unreadable: 1,
        destinations: [
          destinationOf({
            verified: 110,
            failed: 7,
            parked: 3,
            inTrouble: 1,
            repaired: 2,
            errors: [
              { ...reportFor('cloud-server-error'), count: 7, parked: false },
              { ...reportFor('object-tampered'), count: 3, parked: true },
            ],
            nextAttemptAt: states.minutesAgo(-4),
          }),
        ],
      });
      await press(page, /^(Hide now|Ocultar ya)$/);
      await press(page, /^(Back to all studies|Volver a todos los estudios)$/);
      await open(page);
      await page.getByText(/^7 ×/).first().waitFor();
      await clean('trouble');
      expect(complaints).toEqual([]);
    },
  );
});
