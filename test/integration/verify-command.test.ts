/** `edge-sync verify` as somebody types it, against a running engine and Azurite. */
import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { cloudNames } from '../../src/main/engine/cloud/cloud-store.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { container, openPractice } from '../support/whole-way.ts';

it('tells what is good, mends what is gone, reads the lists, and does so with the words alone too', async () => {
  const practice = await openPractice();
  const { installation, cloud } = practice;
  try {
    const engine = await installation.serve();
    const { wordsFile } = await installation.enrol();
    for (const name of ['verify 1', 'verify 2']) {
      const path = installation.path(`${name}.dcm`);
      await writeFile(path, makeDicomFile({ sopInstanceUid: testUid(name) }).bytes);
      expect((await installation.command(['import', path])).code).toBe(0);
    }
    await installation.statusWhere((one) => one.counts.verified === 2 && one.headline === 'all-safe');

    const good = await installation.command(['verify', '--all', '--json']);
    expect(good).toMatchObject({ code: 0 });
    expect(JSON.parse(good.out)).toMatchObject({ total: 2, checked: 2, good: 2, problems: 0 });
    expect((await installation.command(['verify', '--all', '--sample', '5'])).code).toBe(64);
    expect((await installation.command(['verify', '--destination', 'elsewhere'])).code).toBe(64);

    const names: string[] = [];
    for await (const { name } of cloud.container(container).listBlobsFlat({ prefix: cloudNames.objects })) {
      names.push(name);
    }
    await cloud.container(container).deleteBlob(names[0]!);
    const bad = await installation.command(['verify', '--all']);
    expect(bad).toMatchObject({ code: 2 });
    expect(bad.out).toContain('1 good, 1 missing, 0 damaged (1 being stored again, 0 lost)');
    expect(bad.err).toContain('[cloud-copy-missing]');
    const status = await installation.statusWhere(
      (one) => one.counts.verified === 2 && one.verification?.destinations[0]?.mended === 1,
    );
    expect(status.headline).toBe('attention');
    expect(status.failures).toMatchObject([{ code: 'cloud-copy-mended', imagesSafe: true }]);
    expect(status.verification?.destinations).toMatchObject([
      { name: 'cloud', copies: 2, everChecked: 2, foundMissing: 1, bad: 0 },
    ]);

    const lists = await installation.command(['verify', '--manifests', '--json']);
    expect(lists).toMatchObject({ code: 0 });
    expect(JSON.parse(lists.out)).toMatchObject({
      chains: [{ destination: 'cloud', isOurs: true }],
      problems: [],
    });
    expect((await engine.stop()) ?? -1).toBe(0);

    const words = ['--words-file', wordsFile];
    const anew = await installation.command(['verify', '--all', '--json', ...words]);
    expect(anew).toMatchObject({ code: 0 });
    expect(JSON.parse(anew.out)).toMatchObject({ total: 2, good: 2 });
    const other = await installation.command(['verify', '--manifests', ...words]);
    expect(other).toMatchObject({ code: 0 });
    expect(other.out).toContain('newest list');
  } finally {
    await practice.dispose();
  }
});
