import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeDataset,
  header,
  itemHeader,
  makeDicomFile,
  testUid,
  type ByteForm,
  type TestElement,
} from '../../../../test/support/dicom-files.ts';
import { createHeaderScanner, defaultScanLimits, isHeaderOdd, type ScanResult } from './header-scanner.ts';
import { transferSyntaxes } from './transfer-syntaxes.ts';

const explicitLe = '1.2.840.10008.1.2.1';
const implicitLe = '1.2.840.10008.1.2';
const bigEndian = '1.2.840.10008.1.2.2';
const deflated = '1.2.840.10008.1.2.1.99';
const rle = '1.2.840.10008.1.2.5';
const syntaxOf: Readonly<Record<ByteForm, string>> = {
  'explicit-le': explicitLe,
  implicit: implicitLe,
  'big-endian': bigEndian,
};

const shown = {
  modality: 'US',
  patientName: 'Doe^Jane^^Dr',
  patientId: 'PID-7',
  patientBirthDate: '19700102',
  studyDate: '20260105',
  studyTime: '101112.5',
  studyDescription: 'Abdomen',
  seriesDescription: 'Liver',
  seriesNumber: '3',
  instanceNumber: '14',
  accessionNumber: 'ACC-1',
} as const;

async function scan(
  syntax: string,
  chunks: readonly Uint8Array[],
  limits = defaultScanLimits,
): Promise<ScanResult> {
  const scanner = createHeaderScanner(syntax, limits);
  for (const chunk of chunks) await scanner.push(chunk);
  const result = await scanner.finish();
  scanner.close();
  return result;
}

function readable(result: ScanResult): Extract<ScanResult, { tag: 'readable' }> {
  if (result.tag !== 'readable') throw new Error(`unreadable, ${result.ending}`);
  return result;
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

const sopInstance: TestElement = { group: 8, element: 0x18, vr: 'UI', value: testUid('x') };

describe('a whole dataset', () => {
  test.each(transferSyntaxes.map((one) => [one.keyword, one.uid]))(
    'in %s gives identity and display values and ends whole',
    async (_keyword, uid) => {
      const file = makeDicomFile({ ...shown, transferSyntaxUid: uid });
      const result = readable(await scan(uid, [file.dataset]));
      expect(result.identity).toEqual({
        sopClassUid: file.sopClassUid,
        sopInstanceUid: file.sopInstanceUid,
        studyInstanceUid: file.studyInstanceUid,
        seriesInstanceUid: file.seriesInstanceUid,
      });
      expect(result.display).toEqual(shown);
      expect(result.oddities).toEqual([]);
      expect(result.ending).toBe('whole');
      expect(isHeaderOdd(result)).toBe(false);
    },
  );

  test('gives the same result however its bytes are split', async () => {
    const nested = nestedSequences(3);
    const files = [explicitLe, implicitLe, bigEndian, rle].map((transferSyntaxUid) =>
      makeDicomFile({ ...shown, transferSyntaxUid, extra: transferSyntaxUid === rle ? [] : [nested] }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.nat(), { maxLength: 40 }),
        async (file, cuts) => {
          const inOne = await scan(file.transferSyntaxUid, [file.dataset]);
          expect(await scan(file.transferSyntaxUid, split(file.dataset, cuts))).toEqual(inOne);
          expect(inOne).toMatchObject({ tag: 'readable', ending: 'whole' });
        },
      ),
      { numRuns: 200 },
    );
  });

  test('gives the same result byte by byte', async () => {
    const file = makeDicomFile({ ...shown, transferSyntaxUid: rle });
    const bytes = [...file.dataset].map((byte) => Uint8Array.of(byte));
    expect(await scan(rle, bytes)).toEqual(await scan(rle, [file.dataset]));
  });
});

