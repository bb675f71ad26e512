import { createContext, useContext } from 'react';
import type { SettingsReport } from '../../../shared/contract-settings.ts';

export interface SettingsHeld {
  readonly report: SettingsReport;
  /** An answer of the engine's that carries the settings as they are now. */
  readonly take: (report: SettingsReport) => void;
  readonly again: () => void;
}

export const SettingsContext = createContext<SettingsHeld | undefined>(undefined);

export function useSettings(): SettingsHeld {
  const held = useContext(SettingsContext);
  if (held === undefined) throw new Error('no settings above this component');
  return held;
}
