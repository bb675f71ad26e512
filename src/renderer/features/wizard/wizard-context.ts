/** Whether set-up was left in this tab: a page that is loaded anew goes on where it was. Which step is not kept. */
import { useCallback } from 'react';
import { useAgentView } from '../../state/engine-context.ts';
import { useViews } from '../view-context.ts';
import { isFresh } from './wizard-state.ts';
import type { SetupPage } from './wizard-state.ts';

const storageKey = 'edge-sync-setup';
type Kept = 'open' | 'left';

function kept(): Kept | undefined {
  try {
    const value = sessionStorage.getItem(storageKey);
    return value === 'open' || value === 'left' ? value : undefined;
  } catch {
    return undefined;
  }
}

export function keep(value: Kept): void {
  try {
    sessionStorage.setItem(storageKey, value);
  } catch {
    // Storage can be switched off: then a page that is loaded anew decides by the installation alone.
  }
}

/** Whether the page begins with set-up: it was open in this tab, or nothing was done on this PC yet. */
export function beginsWithSetup(status: Parameters<typeof isFresh>[0]): boolean {
  const before = kept();
  return before === 'open' || (before === undefined && isFresh(status));
}

/** Opens set-up, at its next step unless one is named. */
export function useOpenSetup(): (page?: SetupPage) => void {
  const { show } = useViews();
  const { agent } = useAgentView();
  return useCallback(
    (page?: SetupPage) => {
      if (agent === undefined) return;
      keep('open');
      wantedPage.value = page;
      show('setup', 'setup-title');
    },
    [agent, show],
  );
}

/** Handed to the set-up that opens next; read once. */
export const wantedPage: { value: SetupPage | undefined } = { value: undefined };