describe('sequences', () => {
  test.each<ByteForm>(['explicit-le', 'implicit', 'big-endian'])(
    'of undefined length are walked and elements inside them are not taken for the image itself (%s)',
    async (form) => {
      const inner = { ...sopInstance, value: testUid('somebody else') };
      const dataset = encodeDataset(
        [
          { group: 8, element: 0x6, vr: 'SQ', value: [[inner], [inner, inner]], lengths: 'undefined' },
          { group: 8, element: 0x7, vr: 'SQ', value: [[inner]], lengths: 'defined' },
          sopInstance,
        ],
        form,
      );
      const result = readable(await scan(syntaxOf[form], [dataset]));
      expect(result.identity.sopInstanceUid).toBe(testUid('x'));
      expect(result.ending).toBe('whole');
    },
  );

  test('hidden in UN of undefined length are implicit VR inside (PS3.5 6.2.2)', async () => {
    const inside = encodeDataset([{ group: 9, element: 0x1010, vr: 'LO', value: 'ab' }], 'implicit');
    const dataset = Buffer.concat([
      header({ group: 9, element: 0x1001, vr: 'UN' }, 'explicit-le', 0xffffffff),
      itemHeader(0xe000, 0xffffffff, 'implicit'),
      inside,
      itemHeader(0xe00d, 0, 'implicit'),
      itemHeader(0xe0dd, 0, 'implicit'),
      encodeDataset([{ ...sopInstance, group: 8 }], 'explicit-le'),
    ]);
    expect(await scan(explicitLe, [dataset])).toMatchObject({
      tag: 'readable',
      ending: 'whole',
      oddities: ['no-sop-class', 'no-study-or-series'],
    });
  });

  test('of the usual kind behind such a one are explicit again', async () => {
    const hidden = encodeDataset([{ group: 9, element: 0x1010, vr: 'LO', value: 'ab' }], 'implicit');
    const dataset = Buffer.concat([
      header({ group: 8, element: 0x1, vr: 'UN' }, 'explicit-le', 0xffffffff),
      itemHeader(0xe000, hidden.length, 'implicit'),
      hidden,
      itemHeader(0xe0dd, 0, 'implicit'),
      encodeDataset(
        [{ group: 8, element: 6, vr: 'SQ', value: [[sopInstance]], lengths: 'undefined' }],
        'explicit-le',
      ),
      encodeDataset([sopInstance], 'explicit-le'),
    ]);
    expect(await scan(explicitLe, [dataset])).toMatchObject({
      tag: 'readable',
      ending: 'whole',
      oddities: ['no-sop-class', 'no-study-or-series'],
    });
  });

  test('10,000 deep end the walk at the ceiling without harm; what came before counts', async () => {
    const dataset = Buffer.concat([
      encodeDataset([sopInstance], 'explicit-le'),
      ...Array.from({ length: 10_000 }, () =>
        Buffer.concat([
          header({ group: 8, element: 0x1140, vr: 'SQ' }, 'explicit-le', 0xffffffff),
          itemHeader(0xe000, 0xffffffff, 'explicit-le'),
        ]),
      ),
    ]);
    expect(await scan(explicitLe, [dataset])).toMatchObject({ tag: 'readable', ending: 'unknown' });
  });
});

describe('sequences against the rules', () => {
  const sequence = header({ group: 8, element: 0x1140, vr: 'SQ' }, 'explicit-le', 0xffffffff);
  const openItem = itemHeader(0xe000, 0xffffffff, 'explicit-le');
  const endItem = itemHeader(0xe00d, 0, 'explicit-le');
  const endSequence = itemHeader(0xe0dd, 0, 'explicit-le');
  const inner = encodeDataset([{ ...sopInstance, value: testUid('inner') }], 'explicit-le');
  const after = encodeDataset([sopInstance], 'explicit-le');

  test('whose item lacks its own delimiter end with the sequence', async () => {
    const result = readable(
      await scan(explicitLe, [Buffer.concat([sequence, openItem, inner, endSequence, after])]),
    );
    expect(result).toMatchObject({ identity: { sopInstanceUid: testUid('x') }, ending: 'whole' });
    expect(result.oddities).toContain('stray-delimiter');
  });

  test('stray delimiters between elements are passed over', async () => {
    const result = readable(await scan(explicitLe, [Buffer.concat([after, endItem, endSequence, endItem])]));
    expect(result).toMatchObject({ ending: 'whole' });
    expect(result.oddities).toContain('stray-delimiter');
  });

  test('an item of undefined length among pixel data fragments is broken', async () => {
    const pixels = header({ group: 0x7fe0, element: 0x10, vr: 'OB' }, 'explicit-le', 0xffffffff);
    const bytes = Buffer.concat([after, pixels, openItem, endItem, endSequence]);
    expect(await scan(rle, [bytes])).toMatchObject({ tag: 'readable', ending: 'broken' });
  });

  test('an element where an item belongs is broken', async () => {
    expect(await scan(explicitLe, [Buffer.concat([after, sequence, inner])])).toMatchObject({
      ending: 'broken',
    });
  });

  test('a missing VR is read by the length that makes sense', async () => {
    const start = encodeDataset([{ group: 8, element: 5, vr: 'CS', value: 'ISO_IR 100' }], 'explicit-le');
    const withShortLength = Buffer.from([8, 0, 6, 0, 0, 0, 2, 0, 0x41, 0x42]);
    const withLongLength = Buffer.from([8, 0, 7, 0, 2, 0, 0, 0, 0x41, 0x42]);
    const result = readable(
      await scan(explicitLe, [Buffer.concat([start, withShortLength, withLongLength, after])]),
    );
    expect(result.ending).toBe('whole');
    expect(result.oddities).toContain('vr-unknown');
  });
});

