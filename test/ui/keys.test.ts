/** The keys screen: what it shows, and that each risky step says what it means before the engine hears of it. */
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { reportFor } from '../../src/shared/errors.ts';
import { replacing } from '../support/agent-keys.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { dueState, proven } from '../support/recovery-screens.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

async function arrange(prepare: (engine: FakeEngine) => void = () => undefined, state = proven()) {
  const engine = suite.engine(state);
  prepare(engine);
  await suite.start(engine);
  const { page, complaints } = await suite.open(engine.link(), { reducedMotion: 'reduce' });
  await page.getByRole('tab', { name: 'Keys and recovery' }).click();
  await page.getByRole('region', { name: 'Recovery words' }).waitFor();
  return { engine, page, complaints };
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const confirm = (page: Page, name: string) =>
  page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

inBrowser('the keys screen', () => {
  it('says when the words were proven, by what, and when they are due', async () => {
    const { page } = await arrange();
    const panel = page.getByRole('region', { name: 'Recovery words' });
    await panel.getByText('20 days ago').waitFor();
    await panel.getByText('an image of the cloud').waitFor();
    await panel.getByText('1 kit was replaced').click();
    await panel.getByText('Their words still open what was stored').waitFor();
  });

  it('says that the check is due, and its button is the next step everywhere', async () => {
    const { page } = await arrange(undefined, dueState());
    await page.getByRole('region', { name: 'Recovery words' }).getByText('Check is due').waitFor();
    await press(page, 'Check the words now');
    await page.getByRole('dialog', { name: 'Check the recovery words' }).waitFor();
    await page.keyboard.press('Escape');
    // In the headline too.
    await press(page, 'Check the words');
    await page.getByRole('dialog', { name: 'Check the recovery words' }).waitFor();
  });

  it('renews device key and epoch only after saying what stays readable', async () => {
    const { engine, page, complaints } = await arrange();
    await press(page, 'New device key');
    await page.getByText('Every image stays readable, and the recovery words stay the same.').waitFor();
    await confirm(page, 'Cancel');
    expect(engine.calls).toEqual([]);
    await press(page, 'New device key');
    await confirm(page, 'Make a new device key');
    await page.getByText('The device key is new.').waitFor();

    await press(page, 'New epoch');
    await page.getByText('Older images stay readable as before').waitFor();
    await confirm(page, 'Begin a new epoch');
    await page.getByText('Archive, epoch 4').waitFor();
    expect(engine.calls.map(({ name }) => name)).toEqual(['rotate-device', 'new-epoch']);
    expect(complaints).toEqual([]);
  });

  it('changes the passphrase, hidden while typed and gone afterwards', async () => {
    const { engine, page } = await arrange();
    await press(page, 'Change the passphrase');
    const dialog = page.getByRole('dialog');
    const field = (label: string) => dialog.getByLabel(label, { exact: true });
    await field('Passphrase now').fill('the old one of many words');
    await field('New passphrase').fill('canary-brook-lantern-sofa');
    await field('New passphrase once more').fill('canary-brook');
    expect(await field('New passphrase').getAttribute('type')).toBe('password');
    await confirm(page, 'Change');
    await dialog.getByText('The two new ones differ.').waitFor();
    expect(engine.calls).toEqual([]);
    await field('New passphrase once more').fill('canary-brook-lantern-sofa');
    engine.refusals.set('passphrase', reportFor('passphrase-wrong'));
    await confirm(page, 'Change');
    await dialog.getByRole('alert').waitFor();
    engine.refusals.clear();
    await confirm(page, 'Change');
    await page.getByText('The passphrase is changed.').waitFor();
    expect(engine.calls.at(-1)).toEqual({
      name: 'passphrase',
      input: { current: 'the old one of many words', next: 'canary-brook-lantern-sofa' },
    });
    expect(await page.content()).not.toContain('canary-brook');
    await press(page, 'Change the passphrase');
    expect(await field('New passphrase').inputValue()).toBe('');
  });

  it('offers no passphrase where the keychain keeps the key', async () => {
    const { page } = await arrange((engine) => {
      engine.keys.status = { ...engine.keys.status, keyStore: 'keychain' };
    });
    await page.getByText('the keychain of this PC').waitFor();
    expect(await page.getByRole('button', { name: 'Change the passphrase' }).count()).toBe(0);
  });

  it('adds a certificate from a file without the private key beside it, and removes one', async () => {
    const { engine, page } = await arrange();
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    await press(page, 'Add a certificate');
    await confirm(page, 'Add');
    await page.getByText('Enter a name.').waitFor();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Lake clinic');
    const file = page.getByRole('dialog').locator('input[type=file]');
    await file.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
    await page.getByText('There is no certificate in this file.').waitFor();
    await file.setInputFiles({
      name: 'lake.pem',
      mimeType: 'application/x-pem-file',
      buffer: Buffer.from(`-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n${pem}`),
    });
    await page.getByText('lake.pem').waitFor();
    await confirm(page, 'Add');
    const list = page.getByRole('region', { name: 'Who else can open new images' });
    await list.getByRole('heading', { name: 'Lake clinic' }).waitFor();

    await press(page, 'Remove “Dr. Roe”');
    await page.getByText('What was stored while it was here stays readable to them').waitFor();
    await confirm(page, 'Remove');
    await list.getByRole('heading', { name: 'Dr. Roe' }).waitFor({ state: 'detached' });
    expect(engine.calls.map(({ name }) => name)).toEqual(['recipient-add', 'recipient-remove']);
    expect(engine.calls[0]?.input).toEqual({ name: 'Lake clinic', certificatePem: pem });
  });

  it('shows the newest backup, and makes one now', async () => {
    const { engine, page } = await arrange();
    const panel = page.getByRole('region', { name: 'Backup of the settings' });
    await panel.getByText(/Backup 41/).waitFor();
    await panel.getByRole('button', { name: 'Back up now' }).click();
    await panel.getByText(/Backup 42/).waitFor();
    expect(engine.calls).toEqual([{ name: 'backup-write', input: undefined }]);
  });

  it('replaces the words: new ones beside the old, others instead, or the old ones kept', async () => {
    const { engine, page } = await arrange();
    await press(page, 'Replace the words');
    await page.getByText('The old words stay in force until the new ones have been checked.').waitFor();
    engine.keys.status = replacing();
    await confirm(page, 'Show the words');
    await page.getByText('I have the words on paper').click();
    await confirm(page, 'Check later');
    const panel = page.getByRole('region', { name: 'Recovery words' });
    await panel.getByText('New words wait for their check').waitFor();
    await press(page, 'Make other new words');
    await confirm(page, 'Show the words');
    await page.getByText('I have the words on paper').click();
    await confirm(page, 'Check later');
    await press(page, 'Keep the old words');
    await page.getByText('Destroy their paper: it opens what was stored since').waitFor();
    await confirm(page, 'Keep the old words');
    await page.getByText('The old words stay in force.', { exact: true }).waitFor();
    expect(
      engine.calls.map(({ name, input }) => [name, (input as { mode?: string } | undefined)?.mode]),
    ).toEqual([
      ['replace-recovery', 'begin'],
      ['replace-recovery', 'again'],
      ['cancel-replacement', undefined],
    ]);
  });
});
