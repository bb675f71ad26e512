/** The screens of set-up, for the test of looks. */
import { reportFor } from '../../src/shared/errors.ts';
import type { LiveTestEvent, LiveTestStep } from '../../src/shared/contract-setup.ts';
import type { AgentState } from '../../src/shared/agent-state.ts';
import * as states from './agent-states.ts';
import { accessStatus, clinic } from './agent-access.ts';
import { button } from './device-screens.ts';
import type { Screen, Words } from './device-screens.ts';
import type { Page } from 'playwright-core';

/** Nothing was done here yet. */
export function freshState(change: Partial<AgentState['status']> = {}): AgentState {
  return states.agent(
    {
      safe: false,
      headline: 'attention',
      recovery: 'none',
      destinations: [],
      modalities: [],
      counts: { received: 0, pending: 0, verified: 0, failed: 0, parked: 0 },
      lastVerifiedAt: null,
      access: { ...accessStatus(clinic()), devices: [], waitingCallers: 0, waitingClasses: 0 },
      ...change,
    },
    [],
  );
}

const passed = (...steps: readonly LiveTestStep[]): readonly LiveTestEvent[] =>
  steps.flatMap((step) => [{ tag: 'began', step } as const, { tag: 'passed', step } as const]);

export const passedTest: readonly LiveTestEvent[] = [
  { tag: 'route', proxy: 'http://proxy.clinic.test:3128' },
  ...passed('route', 'reach', 'create', 'read-back', 'create-only', 'others', 'rights'),
  {
    tag: 'finding',
    level: 'warning',
    about: 'credential',
    text: 'The credential can delete and overwrite objects and nothing protects them.',
    fact: { code: 'can-unprotected', can: ['delete', 'overwrite'], how: 'no-versions' },
  },
  { tag: 'finding', level: 'warning', about: 'other-archive', text: 'Another archive lies here.' },
  {
    tag: 'finding',
    level: 'note',
    about: 'credential',
    text: 'Container: no versions are kept.',
    fact: { code: 'container', how: 'no-versions' },
  },
  { tag: 'ended', outcome: 'passed' },
];

export const failedTest: readonly LiveTestEvent[] = [
  { tag: 'route', proxy: null },
  ...passed('route'),
  { tag: 'began', step: 'reach' },
  { tag: 'failed', step: 'reach', error: reportFor('cloud-clock-skew', 'it is 2 hours behind') },
  { tag: 'ended', outcome: 'failed' },
];

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor();

async function fillCloud(page: Page, words: Words): Promise<void> {
  await heading(page, words.wizard.cloud.title);
  await page
    .getByLabel(words.wizard.cloud.credentials['sas-url'], { exact: true })
    .fill('https://clinic.blob.core.windows.net/images?sv=2025&sp=rcwl&sig=abc');
  await button(page, words.wizard.cloud.test).click();
}

const afterKit = (): AgentState => freshState({ recovery: 'proven' });

export const wizardScreens: readonly Screen[] = [
  {
    name: 'setup-kit',
    state: freshState,
    reach: (page, words) => heading(page, words.wizard.recovery.title),
  },
  {
    name: 'setup-left',
    state: freshState,
    async reach(page, words) {
      await button(page, words.wizard.leave).click();
      await button(page, words.wizard.banner.go).waitFor();
    },
  },
  {
    name: 'setup-cloud-problems',
    state: afterKit,
    async reach(page, words) {
      await button(page, words.wizard.banner.go).click();
      await heading(page, words.wizard.cloud.title);
      await page.getByText(words.wizard.cloud.signIns['service-principal']).click();
      await button(page, words.wizard.cloud.test).click();
      await page.getByText(words.wizard.cloud.missing).first().waitFor();
    },
  },
  {
    name: 'setup-cloud-s3',
    state: afterKit,
    async reach(page, words) {
      await button(page, words.wizard.banner.go).click();
      await page.getByText(words.wizard.cloud.kinds.s3).click();
      await page.getByLabel(words.wizard.cloud.endpoint).fill('https://s3.clinic.test');
      await page.getByText(words.wizard.cloud.addressings.path).waitFor();
    },
  },
  {
    name: 'setup-cloud-running',
    state: afterKit,
    async reach(page, words, engine) {
      engine.liveTestEvents = [
        { tag: 'route', proxy: null },
        ...passed('route', 'reach'),
        { tag: 'began', step: 'create' },
        { tag: 'ended', outcome: 'passed' },
      ];
      await button(page, words.wizard.banner.go).click();
      await fillCloud(page, words);
      await button(page, words.wizard.cloud.cancel).waitFor();
      await page.getByText(words.wizard.live.states.running, { exact: true }).waitFor();
    },
  },
  {
    name: 'setup-cloud-failed',
    state: afterKit,
    async reach(page, words, engine) {
      engine.liveTestEvents = failedTest;
      await button(page, words.wizard.banner.go).click();
      await fillCloud(page, words);
      await page.getByText(words.wizard.live.states.failed, { exact: true }).waitFor();
      engine.finishRun();
      await page.getByText(words.wizard.cloud.despite.summary).click();
      await page.getByText(words.wizard.cloud.despite.tick).waitFor();
    },
  },
  {
    name: 'setup-cloud-passed',
    state: afterKit,
    async reach(page, words, engine) {
      engine.liveTestEvents = passedTest;
      await button(page, words.wizard.banner.go).click();
      await fillCloud(page, words);
      await page
        .getByText(/^(Container: no versions are kept|Contenedor: no se guardan versiones)\.$/)
        .waitFor();
      engine.finishRun();
      await button(page, words.wizard.cloud.save).waitFor();
    },
  },
  {
    name: 'setup-cloud-broken',
    state: () =>
      freshState({
        recovery: 'created',
        destinations: [
          states.destination({ state: 'paused', error: reportFor('cloud-auth'), lastVerifiedAt: null }),
        ],
      }),
    async reach(page, words) {
      await button(page, words.wizard.banner.go).click();
      await heading(page, words.wizard.recovery.title);
      await button(page, words.wizard.skip).click();
      await button(page, words.wizard.cloud.mend).waitFor();
    },
  },
  {
    name: 'setup-done-open',
    state: afterKit,
    async reach(page, words) {
      await button(page, words.wizard.banner.go).click();
      await button(page, words.wizard.skip).click();
      await heading(page, words.wizard.modality.title);
      await button(page, words.wizard.skip).click();
      await heading(page, words.wizard.done.titleOpen);
    },
  },
];
