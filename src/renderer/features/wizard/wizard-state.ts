/** Where an installation stands, read from what the engine says: no step number is kept anywhere. Pure. */
import type { DestinationStatus, StatusReport } from '../../../shared/status.ts';

export const setupSteps = ['recovery', 'cloud', 'modality'] as const;
/** What is asked for, in this order; `done` is the page after them. */
export type SetupStep = (typeof setupSteps)[number];
export type SetupPage = SetupStep | 'done';

export type SetupStatus = Pick<
  StatusReport,
  'recovery' | 'destinations' | 'modalities' | 'access' | 'counts' | 'listener'
>;

/** Waiting for something else than a mended destination: the drill, a pause, a time of day. */
const waitsForOthers: ReadonlySet<string> = new Set([
  'recovery-not-proven',
  'uploads-paused',
  'uploads-outside-window',
  'uploads-metered',
]);

/** A destination that was refused, or waits for a person to mend its credential. */
export function isBroken({ state, error }: DestinationStatus): boolean {
  return (state === 'refused' || state === 'paused') && error !== null && !waitsForOthers.has(error.code);
}

export function isStepDone(step: SetupStep, status: SetupStatus): boolean {
  switch (step) {
    case 'recovery':
      return status.recovery === 'proven';
    case 'cloud': {
      const required = status.destinations.filter((one) => one.required);
      return required.length > 0 && !required.some(isBroken);
    }
    case 'modality':
      return (status.access?.devices.length ?? 0) > 0 || status.modalities.length > 0;
  }
}

/** Where set-up goes on. */
export function nextPage(status: SetupStatus): SetupPage {
  return setupSteps.find((step) => !isStepDone(step, status)) ?? 'done';
}

/** False for what the desktop shell says before its engine has answered for the first time: nothing is known then. */
export function isToldByEngine({ listener }: Pick<SetupStatus, 'listener'>): boolean {
  return listener.aeTitle !== '';
}

/** Nothing was done here yet: the page begins with set-up by itself. */
export function isFresh(status: SetupStatus): boolean {
  return (
    isToldByEngine(status) &&
    status.recovery === 'none' &&
    status.destinations.length === 0 &&
    status.counts.received === 0 &&
    (status.access?.devices.length ?? 0) === 0
  );
}

/** What has to be there before an image can be safe; the modality may as well be a watched folder. */
export function isUnfinished(status: SetupStatus): boolean {
  const isReady = status.recovery === 'proven' && status.destinations.some(({ required }) => required);
  return isToldByEngine(status) && !isReady;
}

export function pageAfter(page: SetupPage): SetupPage {
  return setupSteps[setupSteps.findIndex((step) => step === page) + 1] ?? 'done';
}

export function pageBefore(page: SetupPage): SetupPage | undefined {
  const at = page === 'done' ? setupSteps.length : setupSteps.indexOf(page);
  return setupSteps[at - 1];
}
