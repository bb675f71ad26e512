import { describe, expect, it } from 'vitest';
import { errorFacts, reportFor } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { en } from './en.ts';
import { errorText } from './error-text.ts';
import { es } from './es.ts';
import { esErrors } from '../../shared/es-errors.ts';

type Tree = { readonly [key: string]: string | Tree };

function flat(tree: Tree, path = ''): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') all.set(path + key, value);
    else for (const [inner, text] of flat(value, `${path}${key}.`)) all.set(inner, text);
  }
  return all;
}

const plural = /_(zero|one|two|few|many|other)$/;
const english = flat(en);
const spanish = flat(es);
const bases = (catalogue: ReadonlyMap<string, string>) =>
  [...new Set([...catalogue.keys()].map((key) => key.replace(plural, '')))].sort();
const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

describe('the catalogues', () => {
  it('have the same keys in English and Spanish', () => {
    expect(bases(spanish)).toEqual(bases(english));
  });

  it.each([
    ['en', english],
    ['es', spanish],
  ] as const)('have every plural form that %s needs', (language, catalogue) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const counted = [...catalogue.keys()].filter((key) => key.endsWith('_other'));
    expect(counted.length).toBeGreaterThan(10);
    const missing = counted.flatMap((key) => {
      const base = key.replace(plural, '');
      return forms.map((form) => `${base}_${form}`).filter((one) => !catalogue.has(one));
    });
    expect(missing).toEqual([]);
  });

  it('fill in the same values in both languages', () => {
    const different = [...english].filter(([key, text]) => {
      const other = spanish.get(key);
      return other !== undefined && String(placeholders(other)) !== String(placeholders(text));
    });
    expect(different.map(([key]) => key)).toEqual([]);
  });

  it('have no empty text', () => {
    expect([...english, ...spanish].filter(([, text]) => text.trim() === '')).toEqual([]);
  });
});

describe('error texts', () => {
  const codes = Object.keys(errorFacts) as ErrorCode[];

  it.each(codes)('%s has a message and a next step in Spanish', (code) => {
    expect(esErrors[code]?.message).toMatch(/\S/);
    expect(esErrors[code]?.nextStep).toMatch(/\S/);
  });

  it('Spanish has no code that does not exist', () => {
    expect(Object.keys(esErrors).filter((code) => !Object.hasOwn(errorFacts, code))).toEqual([]);
  });

  it('keep the detail behind the translated message', () => {
    const words = errorText(reportFor('port-taken', 'port 11112'), 'es');
    expect(words.message).toBe('Otro programa ya usa el puerto: port 11112');
  });

  it('put a command in quotation marks, as people know them', () => {
    const report = reportFor('entra-sign-in-needed');
    for (const [language, marks] of [
      ['en', /“edge-sync [^”]+”/],
      ['es', /«edge-sync [^»]+»/],
    ] as const) {
      const { nextStep } = errorText(report, language);
      expect(nextStep).toMatch(marks);
      expect(nextStep).not.toContain('`');
    }
  });

  it('say in Spanish where a file is wrong and which caller was refused', () => {
    expect(errorText(reportFor('config-not-json', '/c.json: line 3, column 7'), 'es').message).toMatch(
      /: \/c\.json: línea 3, columna 7$/,
    );
    expect(errorText(reportFor('association-refused', 'CT ROOM at 192.168.1.77'), 'es').message).toMatch(
      /: CT ROOM en 192\.168\.1\.77$/,
    );
  });

  it('keep a next step that the engine made more exact', () => {
    const report = { ...reportFor('cloud-auth'), nextStep: 'Renew the key that ended on Monday.' };
    expect(errorText(report, 'es').nextStep).toBe('Renew the key that ended on Monday.');
  });

  it('keep the engine’s own words for a code the page does not know', () => {
    const report = { code: 'from-the-future', message: 'Something new', nextStep: 'Update the page.' };
    expect(errorText(report, 'es')).toEqual({ message: 'Something new', nextStep: 'Update the page.' });
  });

  it('name the page’s own step instead of the command line', () => {
    for (const language of ['en', 'es'] as const) {
      expect(errorText(reportFor('recovery-missing'), language).nextStep).not.toContain('edge-sync');
    }
  });
});
