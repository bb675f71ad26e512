/** Setting up a device, in every state a person meets, and the way there. */
import type { Page } from 'playwright-core';
import { en } from '../../src/renderer/i18n/en.ts';
import type { Finding } from '../../src/shared/pairing.ts';
import * as access from './agent-access.ts';
import { finding, visit } from './agent-pairing.ts';
import * as states from './agent-states.ts';
import { button } from './device-screens.ts';
import type { Engine, Screen, Words } from './device-screens.ts';

const ready = (page: Page, words: Words) =>
  page.getByRole('heading', { name: words.pairing.step.call }).waitFor();

export async function openPairing(page: Page, words: Words): Promise<void> {
  await page.getByRole('tab', { name: words.views.devices }).click();
  await button(page, words.pairing.open).click();
  await ready(page, words);
}

const waiting = (engine: Engine) => {
  engine.access = access.clinic({ callers: [access.caller()] });
  engine.pairing.show({ visits: [visit()] });
};

export const pairingScreens: readonly Screen[] = [
  { name: 'pair-listening', state: states.allSafe, reach: openPairing },
  {
    name: 'pair-loopback',
    state: states.allSafe,
    async reach(page, words, engine) {
      engine.access = {
        ...access.nobody(),
        addresses: [
          { interface: 'Ethernet', address: '192.168.1.20', scope: 'private', used: false },
          { interface: 'Wi-Fi', address: '192.168.1.34', scope: 'private', used: false },
          { interface: 'Loopback', address: '127.0.0.1', scope: 'loopback', used: true },
        ],
      };
      await openPairing(page, words);
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: words.pairing.network.use }).click();
      await dialog.getByRole('button', { name: words.pairing.network.confirm }).waitFor();
    },
  },
  {
    name: 'pair-caller',
    state: states.allSafe,
    async reach(page, words, engine) {
      waiting(engine);
      await openPairing(page, words);
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /PORTABLE-7/ })
        .first()
        .waitFor();
    },
  },
  {
    name: 'pair-allow',
    state: states.allSafe,
    async reach(page, words, engine) {
      waiting(engine);
      await openPairing(page, words);
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /PORTABLE-7/ })
        .first()
        .click();
      await button(page, words.pairing.allow.confirm).click();
      await page.getByText(words.pairing.allow.plainMissing).waitFor();
    },
  },
  {
    name: 'pair-done',
    state: states.allSafe,
    async reach(page, words, engine) {
      engine.pairing.show({
        visits: [
          visit({
            id: '4',
            deviceId: access.idOf('1'),
            address: '192.168.1.31',
            problem: null,
            images: 14,
            callingAeTitle: 'CT-ROOM-1',
          }),
          visit({
            id: '3',
            deviceId: access.idOf('1'),
            address: '192.168.1.31',
            problem: null,
            echoes: 1,
            callingAeTitle: 'CT-ROOM-1',
            count: 2,
          }),
          visit({ id: '2', address: '192.168.1.31', callingAeTitle: 'CT-ROOM-1' }),
        ],
      });
      await openPairing(page, words);
      await button(page, words.pairing.echo.run).click();
      await page.getByText('5 ms').or(page.getByText('4 ms')).waitFor();
    },
  },
  {
    name: 'pair-trouble',
    state: states.allSafe,
    async reach(page, words, engine) {
      engine.pairing.diagnosis = {
        findings: [
          finding({
            code: 'nothing-arrives',
            address: null,
            aeTitle: null,
            lastAt: null,
            values: { host: '192.168.1.20', port: '11112' },
          }),
        ],
      };
      engine.pairing.show({ findings: troubles });
      await openPairing(page, words);
      await page.getByText(words.pairing.trouble.nothing).click();
      await button(page, words.pairing.trouble.run).click();
      await page.getByText('New-NetFirewallRule').waitFor();
    },
  },
  {
    name: 'pair-certificate',
    state: states.allSafe,
    async reach(page, words) {
      await openPairing(page, words);
      await page.getByText(words.pairing.certificate.fold).click();
      await button(page, words.pairing.certificate.make).click();
      await page.getByText(words.pairing.certificate.nameProblem).waitFor();
    },
  },
];

const troubles: readonly Finding[] = [
  finding(),
  finding({
    code: 'no-common-syntax',
    address: '192.168.1.50',
    aeTitle: 'XRAY',
    values: { syntaxes: '1.2.840.10008.1.2.4.94' },
  }),
  finding({ code: 'tls-missing', address: '192.168.1.40', aeTitle: null, values: {} }),
  finding({ code: 'hung-up', tone: 'hint', address: '192.168.1.77', aeTitle: null, values: {} }),
];

export const english = en as Words;
