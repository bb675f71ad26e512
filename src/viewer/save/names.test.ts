import { expect, it } from 'vitest';
import type { SharedFile } from '../open/share-index.ts';
import { zipName, zipNames } from './names.ts';

const file = (sopInstanceUid: string, seriesInstanceUid: string, number = 0): SharedFile => ({
  number,
  url: new URL('https://store.example/'),
  sizeBytes: 0,
  sha256: '',
  sopInstanceUid,
  sopClassUid: '',
  transferSyntaxUid: '',
  seriesInstanceUid,
  modality: '',
  seriesNumber: '',
  seriesDescription: '',
  instanceNumber: '',
});

it('names files by UIDs, and doubles by a number', () => {
  expect(zipNames([file('1.2', '1'), file('1.2', '1'), file('1.2', '2'), file('1.2', '1')])).toEqual([
    'DICOM/1/1.2.dcm',
    'DICOM/1/1.2.2.dcm',
    'DICOM/2/1.2.dcm',
    'DICOM/1/1.2.3.dcm',
  ]);
});

it('a name that looks like the number of a double takes nobody’s place', () => {
  const names = zipNames([file('1.2', '1'), file('1.2.2', '1'), file('1.2', '1'), file('1.2', '1')]);
  expect(new Set(names).size).toBe(4);
});

it('lets no path or name of the share’s own into a file name', () => {
  const names = zipNames([file('../../etc', '..\\x', 4), file('1.2\u0000', 'CON', 5)]);
  expect(names).toEqual(['DICOM/series/file-5.dcm', 'DICOM/series/file-6.dcm']);
  expect(zipName('../x')).toBe('study.zip');
});
