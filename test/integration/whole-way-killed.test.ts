/** Killed without warning in the middle of a send and of uploads: what was answered with Success is verified in the end. */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import { fractionsAt } from '../support/fractions.ts';
import { needs, soakLegs, testSeed } from '../support/tools.ts';
import { datasetDigest, eachBlob, openPractice, openWithOpenssl } from '../support/whole-way.ts';

/** Each leg is an installation and a cloud of its own: the emulator keeps what it is given in memory. */
const legs = soakLegs(4, 300, 10);
const imagesPerRound = 24;

needs('openssl')('an engine killed again and again', () => {
  it.each(legs)(
    'has every acknowledged image verified in the end, bit for bit and none twice ($count kills from $first)',
    async ({ first: firstKill, count }) => {
      const seed = testSeed();
      const practice = await openPractice();
      const { installation, cloud } = practice;
      try {
        const first = await installation.serve();
        const { wordsFile } = await installation.enrol();
        await first.stop();
        const acknowledged = new Map<string, TestFile>();
        for (let round = firstKill; round < firstKill + count; round += 1) {
          const fraction = fractionsAt(seed, round);
          const engine = await installation.serve();
          const files = await Promise.all(
            Array.from({ length: imagesPerRound }, async (_, index) => {
              const image = makeDicomFile({
                sopInstanceUid: testUid(`killed ${round} ${index}`),
                studyInstanceUid: testUid(`killed study ${round}`),
                pixelBytes: index % 8 === 0 ? 6_000_000 : 200_000,
              });
              const path = installation.path(`killed-${round}-${index}.dcm`);
              await writeFile(path, image.bytes);
              return { path, image };
            }),
          );
          const { host, port, aet } = engine.ready.dicom;
          const sending = sendFiles({
            paths: files.map(({ path }) => path),
            peer: { host, port, calledAe: aet, callingAe: 'MODALITY' },
            clock: new SystemClock(),
          });
          await Promise.race([sending, sleep(50 + fraction() * 1200)]);
          await engine.kill();
          const report = await sending;
          for (const result of report.results) {
            const image = files.find(({ path }) => path === result.path)?.image;
            if (result.tag === 'sent' && image !== undefined) acknowledged.set(image.datasetSha256, image);
          }
        }
        expect(acknowledged.size, `seed ${seed}`).toBeGreaterThan(0);

        const last = await installation.serve();
        const status = await installation.statusWhere(
          ({ counts }) => counts.received > 0 && counts.verified === counts.received,
          300_000,
        );
        expect(status.counts.received, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged.size);
        const keys = {
          key: installation.path('K.pem'),
          cert: installation.path('C.crt'),
          folder: installation.path('opened'),
        };
        const exported = await installation.command([
          ...['recovery', 'export-key', '--words-file', wordsFile, '--out', keys.key, '--cert', keys.cert],
        ]);
        expect(exported.code, exported.err).toBe(0);
        const inCloud: string[] = [];
        for await (const object of eachBlob(cloud, 'objects/')) {
          inCloud.push(await datasetDigest(await openWithOpenssl(object, keys)));
        }
        expect(new Set(inCloud).size, `none twice, seed ${seed}`).toBe(inCloud.length);
        const lost = [...acknowledged.keys()].filter((digest) => !inCloud.includes(digest));
        expect(lost, `seed ${seed}`).toEqual([]);
        expect(inCloud).toHaveLength(status.counts.verified);

        await last.stop();
        const { out } = await installation.command(['doctor', '--json']);
        const { well, findings } = JSON.parse(out) as { well: boolean; findings: readonly { tag: string }[] };
        expect(findings, `seed ${seed}`).toContainEqual({ tag: 'database', problems: [] });
        expect(well, out).toBe(true);
      } finally {
        await practice.dispose();
      }
    },
    600_000,
  );
});
