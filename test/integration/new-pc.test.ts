/** A PC dies with its key store; another goes on from the cloud with configuration, credential and words alone. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import { runPeer } from '../support/dicom-peers.ts';
import { TestInstallation, type CommandResult, type RunningEngine } from '../support/installation.ts';
import { needs } from '../support/tools.ts';
import { blobsOf, container, datasetDigest, openPractice, type Practice } from '../support/whole-way.ts';

function image(study: string, index: number): TestFile {
  return makeDicomFile({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    sopInstanceUid: testUid(`${study} ${index}`),
    studyInstanceUid: testUid(study),
    seriesInstanceUid: testUid(`${study} series`),
    modality: 'US',
    patientName: 'Doe^Jane',
    pixelBytes: 20_000,
  });
}

function tlsPortOf(engine: RunningEngine): string {
  return String((engine.ready.dicom as { tlsPort?: number | null }).tlsPort);
}

needs('dcmtk')('a new PC in place of a dead one', () => {
  let practice: Practice;
  let next: TestInstallation;
  let engine: RunningEngine;
  let words: string;
  let joined: CommandResult;
  const images = [...[1, 2, 3].map((index) => image('before', index)), image('other', 1)];
  const more = image('after', 1);
  const path = (name: string): string => practice.installation.path(name);

  /** As the ultrasound machine does: over TLS, with the certificate it was given. */
  async function send(file: TestFile, to: RunningEngine): Promise<number | null> {
    const dicom = path(`${file.sopInstanceUid}.dcm`);
    await writeFile(dicom, file.bytes);
    const tls = ['+tls', path('us1.key'), path('us1.crt'), '+cf', path('us1.ca.crt')];
    const call = ['-aet', 'US1', '-aec', 'ROOM1', '127.0.0.1', tlsPortOf(to)];
    return (await runPeer('storescu', [...tls, ...call, dicom])).exitCode;
  }

  beforeAll(async () => {
    practice = await openPractice({
      config: {
        dicom: { port: 0, aeTitle: 'ROOM1', allowLoopback: false, tls: { enabled: true, port: 0 } },
        disk: { keepVerifiedDays: 7 },
      },
    });
    const { installation, cloud } = practice;
    const old = await installation.serve();
    const issued = await installation.command(['certificates', 'issue', 'us1', '--out', path('us1')]);
    const [fingerprint = ''] = /[0-9a-f]{64}/.exec(issued.out) ?? [];
    const pair = ['devices', 'pair', 'Ultrasound 1', '--aet', 'US1', '--certificate', fingerprint];
    expect(await installation.command(pair)).toMatchObject({ code: 0 });
    const enrolled = await installation.enrol();
    words = await readFile(enrolled.wordsFile, 'utf8');
    for (const one of images) expect(await send(one, old)).toBe(0);
    await installation.statusWhere((status) => status.counts.verified === images.length);
    const written = await installation.command(['backup', 'now', '--json']);
    expect(written, written.err).toMatchObject({ code: 0 });
    // kill -9, and nothing is left of the PC: data folder and key store.
    await old.kill();
    await rm(installation.dataDir, { recursive: true });

    next = await TestInstallation.create({
      config: { destinations: [{ name: 'cloud', kind: 'azure', container }] },
      passphrase: 'another passphrase of another PC',
    });
    await writeFile(next.path('words.txt'), words, { mode: 0o600 });
    await writeFile(next.path('secret.txt'), cloud.connectionString(), { mode: 0o600 });
    await rm(next.dataDir, { recursive: true });
    joined = await next.command([
      ...[
        'join',
        '--replace',
        '--words-file',
        next.path('words.txt'),
        '--secret-file',
        next.path('secret.txt'),
      ],
      '--json',
    ]);
  }, 180_000);

  afterAll(async () => {
    await next.dispose();
    await practice.dispose();
  });

  it('joins, and says which archive, which list and which backup it found', () => {
    expect(joined, joined.err).toMatchObject({ code: 0 });
    const result = JSON.parse(joined.out) as Record<string, unknown>;
    expect(result).toMatchObject({
      taken: 'everything',
      problems: 0,
      backup: { aeTitle: 'ROOM1', devices: 1 },
      rebuilt: [{ destination: 'cloud', images: images.length, added: images.length, missing: 0 }],
    });
    expect(joined.err).toContain('Compare with your kit');
    expect(joined.err).toContain('1 paired devices');
  });

  it('has the settings of before, the credential in its own key store, and its own key store', async () => {
    const config = JSON.parse(await readFile(next.configFile, 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({
      dicom: { aeTitle: 'ROOM1', allowLoopback: false },
      disk: { keepVerifiedDays: 7 },
      keys: { store: 'passphrase' },
      destinations: [{ name: 'cloud', container }],
    });
    expect(await readFile(next.configFile, 'utf8')).not.toContain(practice.cloud.accountKey);
    const checked = await next.command(['config', 'check']);
    expect(checked, checked.out).toMatchObject({ code: 0 });
  });

  it('restores every dataset bit for bit', async () => {
    const to = next.path('restored');
    const restored = await next.command(['restore', '--all', '--from-cloud', '--to', to]);
    expect(restored, restored.err).toMatchObject({ code: 0 });
    for (const one of images) {
      const file = join(to, one.studyInstanceUid, one.seriesInstanceUid, `${one.sopInstanceUid}.dcm`);
      expect(await datasetDigest(await readFile(file))).toBe(one.datasetSha256);
    }
  });

  it('restores one study, found by what the local database knows of it', async () => {
    const to = next.path('one-study');
    const study = images[0]?.studyInstanceUid ?? '';
    const restored = await next.command(['restore', '--study', study, '--from-cloud', '--to', to]);
    expect(restored, restored.err).toMatchObject({ code: 0 });
    expect(restored.out).toContain('restored 3 of 3');
  });

  it('receives more from the paired device over TLS with the certificate it has, and uploads it', async () => {
    engine = await next.serve();
    const before = await next.status();
    expect(before.counts).toMatchObject({ received: images.length, verified: images.length, parked: 0 });
    expect(await send(more, engine)).toBe(0);
    const status = await next.statusWhere(({ counts }) => counts.verified === images.length + 1);
    expect(status.access?.devices).toMatchObject([{ name: 'Ultrasound 1', aeTitle: 'US1', channel: 'tls' }]);
    expect(status).toMatchObject({ failures: [], headline: 'all-safe', recovery: 'proven' });
  });

  it('stores nothing twice when the device sends again what the cloud has already', async () => {
    const names = (await blobsOf(practice.cloud, 'objects/')).map(({ name }) => name);
    for (const one of images) expect(await send(one, engine)).toBe(0);
    const status = await next.statusWhere(({ counts }) => counts.pending === 0);
    expect(status.counts).toMatchObject({ received: images.length + 1, verified: images.length + 1 });
    expect((await blobsOf(practice.cloud, 'objects/')).map(({ name }) => name)).toEqual(names);
  });

  it('writes chains of its own, of manifests and of backups, beside those of before', async () => {
    const written = await next.command(['backup', 'now', '--json']);
    expect(written, written.err).toMatchObject({ code: 0 });
    const chains = async (prefix: string): Promise<number> =>
      new Set((await blobsOf(practice.cloud, prefix)).map(({ name }) => name.split('/')[1])).size;
    expect(await chains('manifests/')).toBe(2);
    expect(await chains('backups/')).toBe(2);
    const listed = JSON.parse((await next.command(['backup', 'list', '--json'])).out) as {
      backups: { own: boolean; aeTitle: string }[];
    };
    expect(listed.backups.map(({ own }) => own).sort()).toEqual([false, true]);
  });

  it('adds nothing when the cloud is read again', async () => {
    const refreshed = await next.command(['join', '--refresh', '--json']);
    expect(refreshed, refreshed.err).toMatchObject({ code: 0 });
    expect(JSON.parse(refreshed.out)).toMatchObject({
      problems: 0,
      rebuilt: [{ images: images.length + 1, added: 0, known: images.length + 1 }],
    });
  });

  it('finds every cloud copy good when all are downloaded and opened', async () => {
    const verified = await next.command(['verify', '--all']);
    expect(verified, verified.err + verified.out).toMatchObject({ code: 0 });
  });

  it('is not joined a second time', async () => {
    const again = await next.command([
      ...[
        'join',
        '--replace',
        '--words-file',
        next.path('words.txt'),
        '--secret-file',
        next.path('secret.txt'),
      ],
    ]);
    expect(again).toMatchObject({ code: 1 });
    expect(again.err).toContain('[join-not-fresh]');
  });
});