describe('bytes that are not what the syntax says', () => {
  const forms: readonly ByteForm[] = ['explicit-le', 'implicit', 'big-endian'];
  test.each(forms.flatMap((said) => forms.filter((is) => is !== said).map((is) => [said, is] as const)))(
    'said to be %s but are %s, are read all the same and called odd',
    async (said, is) => {
      const file = makeDicomFile({ ...shown, transferSyntaxUid: syntaxOf[is] });
      const result = readable(await scan(syntaxOf[said], [file.dataset]));
      expect(result.display).toEqual(shown);
      expect(result.oddities).toContain('syntax-differs');
      expect(isHeaderOdd(result)).toBe(true);
    },
  );

  test('an unknown VR in letters is passed over by its long or short form', async () => {
    const dataset = Buffer.concat([
      Buffer.from([9, 0, 1, 0]),
      Buffer.from('ZZ\0\0', 'latin1'),
      Buffer.from([4, 0, 0, 0]),
      Buffer.from('abcd'),
      Buffer.from([9, 0, 2, 0]),
      Buffer.from('ZY', 'latin1'),
      Buffer.from([2, 0]),
      Buffer.from('ab'),
    ]);
    const before = encodeDataset([{ group: 8, element: 5, vr: 'CS', value: 'ISO_IR 100' }], 'explicit-le');
    const after = encodeDataset([sopInstance], 'explicit-le');
    const result = readable(await scan(explicitLe, [Buffer.concat([before, dataset, after])]));
    expect(result.oddities).toEqual(['no-sop-class', 'no-study-or-series', 'vr-unknown']);
    expect(result.ending).toBe('whole');
  });

  test('odd lengths and trailing zeros are let pass', async () => {
    const odd = Buffer.concat([
      header({ group: 8, element: 0x50, vr: 'SH' }, 'explicit-le', 3),
      Buffer.from('abc'),
    ]);
    for (const zeros of [1, 7, 8, 9, 500]) {
      const dataset = Buffer.concat([encodeDataset([sopInstance], 'explicit-le'), odd, Buffer.alloc(zeros)]);
      const result = readable(await scan(explicitLe, [dataset]));
      expect(result.display.accessionNumber).toBe('abc');
      expect(result.oddities).toEqual(['no-sop-class', 'no-study-or-series', 'odd-length', 'trailing-zeros']);
      expect(result.ending).toBe('whole');
    }
  });

  test('are broken when garbage follows', async () => {
    const dataset = Buffer.concat([
      encodeDataset([sopInstance], 'explicit-le'),
      Buffer.alloc(8),
      Buffer.from('x'),
    ]);
    expect(await scan(explicitLe, [dataset])).toMatchObject({ tag: 'readable', ending: 'broken' });
  });
});

