/** Nothing leaves the PC before the words are proven, and what was received before opens with them too. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { needs } from '../support/tools.ts';
import {
  blobsOf,
  datasetDigest,
  openPractice,
  openWithOpenssl,
  type Practice,
} from '../support/whole-way.ts';

needs('openssl')('enrolment', () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
  });
  afterEach(() => practice.dispose());

  it('holds uploads back until the drill, and gives earlier images the recovery recipient', async () => {
    const { installation, cloud } = practice;
    await installation.serve();
    const images = ['before create', 'before check'].map((label) =>
      makeDicomFile({ sopInstanceUid: testUid(label), pixelBytes: 300_000 }),
    );
    const importImage = async (index: number): Promise<void> => {
      const path = installation.path(`image-${index}.dcm`);
      await writeFile(path, images[index]?.bytes ?? '');
      expect((await installation.command(['import', path])).code).toBe(0);
    };
    await importImage(0);
    expect(await installation.status()).toMatchObject({
      safe: false,
      headline: 'attention',
      recovery: 'none',
    });

    const created = await installation.command(['recovery', 'create', '--json']);
    const { words } = JSON.parse(created.out) as { words: string[] };
    await importImage(1);
    const waiting = await installation.status();
    expect(waiting).toMatchObject({
      safe: false,
      headline: 'attention',
      recovery: 'created',
      counts: { pending: 2, verified: 0 },
    });
    expect(waiting.failures.map((one) => one.code)).toContain('recovery-not-proven');
    expect(await blobsOf(cloud)).toEqual([]);

    const wordsFile = installation.path('words.txt');
    await writeFile(wordsFile, words.join('\n'));
    const checked = await installation.command(['recovery', 'check', '--words-file', wordsFile]);
    expect(checked.code, checked.err).toBe(0);
    await installation.statusWhere((one) => one.counts.verified === 2 && one.headline === 'all-safe');

    const keys = {
      key: installation.path('K.pem'),
      cert: installation.path('C.crt'),
      folder: installation.path('opened'),
    };
    await installation.command([
      'recovery',
      'export-key',
      '--words-file',
      wordsFile,
      '--out',
      keys.key,
      '--cert',
      keys.cert,
    ]);
    expect((await stat(keys.key)).mode & 0o077).toBe(0);
    const opened = await Promise.all(
      (await blobsOf(cloud, 'objects/')).map(async (object) =>
        datasetDigest(await openWithOpenssl(object, keys)),
      ),
    );
    expect(opened.sort()).toEqual(images.map((image) => image.datasetSha256).sort());
  });

  it('can be done anew while the words were never proven: the first words are worth nothing then', async () => {
    const { installation } = practice;
    await installation.serve();
    const first = JSON.parse((await installation.command(['recovery', 'create', '--json'])).out) as {
      words: string[];
    };
    const second = await installation.command(['recovery', 'create', '--json', '--replace']);
    expect(second.code, second.err).toBe(0);
    const firstFile = installation.path('first.txt');
    await writeFile(firstFile, first.words.join(' '));
    const checked = await installation.command(['recovery', 'check', '--words-file', firstFile]);
    expect(checked.err).toContain('[recovery-words-other]');
    const secondFile = installation.path('second.txt');
    await writeFile(secondFile, (JSON.parse(second.out) as { words: string[] }).words.join(' '));
    expect((await installation.command(['recovery', 'check', '--words-file', secondFile])).code).toBe(0);
  });

  it('lets a watched folder empty itself only when every image is verified', async () => {
    const { installation, cloud } = practice;
    const folder = installation.path('scans');
    await mkdir(join(folder, 'deep'), { recursive: true });
    const scan = makeDicomFile({ sopInstanceUid: testUid('scan'), pixelBytes: 50_000 });
    const path = join(folder, 'deep', 'scan.dcm');
    const letter = join(folder, 'letter.txt');
    await writeFile(path, scan.bytes);
    await installation.configure({
      destinations: [{ name: 'cloud', kind: 'azure', container: 'edge-sync' }],
      folders: [{ path: folder, afterImport: 'delete' }],
    });
    const engine = await installation.serve();
    await installation.statusWhere((one) => one.counts.received === 1);
    expect((await readFile(path)).equals(scan.bytes)).toBe(true);
    await installation.enrol();
    await installation.statusWhere((one) => one.counts.verified === 1);
    // The engine tidies at its start and every minute; a new start is the sooner of the two.
    await engine.stop();
    await installation.serve();
    await expect
      .poll(
        () =>
          stat(path).then(
            () => 'there',
            () => 'gone',
          ),
        { timeout: 20_000 },
      )
      .toBe('gone');
    expect(await blobsOf(cloud, 'objects/')).toHaveLength(1);

    await writeFile(letter, 'Dear colleague');
    const status = await installation.statusWhere(
      (one) => one.failures.some((failure) => failure.code === 'file-needs-attention'),
      90_000,
    );
    expect(status).toMatchObject({ safe: false, headline: 'attention' });
    const listed = await installation.command(['attention', '--json']);
    expect(JSON.parse(listed.out)).toMatchObject({ total: 1, files: [{ path: letter, code: 'not-dicom' }] });
    expect(JSON.stringify(status)).not.toContain('letter');
    expect(await readFile(letter, 'utf8')).toBe('Dear colleague');
  });
});
