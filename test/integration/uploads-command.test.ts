/** `edge-sync uploads` as somebody types it, against a running engine and Azurite. */
import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { openPractice } from '../support/whole-way.ts';

it('pauses over a restart while images come in, says until when, and goes on when told', async () => {
  const practice = await openPractice();
  const { installation } = practice;
  const uploads = (...args: string[]) => installation.command(['uploads', ...args]);
  const receive = async (name: string): Promise<void> => {
    const path = installation.path(`${name}.dcm`);
    await writeFile(path, makeDicomFile({ sopInstanceUid: testUid(name) }).bytes);
    expect((await installation.command(['import', path])).code).toBe(0);
  };
  try {
    const first = await installation.serve();
    await installation.enrol();
    await receive('before');
    await installation.statusWhere(({ headline }) => headline === 'all-safe');

    for (const wrong of ['25h', 'until-later']) {
      const refused = await uploads('pause', wrong);
      expect(refused, wrong).toMatchObject({ code: 64 });
      expect(refused.err).toContain('until-tomorrow');
    }
    const paused = await uploads('pause', '1h', '--json');
    expect(paused, paused.err).toMatchObject({ code: 0 });
    const { hold, until } = JSON.parse(paused.out) as { hold: string; until: string };
    expect(hold).toBe('paused');
    expect((await uploads()).out).toContain('paused until');

    await receive('meanwhile');
    const held = await installation.statusWhere(({ counts }) => counts.pending === 1);
    expect(held).toMatchObject({ headline: 'working', safe: false, failures: [] });
    expect(held.destinations[0]).toMatchObject({
      state: 'paused',
      error: { code: 'uploads-paused' },
      hold: { by: 'paused', until },
    });
    expect(await first.stop()).toBe(0);

    await installation.serve();
    const again = await installation.statusWhere(({ listener }) => listener.up);
    expect(again.counts).toMatchObject({ received: 2, verified: 1, pending: 1 });
    expect(again.destinations[0]).toMatchObject({ state: 'paused', hold: { by: 'paused' } });

    expect(await uploads('resume')).toMatchObject({ code: 0 });
    const safe = await installation.statusWhere(({ headline }) => headline === 'all-safe');
    expect(safe.counts).toMatchObject({ verified: 2 });
    expect(safe.destinations[0]?.hold).toBeUndefined();
    expect((await uploads('retry')).code).toBe(64);
    const all = await uploads('retry', '--all');
    expect(all, all.err).toMatchObject({ code: 0 });
  } finally {
    await practice.dispose();
  }
}, 240_000);
