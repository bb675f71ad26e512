/** Transfer syntaxes (PS3.5 annex A) by how their pixels are coded. */

export type PixelCoding =
  | 'native'
  | 'rle'
  | 'jpeg-dct'
  | 'jpeg-lossless'
  | 'jpeg-ls'
  | 'jpeg-2000'
  | 'htj2k'
  | 'video'
  | 'jpeg-xl'
  | 'unknown';

export const explicitBigEndian = '1.2.840.10008.1.2.2';

const codings: Readonly<Record<string, PixelCoding>> = {
  '1.2.840.10008.1.2': 'native',
  '1.2.840.10008.1.2.1': 'native',
  '1.2.840.10008.1.2.1.99': 'native',
  [explicitBigEndian]: 'native',
  '1.2.840.10008.1.2.5': 'rle',
  '1.2.840.10008.1.2.4.50': 'jpeg-dct',
  '1.2.840.10008.1.2.4.51': 'jpeg-dct',
  '1.2.840.10008.1.2.4.57': 'jpeg-lossless',
  '1.2.840.10008.1.2.4.70': 'jpeg-lossless',
  '1.2.840.10008.1.2.4.80': 'jpeg-ls',
  '1.2.840.10008.1.2.4.81': 'jpeg-ls',
  '1.2.840.10008.1.2.4.90': 'jpeg-2000',
  '1.2.840.10008.1.2.4.91': 'jpeg-2000',
  '1.2.840.10008.1.2.4.92': 'jpeg-2000',
  '1.2.840.10008.1.2.4.93': 'jpeg-2000',
  '1.2.840.10008.1.2.4.201': 'htj2k',
  '1.2.840.10008.1.2.4.202': 'htj2k',
  '1.2.840.10008.1.2.4.203': 'htj2k',
};

export function pixelCoding(transferSyntaxUid: string): PixelCoding {
  const known = codings[transferSyntaxUid];
  if (known !== undefined) return known;
  if (/^1\.2\.840\.10008\.1\.2\.4\.10\d(\.1)?$/.test(transferSyntaxUid)) return 'video';
  return /^1\.2\.840\.10008\.1\.2\.4\.11[012]$/.test(transferSyntaxUid) ? 'jpeg-xl' : 'unknown';
}

export function isShown(coding: PixelCoding): boolean {
  return coding !== 'video' && coding !== 'jpeg-xl' && coding !== 'unknown';
}
