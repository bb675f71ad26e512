/** What a kit says, in one catalogue file per language (strings-en.ts, strings-es.ts). `{name}` is filled in. */
import type { KitLanguage } from '../../../shared/contract-recovery.ts';
import { english } from './strings-en.ts';
import { spanish } from './strings-es.ts';

export interface KitStep {
  readonly text: string;
  /** Names the command that stands below the step. */
  readonly command?: KitCommand;
}

/** Commands are the same in every language: kit-commands.ts. */
export type KitCommand =
  | 'join'
  | 'restore'
  | 'restore-here'
  | 'check'
  | 'export-key'
  | 'open-with-words'
  | 'check-key'
  | 'fingerprint'
  | 'open-one'
  | 'open-one-windows'
  | 'open-all'
  | 'reader';

export interface KitStrings {
  readonly language: KitLanguage;
  readonly title: string;
  readonly shareTitle: string;
  readonly secrecy: string;
  readonly shareSecrecy: string;
  readonly printed: string;
  readonly facts: {
    readonly heading: string;
    readonly installation: string;
    readonly archive: string;
    readonly fingerprint: string;
    readonly date: string;
    readonly program: string;
    readonly share: string;
  };
  readonly cloud: {
    readonly heading: string;
    readonly none: string;
    readonly noSecret: string;
    readonly kind: string;
    readonly endpoint: string;
    readonly endpointUnknown: string;
    readonly head: string;
    readonly headValue: string;
    readonly headNone: string;
    /** By the key of the setting; one that is not here is shown by its key. */
    readonly settings: Readonly<Record<string, string>>;
    readonly emptyPrefix: string;
  };
  readonly words: { readonly heading: string; readonly intro: string };
  readonly shareWords: { readonly heading: string; readonly intro: string };
  readonly key: {
    readonly heading: string;
    readonly intro: string;
    readonly scan: string;
    readonly type: string;
    readonly caption: string;
    readonly checkIntro: string;
  };
  readonly shareQr: string;
  readonly newPc: { readonly heading: string; readonly steps: readonly KitStep[] };
  readonly shareNewPc: { readonly heading: string; readonly steps: readonly KitStep[] };
  readonly withoutUs: { readonly heading: string; readonly steps: readonly KitStep[] };
  readonly trust: {
    readonly heading: string;
    readonly provesHeading: string;
    readonly proves: readonly string[];
    readonly notHeading: string;
    readonly not: readonly string[];
  };
  readonly keeping: { readonly heading: string; readonly items: readonly string[] };
  readonly shareKeeping: { readonly heading: string; readonly items: readonly string[] };
  readonly page: string;
}

export function kitStrings(language: KitLanguage): KitStrings {
  return language === 'es' ? spanish : english;
}

/** Puts values in place of `{name}`. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
