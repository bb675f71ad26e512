import { expect, it } from 'vitest';
import { dicomDate, personName } from './language.ts';

it('writes a date as people do, and leaves what is no date as it is', () => {
  expect(dicomDate('20261122', 'en')).toBe('22 November 2026');
  for (const text of ['20261301', '20260230', '00000000', '2026', '', '2026.11.22'])
    expect(dicomDate(text, 'en')).toBe(text);
});

it('names a person by the first of the writings that there is', () => {
  expect(personName('DOE^JANE')).toBe('DOE, JANE');
  expect(personName('Yamada^Tarou=山田^太郎=やまだ^たろう')).toBe('Yamada, Tarou');
  expect(personName('=山田^太郎')).toBe('山田, 太郎');
  expect(personName('==')).toBe('');
});
