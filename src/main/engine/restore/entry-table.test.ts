import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hex } from '../../../../test/support/queue-kit.ts';
import type { ManifestEntry } from '../upload/manifest.ts';
import { EntryTable } from './entry-table.ts';

const optional = ['patientName', 'studyDate', 'modality', 'instanceNumber', 'seriesDescription'] as const;

const entry: fc.Arbitrary<ManifestEntry> = fc
  .record({
    name: fc.integer({ min: 0, max: 3000 }),
    sizeBytes: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    repair: fc.integer({ min: 0, max: 9 }),
    uid: fc.string({ unit: 'binary', maxLength: 70 }),
    study: fc.constantFrom('1.2', '1.3', ''),
    texts: fc.array(fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }), {
      minLength: 5,
      maxLength: 5,
    }),
  })
  .map(({ name, sizeBytes, repair, uid, study, texts }) => ({
    objectName: hex(`object ${name}`, 32),
    sizeBytes,
    objectSha256: hex(`sealed ${uid}`, 32),
    details: {
      sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
      sopInstanceUid: uid,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      studyInstanceUid: study,
      seriesInstanceUid: `${study}.1`,
      datasetSha256: hex(`dataset ${uid}`, 32),
      ...Object.fromEntries(
        optional.flatMap((key, index) => (texts[index] === undefined ? [] : [[key, texts[index]]])),
      ),
    },
    ...(repair === 0 ? {} : { repair }),
  }));

it('gives back what was put in, like a map does', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 50 }), (entries) => {
      const table = new EntryTable();
      const map = new Map<string, ManifestEntry>();
      for (const one of entries) {
        table.set(one);
        map.set(one.objectName, one);
      }
      expect([...table]).toEqual([...map]);
      expect([...table.keys()]).toEqual([...map.keys()]);
      expect(table.size).toBe(map.size);
      for (const name of map.keys()) expect(table.get(name)).toStrictEqual(map.get(name));
    }),
  );
});

it('grows beyond its first size, and knows which copies a listing has shown', () => {
  const [sample] = fc.sample(entry, 1);
  const table = new EntryTable();
  for (let index = 0; index < 3000; index += 1) {
    table.set({ ...sample!, objectName: hex(`object ${index}`, 32), sizeBytes: index });
  }
  table.sawCopy(hex('object 2999', 32), 9);
  table.sawCopy(hex('somebody else’s', 32), 1);
  expect(table.size).toBe(3000);
  expect(table.get(hex('object 2999', 32))?.sizeBytes).toBe(2999);
  expect(table.has(hex('somebody else’s', 32))).toBe(false);
  expect(table.hasSeenCopy(hex('object 2999', 32), 9)).toBe(true);
  expect(table.hasSeenCopy(hex('object 2999', 32), 1)).toBe(false);
  expect(table.hasSeenCopy(hex('object 1', 32), 9)).toBe(false);
});
