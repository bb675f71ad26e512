/** What this browser or app window remembers about how it looks. Nothing about images or people. */
import { useCallback, useSyncExternalStore } from 'react';

export const languages = ['en', 'es'] as const;
export type Language = (typeof languages)[number];
export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];
/** Whether initials are on the screen: `hidden` for a screen that faces the waiting room. */
export const initialsChoices = ['shown', 'hidden'] as const;
export type Initials = (typeof initialsChoices)[number];

export interface Preferences {
  readonly language: Language;
  readonly theme: Theme;
  readonly initials: Initials;
}

const storageKey = 'edge-sync-preferences';
const listeners = new Set<() => void>();
let current = read();

export function preferences(): Preferences {
  return current;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(storageKey, JSON.stringify(current));
  } catch {
    // Storage can be switched off: the choice then lasts as long as the page.
  }
  apply(current);
  for (const listener of listeners) listener();
}

export function usePreferences(): readonly [Preferences, (change: Partial<Preferences>) => void] {
  const subscribe = useCallback((listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return [useSyncExternalStore(subscribe, preferences), setPreferences];
}

/** Puts language and theme on the document; styles and screen readers take them from there. */
export function apply(chosen: Preferences): void {
  document.documentElement.lang = chosen.language;
  document.documentElement.dataset['theme'] = chosen.theme;
}

function read(): Preferences {
  const stored = storedValues();
  return {
    language: oneOf(languages, stored['language']) ?? (navigator.language.startsWith('es') ? 'es' : 'en'),
    theme: oneOf(themes, stored['theme']) ?? 'system',
    initials: oneOf(initialsChoices, stored['initials']) ?? 'shown',
  };
}

function storedValues(): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function oneOf<Choice extends string>(choices: readonly Choice[], value: unknown): Choice | undefined {
  return choices.find((choice) => choice === value);
}
