/** Makes the directory of a medium that names the files given. */
import { buildFileMeta } from '../../src/main/engine/dicom/part10.ts';
import { explicitVrLittleEndian } from '../../src/main/engine/dicom/transfer-syntaxes.ts';
import { encodeDataset, testUid } from './dicom-files.ts';

/** @param lengths how the sequence of records and its items say where they end. */
export function makeDicomdir(
  files: readonly (readonly string[])[],
  lengths: 'defined' | 'undefined' = 'defined',
): Buffer {
  const dataset = encodeDataset(
    [
      { group: 4, element: 0x1130, vr: 'CS', value: 'TESTDISC' },
      {
        group: 4,
        element: 0x1220,
        vr: 'SQ',
        lengths,
        value: files.map((parts) => [
          { group: 4, element: 0x1430, vr: 'CS', value: 'IMAGE' },
          { group: 4, element: 0x1500, vr: 'CS', value: parts.join('\\') },
          {
            group: 8,
            element: 0x1140,
            vr: 'SQ',
            lengths,
            value: [[{ group: 8, element: 0x1155, vr: 'UI', value: testUid('referenced') }]],
          },
        ]),
      },
    ],
    'explicit-le',
  );
  const meta = buildFileMeta({
    sopClassUid: '1.2.840.10008.1.3.10',
    sopInstanceUid: testUid('medium'),
    transferSyntaxUid: explicitVrLittleEndian,
  });
  return Buffer.concat([meta, dataset]);
}
