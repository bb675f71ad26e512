/** Small images and the files of a share made of them. */
import { makeDicomFile, testUid, type TestElement } from './dicom-files.ts';
import type { ShareFile } from './share-package.ts';

/** A ramp of 16 by 8 pixels of 8 bits: the value is the column times 16 plus the row. */
export function rampImage(
  name: string,
  change: { readonly transferSyntaxUid?: string; readonly extra?: TestElement[] } = {},
): ShareFile {
  const made = makeDicomFile({
    sopInstanceUid: testUid(name),
    seriesInstanceUid: testUid('series'),
    modality: 'OT',
    ...(change.transferSyntaxUid === undefined ? {} : { transferSyntaxUid: change.transferSyntaxUid }),
    extra: [
      ...layout({}),
      pixels(Buffer.from(Array.from({ length: 128 }, (_, at) => (at % 16) * 16 + (at >> 4)))),
      ...(change.extra ?? []),
    ],
  });
  return shared(made.bytes, name);
}

export function shared(bytes: Buffer, name: string, more: Partial<ShareFile> = {}): ShareFile {
  return {
    bytes,
    sopInstanceUid: testUid(name),
    seriesInstanceUid: testUid('series'),
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    modality: 'OT',
    seriesNumber: '1',
    seriesDescription: 'Ramps',
    ...more,
  };
}

export function us(element: number, value: number, group = 0x0028): TestElement {
  return { group, element, vr: 'US', value: Buffer.of(value & 255, value >> 8) };
}

export function layout({ rows = 8, columns = 16, bits = 8 }): TestElement[] {
  return [
    us(0x0002, 1),
    { group: 0x0028, element: 0x0004, vr: 'CS', value: 'MONOCHROME2' },
    us(0x0010, rows),
    us(0x0011, columns),
    us(0x0100, bits),
    us(0x0101, bits),
    us(0x0102, bits - 1),
    us(0x0103, 0),
    { group: 0x0028, element: 0x1050, vr: 'DS', value: '128' },
    { group: 0x0028, element: 0x1051, vr: 'DS', value: '256' },
  ];
}

export function pixels(value: Buffer): TestElement {
  return { group: 0x7fe0, element: 0x0010, vr: 'OB', value };
}
