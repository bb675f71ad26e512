/** The settings screen: every key has its place, what is typed is tried before it is kept, and can be taken back. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, it } from 'vitest';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { reportFor } from '../../src/shared/errors.ts';
import { settingFacts } from '../../src/shared/settings-facts.ts';
import { en } from '../../src/renderer/i18n/en.ts';
import { es } from '../../src/renderer/i18n/es.ts';
import * as states from '../support/agent-states.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { narrow, screenshot } from '../support/page-browser.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

async function arrange(
  prepare: (engine: FakeEngine) => void = () => undefined,
  options: BrowserContextOptions = {},
  tab: string = en.views.settings,
) {
  const engine = suite.engine(states.allSafe());
  prepare(engine);
  await suite.start(engine);
  const { page, complaints } = await suite.open(engine.link(), {
    reducedMotion: 'reduce',
    ...options,
  });
  await page.getByRole('tab', { name: tab, exact: true }).click();
  await page.getByRole('searchbox').waitFor();
  return { engine, page, complaints };
}

const group = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const save = (page: Page) => page.getByRole('button', { name: /^Save changes: / }).click();
/** Without the mere looks. */
const callsOf = (engine: FakeEngine) => engine.calls.filter(({ name }) => name !== 'settings-list');
const lastChange = (engine: FakeEngine) =>
  engine.calls.findLast(({ name }) => name === 'settings-change')?.input;

