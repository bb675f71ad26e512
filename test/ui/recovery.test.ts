/** The recovery kit on the page: made, printed, saved, checked; and nothing of it is left behind. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { reportFor } from '../../src/shared/errors.ts';
import * as states from '../support/agent-states.ts';
import { kitFingerprint, kitWords } from '../support/fake-engine.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

async function arrange(state: AgentState) {
  const engine = suite.engine(state);
  await suite.start(engine);
  const { page, complaints } = await suite.open(engine.link(), { reducedMotion: 'reduce' });
  await page.getByRole('region', { name: 'Images' }).waitFor();
  return { engine, page, complaints };
}

/** Presses Tab until the wanted element has the focus; fails when a round of the page does not reach it. */
async function tabTo(
  page: Page,
  role: 'button' | 'checkbox' | 'radio',
  name: string | RegExp,
): Promise<void> {
  const wanted = page.getByRole(role, typeof name === 'string' ? { name, exact: true } : { name });
  for (let step = 0; step < 120; step += 1) {
    if (await wanted.evaluateAll((all) => all.some((one) => one === document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach “${String(name)}”`);
}

const shownWords = (page: Page) => page.locator('.kit-words .kit-word').allTextContents();
const heading = (page: Page, name: string) => page.getByRole('dialog', { name });
const pressed = async (page: Page, name: string) =>
  page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

async function paste(page: Page, field: string, text: string): Promise<void> {
  await page.getByRole('textbox', { name: field, exact: true }).evaluate((input, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text', pasted);
    input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

async function openWords(page: Page): Promise<void> {
  await page.getByRole('region', { name: 'Recovery kit' }).getByRole('button', { name: 'Make the' }).click();
  await pressed(page, 'Show the words');
  await page.frameLocator('.kit-frame').locator('.words').waitFor();
}

async function openCheck(page: Page): Promise<void> {
  await page.getByRole('region', { name: 'Recovery kit' }).getByRole('button', { name: 'Check the' }).click();
  await heading(page, 'Check the recovery words').waitFor();
}

inBrowser('the recovery kit', () => {
  it('is made and checked by keyboard alone; the words are shown once and must be kept', async () => {
    const { engine, page, complaints } = await arrange(states.noKit());
    await tabTo(page, 'button', 'Make the recovery kit');
    await page.keyboard.press('Enter');
    await heading(page, 'Make the recovery kit').waitFor();
    await tabTo(page, 'radio', /One person keeps/);
    await tabTo(page, 'button', 'Show the words');
    await page.keyboard.press('Enter');

    const dialog = heading(page, 'Your 24 recovery words');
    await dialog.waitFor();
    expect(await shownWords(page)).toEqual(kitWords);
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
    await heading(page, 'Check the recovery words').waitFor();
    expect(await page.content()).not.toContain(kitWords[4]);
    await page.keyboard.type(kitWords.join(' '));
    await tabTo(page, 'button', 'Check');
    await page.keyboard.press('Enter');
    await heading(page, 'The kit is proven').waitFor();
    expect(engine.calls).toEqual([
      {
        name: 'create',
        input: { replace: false, custody: 'words', kit: { language: 'en', formats: ['html', 'pdf'] } },
      },
      { name: 'check', input: { words: kitWords } },
    ]);
    engine.show(states.allSafe());
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // The button that opened it is gone with its reason: reading goes on at the state.
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('state');
    expect(complaints).toEqual([]);
  });

  it('prints the engine’s pages from a frame that may run nothing, drawn in their own style', async () => {
    const { page, complaints } = await arrange(states.noKit());
    await openWords(page);
    const frame = page.locator('.kit-frame');
    expect(await frame.getAttribute('sandbox')).toBe('allow-same-origin allow-modals');
    const inside = await frame.evaluate((one: HTMLIFrameElement) => {
      const { contentDocument, contentWindow } = one;
      Object.assign(window, { printed: 0 });
      Object.assign(contentWindow!, { print: () => Object.assign(window, { printed: 1 }) });
      const warning = contentDocument!.querySelector('.warning')!;
      return {
        border: contentWindow!.getComputedStyle(warning).borderTopStyle,
        words: [...contentDocument!.querySelectorAll('.word')].map((word) => word.textContent),
        hasKey: contentDocument!.querySelector('#recovery-key') !== null,
      };
    });
    expect(inside).toEqual({ border: 'solid', words: kitWords, hasKey: true });
    await pressed(page, 'Print');
    await expect.poll(() => page.evaluate<number>('window.printed')).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('is saved as a PDF only with the warning to delete it', async () => {
    const { page } = await arrange(states.noKit());
    await openWords(page);
    await page.getByText('print it, then delete it.').waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), pressed(page, 'Save as PDF')]);
    expect(download.suggestedFilename()).toBe('edge-sync-recovery-kit.pdf');
    expect((await readFile(await download.path())).subarray(0, 5).toString('latin1')).toBe('%PDF-');
    await page.getByRole('status').getByText('empty the recycle bin').waitFor();
  });

  it('is handed out as three shares one at a time, two of which prove it', async () => {
    const { engine, page } = await arrange(states.noKit());
    await page
      .getByRole('region', { name: 'Recovery kit' })
      .getByRole('button', { name: 'Make the' })
      .click();
    await page.getByText('Three people keep one share each').click();
    await pressed(page, 'Show the shares');
    const papers: string[] = [];
    for (const number of [1, 2, 3]) {
      const dialog = heading(page, `Share ${number} of 3`);
      await dialog.waitFor();
      const mark = (await dialog.getByText(new RegExp(`^${number}-[0-9a-f]{8}$`)).textContent()) ?? '';
      const words = await shownWords(page);
      expect(words).toHaveLength(25);
      papers.push(`${mark}\n${words.map((word, index) => `${index + 1}. ${word}`).join('\n')}`);
      // Whoever keeps this share sees no other, and no words.
      const shown = await page.content();
      for (const paper of papers.slice(0, -1)) expect(shown).not.toContain(paper.split('\n')[0]);
      await dialog.getByText(`Share ${number} is on paper`).click();
      await pressed(page, number < 3 ? 'Next share' : 'Go on to the check');
    }
    await heading(page, 'Check the recovery words').waitFor();
    await page.getByRole('radio', { name: 'Shares: two of three', checked: true }).waitFor();
    await paste(page, 'Share 1, word 3', papers[0]!);
    await paste(page, 'Share 2, word 1', papers[2]!);
    await pressed(page, 'Check');
    await heading(page, 'The kit is proven').waitFor();
    const check = engine.calls.at(-1)?.input as { readonly words: readonly string[] };
    expect(check.words).toEqual(
      [papers[0]!, papers[2]!].flatMap((paper) =>
        paper.split('\n').map((line) => line.replace(/^\d+\. /, '')),
      ),
    );
  });
});

inBrowser('the check', () => {
  it('shows gaps and misspelt words in their place before anything is sent', async () => {
    const { engine, page } = await arrange(states.kitUnproven());
    await openCheck(page);
    const field = (place: number) => page.getByRole('textbox', { name: `Word ${place}`, exact: true });
    await page.keyboard.type([...kitWords.slice(0, 6), 'stome', ...kitWords.slice(7, 23)].join(' '));
    await page.getByText('Perhaps “stone”?').waitFor();
    await pressed(page, 'Check');
    await page.getByRole('alert').getByText('Word 24 is missing.').waitFor();
    expect(await field(24).evaluate((one) => one === document.activeElement)).toBe(true);
    await page.keyboard.type(kitWords[23]!);
    await pressed(page, 'Check');
    await page.getByRole('alert').getByText('A recovery word is not in the word list').waitFor();
    expect(await field(7).getAttribute('aria-invalid')).toBe('true');
    expect(await field(8).getAttribute('aria-invalid')).toBe(null);
    expect(await field(7).evaluate((one) => one === document.activeElement)).toBe(true);
    expect(engine.calls).toEqual([]);
    await page.keyboard.type(kitWords[6]!);
    expect(await field(7).getAttribute('aria-invalid')).toBe(null);
    await page.keyboard.press('Tab');
    await pressed(page, 'Check');
    await heading(page, 'The kit is proven').waitFor();
    expect(engine.calls).toEqual([{ name: 'check', input: { words: kitWords } }]);
  });

  it('takes a kit pasted over several lines, and says that an image of the cloud was opened', async () => {
    const { engine, page } = await arrange(states.kitUnproven());
    engine.proof = { provenBy: 'cloud-object', cloudProblem: null };
    await openCheck(page);
    await paste(page, 'Word 5', kitWords.map((word, index) => `${index + 1}. ${word}`).join('\n'));
    await pressed(page, 'Check');
    await page.getByText('The words alone opened an image of the cloud.').waitFor();
    await page.getByText(kitFingerprint.slice(0, 4)).first().waitFor();
    expect(engine.calls).toEqual([{ name: 'check', input: { words: kitWords } }]);
  });

  it('says in plain words when only a test image was opened, and why', async () => {
    const { engine, page } = await arrange(states.kitUnproven());
    engine.proof = { provenBy: 'test-object', cloudProblem: reportFor('cloud-unreachable') };
    await openCheck(page);
    await paste(page, 'Word 1', kitWords.join(' '));
    await pressed(page, 'Check');
    await page.getByText('No image of the cloud was tried.').waitFor();
    await page.getByText('The cloud could not be reached, so check again when it can.').waitFor();
  });

  it('says what the engine refuses, with the words still in their fields', async () => {
    const { engine, page } = await arrange(states.kitUnproven());
    engine.refusals.set('check', reportFor('recovery-words-checksum'));
    await openCheck(page);
    await paste(page, 'Word 1', kitWords.join(' '));
    await pressed(page, 'Check');
    await page.getByRole('alert').getByText('The recovery words do not belong together').waitFor();
    expect(await page.getByRole('textbox', { name: 'Word 24', exact: true }).inputValue()).toBe(kitWords[23]);
  });
});

inBrowser('after it closed', () => {
  it('a kit leaves nothing in storage, address, history or the page', async () => {
    const { page } = await arrange(states.noKit());
    await openWords(page);
    await page.getByText('I have the words on paper').click();
    await pressed(page, 'Check later');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: 'Keys and recovery' }).click();
    await page.getByRole('region', { name: 'Recovery words' }).waitFor();
    const left = await page.evaluate(() =>
      [
        document.documentElement.outerHTML,
        location.href,
        JSON.stringify(history.state),
        JSON.stringify(localStorage),
        JSON.stringify(sessionStorage),
      ].join('\n'),
    );
    for (const word of ['nominee', 'giraffe', 'coconut']) {
      expect(kitWords).toContain(word);
      expect(left).not.toContain(word);
    }
    expect(left).not.toContain('PRIVATE KEY');
  });
});
