/** The PC stays awake while a device sends: asked of Electron itself. */
import type { ElectronApplication } from 'playwright-core';
import { expect, it } from 'vitest';
import { appPage, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { Desk, headlineIs, tell } from './desk.ts';
import { stubState } from './stub-state.ts';
import type { AgentState } from '../../src/shared/agent-state.ts';

function withAssociations(openAssociations: number): AgentState {
  const state = stubState('all-safe');
  const access = { openAssociations, waitingCallers: 0, waitingClasses: 0, revision: 1, devices: [] };
  return { ...state, status: { ...state.status, access } };
}

/** Whether any block is held: Electron numbers them from 0. */
function isHeld(app: ElectronApplication): Promise<boolean> {
  return app.evaluate(({ powerSaveBlocker }) =>
    Array.from({ length: 16 }, (_, id) => id).some((id) => powerSaveBlocker.isStarted(id)),
  );
}

needs('electron-rig', 'xvfb')('while a device sends', () => {
  const desk = new Desk();

  it('the PC does not go to sleep, and may again afterwards', async () => {
    const { app, dataDir } = await desk.start();
    await headlineIs(await appPage(app), 'all-safe');
    expect(await isHeld(app)).toBe(false);
    tell(dataDir, withAssociations(2));
    await until(() => isHeld(app));
    tell(dataDir, withAssociations(0));
    await until(async () => !(await isHeld(app)));
  });
});
