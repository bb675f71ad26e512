import { expect, it } from 'vitest';
import { esFindings } from '../renderer/i18n/es-findings.ts';
import { enFindings, findingText } from './credential-findings.ts';

it('a finding is a whole sentence in either language', () => {
  const fact = {
    code: 'can-protected',
    can: ['delete', 'change-owner', 'overwrite'],
    how: 'versions-kept',
  } as const;
  const open = { ...fact, can: [...fact.can] };
  expect(findingText(open, enFindings)).toBe(
    'The credential can delete, change the owner of and overwrite objects, but older versions are kept.',
  );
  expect(findingText(open, esFindings)).toBe(
    'La credencial puede borrar, cambiar el propietario de y sobrescribir objetos, pero se guardan las versiones anteriores.',
  );
});

it('a right that is missing is named as where signatures are made', () => {
  expect(findingText({ code: 'right-missing', letters: ['w'] }, enFindings)).toBe(
    'The signature lacks Write (w), which is needed.',
  );
});

it('every sentence names the same things in both languages', () => {
  const named = (text: string): readonly string[] => (text.match(/\{\w+\}/g) ?? []).toSorted();
  for (const [code, text] of Object.entries(enFindings.sentences))
    expect([code, named(esFindings.sentences[code as keyof typeof esFindings.sentences])]).toEqual([
      code,
      named(text),
    ]);
});
