/**
 * A person with no copy of this program, with paper and stock tools alone: the kit's key and lines, cut out of the page
 * and run as they stand; and the drill on what really lies in the cloud.
 */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCode } from '../../src/main/cli/exit-codes.ts';
import { kitCommands } from '../../src/main/engine/kit/kit-commands.ts';
import { TestInstallation } from '../support/installation.ts';
import { codeIn, qrIn } from '../support/kit-page.ts';
import { findIn, needlesFor } from '../support/canaries.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { pdfText } from '../support/pdf-text.ts';
import { needs } from '../support/tools.ts';
import { blobsOf, datasetDigest, openPractice, container, type Practice } from '../support/whole-way.ts';

interface Ran {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

needs('openssl')('the recovery kit', () => {
  let practice: Practice;
  let log: () => string;
  let html: string;
  let words: readonly string[];
  const images = ['one', 'two', 'three'].map((label) =>
    makeDicomFile({ sopInstanceUid: testUid(`kit ${label}`), pixelBytes: 400_000 }),
  );
  const at = (name: string): string => practice.installation.path(name);

  beforeAll(async () => {
    practice = await openPractice();
    const { installation } = practice;
    const engine = await installation.serve();
    log = () => engine.log();
    const made = await installation.command(['recovery', 'create', '--kit', at('kit.html'), '--json']);
    expect(made.code, made.err).toBe(0);
    ({ words } = JSON.parse(made.out) as { words: string[] });
    html = await readFile(at('kit.html'), 'utf8');
    await writeFile(at('words.txt'), words.join(' '));
  }, 120_000);
  afterAll(() => practice.dispose());

  const check = (): ReturnType<typeof practice.installation.command> =>
    practice.installation.command(['recovery', 'check', '--words-file', at('words.txt'), '--json']);

  /** A folder with recovery.pem as scanned from the page, in which lines of the kit are run. */
  async function desk(): Promise<{
    readonly folder: string;
    readonly run: (line: string) => Ran;
    readonly end: () => Promise<void>;
  }> {
    const folder = await mkdtemp(join(tmpdir(), 'edge-sync-desk-'));
    await writeFile(join(folder, 'recovery.pem'), qrIn(html), { mode: 0o600 });
    return {
      folder,
      run: (line) => {
        const { status, stdout, stderr } = spawnSync('bash', ['-c', line], { cwd: folder, encoding: 'utf8' });
        return { exit: status, out: stdout, err: stderr };
      },
      end: () => rm(folder, { recursive: true, force: true }),
    };
  }

  it('is written for its owner alone, and never over a file that is there', async () => {
    expect((await stat(at('kit.html'))).mode & 0o777).toBe(0o600);
    await writeFile(at('precious.pdf'), 'mine');
    const { installation } = practice;
    const refused = await installation.command([
      'recovery',
      'create',
      '--replace',
      '--kit',
      at('precious.pdf'),
    ]);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('[file-exists]');
    expect(await readFile(at('precious.pdf'), 'utf8')).toBe('mine');
    // Nothing was made either: the words of the first kit are still the ones.
    const nowhere = await installation.command([
      'recovery',
      'create',
      '--replace',
      '--kit',
      at('no/kit.pdf'),
    ]);
    expect(nowhere.err).toContain('[file-not-writable]');
    const odd = await installation.command(['recovery', 'create', '--replace', '--kit', at('kit.doc')]);
    expect(odd.code).toBe(exitCode.usage);
    expect(odd.err).toContain('.pdf or .html');
  });

  it('names the account, the container and the archive, and no credential', () => {
    const { cloud } = practice;
    expect(html.includes(`http://127.0.0.1:${cloud.port}/${cloud.accountName}`)).toBe(true);
    expect(html.includes(container)).toBe(true);
    expect(html.includes(cloud.accountKey)).toBe(false);
    expect(html.includes(cloud.accountKey.slice(0, 20))).toBe(false);
    expect(
      words.every((word, index) => html.includes(`>${index + 1}.</span><span class="word">${word}<`)),
    ).toBe(true);
  });

  it('is proven with a test object before anything is in the cloud', async () => {
    const checked = await check();
    expect(checked.code, checked.err).toBe(0);
    expect(JSON.parse(checked.out)).toMatchObject({ provenBy: 'test-object', cloudProblem: null });
    const { recovery, recoveryKit } = await practice.installation.status();
    expect({ recovery, by: recoveryKit?.provenBy }).toEqual({ recovery: 'proven', by: 'test-object' });
  });

  it('is proven on an image of the cloud when there is one, and the status says so', async () => {
    const { installation } = practice;
    for (const [index, image] of images.entries()) {
      await writeFile(at(`image-${index}.dcm`), image.bytes);
      expect((await installation.command(['import', at(`image-${index}.dcm`)])).code).toBe(0);
    }
    await installation.statusWhere((one) => one.counts.verified === images.length);
    const checked = await check();
    expect(checked.code, checked.err).toBe(0);
    const proven = JSON.parse(checked.out) as { provenBy: string; provenAt: string };
    expect(proven.provenBy).toBe('cloud-object');
    const status = await installation.status();
    expect(status.recoveryKit).toEqual({
      provenAt: proven.provenAt,
      provenBy: 'cloud-object',
      dueAt: new Date(Date.parse(proven.provenAt) + 90 * 86_400_000).toISOString(),
    });
    expect((await installation.command(['status'])).out).toMatch(
      /recovery kit: proven \d{4}-\d\d-\d\d on an image of the cloud, next check by/,
    );
  });

  it('gives the key by its code and by its text, and the fingerprint line tells that it was taken right', async () => {
    expect(qrIn(html)).toBe(codeIn(html, 'recovery-key'));
    const { run, end } = await desk();
    try {
      expect(run(codeIn(html, 'check-key'))).toMatchObject({ exit: 0 });
      const digest = /[0-9a-f]{64}/.exec(run(codeIn(html, 'fingerprint')).out)?.[0] ?? '';
      const printed = (digest.match(/.{4}/g) ?? []).join(' ');
      expect(digest).toHaveLength(64);
      expect(html.includes(`<code>${printed}</code>`)).toBe(true);
    } finally {
      await end();
    }
  });

  it('opens what was uploaded with its line, as it stands: the dataset is the one that was sent', async () => {
    const { folder, run, end } = await desk();
    try {
      const opened: string[] = [];
      for (const object of await blobsOf(practice.cloud, 'objects/')) {
        await writeFile(join(folder, 'X.cms'), object.bytes);
        expect(run(codeIn(html, 'open-one'))).toMatchObject({ exit: 0 });
        opened.push(await datasetDigest(await readFile(join(folder, 'X.dcm'))));
        await rm(join(folder, 'X.dcm'));
      }
      expect(opened.sort()).toEqual(images.map((image) => image.datasetSha256).sort());
    } finally {
      await end();
    }
  });

  it.each(['first', 'middle', 'tag', 'cut'])(
    'keeps no output of an object that was tampered with (%s), and does not exit 0',
    async (place) => {
      const { folder, run, end } = await desk();
      try {
        const [object] = await blobsOf(practice.cloud, 'objects/');
        await writeFile(join(folder, 'X.cms'), tampered(object?.bytes ?? Buffer.alloc(0), place));
        expect(run(codeIn(html, 'open-one')).exit).not.toBe(0);
        expect((await readdir(folder)).sort()).toEqual(['X.cms', 'recovery.pem']);
      } finally {
        await end();
      }
    },
  );

  it('opens all at once, names the one that is damaged and keeps nothing of it', async () => {
    const { folder, run, end } = await desk();
    try {
      const objects = await blobsOf(practice.cloud, 'objects/');
      for (const [index, { name, bytes }] of objects.entries()) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), index === 0 ? tampered(bytes, 'middle') : bytes);
      }
      const { out } = run(codeIn(html, 'open-all'));
      expect(out.trim()).toBe(`NOT OPENED: ${objects[0]?.name ?? ''}`);
      const images = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.dcm'));
      expect(images.sort()).toEqual(
        objects
          .slice(1)
          .map(({ name }) => `${name}.dcm`)
          .sort(),
      );
    } finally {
      await end();
    }
  });

  it('names the reader that ships beside it, and its line opens the same object', async () => {
    const { folder, run, end } = await desk();
    try {
      await cp(
        resolve(import.meta.dirname, '../../assets/reader/open-sealed.mjs'),
        join(folder, 'open-sealed.mjs'),
      );
      const [object] = await blobsOf(practice.cloud, 'objects/');
      await writeFile(join(folder, 'X.cms'), object?.bytes ?? '');
      expect(run(codeIn(html, 'reader'))).toMatchObject({ exit: 0 });
      const digest = await datasetDigest(await readFile(join(folder, 'X.dcm')));
      expect(images.map((image) => image.datasetSha256)).toContain(digest);
    } finally {
      await end();
    }
  });

  it('is printed anew from the words: as PDF, in Spanish, with the head of the image list; not from other words', async () => {
    const { installation } = practice;
    const print = ['recovery', 'print', '--kit', at('again.pdf'), '--language', 'es'];
    await mkdir(at('temp'));
    const printed = await installation.command([...print, '--words-file', at('words.txt')], {
      environment: { TMPDIR: at('temp'), NODE_DISABLE_COMPILE_CACHE: '1' },
    });
    expect(await readdir(at('temp'))).toEqual([]);
    expect(printed.code, printed.err).toBe(0);
    expect((await stat(at('again.pdf'))).mode & 0o777).toBe(0o600);
    const text = pdfText(await readFile(at('again.pdf'))).replaceAll(/\s+/g, '');
    expect(words.every((word, index) => text.includes(`${index + 1}.${word}`))).toBe(true);
    expect(text).toMatch(/número\d+delainstalación[0-9a-f]{32},comprobadael\d{4}-/);
    expect(printed.out + printed.err).not.toContain(words.slice(0, 2).join(' '));

    await writeFile(at('other.txt'), [...Array.from({ length: 23 }, () => 'abandon'), 'art'].join(' '));
    const refused = await installation.command([
      ...['recovery', 'print', '--kit', at('other.pdf'), '--words-file', at('other.txt')],
    ]);
    expect(refused.err).toContain('[recovery-words-other]');
    await expect(stat(at('other.pdf'))).rejects.toThrow();
  });

  it('as shares: two of three prove it, export the key and open an object', async () => {
    const { installation } = practice;
    const printed = await installation.command([
      ...['recovery', 'print', '--shares', '--kit', at('share.html'), '--words-file', at('words.txt')],
    ]);
    expect(printed.code, printed.err).toBe(0);
    const shares = await Promise.all(
      [1, 2, 3].map(async (number) => qrIn(await readFile(at(`share-${number}.html`), 'utf8'))),
    );
    await expect(stat(at('share.html'))).rejects.toThrow();
    await writeFile(at('two.txt'), `${shares[2] ?? ''}\n\n${shares[0] ?? ''}\n`);
    const checked = await installation.command([
      ...['recovery', 'check', '--json', '--words-file', at('two.txt')],
    ]);
    expect(checked.code, checked.err).toBe(0);
    expect(JSON.parse(checked.out)).toMatchObject({ provenBy: 'cloud-object' });

    const [object] = await blobsOf(practice.cloud, 'objects/');
    await writeFile(at('X.cms'), object?.bytes ?? '');
    const opened = await installation.run([
      ...['open', at('X.cms'), '--out', at('X.dcm'), '--words-file', at('two.txt')],
    ]);
    expect(opened.code, opened.err).toBe(0);

    await writeFile(at('one.txt'), shares[1] ?? '');
    const alone = await installation.command(['recovery', 'check', '--words-file', at('one.txt')]);
    expect(alone.err).toContain('[recovery-share-count]');
    const wrong = (shares[0] ?? '').replace(/\S+$/, 'zebraa');
    await writeFile(at('misspelt.txt'), `${shares[1] ?? ''} ${wrong}`);
    const misspelt = await installation.command([
      ...['recovery', 'check', '--words-file', at('misspelt.txt')],
    ]);
    expect(misspelt.err).toContain("share 2, word 25, 'zebraa' (perhaps 'zebra')");
  });

  it('passes with a test object, and says why, while the cloud does not answer', async () => {
    const connection = `DefaultEndpointsProtocol=http;AccountName=gone;AccountKey=AAAA;BlobEndpoint=http://127.0.0.1:9/gone;`;
    // Without the engine, so that the credential of this one command counts.
    const other = await openPractice();
    try {
      await other.installation.enrol();
      await other.installation.serve().then(async (engine) => {
        await writeFile(other.installation.path('image.dcm'), images[0]?.bytes ?? '');
        await other.installation.command(['import', other.installation.path('image.dcm')]);
        await other.installation.statusWhere((one) => one.counts.verified === 1);
        await engine.stop();
      });
      const checked = await other.installation.command(
        ['recovery', 'check', '--json', '--words-file', other.installation.path('words.txt')],
        { environment: { EDGE_SYNC_SECRET_CLOUD: connection } },
      );
      expect(checked.code, checked.err).toBe(0);
      expect(JSON.parse(checked.out)).toMatchObject({
        provenBy: 'test-object',
        cloudProblem: { code: 'cloud-unreachable' },
      });
    } finally {
      await other.dispose();
    }
  }, 120_000);

  it('a damaged image in the cloud fails the drill, is an incident, and proves nothing', async () => {
    const { installation, cloud } = practice;
    const before = (await installation.status()).recoveryKit;
    for (const { name, bytes } of await blobsOf(cloud, 'objects/')) {
      await cloud.container(container).getBlockBlobClient(name).uploadData(tampered(bytes, 'middle'));
    }
    const checked = await check();
    expect(checked.code).toBe(1);
    expect(checked.err).toContain('[recovery-drill-failed]');
    const status = await installation.status();
    expect(status.recoveryKit).toEqual(before);
    expect(status.headline).toBe('attention');
    const incident = status.failures.find(({ code }) => code === 'recovery-drill-failed');
    expect(incident).toMatchObject({ imagesSafe: false });
    for (const image of images) expect(JSON.stringify(incident)).not.toContain(image.datasetSha256);
  });

  it('leaves no word and no key in logs, in the data folder or in the cloud', async () => {
    const key = codeIn(html, 'recovery-key').split('\n');
    const needles = needlesFor([words.slice(3, 6).join(' '), words.join(' '), key[2] ?? '', key[1] ?? '']);
    expect(await findIn(practice.installation.dataDir, needles)).toEqual([]);
    const said = Buffer.from(log());
    expect(needles.some((needle) => said.includes(needle))).toBe(false);
    // Words one by one are everyday words; three of them in a row, however parted, are not.
    const inRow = new RegExp(words.slice(3, 6).join('[^a-z]{1,8}'), 'i');
    expect(inRow.test(log())).toBe(false);
    for (const { bytes } of await blobsOf(practice.cloud)) {
      expect(needles.some((needle) => bytes.includes(needle))).toBe(false);
    }
  });
});

