import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeDicomdir } from '../../../../test/support/dicomdir.ts';
import { makeDicomFile } from '../../../../test/support/dicom-files.ts';
import { needs } from '../../../../test/support/tools.ts';
import { readMediumDirectory } from './dicomdir.ts';

const files = [['DICOM', 'PAT1', 'IM000001'], ['DICOM', 'PAT1', 'IM000002'], ['README']];

describe('the directory of a medium', () => {
  test.each(['defined', 'undefined'] as const)(
    'with sequences of %s length names its files',
    async (lengths) => {
      expect(await readMediumDirectory(makeDicomdir(files, lengths))).toEqual({ files, refused: 0 });
    },
  );

  test('names each file once, and none outside its folder', async () => {
    const odd = [['A'], ['A'], ['..', 'A'], ['A', '', 'B'], ['a/b'], ['C:'], ['.'], ['B\0C']];
    expect(await readMediumDirectory(makeDicomdir(odd))).toEqual({ files: [['A']], refused: 6 });
  });

  test('of thousands of files is read', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ['IMG', String(index)]);
    expect((await readMediumDirectory(makeDicomdir(many, 'undefined')))?.files).toHaveLength(20_000);
  });

  test('that names more files than any medium holds is not looked into', async () => {
    const many = Array.from({ length: 50_001 }, (_, index) => ['IMG', String(index)]);
    expect(await readMediumDirectory(makeDicomdir(many))).toBeUndefined();
    const same = Array.from({ length: 50_001 }, () => ['IMG']);
    expect(await readMediumDirectory(makeDicomdir(same))).toBeUndefined();
  });

  test('is told from anything else', async () => {
    expect(await readMediumDirectory(makeDicomFile().bytes)).toBeUndefined();
    expect(await readMediumDirectory(Buffer.from('DICOMDIR'))).toBeUndefined();
    expect(await readMediumDirectory(Buffer.alloc(0))).toBeUndefined();
  });

  test('that is damaged or hostile never throws', async () => {
    const good = makeDicomdir(files, 'undefined');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length),
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }),
        async (end, changes) => {
          const bytes = Buffer.from(good.subarray(0, end));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          const read = await readMediumDirectory(bytes);
          for (const parts of read?.files ?? []) expect(parts.join('/')).not.toMatch(/\.\.\/|\\/);
        },
      ),
      { seed: 20261122, numRuns: 1500 },
    );
  });
});

needs('shared-dicom')('the public DICOMDIR files', () => {
  const root = resolve(import.meta.dirname, '../../../../../shared/data/dicom/pydicom/dicomdirtests');

  test.each([
    'DICOMDIR',
    'DICOMDIR-nopatient',
    'DICOMDIR-implicit',
    'DICOMDIR-nooffset',
    'DICOMDIR-reordered',
    'DICOMDIR-bigEnd',
  ])('%s names the files that lie beside it', async (name) => {
    const read = await readMediumDirectory(readFileSync(join(root, name)));
    expect(read?.files).toHaveLength(31);
    for (const parts of read?.files ?? []) expect(() => readFileSync(join(root, ...parts))).not.toThrow();
  });

  test('an empty one names none', async () => {
    expect(await readMediumDirectory(readFileSync(join(root, 'DICOMDIR-empty.dcm')))).toEqual({
      files: [],
      refused: 0,
    });
  });
});
