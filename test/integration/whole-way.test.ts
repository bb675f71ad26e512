/** The main job: what a modality sends arrives sealed and proven in the cloud, opens with stock tools, and comes back. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { canary, findIn, needlesFor } from '../support/canaries.ts';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import { runPeer, startStorescp, syntaxProposals } from '../support/dicom-peers.ts';
import type { RunningEngine } from '../support/installation.ts';
import { needs } from '../support/tools.ts';
import {
  blobsOf,
  datasetDigest,
  openPractice,
  openWithOpenssl,
  type Practice,
} from '../support/whole-way.ts';

/**
 * One image per syntax, all with planted identities. Those that storescu 3.6.7 cannot propose, or encodes anew
 * (deflated), are sent by our own sender.
 */
const syntaxes: readonly (readonly [uid: string, proposal: readonly string[] | 'own sender'])[] = [
  ['1.2.840.10008.1.2', ['-xi']],
  ['1.2.840.10008.1.2.1', []],
  ['1.2.840.10008.1.2.2', ['-xb']],
  ['1.2.840.10008.1.2.1.99', 'own sender'],
  ['1.2.840.10008.1.2.5', ['-xr']],
  ['1.2.840.10008.1.2.4.50', ['-xy']],
  ['1.2.840.10008.1.2.4.70', ['-xs']],
  ['1.2.840.10008.1.2.4.80', ['-xt']],
  ['1.2.840.10008.1.2.4.90', ['-xv']],
  ['1.2.840.10008.1.2.4.201', 'own sender'],
  ['1.2.840.10008.1.2.4.110', 'own sender'],
  ['1.2.840.10008.1.2.4.102', 'own sender'],
];

function plantedImage(syntax: string, index: number): TestFile {
  return makeDicomFile({
    transferSyntaxUid: syntax,
    sopInstanceUid: testUid(`canary instance ${index}`),
    studyInstanceUid: testUid('canary study'),
    seriesInstanceUid: testUid('canary series'),
    modality: 'US',
    pixelBytes: 40_000,
    ...canary,
  });
}

needs('dcmtk', 'openssl')('the whole way', () => {
  let practice: Practice;
  let engine: RunningEngine;
  let enrolled: Awaited<ReturnType<Practice['installation']['enrol']>>;
  const images = syntaxes.map(([syntax], index) => plantedImage(syntax, index));

  beforeAll(async () => {
    practice = await openPractice();
    const { installation } = practice;
    engine = await installation.serve();
    enrolled = await installation.enrol();
    for (const [index, image] of images.entries()) {
      const path = installation.path(`image-${index}.dcm`);
      await writeFile(path, image.bytes);
      const proposal = syntaxes[index]?.[1] ?? [];
      const port = String(engine.ready.dicom.port);
      if (proposal === 'own sender') {
        const to = `EDGESYNC@127.0.0.1:${port}`;
        const sent = await installation.run(['send', path, '--to', to, '--calling', 'ULTRASOUND']);
        expect(sent.code, `${image.transferSyntaxUid}: ${sent.err}`).toBe(0);
        continue;
      }
      const to = ['-aet', 'ULTRASOUND', '-aec', 'EDGESYNC', '127.0.0.1', port];
      const sent = await runPeer('storescu', ['-R', ...proposal, ...to, path]);
      expect(sent.exitCode, `${image.transferSyntaxUid}: ${sent.output}`).toBe(0);
    }
    await installation.statusWhere((status) => status.counts.verified === images.length);
  });
  afterAll(() => practice.dispose());

  it('ends with everything verified and the one headline that says so', async () => {
    const status = await practice.installation.status();
    expect(status.counts).toEqual({
      received: images.length,
      pending: 0,
      verified: images.length,
      failed: 0,
      parked: 0,
    });
    expect(status).toMatchObject({ safe: true, headline: 'all-safe', recovery: 'proven', failures: [] });
    expect(status.modalities).toMatchObject([
      { aeTitle: 'ULTRASOUND', received: images.length, verified: images.length },
    ]);
    expect(status.destinations).toMatchObject([
      { name: 'cloud', state: 'ok', pending: 0, verified: images.length },
    ]);
    expect((await practice.installation.command(['status'])).code).toBe(0);
  });

  it('opens with stock OpenSSL and the exported key, every dataset bit for bit', async () => {
    const { installation, cloud } = practice;
    const keys = {
      key: installation.path('K.pem'),
      cert: installation.path('C.crt'),
      folder: installation.path('openssl'),
    };
    const exported = await installation.command([
      ...['recovery', 'export-key', '--words-file', enrolled.wordsFile],
      ...['--out', keys.key, '--cert', keys.cert],
    ]);
    expect(exported.code, exported.err).toBe(0);
    const objects = await blobsOf(cloud, 'objects/');
    const opened = await Promise.all(
      objects.map(async (object) => datasetDigest(await openWithOpenssl(object, keys))),
    );
    expect(opened.sort()).toEqual(images.map((image) => image.datasetSha256).sort());
  });

  it('leaves no planted name, id, description or instance UID in data folder, cloud or log', async () => {
    const { installation, cloud } = practice;
    const uids = images.flatMap((image) => [
      image.sopInstanceUid,
      image.studyInstanceUid,
      image.seriesInstanceUid,
    ]);
    const needles = needlesFor([...Object.values(canary), 'Canaryfamily', 'Canarygiven', ...uids]);
    expect(await findIn(installation.dataDir, needles)).toEqual([]);
    for (const blob of await blobsOf(cloud)) {
      const outside = Buffer.from(`${blob.name} ${JSON.stringify(blob.metadata)}`);
      const leaks = needles.filter((needle) => blob.bytes.includes(needle) || outside.includes(needle));
      expect(leaks, blob.name).toEqual([]);
    }
    const log = Buffer.from(engine.log());
    expect(log.length).toBeGreaterThan(0);
    expect(needles.filter((needle) => log.includes(needle))).toEqual([]);
  });

  it('finds the planted values where they do stand, so that the search above means something', async () => {
    const folder = practice.installation.path('planted');
    await mkdir(folder);
    await writeFile(join(folder, 'image.dcm'), images[1]?.bytes ?? '');
    await writeFile(
      join(folder, 'log.txt'),
      Buffer.from(JSON.stringify({ x: Buffer.from(canary.patientId).toString('base64') })),
    );
    expect(await findIn(folder, needlesFor(Object.values(canary)))).toHaveLength(2);
  });

  it('comes back on a new PC from configuration, credential and words alone', async () => {
    const { installation } = practice;
    const to = installation.path('restored');
    const restored = await installation.run(
      [
        ...['restore', '--all', '--from-cloud', '--words-file', enrolled.wordsFile, '--to', to],
        ...['--config', installation.configFile, '--data-dir', installation.path('no-such-data')],
      ],
      { environment: { EDGE_SYNC_PASSPHRASE: '' } },
    );
    expect(restored.code, restored.err).toBe(0);
    for (const image of images) {
      const path = join(to, image.studyInstanceUid, image.seriesInstanceUid, `${image.sopInstanceUid}.dcm`);
      expect(await datasetDigest(await readFile(path))).toBe(image.datasetSha256);
    }
  });

  it('restores one study from this PC, and opens a single object', async () => {
    const { installation } = practice;
    const to = installation.path('one-study');
    const study = images[0]?.studyInstanceUid ?? '';
    const restored = await installation.command(['restore', '--study', study, '--to', to]);
    expect(restored.code, restored.err).toBe(0);
    expect(restored.out).toContain(`restored ${images.length} of ${images.length}`);
    const [object] = await blobsOf(practice.cloud, 'objects/');
    const sealed = installation.path('one.cms');
    await writeFile(sealed, object?.bytes ?? '');
    const opened = await installation.command(['open', sealed, '--out', installation.path('one.dcm')]);
    expect(opened.code, opened.err).toBe(0);
    const digest = await datasetDigest(await readFile(installation.path('one.dcm')));
    expect(images.map((image) => image.datasetSha256)).toContain(digest);
  });

  it('stores nothing twice when the same images are sent again', async () => {
    const { installation, cloud } = practice;
    const before = (await blobsOf(cloud, 'objects/')).length;
    const port = String(engine.ready.dicom.port);
    const path = installation.path('image-1.dcm');
    const again = await runPeer('storescu', ['-R', '-aec', 'EDGESYNC', '127.0.0.1', port, path]);
    expect(again.exitCode).toBe(0);
    const status = await installation.statusWhere((one) => one.counts.pending === 0);
    expect(status.counts.received).toBe(images.length);
    expect((await blobsOf(cloud, 'objects/')).length).toBe(before);
  });
});

