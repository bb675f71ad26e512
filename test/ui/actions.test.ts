/** What a person can do on the page, and that the engine hears it. */
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { reportFor } from '../../src/shared/errors.ts';
import * as states from '../support/agent-states.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

async function arrange(state: AgentState): Promise<{ readonly engine: FakeEngine; readonly page: Page }> {
  const engine = suite.engine(state);
  await suite.start(engine);
  const opened = await suite.open(engine.link());
  await opened.page.getByRole('region', { name: 'Images' }).waitFor();
  return { engine, page: opened.page };
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

    const without = await suite.open(engine.origin);
    await fresh(without.page).waitFor();

    const link = engine.link();
    const first = await suite.open(link);
    await first.page.getByRole('heading', { name: 'All safe' }).waitFor();
    const second = await suite.open(link);
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

  it('are named by typing in a browser: it has no dialog that tells a path, so no button offers one', async () => {
    const { page } = await arrange(states.allSafe());
    const dialog = page.getByRole('dialog');
    const buttons = () => dialog.getByRole('button').allTextContents();
    await page.getByRole('button', { name: 'Import files' }).click();
    await dialog.getByLabel('Paths').waitFor();
    expect(await buttons()).toEqual(['Cancel', 'Import']);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Restore images' }).click();
    await dialog.getByLabel('Folder to write to').waitFor();
    expect(await buttons()).toEqual(['Cancel', 'Restore']);
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
    await page.getByText('Some of it').click();
    await page.getByLabel('Patient ID').fill('EX-0001');
    await page.getByText('From the cloud only').click();
    await page.getByRole('button', { name: 'Restore', exact: true }).click();
    await page.getByText('203 of 493 images').waitFor();
    engine.finishRun();
    await page.getByText('The rest was restored, but not everything.').waitFor();
    expect(engine.calls).toEqual([
      {
        name: 'restore',
        input: {
          to: '/restored',
          selection: { tag: 'matching', patientId: 'EX-0001' },
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
