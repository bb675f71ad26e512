/** Two PCs of one archive at the same time; and joins that go wrong, are broken off, or meet a cloud that lies. */
import { access, mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import { TestInstallation, type CommandResult, type RunningEngine } from '../support/installation.ts';
import { blobsOf, container, datasetDigest, openPractice, type Practice } from '../support/whole-way.ts';

function image(study: string, index: number): TestFile {
  return makeDicomFile({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    sopInstanceUid: testUid(`${study} ${index}`),
    studyInstanceUid: testUid(study),
    seriesInstanceUid: testUid(`${study} series`),
    modality: 'US',
    pixelBytes: 20_000,
  });
}

async function send(from: TestInstallation, file: TestFile, to: RunningEngine): Promise<CommandResult> {
  const path = from.path(`${file.sopInstanceUid}.dcm`);
  await writeFile(path, file.bytes);
  return from.run(['send', path, '--to', `${to.ready.dicom.aet}@127.0.0.1:${to.ready.dicom.port}`]);
}

/** A fresh PC that knows where the cloud is. */
async function freshPc(practice: Practice, words: string, passphrase: string): Promise<TestInstallation> {
  const pc = await TestInstallation.create({
    passphrase,
    config: { destinations: [{ name: 'cloud', kind: 'azure', container }] },
  });
  await writeFile(pc.path('words.txt'), words, { mode: 0o600 });
  await writeFile(pc.path('secret.txt'), practice.cloud.connectionString(), { mode: 0o600 });
  return pc;
}

function joinArgs(pc: TestInstallation, ...more: readonly string[]): readonly string[] {
  return ['join', '--words-file', pc.path('words.txt'), '--secret-file', pc.path('secret.txt'), ...more];
}

async function isFresh(pc: TestInstallation): Promise<boolean> {
  const names = await readdir(pc.dataDir);
  return !names.some((name) => ['keys.json', 'queue.db', 'join.json'].includes(name));
}

async function restored(pc: TestInstallation, images: readonly TestFile[], name: string): Promise<void> {
  const to = pc.path(name);
  const result = await pc.command(['restore', '--all', '--from-cloud', '--to', to]);
  expect(result, result.err).toMatchObject({ code: 0 });
  for (const one of images) {
    const file = join(to, one.studyInstanceUid, one.seriesInstanceUid, `${one.sopInstanceUid}.dcm`);
    expect(await datasetDigest(await readFile(file))).toBe(one.datasetSha256);
  }
}

describe('two PCs of one archive', () => {
  let practice: Practice;
  let second: TestInstallation;
  let words: string;
  const early = image('early', 1);
  const shared = image('shared', 1);
  const firsts = [1, 2, 3].map((index) => image('first pc', index));
  const seconds = [1, 2, 3].map((index) => image('second pc', index));
  const all = [early, shared, ...firsts, ...seconds];

  beforeAll(async () => {
    practice = await openPractice();
    const { installation } = practice;
    const engine = await installation.serve();
    words = await readFile((await installation.enrol()).wordsFile, 'utf8');
    expect(await send(installation, early, engine)).toMatchObject({ code: 0 });
    await installation.statusWhere(({ counts }) => counts.verified === 1);
    second = await freshPc(practice, words, 'the passphrase of the second');
    const joined = await second.command(joinArgs(second, '--second'));
    expect(joined, joined.err).toMatchObject({ code: 0 });
    const other = await second.serve();
    await Promise.all([
      ...[...firsts, shared].map((one) => send(installation, one, engine)),
      ...[...seconds, shared].map((one) => send(second, one, other)),
    ]);
  }, 180_000);

  afterAll(async () => {
    await second.dispose();
    await practice.dispose();
  });

  it('both have everything verified that they received, and nothing to complain of', async () => {
    const one = await practice.installation.statusWhere(({ counts }) => counts.verified === 5);
    const two = await second.statusWhere(({ counts }) => counts.verified === 5);
    for (const status of [one, two]) {
      expect(status.counts).toMatchObject({ received: 5, pending: 0, failed: 0, parked: 0 });
      expect(status.failures).toEqual([]);
    }
  });

  it('keep chains of their own without gaps, and the image that both got lies there once', async () => {
    const { cloud, installation } = practice;
    for (const pc of [installation, second]) {
      expect(await pc.command(['backup', 'now'])).toMatchObject({ code: 0 });
    }
    expect(await blobsOf(cloud, 'objects/')).toHaveLength(all.length);
    for (const prefix of ['manifests/', 'backups/']) {
      const chains = new Map<string, number[]>();
      for (const { name } of await blobsOf(cloud, prefix)) {
        const [, id = '', file = ''] = name.split('/');
        chains.set(id, [...(chains.get(id) ?? []), Number.parseInt(file, 10)]);
      }
      expect(chains.size, prefix).toBe(2);
      for (const numbers of chains.values()) {
        expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
      }
    }
  });

  it('each open what the other sealed', async () => {
    await restored(practice.installation, all, 'restored-by-first');
    await restored(second, all, 'restored-by-second');
  });

  it('learn of each other by a refresh of the running engine, which adds nothing the second time', async () => {
    const { installation } = practice;
    const refreshed = await installation.command(['join', '--refresh', '--json']);
    expect(refreshed, refreshed.err).toMatchObject({ code: 0 });
    expect(JSON.parse(refreshed.out)).toMatchObject({
      rebuilt: [{ images: all.length, added: 3, missing: 0 }],
    });
    const again = JSON.parse((await installation.command(['join', '--refresh', '--json'])).out) as object;
    expect(again).toMatchObject({ rebuilt: [{ added: 0, known: all.length }] });
    expect((await installation.status()).counts).toMatchObject({
      received: all.length,
      verified: all.length,
    });
  });

  it('are told apart when a third takes over: it has to say whose place', async () => {
    const third = await freshPc(practice, words, 'the passphrase of the third');
    try {
      const asked = await third.command(joinArgs(third, '--replace'));
      expect(asked).toMatchObject({ code: 1 });
      expect(asked.err).toContain('[join-choose]');
      const ids = [...asked.err.matchAll(/^ {2}([0-9a-f]{32}) /gm)].map(([, id = '']) => id);
      expect(ids).toHaveLength(2);
      expect(await isFresh(third)).toBe(true);
      const joined = await third.command(
        joinArgs(third, '--replace', '--installation', ids[0] ?? '', '--json'),
      );
      expect(joined, joined.err).toMatchObject({ code: 0 });
      expect(JSON.parse(joined.out)).toMatchObject({ backup: { installationId: ids[0] } });
    } finally {
      await third.dispose();
    }
  });
});

describe('a join', () => {
  let practice: Practice;
  let words: string;
  const images = [1, 2].map((index) => image('images', index));

  beforeAll(async () => {
    practice = await openPractice({ config: { dicom: { port: 0, aeTitle: 'ROOM1' } } });
    const { installation } = practice;
    const engine = await installation.serve();
    words = await readFile((await installation.enrol()).wordsFile, 'utf8');
    for (const [index, one] of images.entries()) {
      expect(await send(installation, one, engine)).toMatchObject({ code: 0 });
      // One list for each.
      await installation.statusWhere(({ counts }) => counts.verified === index + 1);
    }
    expect(await installation.command(['backup', 'now'])).toMatchObject({ code: 0 });
    expect(await engine.stop()).toBe(0);
  }, 120_000);
  afterAll(() => practice.dispose());

  async function withPc(use: (pc: TestInstallation) => Promise<void>): Promise<void> {
    const pc = await freshPc(practice, words, 'the passphrase of another PC');
    try {
      await use(pc);
    } finally {
      await pc.dispose();
    }
  }

  it(
    'that fails leaves the folder as fresh as it was: words of another clinic, no cloud, a wrong credential',
    () =>
      withPc(async (pc) => {
        const others = `${'abandon '.repeat(23)}art`;
        await writeFile(pc.path('words.txt'), others);
        const otherWords = await pc.command(joinArgs(pc, '--replace'));
        expect(otherWords).toMatchObject({ code: 1 });
        expect(otherWords.err).toContain('[recovery-words-other]');
        expect(await isFresh(pc)).toBe(true);
        await writeFile(pc.path('words.txt'), words);
        const { cloud } = practice;
        await writeFile(pc.path('secret.txt'), cloud.connectionString(1));
        expect(await pc.command(joinArgs(pc, '--replace'))).toMatchObject({ code: 1 });
        await writeFile(
          pc.path('secret.txt'),
          cloud.connectionString().replace(cloud.accountKey, Buffer.alloc(64, 1).toString('base64')),
        );
        const refused = await pc.command(joinArgs(pc, '--replace'));
        expect(refused.err).toContain('[cloud-auth]');
        expect(await isFresh(pc)).toBe(true);
        await writeFile(pc.path('secret.txt'), cloud.connectionString());
        const joined = await pc.command(joinArgs(pc, '--replace'));
        expect(joined, joined.err).toMatchObject({ code: 0 });
      }),
    60_000,
  );

  it(
    'that was broken off half way is not served, and goes on when it is run again',
    () =>
      withPc(async (pc) => {
        // The database cannot be made: everything before it has been written by then.
        const inTheWay = join(pc.dataDir, 'queue.db-wal');
        await mkdir(inTheWay);
        const broken = await pc.command(joinArgs(pc, '--replace'));
        expect(broken.code).toBe(1);
        await access(join(pc.dataDir, 'keys.json'));
        await rmdir(inTheWay);
        await expect(pc.serve()).rejects.toThrow('join-unfinished');
        const joined = await pc.command(joinArgs(pc, '--replace', '--json'));
        expect(joined, joined.err).toMatchObject({ code: 0 });
        expect(JSON.parse(joined.out)).toMatchObject({
          backup: { aeTitle: 'ROOM1' },
          rebuilt: [{ added: 2 }],
        });
        const engine = await pc.serve();
        expect(engine.ready.dicom.aet).toBe('ROOM1');
        await engine.stop();
      }),
    60_000,
  );

  it(
    'by Ctrl-C ends in order, and goes on when it is run again',
    () =>
      withPc(async (pc) => {
        const under = pc.start(joinArgs(pc, '--replace'));
        // From the first file it has written on, whatever it is at by the time the signal arrives.
        for (let began = false; !began;) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          began = (await readdir(pc.dataDir)).includes('join.json');
        }
        under.interrupt();
        const result = await under.result;
        if (result.code !== 0) {
          expect(result, result.err).toMatchObject({ code: 1 });
          const joined = await pc.command(joinArgs(pc, '--replace'));
          expect(joined, joined.err).toMatchObject({ code: 0 });
        }
        expect((await pc.command(['config', 'get', 'dicom.aeTitle'])).out.trim()).toBe('ROOM1');
      }),
    60_000,
  );

  it(
    'without a backup comes back with keys and images, and settings of its own',
    () =>
      withPc(async (pc) => {
        const joined = await pc.command(joinArgs(pc, '--replace', '--new', '--json'));
        expect(joined, joined.err).toMatchObject({ code: 0 });
        expect(JSON.parse(joined.out)).toMatchObject({
          taken: 'nothing',
          backup: null,
          rebuilt: [{ added: 2 }],
        });
        expect((await pc.command(['config', 'get', 'dicom.aeTitle'])).out.trim()).toBe('EDGESYNC');
      }),
    60_000,
  );

  it(
    'asks for one of the two ways, and writes no secret anywhere but into the key store',
    () =>
      withPc(async (pc) => {
        const unclear = await pc.command(joinArgs(pc));
        expect(unclear).toMatchObject({ code: 64 });
        expect(unclear.err).toContain('--replace');
        const joined = await pc.command(joinArgs(pc, '--second', '--with-ca'));
        expect(joined, joined.err).toMatchObject({ code: 0 });
        const needles = [practice.cloud.accountKey, words, words.split(' ').slice(0, 4).join(' ')];
        const told = joined.out + joined.err + (await readFile(pc.configFile, 'utf8'));
        expect(needles.filter((needle) => told.includes(needle))).toEqual([]);
        for (const entry of await readdir(pc.dataDir, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile()) continue;
          const bytes = await readFile(join(entry.parentPath, entry.name));
          expect(
            needles.filter((needle) => bytes.includes(needle)),
            entry.name,
          ).toEqual([]);
        }
      }),
    60_000,
  );

  it(
    'passes over a planted backup, and tells of it',
    () =>
      withPc(async (pc) => {
        const client = practice.cloud.container(container);
        const [name = ''] = (await blobsOf(practice.cloud, 'backups/')).map((blob) => blob.name);
        const planted = `${name.slice(0, name.lastIndexOf('/'))}/0000000009.cms`;
        const [object] = await blobsOf(practice.cloud, 'objects/');
        await client.getBlockBlobClient(planted).uploadData(object?.bytes ?? Buffer.alloc(0));
        try {
          const joined = await pc.command(joinArgs(pc, '--replace', '--json'));
          expect(joined, joined.err).toMatchObject({ code: 2 });
          expect(joined.err).toContain('[backup-broken]');
          expect(joined.err).toContain('1 newer ones are damaged or not genuine');
          expect(JSON.parse(joined.out)).toMatchObject({ backup: { number: 1, aeTitle: 'ROOM1' } });
        } finally {
          await client.deleteBlob(planted);
        }
      }),
    60_000,
  );

  it(
    'names lists and images that somebody took away, and stores the image again when it is sent again',
    () =>
      withPc(async (pc) => {
        const client = practice.cloud.container(container);
        const [list, object] = [
          (await blobsOf(practice.cloud, 'manifests/'))[0],
          (await blobsOf(practice.cloud, 'objects/'))[0],
        ];
        await client.deleteBlob(object?.name ?? '');
        const joined = await pc.command(joinArgs(pc, '--replace', '--json'));
        expect(joined, joined.err).toMatchObject({ code: 2 });
        expect(JSON.parse(joined.out)).toMatchObject({ rebuilt: [{ images: 2, added: 2, missing: 1 }] });
        const engine = await pc.serve();
        expect((await pc.status()).counts).toMatchObject({ verified: 1, parked: 1 });
        for (const one of images) expect(await send(pc, one, engine)).toMatchObject({ code: 0 });
        await pc.statusWhere(({ counts }) => counts.verified === 2 && counts.parked === 0);
        await restored(pc, images, 'restored');
        await engine.stop();

        await client.deleteBlob(list?.name ?? '');
        await rm(pc.dataDir, { recursive: true });
        await mkdir(pc.dataDir);
        const gap = await pc.command(joinArgs(pc, '--replace', '--new'));
        expect(gap, gap.err).toMatchObject({ code: 2 });
        expect(gap.err).toContain('[manifest-broken]');
      }),
    90_000,
  );
});
