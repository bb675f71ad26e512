/** Restoring, looking at cloud copies and sharing on the page, and that nothing secret stays behind. */
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { reportFor } from '../../src/shared/errors.ts';
import { en } from '../../src/renderer/i18n/en.ts';
import * as states from '../support/agent-states.ts';
import * as cloud from '../support/cloud-screens.ts';
import type { Words } from '../support/device-screens.ts';
import { studyUidOf } from '../support/fake-engine.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');
const words = en as Words;

const suite = new PageSuite();

async function arrange(state: AgentState = cloud.cloudState()) {
  const engine = suite.engine(state);
  await suite.start(engine);
  const opened = await suite.open(engine.link());
  await opened.page.getByRole('region', { name: 'Images' }).waitFor();
  return { engine, page: opened.page, complaints: opened.complaints };
}

const dialog = (page: Page) => page.getByRole('dialog');
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** Presses Tab until a button has the focus; fails when a round of the page does not reach it. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const wanted = page.getByRole('button', { name, exact: true }).first();
  for (let step = 0; step < 80; step += 1) {
    if (await wanted.evaluateAll((all) => all.some((one) => one === document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach “${String(name)}”`);
}

/** Whether a text is anywhere the page keeps things: what is drawn, what React holds, storage, address. */
function holds(page: Page, text: string): Promise<boolean> {
  return page.evaluate((wanted) => {
    const seen = new Set<object>();
    const inside = (value: unknown, depth: number): boolean => {
      if (typeof value === 'string') return value.includes(wanted);
      if (typeof value !== 'object' || value === null || depth > 12 || seen.has(value)) return false;
      if (value instanceof Node || value === window) return false;
      seen.add(value);
      return Object.values(value).some((one) => inside(one, depth + 1));
    };
    const root = document.getElementById('root') as (HTMLElement & Record<string, unknown>) | null;
    const key = Object.keys(root ?? {}).find((one) => one.startsWith('__reactContainer$'));
    if (root === null || key === undefined) throw new Error('React is not found');
    type Fiber = { child?: Fiber; sibling?: Fiber; memoizedState?: unknown; memoizedProps?: unknown };
    const inTree = (fiber: Fiber | null | undefined): boolean => {
      for (let one = fiber; one !== null && one !== undefined; one = one.sibling) {
        if (inside(one.memoizedState, 0) || inside(one.memoizedProps, 0) || inTree(one.child)) return true;
      }
      return false;
    };
    const current = (root[key] as { stateNode?: { current?: Fiber } }).stateNode?.current;
    const stored = JSON.stringify([
      Object.entries(localStorage),
      Object.entries(sessionStorage),
      history.state,
      location.href,
    ]);
    return inTree(current) || stored.includes(wanted) || document.documentElement.outerHTML.includes(wanted);
  }, text);
}

inBrowser('a restore', () => {
  it('of one study starts from its own menu by keyboard alone, without a UID being typed or kept', async () => {
    const { engine, page } = await arrange();
    engine.restoreEvents = [cloud.restoring(), cloud.restoring({ restored: 490, skipped: 3 })];
    await tabTo(page, /^More for study MG/);
    await page.keyboard.press('Enter');
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await dialog(page).getByText('Study MG · CT').waitFor();
    await page.keyboard.type('/restored');
    await page.keyboard.press('Enter');
    await page.getByText('203 of 493 images').waitFor();
    await page.getByText('106 MB of 258 MB · 4.2 MB per second · about 3 minutes left').waitFor();
    expect(await holds(page, studyUidOf('study-1'))).toBe(false);
    engine.finishRun();
    await page.getByText('Everything was restored.').waitFor();
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    expect(engine.calls).toEqual([
      { name: 'identify', input: { studyId: 'study-1' } },
      {
        name: 'restore',
        input: {
          to: '/restored',
          selection: { tag: 'study', studyInstanceUid: studyUidOf('study-1') },
          fromCloud: false,
        },
      },
    ]);
  });

  it('of some goes to a device by patient and dates, and says what is wrong beside each field', async () => {
    const { engine, page } = await arrange();
    engine.restoreEvents = [cloud.restoring(), cloud.restoring()];
    await press(page, 'Restore images');
    await page.getByText('Some of it').click();
    await page.getByText('To a DICOM device or archive').click();
    await page.getByLabel('Study date from').fill('2026-02-30');
    await page.getByLabel('Device', { exact: true }).fill('PACS');
    await press(page, 'Restore');
    await page.getByText('This is not a date.').waitFor();
    await page.getByText('Write it as AET@HOST:PORT.').waitFor();
    expect(await page.getByLabel('Study date from').evaluate((one) => one === document.activeElement)).toBe(
      true,
    );
    expect(engine.calls).toEqual([]);
    await page.getByLabel('Patient ID').fill('EX-0001');
    await page.getByLabel('Study date from').fill('2026-01-01');
    await page.getByLabel('to', { exact: true }).fill('2026-01-31');
    await page.getByLabel('Device', { exact: true }).fill('PACS@192.0.2.10:104');
    await page.getByText('From the cloud only').click();
    await press(page, 'Restore');
    await page.getByText('203 of 493 images').waitFor();
    expect(engine.calls).toEqual([
      {
        name: 'restore',
        input: {
          node: { calledAe: 'PACS', host: '192.0.2.10', port: 104, callingAe: 'EDGESYNC' },
          selection: {
            tag: 'matching',
            patientId: 'EX-0001',
            studyDateFrom: '20260101',
            studyDateTo: '20260131',
          },
          fromCloud: true,
        },
      },
    ]);
  });

  it('is stopped and goes on with the same order', async () => {
    const { engine, page } = await arrange();
    engine.restoreEvents = [cloud.restoring(), cloud.restoring()];
    await press(page, 'Restore images');
    await page.getByText('Into a folder with DICOMDIR').click();
    await page.getByLabel('Folder to write to').fill('/medium');
    await press(page, 'Restore');
    await page.getByText('203 of 493 images').waitFor();
    await page.keyboard.press('Escape');
    await press(page, 'Stop');
    await page.getByText(/^Stopped. What was restored stays/).waitFor();
    await expect.poll(() => engine.runsStopped).toBe(1);
    await press(page, 'Go on');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    const [first, second] = engine.calls;
    expect(second).toEqual(first);
    expect(first?.input).toEqual({
      to: '/medium',
      layout: 'medium',
      selection: { tag: 'all' },
      fromCloud: false,
    });
  });

  it('tells study by study what is missing or damaged, without names of objects or patients', async () => {
    const { engine, page } = await arrange();
    engine.restoreEvents = cloud.restoreEnded;
    await press(page, 'Restore images');
    await page.getByLabel('Folder to write to').fill('/restored');
    await press(page, 'Restore');
    const list = page.getByRole('region', { name: 'What could not be restored' });
    await list.getByText('Study JR · US · 2026-01-05').waitFor();
    await list.getByText('2 images:').waitFor();
    await list.getByText(/^Do not delete these studies on the devices/).waitFor();
    engine.finishRun();
    await page.getByText('The rest was restored, but not everything.').waitFor();
    expect(await dialog(page).textContent()).not.toMatch(/objects\/|1\.2\.3\.4/);
  });
});

inBrowser('cloud copies', () => {
  it('say when they were looked at, how many, and how many are bad', async () => {
    const { page } = await arrange(cloud.cloudTrouble());
    const panel = page.getByRole('region', { name: 'Cloud copies' });
    await panel.getByText('4 minutes ago, damaged').waitFor();
    await panel.getByText('211 of 493').waitFor();
    await panel.getByText('Needs attention').waitFor();
    const lost = page.getByRole('listitem').filter({ hasText: 'An image has no good copy left' });
    await lost.getByText('Study JR · US').waitFor();
    await lost.getByText('Images may be missing').waitFor();
    const mended = page.getByRole('listitem').filter({ hasText: 'a good one was stored beside it' });
    await mended.getByText('Images are safe on this PC').waitFor();
  });

  it('are not called good before one was looked at', async () => {
    const none = cloud.looked({ everChecked: 0, lastCheckedAt: null, lastResult: null, oldestProofAt: null });
    const { page } = await arrange(cloud.cloudState({ verification: { destinations: [none] } }));
    const panel = page.getByRole('region', { name: 'Cloud copies' });
    await panel.getByText('Not yet', { exact: true }).waitFor();
    expect(await panel.getByText('In order').count()).toBe(0);
  });

  it('are checked all, stopped, and gone on with, and each bad one says what was done', async () => {
    const { engine, page } = await arrange();
    engine.verifyEvents = cloud.verifyEnded;
    await press(page, 'Check everything');
    await press(page, 'Start');
    await page.getByText('Going on where an earlier check stopped, after 100 copies.').waitFor();
    await press(page, 'Stop');
    await page.getByText('Stopped. “Go on” continues from there.').waitFor();
    await press(page, 'Go on');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    engine.finishRun();
    await page.getByText('Some images have no good copy left.').waitFor();
    const found = page.getByRole('region', { name: 'Found' });
    await found.getByText('Study JR · US').waitFor();
    const all = { selection: { tag: 'all', from: 'go-on' }, destination: null };
    expect(engine.calls).toEqual([
      { name: 'verify', input: all },
      { name: 'verify', input: all },
    ]);
  });

  it('are checked for a sample', async () => {
    const { engine, page } = await arrange();
    engine.verifyEvents = [cloud.verifying(), cloud.verifying({ checked: 493, good: 493 })];
    await press(page, 'Check a sample now');
    await press(page, 'Start');
    await page.getByText('120 of 493 copies checked').waitFor();
    engine.finishRun();
    await page.getByText('All copies that were looked at are good.').waitFor();
    expect(engine.calls[0]?.input).toEqual({ selection: { tag: 'sample', percent: 10 }, destination: null });
  });
});

inBrowser('a share', () => {
  it('shows link and passcode once, apart from each other, and forgets both on closing', async () => {
    const { engine, page, complaints } = await arrange();
    engine.shareEvents = cloud.shareEnded();
    await cloud.chooseOfStudy(page, words, 'share');
    await page.getByText(/^Whoever holds the link and the passcode sees/).waitFor();
    await page.getByText('30 days', { exact: true }).click();
    await press(page, 'Make the link');
    await page.getByText(/^40 of 120 images/).waitFor();
    engine.finishRun();
    await page.getByRole('region', { name: 'Link' }).getByText(cloud.shareLink).waitFor();
    const code = page.getByRole('region', { name: 'Passcode' });
    expect(await code.textContent()).not.toContain('#v1.');
    await code.getByText(cloud.sharePasscode).waitFor();
    expect(await holds(page, cloud.sharePasscode)).toBe(true);

    await page.keyboard.press('Escape');
    expect(await dialog(page).isVisible()).toBe(true);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      press(page, 'Save the viewer file'),
    ]);
    expect(download.suggestedFilename()).toBe('edge-sync-viewer.html');
    await page.getByText('The viewer file is saved in the downloads.').waitFor();

    await press(page, 'Close and forget both');
    await dialog(page).waitFor({ state: 'detached' });
    await expect.poll(() => holds(page, cloud.sharePasscode)).toBe(false);
    expect(await holds(page, cloud.shareLink.slice(0, 60))).toBe(false);
    expect(await holds(page, studyUidOf('study-1'))).toBe(false);
    expect(complaints).toEqual([]);
    expect(engine.calls.map(({ name }) => name)).toEqual([
      'share-check',
      'identify',
      'share',
      'share-viewer',
    ]);
    expect(engine.calls[2]?.input).toEqual({
      studyInstanceUid: studyUidOf('study-1'),
      how: { tag: 'link', lifetimeMs: 30 * 86_400_000, passcode: { tag: 'generated' } },
    });
  });

  it('is stopped while it is prepared', async () => {
    const { engine, page } = await arrange();
    engine.shareEvents = cloud.shareEnded();
    await cloud.chooseOfStudy(page, words, 'share');
    await press(page, 'Make the link');
    await page.getByText(/^40 of 120 images/).waitFor();
    await press(page, 'Stop');
    await page.getByText('Stopped. Nothing is left in the cloud.').waitFor();
    await expect.poll(() => engine.runsStopped).toBe(1);
  });

  it('says what to set up, takes the credential and lets browsers read', async () => {
    const { engine, page } = await arrange();
    engine.refusals.set('share-check', reportFor('share-no-place'));
    await cloud.chooseOfStudy(page, words, 'share');
    await page.getByText('docs/sharing.md explains each step', { exact: false }).waitFor();
    expect(await page.getByRole('button', { name: 'Make the link' }).count()).toBe(0);

    engine.refusals.set('share-check', reportFor('cloud-secret-missing'));
    await press(page, 'Look again');
    const field = page.getByLabel('Connection string');
    await field.fill('AccountName=canary;AccountKey=eA==');
    expect(await field.getAttribute('type')).toBe('password');
    engine.refusals.set('share-check', reportFor('share-browsers-refused'));
    await press(page, 'Store');
    await page.getByRole('button', { name: 'Let browsers read' }).waitFor();
    expect(await holds(page, 'AccountName=canary')).toBe(false);
    engine.refusals.clear();
    await press(page, 'Let browsers read');
    await page.getByRole('button', { name: 'Make the link' }).waitFor();
  });

  it('is listed only on a press, and revoked only after a question', async () => {
    const { engine, page } = await arrange();
    engine.shares = cloud.someShares();
    expect(engine.calls).toEqual([]);
    await press(page, 'Shared studies');
    const row = page.getByRole('listitem').filter({ hasText: 'Study MG · 2026-01-05' });
    await row.getByText('Can be opened').waitFor();
    await row.getByRole('button', { name: /^Revoke: study MG/ }).click();
    await row.getByText(/^Delete this share from the cloud\?/).waitFor();
    await press(page, 'Keep it');
    expect(engine.calls.map(({ name }) => name)).toEqual(['shares']);
    await row.getByRole('button', { name: /^Revoke: study MG/ }).click();
    await press(page, 'Yes, revoke');
    await row.getByText('Revoked', { exact: true }).waitFor();
    expect(engine.calls[1]).toEqual({ name: 'share-revoke', input: { shareId: 'ab'.repeat(16) } });
    expect(await page.getByText('Handed out as files: cannot be taken back').isVisible()).toBe(true);
  });
});

inBrowser('room on the disk', () => {
  it('is told in days without the cloud, and warned of when it is short', async () => {
    const { engine, page } = await arrange();
    const pc = page.getByRole('region', { name: 'This PC' });
    await pc
      .getByText('At today’s rate this PC can go on receiving for about 18 days without the cloud.')
      .waitFor();
    engine.show(cloud.cloudTrouble());
    await pc.getByText(/^At today’s rate there is room for less than a day/).waitFor();
    engine.show(states.allSafe());
    await pc.getByText(/At today’s rate/).waitFor({ state: 'detached' });
  });
});
