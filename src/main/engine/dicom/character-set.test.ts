import fc from 'fast-check';
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
    ['ISO_IR 109', 'Ħal Ġarda', hex('a1616c20d561726461')],
    ['ISO_IR 110', 'Ģirts Ķēniņš', hex('ab6972747320d3ba6e69f1b9')],
    ['ISO_IR 166', 'นามสกุล', hex('b9d2c1caa1d8c5')],
    ['ISO_IR 203', 'Œuvre Šimon €', hex('bc7576726520a6696d6f6e20a4')],
    ['ISO_IR 6', 'Smith^John', Buffer.from('Smith^John')],
    ['GB18030', '王小东㐀𠀀', hex('cdf5d0a1b6ab8139ee3995328236')],
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

describe('every set that may follow an escape (PS3.3 tables C.12-3 and C.12-4)', () => {
  test.each([
    ['100', '1b2d41', 'Äneas', 'c46e656173'],
    ['101', '1b2d42', 'Wałęsa Čech', '5761b3ea736120c8656368'],
    ['109', '1b2d43', 'Ħal Ġarda', 'a1616c20d561726461'],
    ['110', '1b2d44', 'Ģirts Ķēniņš', 'ab6972747320d3ba6e69f1b9'],
    ['126', '1b2d46', 'Διονυσιος', 'c4e9efedf5f3e9eff2'],
    ['127', '1b2d47', 'قباني', 'e2c8c7e6ea'],
    ['138', '1b2d48', 'שרון', 'f9f8e5ef'],
    ['144', '1b2d4c', 'Люкceмбypг', 'bbeeda6365dcd17970d3'],
    ['148', '1b2d4d', 'Çavuşoğlu', 'c7617675fe6ff06c75'],
    ['166', '1b2d54', 'นามสกุล', 'b9d2c1caa1d8c5'],
    ['203', '1b2d62', 'Œuvre Šimon €', 'bc7576726520a6696d6f6e20a4'],
    ['13', '1b2949', 'ﾔﾏﾀﾞ', 'd4cfc0de'],
    ['87', '1b2442', '山田太郎', '3b3345444240 4f3a'],
    ['159', '1b242844', '丂侄', '3021307e'],
    ['149', '1b242943', '김희중', 'b1e8c8f1c1df'],
    ['58', '1b242941', '第一行文字', 'b5dad2bbd0d0cec4d7d6'],
  ])('ISO 2022 IR %s', (number, escape, text, bytes) => {
    const read = textReader(`ISO 2022 IR 6\\ISO 2022 IR ${number}`);
    expect(read(hex(`${escape}${bytes}`), 'text')).toBe(text);
    // In a name each group begins with the set of the first value.
    expect(read(hex(`${escape}${bytes}1b2842 5e 41 3d 42`), 'person-name')).toBe(`${text}^A=B`);
  });
});

test.each(['100', '101', '109', '110', '126', '127', '138', '144', '148', '166', '203', '149', '58'])(
  'as the set of the first value, ISO 2022 IR %s needs no escape',
  (number) => {
    const first = textReader(`ISO 2022 IR ${number}\\ISO 2022 IR 87`);
    const bytes = hex('41 e6 ea 5e 41 e6 ea');
    const [one, two] = first(bytes, 'person-name').split('^');
    expect(one).toBe(two);
    expect(one).toMatch(/^A[\u0080-\ufffc]{1,2}$/);
  },
);

describe('long text with code extensions', () => {
  test('Korean designates G1 on each line anew (I.3)', () => {
    const line = (ascii: string, hangul: string, rest: string): Buffer =>
      Buffer.concat([hex('1b242943'), Buffer.from(ascii), hex(hangul), Buffer.from(rest)]);
    const bytes = Buffer.concat([
      line('The 1st line includes ', 'b1e6b5bf', '.\r\n'),
      line('The 2nd line includes ', 'b1e6b5bf', ', too.\r\n'),
      Buffer.from('The 3rd line'),
    ]);
    expect(textReader('\\ISO 2022 IR 149')(bytes, 'text')).toBe(
      'The 1st line includes 길동. The 2nd line includes 길동, too. The 3rd line',
    );
  });

  test('Chinese designates G1 on each line anew (K.3)', () => {
    const bytes = hex(
      '1b242941 312e b5dad2bbd0d0cec4d7d6a1a3 0d0a 1b242941 322e b5dab6fed0d0cec4d7d6a1a3 0d0a 1b242941 332e b5dac8fdd0d0cec4d7d6a1a3 0d0a',
    );
    expect(textReader('\\ISO 2022 IR 58')(bytes, 'text')).toBe(
      '1.第一行文字。 2.第二行文字。 3.第三行文字。',
    );
  });

  test('Unicode and GB 18030 need none (J.1, J.3)', () => {
    const name = 'Wang^XiaoDong=王^小東=';
    expect(textReader('ISO_IR 192')(Buffer.from(name), 'person-name')).toBe(name);
    const bytes = hex('57616e675e5869616f446f6e673dcdf55ed0a1967c3d');
    expect(textReader('GB18030')(bytes, 'person-name')).toBe(name);
  });
});

describe('a set that is declared wrongly', () => {
  test.each([
    ['ISO_IR 192', hex('4dfc6c6c6572'), 'M\ufffdller'],
    ['\\ISO 2022 IR 87', hex('1b2442 3b33 7f7f'), /^山/],
    ['\\ISO 2022 IR 149', hex('1b242943 ff41'), /\ufffd/],
    ['GB18030', hex('41 ff 42'), /^A\ufffd+B$/],
    ['ISO_IR 127', hex('41 a1 42'), /^A.B$/],
  ])('%s shows replacement characters and never throws', (set, bytes, shown) => {
    const text = textReader(set)(bytes, 'text');
    if (typeof shown === 'string') expect(text).toBe(shown);
    else expect(text).toMatch(shown);
  });

  test('whatever the bytes, no set throws, and the text is no longer than the bytes', () => {
    const sets = [
      '',
      'ISO_IR 100',
      'ISO_IR 13',
      'ISO_IR 192',
      'GB18030',
      'GBK',
      'ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159',
      '\\ISO 2022 IR 149',
      '\\ISO 2022 IR 58',
      'ISO 2022 IR 100\\ISO 2022 IR 144',
    ];
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(
        ...[
          '1b',
          '1b24',
          '1b2442',
          '1b2842',
          '1b284a',
          '1b242844',
          '1b242943',
          '1b2d4c',
          '5e',
          '3d',
          '5c',
        ].map((one) => new Uint8Array(hex(one))),
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...sets), fc.array(pieces, { maxLength: 12 }), (set, parts) => {
        const bytes = Buffer.concat(parts);
        for (const kind of ['person-name', 'text'] as const) {
          expect(textReader(set)(bytes, kind).length).toBeLessThanOrEqual(2 * bytes.length);
        }
      }),
      { seed: 20261122, numRuns: 2000 },
    );
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
