import { createContext, useContext } from 'react';

/** The parts of the page below the headline, one at a time. */
export type View = 'overview' | 'devices' | 'keys' | 'settings' | 'setup';

export interface Views {
  readonly view: View;
  /** Shows a part; with the id of a panel, reading goes on there. */
  readonly show: (view: View, panelId?: string) => void;
}

export const ViewContext = createContext<Views>({ view: 'overview', show: () => undefined });

export function useViews(): Views {
  return useContext(ViewContext);
}

/** Puts the focus on a panel once it is drawn. */
export function focusSoon(id: string): void {
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(id)?.focus()));
}
