import { describe, expect, test } from 'vitest';
import { personNameGroups, textReader } from './character-set.ts';

/** Bytes from hex, white space allowed. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

describe('single-byte character sets', () => {
  test.each([
    ['ISO_IR 100', 'Äneas^Rüdiger', hex('c46e6561735e52fc6469676572')],
    ['ISO_IR 101', 'Wałęsa', hex('5761b3ea7361')],
    ['ISO_IR 144', 'Люкceмбypг', hex('bbeeda63 65dcd1 79 70d3')],
    ['ISO_IR 126', 'Διονυσιος', hex('c4e9efedf5f3e9eff2')],
    ['ISO_IR 127', 'قباني', hex('e2c8c7e6ea')],
    ['ISO_IR 138', 'שרון', hex('f9f8e5ef')],
    ['ISO_IR 148', 'Çağ', hex('c761f0')],
    ['ISO_IR 166', 'นาม', hex('b9d2c1')],
    ['ISO_IR 203', '€', hex('a4')],
    ['ISO_IR 13', 'ﾔﾏﾀﾞ^ﾀﾛｳ', hex('d4cfc0de5ec0dbb3')],
    ['ISO_IR 192', 'Wang^XiaoDong=王^小东', Buffer.from('Wang^XiaoDong=王^小东')],
    ['GB18030', 'Wang^XiaoDong=王^小东=', hex('57616e675e5869616f446f6e673dcdf55ed0a1b6ab3d')],
    ['GBK', '王', hex('cdf5')],
  ])('%s decodes %s', (set, text, bytes) => {
    expect(textReader(set)(bytes, 'person-name')).toBe(text);
  });
});

/** The examples of PS3.5 annexes H, I and K, byte by byte. */
describe('code extensions (ISO 2022)', () => {
  test('Japanese: kanji by JIS X 0208 behind an ASCII group (H.3.1)', () => {
    const bytes = hex(
      '59616d6164615e5461726f75 3d 1b2442 3b334544 1b2842 5e 1b2442 42404f3a 1b2842 3d 1b2442 246424 5e2440 1b2842 5e 1b2442 243f246d2426 1b2842',
    );
    expect(textReader('\\ISO 2022 IR 87')(bytes, 'person-name')).toBe('Yamada^Tarou=山田^太郎=やまだ^たろう');
  });

  test('Japanese: katakana by JIS X 0201 in the first group (H.3.2)', () => {
    const bytes = hex(
      'd4cfc0de5ec0dbb3 3d 1b2442 3b334544 1b284a 5e 1b2442 42404f3a 1b284a 3d 1b2442 2464245e2440 1b284a 5e 1b2442 243f246d2426 1b284a',
    );
    expect(textReader('ISO 2022 IR 13\\ISO 2022 IR 87')(bytes, 'person-name')).toBe(
      'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
    );
  });

  test('Japanese: JIS X 0212', () => {
    expect(textReader('\\ISO 2022 IR 87\\ISO 2022 IR 159')(hex('1b242844 3021 1b2842'), 'text')).toBe('丂');
  });

  test('Korean: hangul in G1 behind ASCII (I.2)', () => {
    const bytes = hex(
      '486f6e675e47696c646f6e67 3d 1b242943 fbf3 5e 1b242943 d1ced4d7 3d 1b242943 c8ab 5e 1b242943 b1e6b5bf',
    );
    expect(textReader('\\ISO 2022 IR 149')(bytes, 'person-name')).toBe('Hong^Gildong=洪^吉洞=홍^길동');
  });

  test('Chinese: GB 2312 in G1 behind ASCII (K.2)', () => {
    const bytes = hex('5a68616e675e5869616f446f6e67 3d 1b242941 d5c5 5e 1b242941 d0a1b6ab 3d 20');
    expect(textReader('\\ISO 2022 IR 58')(bytes, 'person-name')).toBe('Zhang^XiaoDong=张^小东=');
  });

  test('Latin sets change in G1 by escape and go back at a delimiter', () => {
    const bytes = hex('e4 1b2d4c bb 5e e4');
    expect(textReader('ISO 2022 IR 100\\ISO 2022 IR 144')(bytes, 'person-name')).toBe('äЛ^ä');
  });

  test('an unknown or unfinished escape harms nothing around it', () => {
    expect(textReader('\\ISO 2022 IR 87')(hex('41 1b 42'), 'text')).toBe('AB');
    expect(textReader('\\ISO 2022 IR 87')(hex('41 1b'), 'text')).toBe('A');
    expect(textReader('\\ISO 2022 IR 87')(hex('41 1b2442 3b'), 'text')).toMatch(/^A/);
  });
});

describe('what the field sends', () => {
  test.each(['ISO-IR 192', 'ISO_IR_192', 'iso_ir 192', 'UTF-8', 'utf8', 'ISO 192', ' ISO_IR 192 '])(
    'the misspelt term %s is UTF-8',
    (term) => {
      expect(textReader(term)(Buffer.from('Ł'), 'text')).toBe('Ł');
    },
  );

  test.each([undefined, '', 'ISO_IR 6', 'NONSENSE', '__proto__', 'constructor'])(
    'without a known set (%s), UTF-8 is recognised and Latin-1 is the rest',
    (term) => {
      expect(textReader(term)(Buffer.from('Müller'), 'text')).toBe('Müller');
      expect(textReader(term)(hex('4dfc6c6c6572'), 'text')).toBe('Müller');
    },
  );

  test('padding and control characters do not get to the screen', () => {
    expect(textReader('ISO_IR 100')(Buffer.from(' a\0\x1b[2Jb \0\0'), 'text')).toBe('a [2Jb');
  });
});

test('a person name parts into its component groups', () => {
  expect(personNameGroups('Yamada^Tarou=山田^太郎=やまだ^たろう')).toEqual({
    alphabetic: 'Yamada^Tarou',
    ideographic: '山田^太郎',
    phonetic: 'やまだ^たろう',
  });
  expect(personNameGroups('Doe^Jane')).toEqual({ alphabetic: 'Doe^Jane', ideographic: '', phonetic: '' });
});