inBrowser('the settings screen', () => {
  it('has a place for every key of the schema, with its name and where its value comes from', async () => {
    const { page, complaints } = await arrange();
    const shown = await page.locator('[data-setting]').evaluateAll((rows) =>
      rows.map((row) => ({
        key: row.getAttribute('data-setting') ?? '',
        hasControl: row.querySelector('input, textarea, button') !== null,
        isSeen: (row as HTMLElement).offsetHeight > 0,
      })),
    );
    expect(shown.map(({ key }) => key).sort()).toEqual(
      settingFacts()
        .map(({ key }) => key)
        .sort(),
    );
    expect(shown.filter(({ hasControl, isSeen }) => !hasControl || !isSeen)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('keeps a change, says that it counts, and takes it back', async () => {
    const { engine, page } = await arrange();
    const receiving = group(page, 'Receiving from devices');
    await receiving.getByRole('textbox', { name: 'AE title of this PC', exact: true }).fill('ROOM1');
    await receiving.getByText('Not saved yet').waitFor();
    await save(page);
    await page.getByText('Saved and in use now.').waitFor();
    expect(lastChange(engine)).toMatchObject({
      keep: 'when-it-works',
      changes: [{ tag: 'set', key: 'dicom.aeTitle', value: 'ROOM1' }],
    });
    await page.getByText(/Last change .*AE title of this PC/).waitFor();
    await page.getByRole('button', { name: 'Take back the last change' }).click();
    await page.getByText('The last change is taken back.').waitFor();
    expect(
      await receiving.getByRole('textbox', { name: 'AE title of this PC', exact: true }).inputValue(),
    ).toBe('FRONTDESK');
  });

  it('says at the field what is wrong, in the words of the command line, and keeps nothing', async () => {
    const { engine, page } = await arrange();
    const receiving = group(page, 'Receiving from devices');
    await receiving.getByRole('textbox', { name: 'Port', exact: true }).fill('70000');
    await receiving.getByRole('textbox', { name: 'AE title of this PC', exact: true }).fill('A\\B');
    await save(page);
    await receiving.getByText('must be at most 65535').waitFor();
    await receiving.getByText('an AE title is printable ASCII without a backslash').waitFor();
    expect(engine.settings.tree).toMatchObject({ dicom: { aeTitle: 'FRONTDESK' } });
    // What was typed is still there to be mended.
    expect(await receiving.getByRole('textbox', { name: 'Port', exact: true }).inputValue()).toBe('70000');
  });

  it('offers to keep all the same what is allowed and does not work right now', async () => {
    const { engine, page } = await arrange((one) => {
      one.settings.trialProblems = [
        { key: 'network.proxy.address', report: reportFor('proxy-not-reachable', 'nas:3128'), kind: 'trial' },
      ];
    });
    const network = group(page, 'Internet connection');
    await network.getByText('A proxy that is entered here').click();
    await network.getByRole('textbox', { name: 'Address of the proxy', exact: true }).fill('http://nas:3128');
    await save(page);
    await network.getByText('It is allowed, but it does not work right now:').waitFor();
    await network.getByText(/Nothing answers at the address of the proxy: nas:3128/).waitFor();
    await page.getByRole('button', { name: 'Save all the same' }).click();
    await page.getByText('Saved and in use now.').waitFor();
    expect(lastChange(engine)).toMatchObject({ keep: 'anyway' });
  });

  it('shows what the environment gives as read-only and names the variable', async () => {
    const { page } = await arrange((engine) => {
      engine.settings.environment = { EDGE_SYNC_DICOM_PORT: '4711' };
    });
    const row = page.locator('[data-setting="dicom.port"]');
    await row.getByText('4711').waitFor();
    await row.getByText(/EDGE_SYNC_DICOM_PORT/).waitFor();
    expect(await row.locator('input').count()).toBe(0);
  });

  it('goes back to a default with one press', async () => {
    const { engine, page } = await arrange();
    await page.getByRole('button', { name: 'Reset to default: AE title of this PC' }).click();
    await page.getByText('Saved and in use now.').waitFor();
    expect(lastChange(engine)).toMatchObject({ changes: [{ tag: 'unset', key: 'dicom.aeTitle' }] });
    expect(await page.getByRole('textbox', { name: 'AE title of this PC', exact: true }).inputValue()).toBe(
      'EDGESYNC',
    );
  });

  it('leaves paths of this PC to typing in a browser, which has no dialog that tells one', async () => {
    const { page } = await arrange();
    for (const [setting, add] of [
      ['folders', 'Add'],
      ['destinations', 'Add: Folder or network share'],
      ['destinations', 'Add: PACS (DICOMweb)'],
    ] as const) {
      const row = page.locator(`[data-setting="${setting}"]`);
      await row.getByRole('button', { name: add, exact: true }).click();
      await row.locator('fieldset').last().getByRole('textbox').first().waitFor();
    }
    expect(await page.getByRole('button', { name: /^Choose/ }).count()).toBe(0);
  });

  it('adds a destination of a kind, and asks for its credential only after it is saved', async () => {
    const { engine, page } = await arrange();
    const stores = group(page, 'Where images are stored');
    await stores.getByText('Credential stored').waitFor();
    await stores.getByRole('button', { name: 'Add: S3 (AWS and others)' }).click();
    const entry = stores.locator('fieldset').last();
    await entry.getByRole('textbox', { name: 'Your name for it', exact: true }).fill('second');
    await entry.getByRole('textbox', { name: 'Bucket', exact: true }).fill('Clinic_Images');
    await entry.getByText('Save first; then enter the credential.').waitFor();
    await save(page);
    await entry.getByText('a bucket is 3 to 63 lower-case letters, digits, dots and dashes').waitFor();
    await entry.getByRole('textbox', { name: 'Bucket', exact: true }).fill('clinic-images');
    await save(page);
    await page.getByText('Saved. It counts after the engine is restarted.').waitFor();
    expect(engine.settings.tree['destinations']).toMatchObject([
      { name: 'cloud' },
      { name: 'attic' },
      { kind: 's3', name: 'second', bucket: 'clinic-images' },
    ]);
    await page.getByRole('button', { name: 'Restart the engine now' }).click();
    await expect.poll(() => callsOf(engine).at(-1)?.name).toBe('settings-restart');
  });

  it('removes an entry and forgets a credential', async () => {
    const { engine, page } = await arrange();
    const stores = group(page, 'Where images are stored');
    await stores.getByRole('button', { name: 'Forget the credential' }).click();
    await stores.getByText('No credential yet').waitFor();
    await stores.getByRole('button', { name: 'Remove attic' }).click();
    await save(page);
    await expect.poll(() => engine.settings.tree['destinations']).toMatchObject([{ name: 'cloud' }]);
  });

  it('where nothing can restart the engine it says what to do', async () => {
    const { page } = await arrange((engine) => {
      engine.settings.waiting = ['destinations'];
      engine.settings.restart = 'by-hand';
    });
    await page.getByText('End Edge Sync and start it again the way it was started.').waitFor();
    expect(await page.getByRole('button', { name: 'Restart the engine now' }).count()).toBe(0);
  });

  it('a file that was changed elsewhere is a choice, and what is typed stays', async () => {
    const { engine, page } = await arrange();
    await page.getByRole('textbox', { name: 'AE title of this PC', exact: true }).fill('ROOM1');
    engine.settings.outside = { revision: 'a'.repeat(64), problem: null };
    await save(page);
    await page.getByText(/The settings were changed elsewhere in the meantime/).waitFor();
    await page.getByRole('heading', { name: 'The settings file was changed by somebody else' }).waitFor({
      timeout: 40_000,
    });
    await page.getByRole('button', { name: 'Use the file' }).click();
    await page.getByText('The file is in use now.').waitFor();
    expect(await page.getByRole('textbox', { name: 'AE title of this PC', exact: true }).inputValue()).toBe(
      'ROOM1',
    );
  });

  it('finds settings by word, by key and without accents, and says when there is none', async () => {
    const { page } = await arrange();
    const search = page.getByRole('searchbox');
    const seen = () => page.locator('[data-setting]:visible').count();
    await search.fill('dicom.port');
    await expect.poll(seen).toBe(1);
    await search.fill('proxy');
    await group(page, 'Internet connection').waitFor();
    await expect.poll(seen).toBeLessThan(8);
    await search.fill('xyzzy');
    await page.getByText('No setting has that in its name or description.').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(seen).toBe(settingFacts().length);
  });

  it('takes no more of a hostile length than a field holds', async () => {
    const { engine, page } = await arrange();
    const field = (name: string) => page.getByRole('textbox', { name, exact: true });
    await field('AE title of this PC').fill('A'.repeat(100_000));
    await field('Address or network interface').fill('a'.repeat(100_000));
    expect((await field('AE title of this PC').inputValue()).length).toBe(16);
    await save(page);
    await page.getByText('Saved and in use now.').waitFor();
    expect(JSON.stringify(lastChange(engine)).length).toBeLessThan(5000);
  });

  it('can be used by the keyboard alone', async () => {
    const { engine, page } = await arrange();
    await page.getByRole('searchbox').focus();
    await page.keyboard.type('pendingMaxMinutes');
    const field = page.getByRole('textbox', {
      name: 'Warn when an image waits longer than (minutes)',
      exact: true,
    });
    for (let step = 0; step < 30; step += 1) {
      if (await field.evaluate((element) => element === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('45');
    await page.keyboard.press('Enter');
    await page.getByText('Saved and in use now.').waitFor();
    expect(lastChange(engine)).toMatchObject({ changes: [{ key: 'status.pendingMaxMinutes', value: 45 }] });
  });

  it('says why there is nothing to see', async () => {
    const engine = suite.engine(states.allSafe());
    engine.refusals.set('settings-list', reportFor('config-not-json', 'line 3'));
    await suite.start(engine);
    const { page } = await suite.open(engine.link());
    await page.getByRole('tab', { name: en.views.settings, exact: true }).click();
    await page.getByText(/The configuration file is not valid JSON/).waitFor();
  });
});

inBrowser('the pause', () => {
  it('is asked for a time, told with its end, and ended', async () => {
    const { engine, page } = await arrange();
    await page.getByRole('button', { name: 'Pause uploads for a time' }).click();
    await page.getByRole('menuitem', { name: '1 hour' }).click();
    await page.getByText('Uploads are paused. Receiving goes on.').waitFor();
    await expect
      .poll(() => callsOf(engine).at(-1))
      .toEqual({ name: 'uploads-pause', input: { tag: 'for', minutes: 60 } });
    const state = states.allSafe();
    const until = new Date(Date.now() + 3_600_000).toISOString();
    engine.show({
      ...state,
      status: {
        ...state.status,
        destinations: state.status.destinations.map((one) => ({
          ...one,
          state: 'paused' as const,
          hold: { by: 'paused' as const, until },
        })),
      },
    });
    await page.getByText(/Uploads are paused until/).waitFor();
    await screenshot(page, 'pause-held');
    await page.getByRole('button', { name: 'Go on with uploads' }).click();
    await expect.poll(() => callsOf(engine).at(-1)?.name).toBe('uploads-resume');
  });
});

const looks: readonly {
  readonly name: string;
  readonly words: typeof es;
  readonly options: BrowserContextOptions;
}[] = [
  { name: 'en-light', words: en as unknown as typeof es, options: { locale: 'en-GB', colorScheme: 'light' } },
  { name: 'es-dark', words: es, options: { locale: 'es-ES', colorScheme: 'dark' } },
  { name: 'es-narrow', words: es, options: { locale: 'es-ES', viewport: narrow } },
  {
    name: 'en-contrast',
    words: en as unknown as typeof es,
    options: { locale: 'en-GB', forcedColors: 'active' },
  },
  // 200 % zoom of a window of 1280 by 900.
  {
    name: 'es-zoom',
    words: es,
    options: { locale: 'es-ES', viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
  },
];

inBrowser.each(looks)('its look: $name', ({ name, words, options }) => {
  it.each(['all', 'busy'] as const)(
    '%s: axe finds nothing and nothing is wider than the window',
    async (what) => {
      const { page, complaints } = await arrange(
        (engine) => {
          if (what === 'all') return;
          engine.settings.environment = { EDGE_SYNC_DICOM_PORT: '4711' };
          engine.settings.waiting = ['destinations', 'keys.store'];
          engine.settings.outside = {
            revision: 'a'.repeat(64),
            problem: reportFor('config-not-json', 'line 3'),
          };
          engine.settings.undo = {
            at: new Date(Date.now() - 300_000).toISOString(),
            keys: ['dicom.aeTitle'],
            before: {},
          };
          engine.settings.trialProblems = [
            { key: 'dicom.port', report: reportFor('port-taken', 'port 104'), kind: 'trial' },
          ];
        },
        options,
        words.views.settings,
      );
      if (what === 'busy') {
        await page
          .getByRole('textbox', { name: words.settings.label.dicom.aeTitle, exact: true })
          .fill('A\\B');
        await page.getByRole('button', { name: new RegExp(`^${words.settings.save}: `) }).click();
        await page.getByRole('alert').first().waitFor();
      }
      await screenshot(page, `settings-${what}-${name}`);
      const width = await page.evaluate(
        () => [document.documentElement.scrollWidth, window.innerWidth] as const,
      );
      expect(width[0]).toBeLessThanOrEqual(width[1]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))])).toEqual(
        [],
      );
      expect(complaints).toEqual([]);
    },
  );
});
