/** Devices, callers, certificates and files that need attention: what a person can do, and that the engine hears it. */
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { reportFor } from '../../src/shared/errors.ts';
import * as access from '../support/agent-access.ts';
import type { AccessFacts } from '../support/agent-access.ts';
import * as states from '../support/agent-states.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { PageSuite } from '../support/page-suite.ts';
import { needs } from '../support/tools.ts';

const inBrowser = needs('chromium');

const suite = new PageSuite();

interface Arranged {
  readonly engine: FakeEngine;
  readonly page: Page;
  /** As when something changed there: new lists, and a status that says so. */
  readonly become: (facts: AccessFacts) => void;
}

async function arrange(facts: AccessFacts = access.clinic()): Promise<Arranged> {
  let revision = 1;
  const engine = suite.engine(states.agent({ access: access.accessStatus(facts, revision) }));
  engine.access = facts;
  await suite.start(engine);
  const opened = await suite.open(engine.link(), {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const become = (next: AccessFacts) => {
    revision += 1;
    engine.access = next;
    const { status } = states.agent({ access: access.accessStatus(next, revision) });
    engine.push({ tag: 'delta', status, studies: [], studiesTotal: 6, uploadBytesPerSecond: 0 });
  };
  return { engine, page: opened.page, become };
}

async function arrangeDevices(facts: AccessFacts = access.clinic()): Promise<Arranged> {
  const arranged = await arrange(facts);
  await arranged.page.getByRole('tab', { name: 'Devices and access' }).click();
  await region(arranged.page, 'Paired devices').waitFor();
  return arranged;
}

const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const rowOf = (page: Page, name: string, text: string) =>
  region(page, name).getByRole('listitem').filter({ hasText: text });
const dialog = (page: Page) => page.getByRole('dialog');
const last = (engine: FakeEngine) => engine.calls.at(-1);
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.id ?? document.activeElement?.tagName);

/** Presses Tab until the button of the open dialog has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const wanted = dialog(page).getByRole('button', { name, exact: true });
  for (let step = 0; step < 30; step += 1) {
    if (await wanted.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach “${name}”`);
}

inBrowser('what to type into a device', () => {
  it('stands there with a button that copies each', async () => {
    const { page } = await arrangeDevices();
    const panel = region(page, 'To type into a device');
    for (const text of ['EDGESYNC', '192.168.1.20', '11112', '2762'])
      await panel.getByText(text, { exact: true }).waitFor();
    await panel.getByRole('button', { name: 'Copy: Port (TLS)' }).click();
    await page.getByText('Port (TLS) copied.').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('2762');
  });

  it('says when no device can reach this PC, and lets them by choosing the network', async () => {
    const { page, engine } = await arrangeDevices(access.nobody());
    const panel = region(page, 'To type into a device');
    await panel.getByText('No device can reach this PC yet').waitFor();
    await panel.getByRole('radio', { name: /^Ethernet · 192\.168\.1\.20/ }).waitFor({ state: 'attached' });
    await panel.getByRole('button', { name: 'Use this network…' }).click();
    await panel.getByRole('button', { name: 'Listen there' }).click();
    await page.getByText('Devices can reach this PC at 192.168.1.20 now.').waitFor();
    expect(engine.calls.filter(({ name }) => name === 'setup-listen')).toEqual([
      { name: 'setup-listen', input: { host: 'Ethernet' } },
    ]);
  });

  it('switches encryption on with one press, and says why where that does not work', async () => {
    const { page, engine } = await arrangeDevices(access.nobody());
    const panel = region(page, 'To type into a device');
    engine.settings.trialProblems = [
      { key: 'dicom.tls.port', kind: 'trial', report: reportFor('port-taken') },
    ];
    await panel.getByRole('button', { name: 'Switch on encryption' }).click();
    await panel.getByRole('alert').waitFor();
    engine.settings.trialProblems = [];
    await panel.getByRole('button', { name: 'Switch on encryption' }).click();
    await page.getByText('Encryption is on: the TLS port is open.').waitFor();
    expect(engine.calls.filter(({ name }) => name === 'settings-change').at(-1)).toMatchObject({
      name: 'settings-change',
      input: { changes: [{ tag: 'set', key: 'dicom.tls.enabled', value: true }], keep: 'when-it-works' },
    });
  });
});

inBrowser('a caller that was refused', () => {
  it('appears by itself, with who, when, why and what it wants to send', async () => {
    const { page, become } = await arrangeDevices();
    await page.getByText('Nobody was turned away.').waitFor();
    become(access.clinic({ callers: [access.caller()] }));
    const row = rowOf(page, 'Wants to connect', 'PORTABLE-7');
    await row.getByText('from 192.168.1.77').waitFor();
    await row.getByText('No device with this title is paired.').waitFor();
    await row.getByText(/^12 times since .*, last 2 minutes ago$/).waitFor();
    await row.getByText(/Digital X Ray Image For Presentation.* and 1 more kind/).waitFor();
    await row.getByText('Not encrypted on this network').waitFor();
    await page.getByRole('tab', { name: 'Devices and access 1 waiting' }).waitFor();
  });

  it('is allowed by a form that is filled in with what it came with', async () => {
    const { engine, page } = await arrangeDevices(access.clinic({ callers: [access.caller()] }));
    await page.getByRole('button', { name: 'Allow… PORTABLE-7 from 192.168.1.77' }).click();
    expect(await dialog(page).getByLabel('AE title', { exact: true }).inputValue()).toBe('PORTABLE-7');
    expect(await dialog(page).getByLabel('Addresses').inputValue()).toBe('192.168.1.77');
    expect(await dialog(page).getByLabel('Without encryption').isChecked()).toBe(true);
    await dialog(page).getByLabel('Name', { exact: true }).fill('Portable X-ray');
    await dialog(page).getByRole('button', { name: 'Allow', exact: true }).click();
    await page.getByText('“Portable X-ray” is paired. Let it try again.').waitFor();
    expect(last(engine)).toMatchObject({
      name: 'allow-caller',
      input: {
        id: access.idOf('a'),
        name: 'Portable X-ray',
        pairing: { aeTitle: 'PORTABLE-7', addresses: ['192.168.1.77'], channel: 'plain' },
      },
    });
    await page.getByText('Nobody was turned away.').waitFor();
    await rowOf(page, 'Paired devices', 'Portable X-ray').waitFor();
    await expect.poll(() => focused(page)).toBe('callers');
  });

  it('that moved is added to the device it claims to be, or becomes another one', async () => {
    const moved = access.caller({
      callingAeTitle: 'CT-ROOM-1',
      because: 'other-address',
      address: '192.168.1.99',
    });
    const { engine, page } = await arrangeDevices(access.clinic({ callers: [moved] }));
    const row = rowOf(page, 'Wants to connect', 'CT-ROOM-1');
    await row.getByRole('button', { name: /^Allow as another device/ }).waitFor();
    await row.getByRole('button', { name: /^Add to “CT room”/ }).click();
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await page.getByText('“CT room” is changed. It counts at once.').waitFor();
    expect(last(engine)).toEqual({
      name: 'change',
      input: { id: access.idOf('1'), change: { addresses: ['192.168.1.31', '192.168.1.99'] } },
    });
  });

  it('that gave up its encryption or asks for another title cannot be allowed, and says what to do', async () => {
    const { page } = await arrangeDevices(access.busyClinic());
    const downgraded = rowOf(page, 'Wants to connect', 'paired with encryption');
    await downgraded.getByText('Switch TLS on again in the device.').waitFor();
    const lost = rowOf(page, 'Wants to connect', 'MAMMO');
    await lost.getByText('Enter EDGESYNC as the called AE title in the device').waitFor();
    for (const row of [downgraded, lost]) {
      expect(await row.getByRole('button').count()).toBe(1);
      await row.getByRole('button', { name: /^Dismiss/ }).waitFor();
    }
  });

  it('is dismissed, stays to be seen in the fold, and the focus stays near', async () => {
    const { engine, page } = await arrangeDevices(access.clinic({ callers: [access.caller()] }));
    await page.getByRole('button', { name: 'Dismiss PORTABLE-7 from 192.168.1.77' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Nobody was turned away.').waitFor();
    expect(last(engine)).toEqual({ name: 'dismiss', input: { id: access.idOf('a') } });
    await expect.poll(() => focused(page)).toBe('callers');
    await page.getByText('1 dismissed caller').click();
    await rowOf(page, 'Wants to connect', 'PORTABLE-7')
      .getByRole('button', { name: /^Allow/ })
      .waitFor();
  });

  it('in the list of the overview leads to where it is decided about', async () => {
    const { engine, page } = await arrange(access.clinic({ callers: [access.caller()] }));
    engine.show(
      states.agent({
        headline: 'attention',
        safe: false,
        failures: [states.failure('association-refused', reportFor('association-refused', 'PORTABLE-7'))],
      }),
    );
    await region(page, 'To look at').getByRole('button', { name: 'Look at it' }).click();
    await rowOf(page, 'Wants to connect', 'PORTABLE-7').waitFor();
  });

  it('whose answer fails says so where it was pressed', async () => {
    const { engine, page } = await arrangeDevices(access.clinic({ callers: [access.caller()] }));
    engine.refusals.set('allow-caller', reportFor('pairing-exists', 'CT room'));
    await page.getByRole('button', { name: /^Allow…/ }).click();
    await dialog(page).getByRole('button', { name: 'Allow', exact: true }).click();
    await dialog(page).getByRole('alert').getByText('Another pairing already has this AE title').waitFor();
  });
});

inBrowser('a paired device', () => {
  it('says what it is, whether it is encrypted, and how long its certificate lasts', async () => {
    const { page } = await arrangeDevices();
    const plain = rowOf(page, 'Paired devices', 'CT room');
    await plain.getByText('Not encrypted on this network').waitFor();
    await plain.getByText('192.168.1.31').waitFor();
    await plain.getByText('10 minutes ago').waitFor();
    const encrypted = rowOf(page, 'Paired devices', 'SONO-2');
    await encrypted.getByText('Encrypted (TLS)').waitFor();
    await encrypted.getByText('512 days left').waitFor();
    await encrypted.getByText('to SONO-SC@192.168.1.40:104, encrypted').waitFor();
    await rowOf(page, 'Paired devices', 'X-ray').getByText('2 kinds of images and 1 private kind').waitFor();
    await page.getByRole('tab', { name: 'Overview' }).click();
    const card = region(page, 'Devices').getByRole('listitem').filter({ hasText: 'CT-ROOM-1' });
    await card.getByText('Not encrypted on this network').waitFor();
  });

  it('is paired by hand with the keyboard alone, and what is wrong is said beside the field', async () => {
    const { engine, page } = await arrangeDevices();
    await page.getByRole('button', { name: 'Pair by hand…' }).focus();
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await page.keyboard.type('Mammography');
    await page.keyboard.press('Tab');
    await page.keyboard.type('MAMMO');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('10.0.0.0/8');
    await tabTo(page, 'Pair');
    await page.keyboard.press('Enter');
    await dialog(page)
      .getByText('A device without TLS is pinned to a range of /16 or narrower (IPv6: /48)')
      .waitFor();
    expect(engine.calls).toEqual([]);
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid')))
      .toBe('true');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('10.0.7.20');
    await tabTo(page, 'Pair');
    await page.keyboard.press('Enter');
    await page.getByText('“Mammography” is paired.').waitFor();
    expect(last(engine)).toMatchObject({
      name: 'pair',
      input: {
        name: 'Mammography',
        aeTitle: 'MAMMO',
        addresses: ['10.0.7.20'],
        channel: 'plain',
        commitment: null,
      },
    });
  });

  it('with encryption is known by a certificate that is ticked by its name', async () => {
    const { engine, page } = await arrangeDevices();
    await page.getByRole('button', { name: 'Pair by hand…' }).click();
    await dialog(page).getByLabel('Name', { exact: true }).fill('Second probe');
    await dialog(page).getByLabel('AE title', { exact: true }).fill('SONO-3');
    await dialog(page).getByText('Encrypted, with a certificate (TLS)').click();
    await dialog(page)
      .getByText(/^Ultrasound 2, ends/)
      .click();
    await dialog(page).getByRole('button', { name: 'Pair', exact: true }).click();
    await page.getByText('“Second probe” is paired.').waitFor();
    expect(last(engine)).toMatchObject({
      input: { channel: 'tls', certificates: [access.sha256Of('d')], addresses: [] },
    });
  });

  it('is changed in single parts: name, classes and where confirmations go', async () => {
    const { engine, page } = await arrangeDevices();
    await page.getByRole('button', { name: 'Change “CT room”' }).click();
    await dialog(page).getByLabel('Name', { exact: true }).fill('CT ground floor');
    await dialog(page).getByText('What it may send, and confirmations').click();
    await dialog(page).getByText('Only these kinds').click();
    await dialog(page).getByRole('textbox', { name: 'Kinds of images' }).fill('1.2.840.10008.5.1.4.1.1.2');
    await dialog(page).getByText('At another place').click();
    await dialog(page).getByLabel('Host or address').fill('192.168.1.31');
    await dialog(page).getByLabel('Port').fill('104');
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await page.getByText('“CT ground floor” is changed.').waitFor();
    expect(last(engine)).toEqual({
      name: 'change',
      input: {
        id: access.idOf('1'),
        change: {
          name: 'CT ground floor',
          classes: ['1.2.840.10008.5.1.4.1.1.2'],
          commitment: { host: '192.168.1.31', port: 104, channel: 'plain' },
        },
      },
    });
  });

  it('is removed only after a second press; the first focus is on leaving it', async () => {
    const { engine, page } = await arrangeDevices();
    const remove = page.getByRole('button', { name: 'Remove “CT room”' });
    await remove.click();
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    expect(engine.calls).toEqual([]);
    await remove.click();
    await dialog(page).getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('“CT room” is removed.').waitFor();
    await rowOf(page, 'Paired devices', 'CT-ROOM-1').waitFor({ state: 'detached' });
    await expect.poll(() => focused(page)).toBe('paired-devices');
  });
});

inBrowser('a kind of image that is not accepted', () => {
  it('is allowed for its device alone, or dismissed', async () => {
    const { engine, page } = await arrangeDevices(access.clinic({ classes: [access.observed()] }));
    const row = rowOf(page, 'Kinds of images not accepted', '1.3.46.670589.2.5.1.1');
    await row.getByText('Ultrasound 2 wants to send it').waitFor();
    await row.getByRole('button', { name: /^Allow for this device/ }).click();
    await page.getByText('Allowed. It is stored from the next time').waitFor();
    expect(last(engine)).toEqual({ name: 'allow-class', input: { id: access.idOf('c') } });
    await row.getByRole('button', { name: /^Dismiss/ }).click();
    await expect.poll(() => last(engine)?.name).toBe('dismiss-class');
  });
});

inBrowser('certificates', () => {
  it('count down, and those that ended or end soon are marked', async () => {
    const { page } = await arrangeDevices(access.busyClinic());
    await rowOf(page, 'Certificates', 'OPG').getByText('Ends in 12 days').waitFor();
    await rowOf(page, 'Certificates', 'Portable ultrasound').getByText('Ended', { exact: true }).waitFor();
    await page.getByText('1 that is no longer used').click();
    const revoked = rowOf(page, 'Certificates', 'Old CT');
    await revoked.getByText('Revoked', { exact: true }).waitFor();
    expect(await revoked.getByRole('button', { name: /^Revoke/ }).count()).toBe(0);
  });

  it('are revoked with a reason, after it was said which device uses them', async () => {
    const { engine, page } = await arrangeDevices();
    await page.getByRole('button', { name: 'Revoke the certificate “Ultrasound 2”' }).click();
    await dialog(page).getByText('It is used by Ultrasound 2.').waitFor();
    await dialog(page).getByText('It was stolen, or somebody else may have the key').click();
    await dialog(page).getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByText('The certificate is revoked; 1 connection was cut.').waitFor();
    expect(last(engine)).toEqual({
      name: 'revoke',
      input: { sha256: access.sha256Of('d'), reason: 'stolen' },
    });
  });

  it('that cannot be read leave the devices standing, and can be asked for again', async () => {
    const { engine, page } = await arrange();
    engine.refusals.set('certificates', reportFor('internal'));
    await page.getByRole('tab', { name: 'Devices and access' }).click();
    const panel = region(page, 'Certificates');
    await panel.getByRole('alert').waitFor();
    await rowOf(page, 'Paired devices', 'CT room').waitFor();
    engine.refusals.clear();
    await panel.getByRole('button', { name: 'Try again' }).click();
    await panel.getByText('512 days left').waitFor();
  });
});

inBrowser('files that need attention', () => {
  it('are not asked for unless somebody wants to see them, and their names stay hidden until then', async () => {
    const { engine, page } = await arrange();
    engine.attentionFiles = [access.attentionFile(4), access.attentionFile(7, 'dicom-class-refused')];
    engine.show(
      states.agent({
        safe: false,
        headline: 'attention',
        failures: [states.failure('file-needs-attention', { count: 2 })],
      }),
    );
    const open = region(page, 'To look at').getByRole('button', { name: 'Look at the files' });
    await open.waitFor();
    expect(engine.calls).toEqual([]);
    await open.click();
    await dialog(page).getByText('File 1, name hidden').waitFor();
    expect(engine.calls).toEqual([{ name: 'attention', input: { limit: 200 } }]);
    expect(await page.content()).not.toContain('maria');
    await dialog(page).getByRole('button', { name: 'Show file names' }).click();
    await dialog(page).getByText('/srv/scans/2026/example_maria_4.dcm').waitFor();
    await dialog(page).getByRole('button', { name: 'Hide file names' }).click();
    expect(await page.content()).not.toContain('maria');
  });

  it('are tried again or left be, one by one or all', async () => {
    const { engine, page } = await arrange();
    engine.attentionFiles = [access.attentionFile(4), access.attentionFile(7), access.attentionFile(9)];
    await page.getByRole('button', { name: 'Look at the files' }).click();
    await dialog(page).getByRole('button', { name: 'Try again: file 1' }).click();
    await page.getByText('1 file is being looked at again.').waitFor();
    await dialog(page).getByRole('button', { name: 'Leave it be: file 2' }).click();
    await page.getByText('1 file is left as it is.').waitFor();
    await dialog(page).getByText('2 files', { exact: true }).waitFor();
    await dialog(page).getByRole('button', { name: 'Leave all be' }).click();
    await dialog(page).getByText('No file needs attention.').waitFor();
    expect(engine.calls.filter(({ name }) => name !== 'attention')).toEqual([
      { name: 'attention-retry', input: { tag: 'some', ids: ['4'] } },
      { name: 'attention-dismiss', input: { tag: 'some', ids: ['7'] } },
      { name: 'attention-dismiss', input: { tag: 'all' } },
    ]);
  });
});

inBrowser('a public address', () => {
  it('is said on every part of the page, once', async () => {
    const { engine, page } = await arrangeDevices();
    const report = reportFor('public-address', '203.0.113.9');
    engine.show(
      states.agent({
        safe: false,
        headline: 'attention',
        failures: [states.failure('public-address', { ...report, action: 'none' })],
      }),
    );
    const banner = region(page, 'This PC is open to the internet');
    await banner.getByText(/203\.0\.113\.9/).waitFor();
    await page.getByRole('tab', { name: 'Overview' }).click();
    await banner.waitFor();
    expect(await region(page, 'To look at').count()).toBe(0);
  });
});