describe('the commands on paper', () => {
  it('are commands of this program, with options that it has', async () => {
    const installation = await TestInstallation.create();
    try {
      const lines = Object.values(kitCommands).filter((line) => line.startsWith('edge-sync '));
      expect(lines.length).toBeGreaterThan(4);
      for (const line of lines) {
        const [, ...parts] = line.split(/\s+/);
        const firstOption = parts.findIndex((part) => part.startsWith('-') || /^[A-Z]/.test(part));
        const command = firstOption < 0 ? parts : parts.slice(0, firstOption);
        const help = await installation.run([...command, '--help']);
        expect(help.code, line).toBe(0);
        for (const option of parts.filter((part) => part.startsWith('--')))
          expect(help.out, line).toContain(option);
      }
    } finally {
      await installation.dispose();
    }
  }, 60_000);

  it('are the one line that docs/sealed-object.md gives', async () => {
    const page = await readFile(resolve(import.meta.dirname, '../../docs/sealed-object.md'), 'utf8');
    const line = /<!-- kit line -->\s*```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    expect(kitCommands['open-one'].replaceAll(/\s+/g, ' ')).toBe(line.trim());
  });
});

/** One change of an object, or its end cut off. */
function tampered(bytes: Buffer, place: string): Buffer {
  const copy = Buffer.from(bytes);
  if (place === 'cut') return copy.subarray(0, copy.length - 40);
  // The tag's 16 bytes stand before the last 6 zero bytes.
  const index = place === 'first' ? 700 : place === 'middle' ? copy.length >> 1 : copy.length - 10;
  copy[index] = (copy[index] ?? 0) ^ 0x01;
  return copy;
}