describe('an ending', () => {
  test('is cut wherever the bytes stop inside an element, a sequence or the fragments', async () => {
    for (const transferSyntaxUid of [explicitLe, implicitLe, bigEndian, rle, deflated]) {
      const { dataset } = makeDicomFile({ ...shown, transferSyntaxUid, pixelBytes: 64 });
      const pixelStart = dataset.length - 60;
      for (let end = pixelStart; end < dataset.length - 8; end += 1) {
        const result = await scan(transferSyntaxUid, [dataset.subarray(0, end)]);
        expect(result.ending, `${transferSyntaxUid} cut at ${end} of ${dataset.length}`).toBe('cut');
      }
    }
  });

  test('is cut where encapsulated pixel data lacks its sequence delimiter', async () => {
    const { dataset } = makeDicomFile({ transferSyntaxUid: rle });
    expect((await scan(rle, [dataset.subarray(0, dataset.length - 8)])).ending).toBe('cut');
  });

  test('of an element that declares 4 GiB is cut, and nothing of that size is allocated', async () => {
    for (const [group, element, vr] of [
      [0x10, 0x10, 'UT'],
      [0x8, 0x18, 'UT'],
      [0x7fe0, 0x10, 'OW'],
    ] as const) {
      const dataset = Buffer.concat([
        encodeDataset([{ ...sopInstance, element: 0x16 }], 'explicit-le'),
        header({ group, element, vr }, 'explicit-le', 0xfffffffe),
        Buffer.alloc(1000, 0x41),
      ]);
      const before = process.memoryUsage().arrayBuffers;
      expect((await scan(explicitLe, [dataset])).ending).toBe('cut');
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    }
  });
});

