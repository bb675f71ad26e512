/** Set-up on the page: nothing is saved that was not tried as it stands there, unless somebody says so in clear words. */
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { reportFor } from '../../src/shared/errors.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { failedTest, freshState, passedTest } from '../support/wizard-screens.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');
const address = 'https://clinic.blob.core.windows.net/images?sv=2025&sp=rcwl&sig=abc';
const destination = {
  kind: 'azure',
  name: 'cloud',
  container: 'images',
  prefix: '',
  required: true,
  auth: 'sas-url',
};

const suite = new PageSuite();

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const has = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).waitFor();
const calls = (engine: FakeEngine, name: string) =>
  engine.calls.filter((call) => call.name === name).map(({ input }) => input);

/** At the cloud step, with its fields filled in. */
async function atCloud(prepare: (engine: FakeEngine) => void) {
  const engine = suite.engine(freshState());
  prepare(engine);
  await suite.start(engine);
  const { page, complaints } = await suite.open(engine.link(), { reducedMotion: 'reduce' });
  await page.getByRole('heading', { level: 1, name: 'The recovery kit' }).waitFor();
  await press(page, 'Skip for now');
  await page.getByLabel('Address with the signature', { exact: true }).fill(address);
  return { engine, page, complaints };
}

inBrowser('set-up', () => {
  it('saves what passed, exactly as it was tried; what is changed afterwards has to be tried again', async () => {
    const { engine, page, complaints } = await atCloud((one) => {
      one.liveTestEvents = passedTest;
    });
    await press(page, 'Try it now');
    await page.getByText('Through the proxy http://proxy.clinic.test:3128').waitFor();
    await page.getByText('Container: no versions are kept.').waitFor();
    engine.finishRun();
    await has(page, 'Save and use it');
    await page.getByLabel('Container', { exact: true }).fill('other');
    await has(page, 'Try it now');
    expect(await page.getByRole('button', { name: 'Save and use it' }).count()).toBe(0);

    await page.getByLabel('Container', { exact: true }).fill('images');
    await press(page, 'Try it now');
    await page.getByText('Container: no versions are kept.').waitFor();
    engine.finishRun();
    await press(page, 'Save and use it');
    await page.getByText('Saved. Edge Sync uses this storage.').waitFor();
    expect(calls(engine, 'setup-save')).toEqual([{ destination, credential: address }]);
    expect(complaints).toEqual([]);
  });

  it('names what failed, and saves it only after a tick that says what it means', async () => {
    const { engine, page } = await atCloud((one) => {
      one.liveTestEvents = failedTest;
    });
    await press(page, 'Try it now');
    await page.getByText('failed', { exact: true }).waitFor();
    engine.finishRun();
    await page.getByText('The clock of this PC is wrong').waitFor();
    expect(await page.getByRole('button', { name: 'Save and use it' }).count()).toBe(0);
    await page.getByText('Save it although the test did not pass').click();
    const save = page.getByRole('button', { name: 'Save all the same' });
    expect(await save.isDisabled()).toBe(true);
    await page.getByText('I understand').click();
    await save.click();
    await page.getByText('Saved. Edge Sync uses this storage.').waitFor();
    expect(calls(engine, 'setup-save')).toEqual([
      { destination, credential: address, despite: 'test-not-passed' },
    ]);
  });

  it('stops the test on request, and when the step is left; the credential is gone with it', async () => {
    const { engine, page } = await atCloud((one) => {
      one.liveTestEvents = [
        { tag: 'began', step: 'route' },
        { tag: 'ended', outcome: 'passed' },
      ];
    });
    await press(page, 'Try it now');
    await page.getByText('under way', { exact: true }).waitFor();
    await press(page, 'Stop');
    await page.getByText('Stopped. Nothing was saved.').waitFor();
    await expect.poll(() => engine.runsStopped).toBe(1);
    await press(page, 'Try again');
    await page.getByText('under way', { exact: true }).waitFor();
    await press(page, 'Back');
    await expect.poll(() => engine.runsStopped).toBe(2);
    await press(page, 'Skip for now');
    expect(await page.getByLabel('Address with the signature', { exact: true }).inputValue()).toBe('');
    expect(calls(engine, 'setup-save')).toEqual([]);
  });

  it('says why the engine did not take it over, and keeps what was typed', async () => {
    const { engine, page } = await atCloud((one) => {
      one.liveTestEvents = passedTest;
      one.refusals.set('setup-save', reportFor('settings-by-environment', 'destinations'));
    });
    await press(page, 'Try it now');
    await page.getByText('Container: no versions are kept.').waitFor();
    engine.finishRun();
    await press(page, 'Save and use it');
    await page.getByText('This setting comes from the environment').waitFor();
    expect(await page.getByLabel('Container', { exact: true }).inputValue()).toBe('images');
  });

  it('begins by itself once, and stays away after it was left until somebody wants it', async () => {
    const { page } = await atCloud(() => undefined);
    await press(page, 'Leave the set-up');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Needs attention' }).waitFor();
    await press(page, 'Continue the set-up');
    await page.getByRole('heading', { level: 1, name: 'The recovery kit' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'The recovery kit' }).waitFor();
  });
});