const shared = resolve(import.meta.dirname, '../../../shared/data/dicom');

needs(
  'dcmtk',
  'openssl',
  'shared-dicom',
)('the public test files', () => {
  it('arrive in the cloud as storescp +B gets them, and OpenSSL opens each one', async () => {
    const practice = await openPractice();
    const { installation, cloud } = practice;
    const theirs = installation.path('storescp');
    await mkdir(theirs);
    const storescp = await startStorescp(theirs, ['+B', '+xa', '--unique-filenames']);
    try {
      const engine = await installation.serve();
      const { wordsFile } = await installation.enrol();
      const entries = await readdir(shared, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((one) => one.isFile())) {
        const path = join(entry.parentPath, entry.name);
        const head = await readPart10Head(await readFile(path), 'whole-file');
        const proposal = head.tag === 'dataset' ? syntaxProposals[head.transferSyntaxUid] : undefined;
        const options = [
          '-R',
          ...(proposal === undefined ? [] : [proposal]),
          '-aec',
          'EDGESYNC',
          '127.0.0.1',
        ];
        const ports = [storescp.port, engine.ready.dicom.port];
        const [toThem, toUs] = await Promise.all(
          ports.map((port) => runPeer('storescu', [...options, String(port), path])),
        );
        if (toThem === undefined || toUs === undefined) throw new Error('both were asked');
        expect(toUs.exitCode, entry.name).toBe(toThem.exitCode);
      }
      const expected = new Set<string>();
      for (const name of await readdir(theirs))
        expected.add(await datasetDigest(await readFile(join(theirs, name))));
      await installation.statusWhere(
        (status) => status.counts.received > 0 && status.counts.verified === status.counts.received,
      );

      const keys = {
        key: installation.path('K.pem'),
        cert: installation.path('C.crt'),
        folder: installation.path('openssl'),
      };
      const exported = await installation.command([
        ...['recovery', 'export-key', '--words-file', wordsFile, '--out', keys.key, '--cert', keys.cert],
      ]);
      expect(exported.code, exported.err).toBe(0);
      const found = new Set<string>();
      for (const object of await blobsOf(cloud, 'objects/')) {
        found.add(await datasetDigest(await openWithOpenssl(object, keys)));
      }
      expect(expected.size).toBeGreaterThan(90);
      expect(found).toEqual(expected);
    } finally {
      await storescp.stop();
      await practice.dispose();
    }
  });
});
