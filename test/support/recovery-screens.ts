/** Every state of the recovery kit, its check and the keys screen, and the way there. */
import type { Page } from 'playwright-core';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { reportFor } from '../../src/shared/errors.ts';
import { keysStatus, kitWords, replacing } from './agent-keys.ts';
import * as states from './agent-states.ts';
import { button } from './device-screens.ts';
import type { Engine, Screen, Words } from './device-screens.ts';

const dayMs = 86_400_000;

/** The words were proven so many days ago. */
export function provenState(days: number, provenBy: 'test-object' | 'cloud-object'): AgentState {
  const provenAtMs = Date.now() - days * dayMs;
  return states.agent({
    recoveryKit: {
      provenAt: new Date(provenAtMs).toISOString(),
      provenBy,
      dueAt: new Date(provenAtMs + 90 * dayMs).toISOString(),
    },
  });
}

/** As the engine reports it once the words were not tried for 90 days. */
export function dueState(): AgentState {
  const { status, ...rest } = provenState(97, 'test-object');
  const due = states.failure('recovery-check-due', { action: 'none' });
  return { ...rest, status: { ...status, safe: false, headline: 'attention', failures: [due] } };
}

export const proven = (): AgentState => provenState(20, 'cloud-object');

export const recoveryScreens: readonly Screen[] = [
  { name: 'keys', state: proven, reach: openKeys },
  {
    name: 'keys-due',
    state: dueState,
    async reach(page, words, engine) {
      engine.keys.status = keysStatus({ keyStore: 'keychain', recipients: [], deviceKeySince: null });
      engine.keys.backups = [];
      engine.keys.problems = [{ ...reportFor('cloud-auth'), destination: 'cloud', object: '' }];
      await openKeys(page, words);
    },
  },
  { name: 'keys-replacing', state: proven, reach: openReplacing },
  {
    name: 'keys-failed',
    state: proven,
    async reach(page, words, engine) {
      engine.refusals.set('keys', reportFor('internal'));
      await page.getByRole('tab', { name: words.views.keys }).click();
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'dialog-create', state: states.noKit, reach: openCreate },
  {
    name: 'dialog-words',
    state: states.noKit,
    async reach(page, words) {
      await openCreate(page, words);
      await button(page, words.create.start).click();
      await page.locator('.kit-words').waitFor();
      await page.frameLocator('.kit-frame').getByText(kitWords[0]!, { exact: true }).first().waitFor();
      await page.getByText(words.create.kept).click();
    },
  },
  {
    name: 'dialog-share',
    state: states.noKit,
    async reach(page, words) {
      await openCreate(page, words);
      await page.getByText(words.create.custody.shares).click();
      await button(page, words.create.startShares).click();
      await page.frameLocator('.kit-frame').locator('.words').waitFor();
      await Promise.all([page.waitForEvent('download'), button(page, words.create.savePdf).click()]);
    },
  },
  {
    name: 'dialog-check',
    state: states.kitUnproven,
    async reach(page, words) {
      await openCheck(page, words);
      await page.keyboard.type(
        [...kitWords.slice(0, 6), 'stome', kitWords[7], 'velvt', ...kitWords.slice(9)].join(' '),
      );
      await button(page, words.check.submit).click();
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'dialog-check-shares',
    state: states.kitUnproven,
    async reach(page, words) {
      await openCheck(page, words);
      await page.getByText(words.check.heldShares).click();
      await page.getByText(words.check.introShares).waitFor();
      await button(page, words.check.submit).click();
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'dialog-proven',
    state: states.kitUnproven,
    async reach(page, words, engine) {
      engine.proof = { provenBy: 'cloud-object', cloudProblem: null };
      await prove(page, words);
    },
  },
  {
    name: 'dialog-proven-offline',
    state: states.kitUnproven,
    async reach(page, words, engine) {
      engine.proof = { provenBy: 'test-object', cloudProblem: reportFor('cloud-unreachable') };
      await prove(page, words);
    },
  },
  {
    name: 'dialog-replace',
    state: proven,
    async reach(page, words) {
      await openKeys(page, words);
      await button(page, words.keys.words.replace).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'dialog-new-epoch',
    state: proven,
    async reach(page, words) {
      await openKeys(page, words);
      await button(page, words.keys.own.newEpoch).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'dialog-recipient-remove',
    state: proven,
    async reach(page, words) {
      await openKeys(page, words);
      await button(page, words.keys.recipients.removeLabel.replace('{{name}}', 'Dr. Roe')).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'dialog-recipient-add',
    state: proven,
    async reach(page, words) {
      await openKeys(page, words);
      await button(page, words.keys.recipients.add).click();
      await button(page, words.keys.recipients.confirm).click();
      await page.getByText(words.keys.recipients.fileMissing).waitFor();
    },
  },
  {
    name: 'dialog-passphrase',
    state: proven,
    async reach(page, words) {
      await openKeys(page, words);
      await button(page, words.keys.own.passphrase).click();
      await page.getByLabel(words.keys.passphrase.next, { exact: true }).fill('one');
      await page.getByLabel(words.keys.passphrase.repeat, { exact: true }).fill('two');
      await button(page, words.keys.passphrase.confirm).click();
      await page.getByText(words.keys.passphrase.differs).waitFor();
    },
  },
];

export async function openKeys(page: Page, words: Words): Promise<void> {
  await page.getByRole('tab', { name: words.views.keys }).click();
  await page.getByRole('region', { name: words.keys.words.title }).waitFor();
}

export async function openReplacing(page: Page, words: Words, engine: Engine): Promise<void> {
  engine.keys.status = replacing();
  await openKeys(page, words);
}

async function openCreate(page: Page, words: Words): Promise<void> {
  await button(page, words.recovery.create).first().click();
  await page.getByRole('dialog').waitFor();
}

async function openCheck(page: Page, words: Words): Promise<void> {
  await page
    .getByRole('region', { name: words.recovery.title })
    .getByRole('button', { name: words.recovery.check })
    .click();
  await page.getByRole('dialog').waitFor();
}

async function prove(page: Page, words: Words): Promise<void> {
  await openCheck(page, words);
  await page.keyboard.type(kitWords.join(' '));
  await button(page, words.check.submit).click();
  await page.getByRole('dialog', { name: words.check.doneTitle }).waitFor();
}
