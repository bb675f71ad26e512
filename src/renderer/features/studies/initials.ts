import { usePreferences } from '../../preferences/preferences.ts';

/** Initials as this screen may show them: dots where it faces visitors. */
export function useShownInitials(initials: string): string {
  const [chosen] = usePreferences();
  return chosen.initials === 'hidden' ? '••' : initials;
}
