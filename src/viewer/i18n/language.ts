/** Which words the page uses. Nothing is stored: the browser's language is where it starts. */
import { en, type Messages } from './en.ts';
import { es } from './es.ts';

export type Language = 'en' | 'es';

export const languages: Readonly<Record<Language, Messages>> = { en, es };

export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const [primary] = tag.toLowerCase().split('-');
    if (primary === 'es' || primary === 'en') return primary;
  }
  return 'en';
}

/** YYYYMMDD (PS3.5 VR DA) as people write a date; anything else as it is. */
export function dicomDate(text: string, language: Language): string {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (match === null) return text;
  const date = new Date(`${match.slice(1).join('-')}T00:00:00Z`);
  // The 30th of February would be moved into March.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== match.slice(1).join('-'))
    return text;
  return new Intl.DateTimeFormat(locale(language), { dateStyle: 'long', timeZone: 'UTC' }).format(date);
}

export function dateAndTime(date: Date, language: Language): string {
  return new Intl.DateTimeFormat(locale(language), { dateStyle: 'long', timeStyle: 'short' }).format(date);
}

export function decimal(value: number, digits: number, language: Language): string {
  return new Intl.NumberFormat(locale(language), { maximumFractionDigits: digits }).format(value);
}

function locale(language: Language): string {
  return language === 'en' ? 'en-GB' : 'es-ES';
}

/** VR PN: family, given, middle, prefix, suffix, parted by carets; the first of its writings that is not empty. */
export function personName(text: string): string {
  const writing = text.split('=').find((one) => /[^^\s]/.test(one)) ?? '';
  const [family = '', ...others] = writing.split('^').map((part) => part.trim());
  const given = others.filter((part) => part !== '').join(' ');
  return given === '' ? family : family === '' ? given : `${family}, ${given}`;
}
