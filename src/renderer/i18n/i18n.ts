import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { preferences } from '../preferences/preferences.ts';
import { en } from './en.ts';
import { es } from './es.ts';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en };
    returnNull: false;
  }
}

/** Both catalogues are in the page: it must speak without the engine. */
export async function startTranslation(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, es: { translation: es } },
    lng: preferences().language,
    fallbackLng: 'en',
    // React escapes.
    interpolation: { escapeValue: false },
  });
}
