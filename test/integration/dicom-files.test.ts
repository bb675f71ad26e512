/** Our files and our reading of files beside DCMTK's: dcmdump, dcmftest, dcmconv. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHeaderScanner, type ScanResult } from '../../src/main/engine/dicom/header-scanner.ts';
import { readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { storageSopClasses } from '../../src/main/engine/dicom/sop-classes.ts';
import { transferSyntaxes } from '../../src/main/engine/dicom/transfer-syntaxes.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { needs, programPath } from '../support/tools.ts';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-sync-dcmtk-'));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Values of the top-level elements as dcmdump reads them, by `gggg,eeee`; undefined when it calls the file bad. */
function dcmdump(path: string, options: readonly string[] = []): ReadonlyMap<string, string> | undefined {
  const run = spawnSync(programPath('dcmdump'), ['-Un', ...options, path], {
    encoding: 'latin1',
    maxBuffer: 64 << 20,
  });
  if (run.status !== 0 || /^E: /m.test(run.stderr)) return undefined;
  const values = new Map<string, string>();
  for (const line of run.stdout.split('\n')) {
    const found = /^\(([0-9a-f]{4},[0-9a-f]{4})\) .. (?:\[(.*)\] *|\(no value available\) *)#/.exec(line);
    if (found?.[1] !== undefined && !values.has(found[1])) values.set(found[1], (found[2] ?? '').trim());
  }
  return values;
}

async function scan(transferSyntaxUid: string, dataset: Uint8Array): Promise<ScanResult> {
  const scanner = createHeaderScanner(transferSyntaxUid);
  await scanner.push(dataset);
  return scanner.finish();
}

/** Our names for the elements that both read. */
const compared = {
  '0008,0016': 'sopClassUid',
  '0008,0018': 'sopInstanceUid',
  '0008,0020': 'studyDate',
  '0008,0030': 'studyTime',
  '0008,0050': 'accessionNumber',
  '0008,0060': 'modality',
  '0008,1030': 'studyDescription',
  '0008,103e': 'seriesDescription',
  '0010,0010': 'patientName',
  '0010,0020': 'patientId',
  '0010,0030': 'patientBirthDate',
  '0020,000d': 'studyInstanceUid',
  '0020,000e': 'seriesInstanceUid',
  '0020,0011': 'seriesNumber',
  '0020,0013': 'instanceNumber',
} as const;

function valuesOf(result: ScanResult): Record<string, string> {
  if (result.tag !== 'readable') return {};
  const all: Record<string, string | undefined> = { ...result.identity, ...result.display };
  return Object.fromEntries(
    Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined),
  );
}

