/** What the home page and its commands tell, with the whole engine, a real cloud and a real device. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EraseList } from '../../src/shared/contract-home.ts';
import { requestCommitment } from '../../src/main/engine/send/commit.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import { needs } from '../support/tools.ts';
import { openPractice, type Practice } from '../support/whole-way.ts';

const run = promisify(execFile);

let practice: Practice;

beforeEach(async () => {
  practice = await openPractice();
});
afterEach(() => practice.dispose());

const image = (index: number): TestFile =>
  makeDicomFile({
    sopInstanceUid: testUid(`home ${index}`),
    studyInstanceUid: testUid('home study'),
    patientName: 'Canary-Homer^Zoe',
  });

async function storescu(port: number, files: readonly TestFile[]): Promise<void> {
  const folder = practice.installation.path(`send-${files.length}`);
  await mkdir(folder, { recursive: true });
  await Promise.all(files.map((file, index) => writeFile(`${folder}/${index}.dcm`, file.bytes)));
  const to = ['-aet', 'ULTRASOUND', '-aec', 'EDGESYNC', '127.0.0.1', String(port)];
  await run('storescu', ['+sd', ...to, folder], { timeout: 60_000 });
}

async function eraseLine(): Promise<{ readonly code: number | null; readonly line: unknown }> {
  const { code, out } = await practice.installation.command(['erase-list', '--days', '2', '--json']);
  const list = JSON.parse(out) as EraseList;
  return { code, line: list.days[0]?.devices[0] };
}

needs('dcmtk')('the home of a running engine', () => {
  it('calls a day safe to erase only after the device asked for all of it, and finds its study by name', async () => {
    const { installation } = practice;
    const engine = await installation.serve();
    const { port } = engine.ready.dicom;
    const first = [image(1), image(2), image(3)];
    await storescu(port, first);
    // Nothing is uploaded before the recovery words are proven.
    expect(await eraseLine()).toMatchObject({
      code: 1,
      line: { aeTitle: 'ULTRASOUND', received: 3, verified: 0, committed: 0, answer: 'not-safe' },
    });
    await installation.enrol();
    await installation.statusWhere(({ counts }) => counts.verified === 3);
    expect(await eraseLine()).toMatchObject({
      code: 0,
      line: { received: 3, verified: 3, committed: 0, answer: 'compare' },
    });
    const report = await requestCommitment({
      peer: { host: '127.0.0.1', port, callingAe: 'ULTRASOUND', calledAe: 'EDGESYNC' },
      references: first,
      waitMs: 50_000,
      clock: new SystemClock(),
      random: new SystemRandom(),
    });
    expect(report).toMatchObject({ tag: 'answered', failed: [] });
    await expect.poll(eraseLine, { timeout: 20_000 }).toMatchObject({
      code: 0,
      line: { received: 3, verified: 3, committed: 3, answer: 'safe' },
    });
    // One more, about which the device has not asked.
    await storescu(port, [image(4)]);
    await installation.statusWhere(({ counts }) => counts.verified === 4);
    expect(await eraseLine()).toMatchObject({ line: { received: 4, committed: 3, answer: 'compare' } });

    const found = await installation.command(['find', '--json'], { input: 'homer zoe\n' });
    expect(found.code, found.err).toBe(0);
    expect(JSON.parse(found.out)).toMatchObject({
      studies: [{ instances: 4, verified: 4 }],
      more: false,
    });
    expect(found.out).not.toContain('Canary');
    const revealed = await installation.command(['find', '--reveal'], { input: 'canary\n' });
    expect(revealed.out).toContain('Canary-Homer^Zoe');
    const nothing = await installation.command(['find'], { input: 'canaryx\n' });
    expect(nothing).toMatchObject({ code: 1, out: 'nothing found\n' });
    expect(engine.log().toLowerCase()).not.toMatch(/canary|homer/);
  }, 240_000);
});
