/** Restore through the running engine, with this installation's own keys: what is gone from the cloud is told. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { startNode } from '../support/dicom-peers.ts';
import { blobsOf, container, datasetDigest, openPractice, type Practice } from '../support/whole-way.ts';

interface Told {
  readonly total: number;
  readonly restored: number;
  readonly missing: number;
  readonly damaged: number;
  readonly unproven: number;
}

describe('restore --from-cloud through the running engine', () => {
  let practice: Practice;
  const images = ['first', 'second'].map((label) =>
    makeDicomFile({ sopInstanceUid: testUid(`restore ${label}`), pixelBytes: 20_000 }),
  );

  beforeEach(async () => {
    practice = await openPractice();
    const { installation } = practice;
    await installation.serve();
    await installation.enrol();
    for (const [index, image] of images.entries()) {
      const path = installation.path(`image-${index}.dcm`);
      await writeFile(path, image.bytes);
      expect((await installation.command(['import', path])).code).toBe(0);
    }
    await installation.statusWhere((status) => status.counts.verified === images.length);
  });
  afterEach(() => practice.dispose());

  async function restored(): Promise<{ readonly code: number | null; readonly err: string; told: Told }> {
    const { installation } = practice;
    const { code, out, err } = await installation.command([
      ...['restore', '--all', '--from-cloud', '--json', '--to', installation.path('restored')],
    ]);
    return { code, err, told: JSON.parse(out) as Told };
  }

  /** Past our own code. */
  async function remove(name: string): Promise<void> {
    await practice.cloud.container(container).getBlobClient(name).delete();
  }

  it('brings an intact archive back with every image proven by a list', async () => {
    const { code, err, told } = await restored();
    expect(told, err).toMatchObject({ total: 2, restored: 2, missing: 0, damaged: 0, unproven: 0 });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const image of images) {
      const path = join(
        practice.installation.path('restored'),
        image.studyInstanceUid,
        image.seriesInstanceUid,
        `${image.sopInstanceUid}.dcm`,
      );
      expect(await datasetDigest(await readFile(path))).toBe(image.datasetSha256);
    }
  });

  it('tells of an image that was removed from the cloud, and does not exit 0', async () => {
    const [gone] = await blobsOf(practice.cloud, 'objects/');
    await remove(gone?.name ?? '');
    const { code, err, told } = await restored();
    expect(told, err).toMatchObject({ total: 2, restored: 1, missing: 1, damaged: 0, unproven: 0 });
    expect(code).toBe(2);
    expect(err).toContain('[object-missing]');
  });

  it('writes a report by study, and never over a file that is there', async () => {
    const { installation } = practice;
    const [gone] = await blobsOf(practice.cloud, 'objects/');
    await remove(gone?.name ?? '');
    const file = installation.path('report.json');
    const args = [
      'restore',
      '--all',
      '--from-cloud',
      '--to',
      installation.path('restored'),
      '--report',
      file,
    ];
    const { code, err, out } = await installation.command(args);
    expect(code, err).toBe(2);
    const study = images[0]!.studyInstanceUid;
    expect(err).toContain(`(${study}): 1 image missing [object-missing]`);
    expect(out).toContain('newest manifest of installation');
    const report = JSON.parse(await readFile(file, 'utf8')) as object;
    expect(report).toMatchObject({
      format: 'edge-sync-restore-report',
      isWhole: false,
      counts: { total: 2, restored: 1, missing: 1 },
      studies: [{ studyInstanceUid: study, objects: [{ code: 'object-missing' }] }],
    });
    const again = await installation.command(args);
    expect({ code: again.code, told: again.err.includes('[file-exists]') }).toEqual({ code: 1, told: true });
  });

  it('tells its progress and result as JSON lines', async () => {
    const { installation } = practice;
    const to = installation.path('restored');
    const { out, code } = await installation.command(['restore', '--all', '--json-lines', '--to', to]);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({ event: 'progress', total: 2, restored: 0, doneBytes: 0 });
    expect(lines[0]?.['totalBytes']).toBeGreaterThan(40_000);
    expect(lines.at(-1)).toMatchObject({ event: 'result', total: 2, restored: 2 });
  });

  it('finds one patient and a range of dates, from here and from the cloud, with the id off the command line', async () => {
    const { installation } = practice;
    const other = makeDicomFile({
      ...{ sopInstanceUid: testUid('other'), studyInstanceUid: testUid('other study'), pixelBytes: 100 },
      ...{ patientId: 'PAT 7', patientName: 'Other^Person', studyDate: '20240229' },
    });
    await writeFile(installation.path('other.dcm'), other.bytes);
    expect((await installation.command(['import', installation.path('other.dcm')])).code).toBe(0);
    await installation.statusWhere((status) => status.counts.verified === images.length + 1);
    let runs = 0;
    const found = async (args: readonly string[], input?: string): Promise<unknown> => {
      const to = installation.path(`chosen-${(runs += 1)}`);
      const options = input === undefined ? {} : { input };
      const { out, err } = await installation.command(['restore', ...args, '--json', '--to', to], options);
      return out === '' ? err.split('\n')[0] : (JSON.parse(out) as Told).restored;
    };
    for (const from of [[], ['--from-cloud']]) {
      expect(await found(['--patient-file', '-', ...from], 'pat 7\n')).toBe(1);
      expect(await found(['--patient-file', '-', ...from], 'PAT 7\nOther^Person^^\n')).toBe(1);
      expect(await found(['--patient-file', '-', ...from], 'PAT 7\nSomebody^Else\n')).toBe(0);
      expect(await found(['--since', '2024-02-29', '--until', '2024-02-29', ...from])).toBe(1);
      expect(await found(['--until', '2024-02-28', '--patient', 'PAT 7', ...from])).toBe(0);
    }
  });

  it('sends to a node and says which', async () => {
    const node = await startNode();
    try {
      const { code, out, err } = await practice.installation.command([
        ...['restore', '--all', '--from-cloud', '--json', '--send', `EDGESYNC@127.0.0.1:${node.port}`],
      ]);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(JSON.parse(out)).toMatchObject({
        restored: 2,
        refused: 0,
        to: `EDGESYNC@127.0.0.1:${node.port}`,
      });
      const digests = node.intake.stored.map(({ dataset }) =>
        createHash('sha256').update(dataset).digest('hex'),
      );
      expect(digests.sort()).toEqual(images.map(({ datasetSha256 }) => datasetSha256).sort());
    } finally {
      await node.scp.stop();
    }
  });

  it('restores nothing with misspelt words, and nothing with those of another practice', async () => {
    const { installation } = practice;
    const to = installation.path('restored');
    const words = installation.path('other-words.txt');
    const phrase = `${'abandon '.repeat(23)}art`;
    for (const [text, code] of [
      [phrase.replace('art', 'artt'), 'recovery-words-misspelt'],
      [phrase.replace('art', 'ability'), 'recovery-words-checksum'],
      [phrase, 'recovery-words-other'],
    ] as const) {
      await writeFile(words, text);
      const run = await installation.command([
        'restore',
        '--all',
        '--from-cloud',
        '--words-file',
        words,
        '--to',
        to,
      ]);
      expect({ code: run.code, told: run.err.includes(`[${code}]`) }, run.err).toEqual({
        code: 1,
        told: true,
      });
      await expect(readdir(to)).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });

  it('does not exit 0 when a list was replaced, even with every image there', async () => {
    const [list] = await blobsOf(practice.cloud, 'manifests/');
    const client = practice.cloud.container(container).getBlockBlobClient(list?.name ?? '');
    await client.upload('no list', 7);
    const { code, err, told } = await restored();
    expect(told, err).toMatchObject({ restored: 2, missing: 0, damaged: 0 });
    expect(told.unproven).toBeGreaterThan(0);
    expect(err).toContain('[manifest-broken]');
    expect(code).toBe(2);
  });
});
