/** The disk takes nothing any more, under a running engine: it is said at once, and nothing of it is forgotten after. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { runPeer, toNode } from '../support/dicom-peers.ts';
import type { RunningEngine } from '../support/installation.ts';
import { needs } from '../support/tools.ts';
import { openPractice, type Practice } from '../support/whole-way.ts';

const run = promisify(execFile);

needs('dcmtk')('a disk that cannot be written', () => {
  let practice: Practice;
  let engine: RunningEngine;
  /** Exit code of storescu; 0 when every image was answered with Success. */
  async function send(name: string): Promise<number | null> {
    const path = practice.installation.path(`${name}.dcm`);
    await writeFile(path, makeDicomFile({ sopInstanceUid: testUid(name), seed: name }).bytes);
    return (await runPeer('storescu', ['-R', ...toNode(engine.ready.dicom.port), path])).exitCode;
  }

  /** Soft limit on the size of any file that the engine writes: 0 lets every write fail, in spool and database. */
  async function limitFiles(sizeBytes: '0' | 'unlimited'): Promise<void> {
    await run('prlimit', ['--pid', String(engine.ready.pid), `--fsize=${sizeBytes}:`]);
  }

  beforeAll(async () => {
    practice = await openPractice();
    engine = await practice.installation.serve();
    await practice.installation.enrol();
    expect(await send('before')).toBe(0);
    await practice.installation.statusWhere((status) => status.headline === 'all-safe');
  });
  afterAll(() => practice.dispose());

  it('refuses the image and says that nothing can be received, with the incident that could not be recorded', async () => {
    await limitFiles('0');
    expect(await send('during')).not.toBe(0);
    const during = await practice.installation.status();
    expect(during).toMatchObject({ safe: false, headline: 'not-receiving' });
    expect(during.failures.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['condition:disk-error', 'unrecorded:disk-error']),
    );
  });

  it('receives again by itself, and the incident is recorded until somebody answers it', async () => {
    const { installation } = practice;
    await limitFiles('unlimited');
    expect(await send('after')).toBe(0);
    const after = await installation.statusWhere(
      ({ failures, counts }) => counts.verified === 2 && failures.every(({ action }) => action === 'answer'),
    );
    expect(after).toMatchObject({ safe: false, headline: 'attention' });
    expect(after.failures).toMatchObject([{ code: 'disk-error', action: 'answer', count: 1 }]);
  });
});
