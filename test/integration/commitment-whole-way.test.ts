/** The promise behind "safe to erase", with the whole engine and a real cloud. */
import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestCommitment } from '../../src/main/engine/send/commit.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import { findIn, needlesFor } from '../support/canaries.ts';
import { blobsOf, openPractice, type Practice } from '../support/whole-way.ts';

describe('storage commitment by the whole engine', () => {
  let practice: Practice;
  const images = [1, 2, 3].map((index) =>
    makeDicomFile({ sopInstanceUid: testUid(`commit ${index}`), studyInstanceUid: testUid('commit study') }),
  );

  beforeEach(async () => {
    practice = await openPractice();
  });

  afterEach(() => practice.dispose());

  async function send(port: number, files: readonly TestFile[], more: readonly string[] = []) {
    const folder = practice.installation.path('images');
    await mkdir(folder, { recursive: true });
    await Promise.all(files.map((file, index) => writeFile(`${folder}/${index}.dcm`, file.bytes)));
    const sent = await practice.installation.run([
      ...['send', folder, '--to', `EDGESYNC@127.0.0.1:${port}`, '--calling', 'ULTRASOUND'],
      ...more,
    ]);
    return sent;
  }

  function ask(port: number, waitMs: number) {
    return requestCommitment({
      peer: { host: '127.0.0.1', port, callingAe: 'ULTRASOUND', calledAe: 'EDGESYNC' },
      references: images,
      waitMs,
      clock: new SystemClock(),
      random: new SystemRandom(),
    });
  }

  it('commits only what lies proven in the cloud, and goes on over a kill', async () => {
    const { installation, cloud } = practice;
    const first = await installation.serve();
    // Nothing is uploaded before the recovery words are proven.
    const asked = await send(first.ready.dicom.port, images, ['--commit', '3']);
    expect(asked.code, asked.err).toBe(2);
    expect(asked.out).toBe('sent 3, failed 0\ncommitment: asked, and no answer within 3 s\n');
    expect(await blobsOf(cloud, 'objects/')).toEqual([]);
    await first.kill();

    const engine = await installation.serve();
    const inCloud = { objects: -1, manifests: -1 };
    const asking = ask(engine.ready.dicom.port, 50_000).then(async (report) => {
      inCloud.objects = (await blobsOf(cloud, 'objects/')).length;
      inCloud.manifests = (await blobsOf(cloud, 'manifests/')).length;
      return report;
    });
    await installation.enrol();
    expect(await asking).toMatchObject({ tag: 'answered', committed: images, failed: [] });
    expect(inCloud.objects).toBe(3);
    expect(inCloud.manifests).toBeGreaterThan(0);
    expect(await installation.status()).toMatchObject({ counts: { verified: 3 } });
    const again = await send(engine.ready.dicom.port, images, ['--commit', '40']);
    expect(again).toMatchObject({ code: 0, out: 'sent 3, failed 0\ncommitted 3, not committed 0\n' });
    expect((await installation.status()).modalities).toMatchObject([
      { aeTitle: 'ULTRASOUND', received: 3, verified: 3, committed: 3 },
    ]);
    expect(await engine.stop()).toBe(0);
    const uids = needlesFor(images.map((image) => image.sopInstanceUid));
    expect(await findIn(installation.dataDir, uids)).toEqual([]);
    const log = Buffer.from(first.log() + engine.log());
    expect(uids.filter((uid) => log.includes(uid))).toEqual([]);
  });
});
