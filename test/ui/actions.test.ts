/** What a person can do on the page, and that the engine hears it. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { reportFor } from '../../src/shared/errors.ts';
import * as states from '../support/agent-states.ts';
import { buildPage } from '../support/built-page.ts';
import type { BuiltPage } from '../support/built-page.ts';
import { FakeEngine, kitFingerprint, kitWords } from '../support/fake-engine.ts';
import { launchBrowser, openPage } from '../support/page-browser.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

let built: BuiltPage;
let browser: Browser;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  [built, browser] = await Promise.all([buildPage(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await built.remove();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function arrange(state: AgentState): Promise<{ readonly engine: FakeEngine; readonly page: Page }> {
  const engine = new FakeEngine(built.dir, state);
  await engine.start();
  closing.push(() => engine.stop());
  const opened = await openPage(browser, engine.link());
  closing.push(opened.close);
  await opened.page.getByRole('region', { name: 'Images' }).waitFor();
  return { engine, page: opened.page };
}

/** Presses Tab until the wanted element has the focus; fails when a round of the page does not reach it. */
async function tabTo(page: Page, role: 'button' | 'checkbox', name: string): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: true });
  for (let step = 0; step < 120; step += 1) {
    if (await wanted.evaluateAll((all) => all.some((one) => one === document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach “${name}”`);
}

inBrowser('the session', () => {
  it('takes the token out of the address bar and keeps its session over a reload', async () => {
    const { engine, page } = await arrange(states.allSafe());
    expect(page.url()).toBe(`${engine.origin}/`);
    const answer = await page.reload();
    expect(answer?.status()).toBe(401);
    await page.getByRole('heading', { name: 'All safe' }).waitFor();
  });

  it('asks for a fresh link without a token, with a used one, and when the engine forgot the session', async () => {
    const { engine, page } = await arrange(states.allSafe());
    const fresh = (where: Page) => where.getByRole('heading', { name: 'This page needs a fresh link' });

    const without = await openPage(browser, engine.origin);
    closing.push(without.close);
    await fresh(without.page).waitFor();

    const link = engine.link();
    const first = await openPage(browser, link);
    closing.push(first.close);
    await first.page.getByRole('heading', { name: 'All safe' }).waitFor();
    const second = await openPage(browser, link);
    closing.push(second.close);
    await fresh(second.page).waitFor();
    expect(second.page.url()).not.toContain('token');

    engine.forgetSessions();
    await engine.stop();
    await engine.start();
    await fresh(page).waitFor();
    expect(await page.getByText('All safe').count()).toBe(0);
  });
});

inBrowser('a failure', () => {
  it('says what, which study, and whether the images are safe, and its one button does the next step', async () => {
    const { engine, page } = await arrange(states.attention());
    const list = page.getByRole('region', { name: 'To look at' });
    const upload = list.getByRole('listitem').filter({ hasText: 'The cloud had an error of its own' });
    await upload.getByText('Study RV · CT').waitFor();
    await upload.getByText('Images are safe on this PC').waitFor();
    expect(await upload.getByRole('button').count()).toBe(1);
    await upload.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('3 images are being tried again.').waitFor();

    const aborted = list.getByRole('listitem').filter({ hasText: 'A device broke off' });
    await aborted.getByText('Images may be missing').waitFor();
    await aborted.getByRole('button', { name: 'I have seen it' }).click();
    await page.getByText('Noted as seen.').waitFor();
    expect(engine.calls).toEqual([
      { name: 'retry', input: { id: 'failure-upload' } },
      { name: 'answer', input: { id: 'failure-abort' } },
    ]);
  });

  it('takes a new credential where that is the next step, and never shows it', async () => {
    const { engine, page } = await arrange(states.attention());
    await page
      .getByRole('region', { name: 'To look at' })
      .getByRole('button', { name: 'Enter the credential' })
      .click();
    const field = page.getByLabel('Connection string');
    expect(await field.getAttribute('type')).toBe('password');
    await field.fill('AccountName=x;AccountKey=eA==');
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await page.getByText('The credential is stored.').waitFor();
    expect(engine.calls).toEqual([
      { name: 'secret', input: { name: 'second-site', value: 'AccountName=x;AccountKey=eA==' } },
    ]);
  });

  it('of a press itself is said beside the button', async () => {
    const { engine, page } = await arrange(states.attention());
    engine.refusals.set('retry', reportFor('disk-error'));
    await page.getByRole('region', { name: 'To look at' }).getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').getByText('The disk could not be read or written').waitFor();
  });
});

inBrowser('a study', () => {
  it('is tried again by its own button', async () => {
    const { engine, page } = await arrange(states.attention());
    await page.getByRole('button', { name: /^Try again: study RV, CT/ }).click();
    await page.getByText('5 images are being tried again.').waitFor();
    expect(engine.calls).toEqual([{ name: 'study-retry', input: { studyId: 'study-9' } }]);
  });

  it('shows its name only when asked, and hides it after the time the engine gives', async () => {
    const { engine, page } = await arrange(states.allSafe());
    expect(await page.getByText('Maria').count()).toBe(0);
    await page.clock.install();
    await page.getByRole('button', { name: /^Show name: study MG/ }).click();
    await page.getByText('Example, Maria Gloria').waitFor();
    await page.getByText('Hidden again after 20 seconds').waitFor();
    await page.clock.runFor(19_000);
    expect(await page.getByText('Maria').count()).toBe(1);
    await page.clock.runFor(1_500);
    await page.getByText('Maria').waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain('Maria');
    expect(engine.calls).toEqual([{ name: 'reveal', input: { studyId: 'study-1' } }]);
  });

  it('hides its name at once when asked, or when the page goes out of sight', async () => {
    const { page } = await arrange(states.allSafe());
    const show = page.getByRole('button', { name: /^Show name: study MG/ });
    await show.click();
    await page.getByRole('button', { name: 'Hide' }).click();
    await page.getByText('Maria').waitFor({ state: 'detached' });
    await show.click();
    await page.getByText('Maria').waitFor();
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByText('Maria').waitFor({ state: 'detached' });
  });

  it('shows no initials where the screen faces visitors', async () => {
    const { page } = await arrange(states.attention());
    expect(await page.getByText(/\bRV\b/).count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('menuitemradio', { name: /^Hide initials/ }).click();
    await page.keyboard.press('Escape');
    await page
      .getByText(/\bRV\b/)
      .first()
      .waitFor({ state: 'detached' });
    expect(await page.content()).not.toMatch(/\bRV\b/);
    expect(await page.title()).not.toContain('RV');
  });
});

inBrowser('the recovery kit, by keyboard alone', () => {
  it('is made: the words are shown once, numbered, and must be kept before the dialog lets go', async () => {
    const { engine, page } = await arrange(states.noKit());
    await tabTo(page, 'button', 'Make the recovery kit');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Make the recovery kit' }).waitFor();
    await tabTo(page, 'button', 'Show the words');
    await page.keyboard.press('Enter');

    const dialog = page.getByRole('dialog', { name: 'Your 24 recovery words' });
    await dialog.waitFor();
    expect(await dialog.locator('.kit-words li').allTextContents()).toEqual(
      kitWords.map((word, index) => `${index + 1}${word}`),
    );
    await dialog.getByText(kitFingerprint).waitFor();
    await page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(true);
    expect(await page.getByRole('button', { name: 'Go on to the check' }).isDisabled()).toBe(true);
    // The engine says meanwhile that the kit exists: the words stay.
    engine.show(states.kitUnproven());
    await page.getByText('Check the 24 words from the printed kit.').waitFor({ state: 'attached' });
    expect(await dialog.isVisible()).toBe(true);

    await tabTo(page, 'checkbox', 'I have the words on paper');
    await page.keyboard.press('Space');
    await tabTo(page, 'button', 'Go on to the check');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Check the recovery words' }).waitFor();
    expect(await page.content()).not.toContain(kitWords[0]);
    expect(engine.calls).toEqual([{ name: 'create', input: { replace: false } }]);
  });

  it('prints only the kit', async () => {
    const { page } = await arrange(states.noKit());
    await page.getByRole('region', { name: 'Recovery kit' }).getByRole('button').click();
    await page.getByRole('button', { name: 'Show the words' }).click();
    await page.locator('.kit-words').waitFor();
    await page.evaluate(() => {
      Object.assign(window, { printed: 0, print: () => Object.assign(window, { printed: 1 }) });
    });
    await page.getByRole('button', { name: 'Print' }).click();
    expect(await page.evaluate<number>('window.printed')).toBe(1);
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByText('Edge Sync recovery kit').isVisible()).toBe(true);
    expect(await page.getByText(kitWords[23]!, { exact: true }).isVisible()).toBe(true);
    expect(await page.locator('#root').isVisible()).toBe(false);
    expect(await page.getByText('I have the words on paper').isVisible()).toBe(false);
    const sheets = (await page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type\s*\/Page\b/g);
    expect(sheets).toHaveLength(1);
  });

  it('is checked: words typed with spaces between, gaps and misspelt words shown in their place', async () => {
    const { engine, page } = await arrange(states.kitUnproven());
    await tabTo(page, 'button', 'Check the words');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Check the recovery words' }).waitFor();
    const field = (place: number) => page.getByRole('textbox', { name: `Word ${place}`, exact: true });

    await page.keyboard.type(kitWords.slice(0, 23).join(' '));
    expect(await field(23).inputValue()).toBe(kitWords[22]);
    await tabTo(page, 'button', 'Check');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Word 24 is missing.').waitFor();
    expect(await field(24).evaluate((one) => one === document.activeElement)).toBe(true);
    expect(engine.calls).toEqual([]);

    await page.keyboard.type(kitWords[23]!);
    engine.refusals.set(
      'check',
      reportFor('recovery-words-misspelt', "word 7, 'stome' (perhaps 'stone'); word 9, 'velvt'"),
    );
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('A recovery word is not in the word list').waitFor();
    await page.getByText('Perhaps “stone”?').waitFor();
    await page.getByText('Compare this word with the paper').waitFor();
    expect(await field(7).getAttribute('aria-invalid')).toBe('true');
    expect(await field(8).getAttribute('aria-invalid')).toBe(null);
    expect(await field(7).evaluate((one) => one === document.activeElement)).toBe(true);
    await page.keyboard.type('stone');
    expect(await field(7).getAttribute('aria-invalid')).toBe(null);

    engine.refusals.clear();
    await tabTo(page, 'button', 'Check');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'The kit is proven' }).waitFor();
    expect(engine.calls.at(-1)).toEqual({ name: 'check', input: { words: kitWords } });
    engine.show(states.allSafe());
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // The button that opened it is gone with its reason: reading goes on at the state.
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('state');
  });

  it('takes a pasted kit at once', async () => {
    const { engine, page } = await arrange(states.kitUnproven());
    await page
      .getByRole('region', { name: 'Recovery kit' })
      .getByRole('button', { name: 'Check the words' })
      .click();
    const printed = kitWords.map((word, index) => `${index + 1}. ${word}`).join('\n');
    await page.getByRole('textbox', { name: 'Word 5', exact: true }).evaluate((input, text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text', text);
      input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, printed);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'The kit is proven' }).waitFor();
    expect(engine.calls).toEqual([{ name: 'check', input: { words: kitWords } }]);
  });
});

inBrowser('files', () => {
  const progress = {
    tag: 'progress',
    found: 40,
    done: 12,
    stored: 10,
    duplicates: 1,
    failed: 1,
    bytes: 5_000_000,
  } as const;

  it('are imported with progress, problems and a result', async () => {
    const { engine, page } = await arrange(states.allSafe());
    engine.importEvents = [
      progress,
      { tag: 'problem', problem: { ...reportFor('not-dicom'), path: '/scans/notes.txt' } },
      { ...progress, done: 40, stored: 38 },
    ];
    await page.getByRole('button', { name: 'Import files' }).click();
    await page.getByLabel('Paths').fill('scans');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('Line 1 is not a full path.').waitFor();
    expect(engine.calls).toEqual([]);

    await page.getByLabel('Paths').fill('/scans\n"D:\\more scans"');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('12 of 40 files read').waitFor();
    await page.getByText('/scans/notes.txt').waitFor();
    engine.finishRun();
    await page.getByRole('dialog', { name: 'Import finished' }).waitFor();
    await page.getByText('40 of 40 files read').waitFor();
    expect(engine.calls).toEqual([{ name: 'import', input: { paths: ['/scans', 'D:\\more scans'] } }]);
  });

  it('stop being imported when the person says so, and the engine is told', async () => {
    const { engine, page } = await arrange(states.allSafe());
    engine.importEvents = [progress, progress];
    await page.getByRole('button', { name: 'Import files' }).click();
    await page.getByLabel('Paths').fill('/scans');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('12 of 40 files read').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Import stopped. What was imported stays.').waitFor();
    await expect.poll(() => engine.runsStopped).toBe(1);
  });

  it('are restored from the cloud, and what could not be is said', async () => {
    const { engine, page } = await arrange(states.allSafe());
    const part = {
      tag: 'progress',
      total: 493,
      restored: 200,
      skipped: 3,
      missing: 0,
      damaged: 0,
      unproven: 0,
      bytes: 9e7,
    } as const;
    engine.restoreEvents = [
      part,
      { tag: 'problem', problem: { ...reportFor('object-tampered'), object: 'objects/a1/a1b2.cms' } },
      { ...part, restored: 489, damaged: 1 },
    ];
    await page.getByRole('button', { name: 'Restore images' }).click();
    await page.getByRole('button', { name: 'Restore', exact: true }).click();
    await page.getByText('This is not a full path.').waitFor();
    await page.getByLabel('Folder to write to').fill('/restored');
    await page.getByText('One study').click();
    await page.getByLabel('Study Instance UID').fill('1.2.840.99');
    await page.getByText('From the cloud only').click();
    await page.getByRole('button', { name: 'Restore', exact: true }).click();
    await page.getByText('203 of 493 images').waitFor();
    engine.finishRun();
    await page.getByText('Restore finished, but not everything could be restored').waitFor();
    expect(engine.calls).toEqual([
      {
        name: 'restore',
        input: {
          to: '/restored',
          selection: { tag: 'study', studyInstanceUid: '1.2.840.99' },
          fromCloud: true,
        },
      },
    ]);
  });

  it('say why a run failed', async () => {
    const { engine, page } = await arrange(states.allSafe());
    engine.refusals.set('restore', reportFor('file-not-writable', '/restored'));
    await page.getByRole('button', { name: 'Restore images' }).click();
    await page.getByLabel('Folder to write to').fill('/restored');
    await page.getByRole('button', { name: 'Restore', exact: true }).click();
    await page.getByRole('alert').getByText('The file cannot be written: /restored').waitFor();
  });
});

inBrowser('the menu', () => {
  it('keeps language and appearance over a reload', async () => {
    const { page } = await arrange(states.allSafe());
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('menuitemradio', { name: 'Español' }).click();
    await page.getByRole('heading', { name: 'Todo a salvo' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Menú' }).click();
    await page.getByRole('menuitemradio', { name: 'Oscura' }).click();
    await page.reload();
    await page.getByRole('heading', { name: 'Todo a salvo' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('es');
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await page.title()).toBe('Todo a salvo · Edge Sync');
  });
});
