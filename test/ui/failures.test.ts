/** Failures: each with its next step, what is over, what was told outside; and the diagnostics bundle. */
import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, it } from 'vitest';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { reportFor } from '../../src/shared/errors.ts';
import { en } from '../../src/renderer/i18n/en.ts';
import { es } from '../../src/renderer/i18n/es.ts';
import * as states from '../support/agent-states.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { narrow, screenshot } from '../support/page-browser.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

const troubled = () =>
  states.agent({
    safe: false,
    headline: 'attention',
    failures: [
      states.failure('disk-low'),
      states.failure('folder-not-reachable', { action: 'answer' }),
      states.failure('cloud-unreachable', { destination: 'cloud' }),
      states.failure('object-tampered', { imagesSafe: false, action: 'answer' }),
      states.failure('entra-sign-in-needed', { destination: 'cloud' }),
    ],
  });

async function arrange(
  prepare: (engine: FakeEngine) => void = () => undefined,
  options: BrowserContextOptions = {},
) {
  const engine = suite.engine(troubled());
  const at = new Date(Date.now() - 600_000).toISOString();
  engine.ledger = {
    over: [{ failure: states.failure('port-taken'), overAt: at }],
    told: [{ channel: 'email', code: 'cloud-unreachable', destination: 'cloud', at }],
  };
  prepare(engine);
  await suite.start(engine);
  const opened = await suite.open(engine.link(), { reducedMotion: 'reduce', ...options });
  return { engine, ...opened };
}

const list = (page: Page, words: typeof en = en) =>
  page.getByRole('region', { name: words.failures.title, exact: true });
const item = (page: Page, text: string) => list(page).locator('.failure').filter({ hasText: text });

inBrowser('failures', () => {
  it('begin with what may cost images, and say what was told by mail and what is over', async () => {
    const { page, complaints } = await arrange();
    const first = await list(page).locator('.failure').first().textContent();
    expect(first).toContain('Images may be missing');
    await item(page, 'The cloud cannot be reached')
      .getByText(/^Told by mail/)
      .waitFor();
    await list(page).getByText('Over since then').click();
    await list(page).getByText(reportFor('port-taken').message).waitFor();
    expect(complaints).toEqual([]);
  });

  it('lead by the keyboard to the setting that mends them', async () => {
    const { page } = await arrange();
    await item(page, reportFor('folder-not-reachable').message)
      .getByRole('button', { name: 'Open the setting' })
      .focus();
    await page.keyboard.press('Enter');
    await expect
      .poll(
        () =>
          page.evaluate(() =>
            document.activeElement?.closest('[data-setting]')?.getAttribute('data-setting'),
          ),
        { timeout: 10_000 },
      )
      .toBe('folders');
  });

  it('let a person sign in to Entra: the code and where to enter it, then as whom', async () => {
    const { engine, page, complaints } = await arrange((one) => {
      one.signInEvents = [
        { tag: 'code', code: 'ABCD-1234', address: 'https://login.example/device' },
        { tag: 'signed-in', account: 'desk@clinic.example' },
      ];
    });
    await item(page, 'Entra').getByRole('button', { name: 'Sign in to Entra…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('ABCD-1234').waitFor();
    await dialog.getByText('https://login.example/device').waitFor();
    await dialog.getByText('Waiting until you have.').waitFor();
    engine.finishRun();
    await dialog.getByText('Signed in as desk@clinic.example.').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    expect(engine.calls.filter(({ name }) => name === 'sign-in')).toEqual([
      { name: 'sign-in', input: { name: 'cloud' } },
    ]);
    expect(complaints).toEqual([]);
  });

  it('let a sign-in that went wrong be begun anew, and one that is left be given up', async () => {
    const { engine, page } = await arrange((one) => {
      one.refusals.set('sign-in', reportFor('entra-sign-in-ended'));
      one.signInEvents = [
        { tag: 'code', code: 'EFGH-5678', address: 'https://login.example/device' },
        { tag: 'signed-in', account: '' },
      ];
    });
    await item(page, 'Entra').getByRole('button', { name: 'Sign in to Entra…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(reportFor('entra-sign-in-ended').message).waitFor();
    engine.refusals.delete('sign-in');
    await dialog.getByRole('button', { name: 'Ask for a new code' }).click();
    await dialog.getByText('EFGH-5678').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => engine.runsStopped).toBe(1);
  });

  it('lead to the disk', async () => {
    const { page } = await arrange();
    await item(page, reportFor('disk-low').message).getByRole('button', { name: 'Look at the disk' }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('this-pc');
  });

  it('stand as they are where what is over cannot be asked', async () => {
    const { page } = await arrange((engine) => engine.refusals.set('failure-ledger', reportFor('internal')));
    await item(page, 'The cloud cannot be reached').waitFor();
    expect(await list(page).getByText('Over since then').count()).toBe(0);
  });
});

inBrowser('the diagnostics bundle', () => {
  const text = `${JSON.stringify({ format: 'edge-sync-diagnostics/1', log: [] }, undefined, 2)}\n`;

  it('is shown whole by the keyboard alone before it is saved, and saved as it was shown', async () => {
    const { engine, page, complaints } = await arrange((one) => {
      one.diagnostics = { ...one.diagnostics, text };
    });
    await page.getByRole('button', { name: en.diagnostics.open }).focus();
    await page.keyboard.press('Enter');
    const shown = page.getByRole('region', { name: en.diagnostics.preview });
    await shown.waitFor();
    expect(await shown.textContent()).toBe(text);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: en.diagnostics.save }).focus();
    await page.keyboard.press('Enter');
    const saved = await download;
    expect(saved.suggestedFilename()).toBe(engine.diagnostics.fileName);
    expect(await readFile(await saved.path(), 'utf8')).toBe(text);
    expect(engine.calls.filter(({ name }) => name === 'diagnostics')).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  it('that could not be made says so', async () => {
    const { page } = await arrange((one) => one.refusals.set('diagnostics', reportFor('internal')));
    await page.getByRole('button', { name: en.diagnostics.open }).click();
    await page.getByRole('dialog').getByRole('alert').waitFor();
  });
});

inBrowser('both in each language and look', () => {
  it.each([
    ['en', 'light', {}],
    ['es', 'dark', {}],
    ['es', 'light', { viewport: narrow }],
  ] as const)('%s, %s: nothing for axe, nothing wider than the window', async (language, scheme, options) => {
    const words = language === 'en' ? en : (es as unknown as typeof en);
    const { page, complaints } = await arrange(() => undefined, {
      ...options,
      locale: language,
      colorScheme: scheme,
    });
    const check = async (name: string): Promise<void> => {
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag22aa'])
        .analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      await screenshot(page, `${name}-${language}-${scheme}${'viewport' in options ? '-narrow' : ''}`);
    };
    await list(page, words).getByText(words.failureSteps.over).click();
    await check('failures-steps');
    await page.getByRole('button', { name: words.diagnostics.open }).click();
    await page.getByRole('region', { name: words.diagnostics.preview }).waitFor();
    await check('diagnostics');
    expect(complaints).toEqual([]);
  });
});
