/** One study as somebody asks for it: by the command line, and its pictures from the running engine and from the cloud. */
import { readdir, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createEngineClient } from '../../src/main/rpc/client.ts';
import { openPractice } from '../support/whole-way.ts';
import { testImage } from '../support/viewer-pixels.ts';

const studyOf = (bytes: Buffer): string => {
  const at = bytes.indexOf(Buffer.from([0x20, 0x00, 0x0d, 0x00]));
  return bytes
    .subarray(at + 8, at + 8 + bytes.readUInt16LE(at + 6))
    .toString('latin1')
    .replace(/\0$/, '');
};

it('tells without names how a study stands, and gives pictures only while they are shown', async () => {
  const practice = await openPractice();
  const { installation } = practice;
  try {
    await installation.serve();
    await installation.enrol();
    const image = testImage({ frames: 3 }, (x, y, _, frame) => x * 20 + y * 10 + frame * 100);
    const uid = studyOf(image);
    const path = installation.path('clip.dcm');
    await writeFile(path, image);
    expect((await installation.command(['import', path])).code).toBe(0);
    await installation.statusWhere(({ headline }) => headline === 'all-safe');

    const told = await installation.command(['study', 'show', uid, '--images', '--json']);
    expect(told, told.err).toMatchObject({ code: 0 });
    const study = JSON.parse(told.out) as {
      study: { id: string; instances: number; verified: number };
      destinations: { name: string; verified: number }[];
      series: { images: { id: string; deliveries: { state: string }[] }[] }[];
      history: { tag: string }[];
    };
    expect(study).toMatchObject({
      study: { instances: 1, verified: 1 },
      destinations: [{ name: 'cloud', verified: 1 }],
      series: [{ images: [{ deliveries: [{ state: 'verified' }] }] }],
    });
    expect(study.history.map(({ tag }) => tag)).toEqual(expect.arrayContaining(['received', 'verified']));
    expect(told.out).not.toContain(uid);
    expect((await installation.command(['study', 'show', study.study.id])).out).toContain(
      'cloud: 1 verified',
    );
    expect(await installation.command(['study', 'show', '1.2.3.4'])).toMatchObject({ code: 1 });

    const client = createEngineClient({ dataDir: installation.dataDir });
    const studyId = study.study.id;
    const instanceId = study.series[0]!.images[0]!.id;
    const ask = (grant: string, frame: number, from: 'here' | 'cloud' = 'here') =>
      client.study.picture({ grant, studyId, instanceId, frame, size: 'frame', from });
    await expect(ask('guessed', 0)).rejects.toMatchObject({ code: 'preview-hidden' });
    const { grant } = await client.study.reveal({ studyId });
    for (const frame of [2, 0]) {
      const { facts, image: whole, pixels } = await ask(grant, frame);
      expect(whole).toMatchObject({ rows: 37, columns: 52, frames: 3 });
      expect(facts).toMatchObject({ tag: 'gray', kind: 'u16', columns: 52, rows: 37 });
      expect(Buffer.from(pixels, 'base64').readUInt16LE(2 * (52 + 1))).toBe(30 + frame * 100);
    }
    const { entries } = await client.study.history({ studyId });
    expect(entries).toContainEqual(expect.objectContaining({ tag: 'audit', action: 'phi-revealed' }));

    // The copy here is gone: nothing is shown from the spool, and the cloud's copy is proven and drawn.
    await client.study.hide({ grant });
    await expect(ask(grant, 0)).rejects.toMatchObject({ code: 'preview-hidden' });
    const second = await client.study.reveal({ studyId });
    const drawn = await ask(second.grant, 1, 'cloud');
    expect(Buffer.from(drawn.pixels, 'base64').readUInt16LE(0)).toBe(100);
    await client.study.hide({ grant: second.grant });

    // Nothing decoded lies anywhere in the data folder.
    const names = await readdir(installation.dataDir, { recursive: true });
    expect(names.filter((name) => /\.(dcm|png|pnm|tmp)$/.test(name))).toEqual([]);
  } finally {
    await practice.dispose();
  }
}, 240_000);
