import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePhantomStudies, type PhantomInstance } from '../../src/main/demo/phantoms/phantom-studies.ts';
import { FakeRandom } from '../fakes/fake-random.ts';
import { needs, programPath } from '../support/tools.ts';

const run = promisify(execFile);

needs('dicom3tools', 'dcmtk')('phantom studies under outside tools', () => {
  let folder: string;
  /** First, middle and last CT slice, the clip, the still, the X-ray. */
  let chosen: readonly PhantomInstance[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-sync-phantoms-'));
    const all = [...makePhantomStudies({ random: new FakeRandom('outside'), nowMs: Date.UTC(2026, 0, 5) })];
    chosen = all.filter((_, index) => [0, 32, 63].includes(index) || index > 63);
    for (const [index, instance] of chosen.entries()) await writeFile(file(index), instance.part10());
  });

  afterAll(() => rm(folder, { recursive: true }));

  const file = (index: number): string => join(folder, `${index}.dcm`);

  it('keep every rule dciodvfy knows for their class: no error, no warning', async () => {
    const names: string[] = [];
    for (const index of chosen.keys()) {
      const { stdout, stderr } = await run(programPath('dciodvfy'), [file(index)]);
      expect(`${stdout}${stderr}`).not.toMatch(/Error|Warning/);
      names.push(...`${stdout}${stderr}`.trim().split('\n'));
    }

    expect(names).toEqual([
      'CTImage',
      'CTImage',
      'CTImage',
      'USMultiFrameImage',
      'USImage',
      'DXImageForPresentation',
    ]);
  });

  it('are read by DCMTK with the identity they were given', async () => {
    for (const [index, instance] of chosen.entries()) {
      const { stdout } = await run(programPath('dcmdump'), ['-q', '+L', '+P', '0008,0018', file(index)]);
      expect(stdout).toContain(`[${instance.sopInstanceUid}]`);
    }
  });

  it('hold an RLE still that decodes to the frame of the clip it was taken from', async () => {
    const decoded = join(folder, 'still-plain.dcm');
    await run(programPath('dcmdrle'), [file(4), decoded]);
    const still = await pixels(decoded);
    const clip = await pixels(file(3));
    const plane = 640 * 480;
    const frame = clip.subarray(21 * plane * 3, 22 * plane * 3);

    expect(still).toHaveLength(plane * 3);
    const rebuilt = Buffer.alloc(plane * 3);
    for (let index = 0; index < plane; index += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        rebuilt[index * 3 + channel] = still[channel * plane + index] ?? 0;
      }
    }
    expect(rebuilt.equals(frame)).toBe(true);
  });

  /** Native pixel data, written out by dcmdump. */
  async function pixels(path: string): Promise<Buffer> {
    const { stdout } = await run(programPath('dcmdump'), ['-q', '+P', '7fe0,0010', '+W', folder, path]);
    const written = /=(\S+\.raw)/.exec(stdout)?.[1];
    if (written === undefined) throw new Error(`no pixel data written: ${stdout}`);
    return readFile(written);
  }
});