describe('hostile content', () => {
  test('never throws, whatever the bytes and however they are split', async () => {
    const { dataset } = makeDicomFile({ ...shown, extra: [nestedSequences(4)] });
    const damaged = fc
      .array(fc.tuple(fc.nat({ max: dataset.length - 1 }), fc.nat({ max: 255 })), { maxLength: 30 })
      .map((changes) => {
        const copy = Buffer.from(dataset);
        for (const [at, byte] of changes) copy[at] = byte;
        return copy;
      });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((one) => Buffer.from(one)),
      damaged,
    );
    const syntax = fc.constantFrom(explicitLe, implicitLe, bigEndian, deflated, rle, '1.2.3');
    await fc.assert(
      fc.asyncProperty(bytes, syntax, fc.array(fc.nat(), { maxLength: 10 }), async (content, uid, cuts) => {
        const inOne = await scan(uid, [content]);
        expect(await scan(uid, split(content, cuts))).toEqual(inOne);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['dots', '..', 'readable'],
    ['a path', '../../etc/passwd', 'readable'],
    ['a NUL inside', '1.2\u00003', 'unreadable'],
    ['a line break', '1.2\n3', 'unreadable'],
    ['nothing', '', 'unreadable'],
    ['only padding', '\0\0', 'unreadable'],
    ['65 characters', '1'.repeat(65), 'unreadable'],
    ['Latin-1', '1.2.é', 'unreadable'],
  ])('as SOP Instance UID, %s, is %s', async (_what, value, tag) => {
    const result = await scan(explicitLe, [encodeDataset([{ ...sopInstance, value }], 'explicit-le')]);
    expect(result.tag).toBe(tag);
    expect(isHeaderOdd(result)).toBe(true);
  });

  test('megabytes where a UID or a name belongs are passed over after their start', async () => {
    const huge = Buffer.alloc(3 << 20, 0x41);
    const dataset = Buffer.concat([
      encodeDataset([sopInstance], 'explicit-le'),
      header({ group: 0x10, element: 0x10, vr: 'UT' }, 'explicit-le', huge.length),
      huge,
      header({ group: 0x20, element: 0xd, vr: 'UT' }, 'explicit-le', huge.length),
      huge,
    ]);
    const result = readable(await scan(explicitLe, split(dataset, [1 << 20, 2 << 20, 5 << 20])));
    expect(result.display.patientName).toBe('A'.repeat(1024));
    expect(result.identity.studyInstanceUid).toBeUndefined();
    expect(result.oddities).toEqual([
      'no-sop-class',
      'no-study-or-series',
      'uid-malformed',
      'value-too-long',
    ]);
  });

  test('an identity given twice keeps the first', async () => {
    const second = { ...sopInstance, value: testUid('second') };
    const result = readable(await scan(explicitLe, [encodeDataset([sopInstance, second], 'explicit-le')]));
    expect(result.identity.sopInstanceUid).toBe(testUid('x'));
    expect(result.oddities).toContain('duplicate-element');
  });

  test('identity behind the pixel data does not count', async () => {
    const pixels: TestElement = { group: 0x7fe0, element: 0x10, vr: 'OW', value: Buffer.alloc(8) };
    expect(await scan(explicitLe, [encodeDataset([pixels, sopInstance], 'explicit-le')])).toEqual({
      tag: 'unreadable',
      ending: 'whole',
    });
  });

  test('more elements than the ceiling end the walk', async () => {
    const many = Array.from({ length: 50 }, (_, index) => ({
      ...sopInstance,
      group: 9,
      element: 0x1000 + index,
    }));
    const dataset = encodeDataset([sopInstance, ...many], 'explicit-le');
    const limits = { ...defaultScanLimits, maxHeaders: 20 };
    expect(await scan(explicitLe, [dataset], limits)).toMatchObject({ tag: 'readable', ending: 'unknown' });
  });
});

describe('deflated data', () => {
  test('that inflates without end is followed up to the bound only', async () => {
    const bomb = Buffer.concat([
      encodeDataset([sopInstance], 'explicit-le'),
      header({ group: 0x7fe0, element: 0x10, vr: 'OW' }, 'explicit-le', 0xfffffffe),
      Buffer.alloc(64 << 20),
    ]);
    const limits = { ...defaultScanLimits, maxInflatedBytes: 1 << 20 };
    const compressed = deflateRawSync(bomb);
    expect(compressed.length).toBeLessThan(100_000);
    const result = await scan(deflated, split(compressed, [1000, 20_000, 40_000]), limits);
    expect(result).toMatchObject({ tag: 'readable', ending: 'unknown' });
  });

  test('that inflates a thousandfold is followed for a few MiB only, and read for what comes before', async () => {
    const blank = (bytes: number): Buffer =>
      deflateRawSync(
        Buffer.concat([
          encodeDataset([sopInstance], 'explicit-le'),
          header({ group: 0x7fe0, element: 0x10, vr: 'OW' }, 'explicit-le', bytes),
          Buffer.alloc(bytes),
        ]),
      );
    expect(await scan(deflated, split(blank(3 << 20), [500]))).toMatchObject({ ending: 'whole' });
    expect(await scan(deflated, split(blank(8 << 20), [500]))).toMatchObject({
      tag: 'readable',
      ending: 'unknown',
    });
  });

  test('is inflated for many at once, each to its end, though one was given up', async () => {
    const { dataset } = makeDicomFile({ transferSyntaxUid: deflated });
    const scanners = Array.from({ length: 20 }, () => createHeaderScanner(deflated));
    const results = scanners.map(async (scanner) => {
      await scanner.push(dataset.subarray(0, 50));
      await scanner.push(dataset.subarray(50));
      return scanner.finish();
    });
    scanners[7]?.close();
    const endings = (await Promise.all(results)).map(({ ending }) => ending);
    expect(endings.filter((ending) => ending === 'whole')).toHaveLength(19);
  });

  test('asks to wait when it comes faster than it inflates', async () => {
    const scanner = createHeaderScanner(deflated);
    const wait = scanner.push(deflateRawSync(randomBytes(1 << 20)));
    expect(wait).toBeInstanceOf(Promise);
    await wait;
    scanner.close();
  });

  test('that is no deflate stream is broken', async () => {
    expect(await scan(deflated, [Buffer.from('this is not deflated at all')])).toEqual({
      tag: 'unreadable',
      ending: 'broken',
    });
  });

  test('can be given up at any moment', async () => {
    const scanner = createHeaderScanner(deflated);
    await scanner.push(makeDicomFile({ transferSyntaxUid: deflated }).dataset.subarray(0, 50));
    scanner.close();
    expect((await scanner.finish()).tag).toBe('unreadable');
  });
});

function nestedSequences(depth: number): TestElement {
  const inner = depth === 0 ? { ...sopInstance, value: testUid('inner') } : nestedSequences(depth - 1);
  return {
    group: 0x0008,
    element: 0x1140,
    vr: 'SQ',
    value: [[inner], [inner]],
    lengths: depth % 3 === 0 ? 'defined' : 'undefined',
  };
}