function valuesFrom(dump: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(compared).flatMap(([tag, name]) => {
      const value = dump.get(tag);
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

needs('dcmtk')('DICOM files beside DCMTK', () => {
  // This version of DCMTK does not know these syntaxes, so it cannot read their pixel data.
  const unknownToDcmtk = /HTJ2K|JPEGXL|F$/;
  const known = transferSyntaxes.filter((one) => !unknownToDcmtk.test(one.keyword));

  test.each(known.map((one) => [one.keyword, one.uid]))(
    'a file in %s is accepted by dcmftest and read by dcmdump as it was meant',
    (keyword, transferSyntaxUid) => {
      const path = join(dir, `${keyword}.dcm`);
      const file = makeDicomFile({
        transferSyntaxUid,
        sopInstanceUid: testUid(keyword),
        patientName: 'Doe^Jane',
        modality: 'US',
      });
      writeFileSync(path, file.bytes);
      expect(execFileSync(programPath('dcmftest'), [path], { encoding: 'utf8' })).toMatch(/^yes: /);
      const dump = dcmdump(path);
      expect(dump?.get('0002,0000')).toBeUndefined();
      expect(dump?.get('0002,0010')).toBe(transferSyntaxUid);
      expect(dump?.get('0002,0003')).toBe(file.sopInstanceUid);
      expect(dump?.get('0002,0013')).toBe('EDGE_SYNC_0_1');
      expect(dump?.get('0008,0018')).toBe(file.sopInstanceUid);
      expect(dump?.get('0010,0010')).toBe('Doe^Jane');
    },
  );

  test.each([
    ['explicit little endian', '+te'],
    ['implicit little endian', '+ti'],
    ['big endian', '+tb'],
    ['deflated', '+td'],
  ])('what dcmconv makes of a file in %s is read the same', async (_what, option) => {
    const source = join(dir, 'source.dcm');
    const target = join(dir, `converted${option}.dcm`);
    writeFileSync(source, makeDicomFile({ patientName: 'Doe^Jane', pixelBytes: 5000 }).bytes);
    for (const lengths of ['+e', '-e']) {
      execFileSync(programPath('dcmconv'), [option, lengths, source, target]);
      const bytes = readFileSync(target);
      const head = await readPart10Head(bytes, 'whole-file');
      if (head.tag !== 'dataset') throw new Error(head.tag);
      const result = await scan(head.transferSyntaxUid, bytes.subarray(head.datasetOffset));
      expect(result).toMatchObject({ tag: 'readable', ending: 'whole', oddities: [] });
      expect(valuesOf(result)).toEqual(valuesFrom(dcmdump(target)!));
    }
  });

  test('every storage class that DCMTK knows has the name that we give it', () => {
    const classes = storageSopClasses.map((one) => ({
      ...one,
      path: join(dir, `${one.keyword}.dcm`),
    }));
    for (const one of classes) writeFileSync(one.path, makeDicomFile({ sopClassUid: one.uid }).bytes);
    const dump = execFileSync(
      programPath('dcmdump'),
      ['-q', '+P', '0008,0016', ...classes.map((one) => one.path)],
      { encoding: 'utf8', maxBuffer: 64 << 20 },
    );
    const names = [...dump.matchAll(/UI [=[]([^\]\s]+)\]? /g)].map((found) => found[1] ?? '');
    expect(names).toHaveLength(classes.length);
    const named = names.filter((name) => !/^[0-9.]+$/.test(name));
    expect(named.length).toBeGreaterThan(150);
    const differing = names.filter(
      (name, index) => !/^[0-9.]+$/.test(name) && plain(name) !== plain(classes[index]!.keyword),
    );
    // DCMTK writes a few of its names in its own way; what must not happen is another class under the UID.
    expect(differing).toEqual(namesOfItsOwn);
    const retired = classes.filter((_, index) => /^(RETIRED|DRAFT)_/.test(names[index] ?? ''));
    expect(retired.every((one) => one.status === 'retired')).toBe(true);
  });
});

/** A name without what DCMTK and PS3.6 mark retired and draft classes with. */
function plain(name: string): string {
  return name
    .replace(/^(RETIRED|DRAFT|DICONDE)_/, '')
    .replace(/(Retired|Trial)$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');
}

const namesOfItsOwn: readonly string[] = [
  'ImplantationPlanSRDocumentStorage',
  'DRAFT_SRTextStorage',
  'DRAFT_SRAudioStorage',
  'DRAFT_SRDetailStorage',
  'DRAFT_SRComprehensiveStorage',
];

needs('dcmtk', 'shared-dicom')('public test files', () => {
  const root = resolve(import.meta.dirname, '../../../shared/data/dicom');

  function filesBelow(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
  }

  test('are read with the same identity and display values that dcmdump reads', async () => {
    const compareds: string[] = [];
    for (const path of filesBelow(root)) {
      const dump = dcmdump(path, ['+L']);
      const bytes = readFileSync(path);
      const head = await readPart10Head(bytes, 'whole-file');
      if (head.tag !== 'dataset') continue;
      const result = await scan(head.transferSyntaxUid, bytes.subarray(head.datasetOffset));
      if (dump === undefined || dump.get('0008,0018') === undefined) continue;
      // dcmdump prints bytes as they are: only texts without a character set of their own can be compared.
      if (/ISO_IR 1(44|26|27)|2022|192/.test(dump.get('0008,0005') ?? '')) continue;
      expect(valuesOf(result), relative(root, path)).toEqual(valuesFrom(dump));
      compareds.push(path);
    }
    expect(compareds.length).toBeGreaterThan(90);
  });

  test('are told apart: images, directories of media, and what is neither', async () => {
    const heads = new Map<string, string[]>();
    for (const path of filesBelow(root)) {
      const head = await readPart10Head(readFileSync(path), 'whole-file');
      heads.set(head.tag, [...(heads.get(head.tag) ?? []), relative(root, path)]);
    }
    expect(heads.get('dicomdir')?.every((path) => path.includes('DICOMDIR'))).toBe(true);
    expect(heads.get('dicomdir')).toHaveLength(7);
    expect(heads.get('not-dicom')?.sort()).toEqual([
      'pydicom/README.txt',
      'pydicom/dicomdirtests/README.txt',
      'pydicom/no_meta.dcm',
      'pydicom/zipMR.gz',
    ]);
    expect(heads.get('unreadable')?.sort()).toEqual([
      'pydicom/empty_charset_LEI.dcm',
      'pydicom/meta_missing_tsyntax.dcm',
      'pydicom/nested_priv_SQ.dcm',
    ]);
    expect(heads.get('truncated')).toBeUndefined();
  });

  test('that are cut short, and only those, are found to be cut', async () => {
    const cut: string[] = [];
    for (const path of filesBelow(root)) {
      const bytes = readFileSync(path);
      const head = await readPart10Head(bytes, 'whole-file');
      if (head.tag !== 'dataset') continue;
      const { ending } = await scan(head.transferSyntaxUid, bytes.subarray(head.datasetOffset));
      if (ending !== 'whole') cut.push(`${relative(root, path)} ${ending}`);
    }
    expect(cut.sort()).toEqual(['pydicom/MR_truncated.dcm cut', 'pydicom/rtplan_truncated.dcm cut']);
  });
});
