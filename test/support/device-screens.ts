/** What the page looks like on its devices screen and in its dialogs: every state of them, and the way there. */
import type { Page } from 'playwright-core';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { reportFor } from '../../src/shared/errors.ts';
import type { es } from '../../src/renderer/i18n/es.ts';
import * as access from './agent-access.ts';
import * as states from './agent-states.ts';
import type { FakeEngine } from './fake-engine.ts';

export type Words = typeof es;
export type Engine = FakeEngine;

export interface Screen {
  readonly name: string;
  readonly state: () => AgentState | undefined;
  /** From the open page to the screen that is meant. */
  readonly reach: (page: Page, words: Words, engine: Engine) => Promise<void>;
}

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
export const stay = async (page: Page, words: Words) => {
  await page.getByRole('region', { name: words.counts.title, exact: true }).waitFor();
};

export const deviceScreens: readonly Screen[] = [
  {
    name: 'devices',
    state: states.allSafe,
    reach: openDevices,
  },
  {
    name: 'devices-none',
    state: () => states.agent({ access: access.accessStatus(access.nobody()) }),
    async reach(page, words, engine) {
      engine.access = access.nobody();
      await openDevices(page, words);
    },
  },
  { name: 'devices-busy', state: busyState, reach: openBusy },
  {
    name: 'devices-failed',
    state: states.allSafe,
    async reach(page, words, engine) {
      engine.refusals.set('lists', reportFor('internal'));
      await page.getByRole('tab', { name: words.views.devices }).click();
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'devices-to-look-at',
    state: () =>
      states.agent({
        safe: false,
        headline: 'attention',
        access: access.accessStatus(access.busyClinic()),
        failures: [
          states.failure('public-address', { ...reportFor('public-address', '203.0.113.9'), action: 'none' }),
          states.failure(
            'association-refused',
            reportFor('association-refused', 'PORTABLE-7 at 192.168.1.77'),
          ),
          states.failure('file-needs-attention', { count: 3 }),
          states.failure('certificate-expired', {
            ...reportFor('certificate-expired', 'OPG'),
            action: 'none',
          }),
        ],
      }),
    async reach(page, words) {
      await stay(page, words);
    },
  },
  {
    name: 'dialog-pair',
    state: states.allSafe,
    async reach(page, words) {
      await openDevices(page, words);
      await button(page, words.devices.paired.add).click();
      await button(page, words.devices.form.pair).click();
      await page.getByText(words.devices.form.problem.nameMissing).waitFor();
    },
  },
  {
    name: 'dialog-allow',
    state: busyState,
    async reach(page, words, engine) {
      await openBusy(page, words, engine);
      await page.getByRole('button', { name: words.devices.callers.allow }).first().click();
      await page.getByText(words.devices.form.more).click();
      await page.getByText(words.devices.form.classesSome).click();
      await page.getByText(words.devices.form.commitmentOther).click();
    },
  },
  {
    name: 'dialog-change-tls',
    state: states.allSafe,
    async reach(page, words) {
      await openDevices(page, words);
      await page
        .getByRole('button', { name: words.devices.paired.changeLabel.replace('{{name}}', 'Ultrasound 2') })
        .click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'dialog-remove',
    state: states.allSafe,
    async reach(page, words) {
      await openDevices(page, words);
      await page
        .getByRole('button', { name: words.devices.paired.removeLabel.replace('{{name}}', 'CT room') })
        .click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'dialog-revoke',
    state: states.allSafe,
    async reach(page, words) {
      await openOfCertificate(page, words, 'revokeLabel');
    },
  },
  {
    name: 'dialog-certificate',
    state: states.allSafe,
    async reach(page, words) {
      await openDevices(page, words);
      await page.getByRole('button', { name: words.devices.certificates.make }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'dialog-certificate-renew',
    state: states.allSafe,
    async reach(page, words) {
      await openOfCertificate(page, words, 'renewLabel');
    },
  },
  {
    name: 'dialog-attention',
    state: states.allSafe,
    async reach(page, words, engine) {
      engine.attentionFiles = [
        access.attentionFile(1),
        access.attentionFile(2, 'dicom-class-refused'),
        access.attentionFile(3),
      ];
      await button(page, words.attention.open).click();
      await button(page, words.attention.showNames).click();
      await page.getByText('example_maria_3').waitFor();
    },
  },
];

function busyState(): AgentState {
  return states.agent({ access: access.accessStatus(access.busyClinic()) });
}

async function openDevices(page: Page, words: Words): Promise<void> {
  await page.getByRole('tab', { name: words.views.devices }).click();
  await page.getByRole('region', { name: words.devices.paired.title }).waitFor();
  await page.getByRole('region', { name: words.devices.certificates.title }).waitFor();
}

/** One of the dialogs that a device's certificate has. */
async function openOfCertificate(
  page: Page,
  words: Words,
  label: 'renewLabel' | 'revokeLabel',
): Promise<void> {
  await openDevices(page, words);
  const name = words.devices.certificates[label].replace('{{name}}', 'Ultrasound 2');
  await page.getByRole('button', { name }).click();
  await page.getByRole('dialog').waitFor();
}

async function openBusy(page: Page, words: Words, engine: Engine): Promise<void> {
  engine.access = access.busyClinic();
  await openDevices(page, words);
  await page.getByText('PORTABLE-7').waitFor();
}
