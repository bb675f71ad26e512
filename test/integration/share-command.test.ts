/** `edge-sync share` as it is typed, against a running engine and a real storage service. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { canary, findIn, needlesFor } from '../support/canaries.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation, type RunningEngine } from '../support/installation.ts';
import { download, openLink, readLink } from '../support/share-reader.ts';
import { needs, programPath } from '../support/tools.ts';

const run = promisify(execFile);

interface Made {
  readonly shareId: string;
  readonly link: string;
  readonly passcode: string | null;
  readonly images: number;
}

needs('openssl')('share on the command line', () => {
  let cloud: Azurite;
  let installation: TestInstallation;
  let engine: RunningEngine;
  const outputs: string[] = [];
  const studyInstanceUid = testUid('shared study');
  const images = ['first', 'second'].map((label) =>
    makeDicomFile({
      studyInstanceUid,
      sopInstanceUid: testUid(`share ${label}`),
      patientName: canary.patientName,
      patientId: canary.patientId,
      pixelBytes: 20_000,
    }),
  );
  const practicePasscode = 'three unlikely otters';

  beforeAll(async () => {
    cloud = await startAzurite({ tag: 'memory' }, [
      { name: `s${randomBytes(8).toString('hex')}`, key: randomBytes(64).toString('base64') },
    ]);
    await cloud.makeContainer('edge-sync');
    await cloud.makeContainer('shares', 'second account');
    installation = await TestInstallation.create({
      config: {
        destinations: [{ name: 'cloud', kind: 'azure', container: 'edge-sync' }],
        sharing: { container: 'shares', prefix: 'given', practice: 'Practice of Dr. Test' },
      },
      secrets: { cloud: cloud.connectionString() },
    });
    engine = await installation.serve();
    for (const [index, image] of images.entries()) {
      const path = installation.path(`image-${index}.dcm`);
      await writeFile(path, image.bytes);
      expect((await installation.command(['import', path])).code).toBe(0);
    }
  });
  afterAll(async () => {
    await installation.dispose();
    await cloud.stop();
  });

  async function share(...options: readonly string[]) {
    const result = await installation.command(['share', ...options]);
    outputs.push(result.err);
    return result;
  }
  async function link(...options: readonly string[]): Promise<Made> {
    const { out, err } = await share('--study', studyInstanceUid, '--link', '--json', ...options);
    if (out === '') throw new Error(err);
    return JSON.parse(out) as Made;
  }

  it('says what is missing, step by step, until the place can be used', async () => {
    expect((await share('check')).err).toContain('[cloud-secret-missing]');
    const credential = cloud.connectionString(undefined, 'second account');
    expect(await installation.command(['share', 'credential'], { input: credential })).toMatchObject({
      code: 0,
    });
    const refused = await share('--study', studyInstanceUid, '--link');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('[share-browsers-refused]');
    expect(await share('check', '--allow-browsers')).toMatchObject({ code: 0, err: '' });
    expect((await share('check')).out).toContain('/shares/given: in order');
  });

  it('gives a link and a passcode apart from it, which open the study', async () => {
    const { link: text, passcode, images: count } = await link('--expires', '2d');
    expect(count).toBe(2);
    await expect(openLink(text)).rejects.toThrow();
    const { index, files } = await openLink(text, passcode ?? '');
    expect(index).toMatchObject({
      practice: 'Practice of Dr. Test',
      study: { studyInstanceUid, patientName: canary.patientName },
    });
    expect(Date.parse(index.expiresAt) - Date.parse(index.createdAt)).toBeGreaterThan(47 * 3_600_000);
    expect(files).toHaveLength(2);
  });

  it('takes a passcode from a file, refuses a weak one, and does without when told', async () => {
    const file = installation.path('passcode.txt');
    await writeFile(file, `${practicePasscode}\n`);
    const own = await link('--passcode-file', file);
    expect(own.passcode).toBeNull();
    expect((await openLink(own.link, practicePasscode)).files).toHaveLength(2);
    await writeFile(file, 'password1234');
    expect((await share('--study', studyInstanceUid, '--link', '--passcode-file', file)).err).toContain(
      '[share-passcode-weak]',
    );
    const bare = await link('--no-passcode');
    expect((await openLink(bare.link)).files).toHaveLength(2);
  });

  it('writes the viewer beside the link, as one page of its own', async () => {
    const viewer = installation.path('viewer.html');
    const { out } = await share('--study', studyInstanceUid, '--link', '--no-passcode', '--viewer', viewer);
    expect(out.startsWith('edge-sync-viewer.html#v1.')).toBe(true);
    expect(await readFile(viewer, 'utf8')).toMatch(/^<!doctype html>/i);
    // Needs no installation: whoever hosts the page may have none.
    expect((await installation.run(['share', 'viewer', '--out', viewer])).err).toContain('[file-exists]');
  });

  it('refuses times outside an hour to ninety days, and half a request', async () => {
    for (const expires of ['30m', '0h', '91d', 'soon'])
      expect((await share('--study', studyInstanceUid, '--link', '--expires', expires)).err).toContain(
        '[share-expiry-not-allowed]',
      );
    expect((await share('--study', studyInstanceUid)).code).toBe(64);
    expect((await share('--link')).code).toBe(64);
    expect((await share('--study', '1.2.3', '--link')).err).toContain('[share-study-unknown]');
  });

  it('lists what was shared without names, and ends it: the link opens no more', async () => {
    const made = await link('--no-passcode');
    const { out } = await share('list');
    expect(out).toContain(made.shareId);
    expect(out).not.toContain('Canaryfamily');
    expect((await share('revoke', made.shareId.slice(0, 10))).out).toContain('1 share ended and deleted');
    await expect(download(readLink(made.link).indexUrl)).rejects.toThrow('status 404');
    const listed = JSON.parse((await share('list', '--json')).out) as readonly Record<string, unknown>[];
    expect(listed.find(({ shareId }) => shareId === made.shareId)).toMatchObject({
      state: 'revoked',
      endedBy: 'local-socket',
      passcode: 'none',
      images: 2,
    });
    expect((await share('revoke', 'ffff')).err).toContain('[share-unknown]');
    expect((await share('revoke', '--all')).code).toBe(0);
    const left: string[] = [];
    for await (const blob of cloud.container('shares', 'second account').listBlobsFlat({ prefix: 'given/' }))
      left.push(blob.name);
    expect(left).toEqual(['given/checks/write']);
  });

  it('writes files for a certificate once its fingerprint was compared', async () => {
    const certificate = installation.path('practitioner.crt');
    const key = installation.path('practitioner.key');
    await run(programPath('openssl'), [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', '/CN=Dr Recipient', '-keyout', key, '-out', certificate],
    ]);
    const folder = installation.path('given');
    const asked = ['--study', studyInstanceUid, '--to', certificate, '--out', folder];
    const refused = await share(...asked);
    expect(refused.err).toContain('[share-recipient-not-confirmed]');
    const shown = /SHA-256: +([0-9A-F:]+)/.exec(refused.err)?.[1] ?? '';
    expect((await share(...asked, '--fingerprint', 'ab'.repeat(32))).err).toContain(
      '[share-recipient-not-confirmed]',
    );
    expect((await share(...asked, '--fingerprint', shown)).code).toBe(0);
    expect((await readdir(folder)).filter((name) => name.endsWith('.cms'))).toHaveLength(2);
    await run(programPath('openssl'), [
      ...['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', `${folder}/000001.cms`],
      ...['-inkey', key, '-recip', certificate, '-out', `${folder}/000001.dcm`],
    ]);
  });

  it('refuses the archive’s own container', async () => {
    const secret = cloud.connectionString();
    const options = ['--link', '--study', studyInstanceUid];
    await engine.stop();
    const environment = { EDGE_SYNC_SHARING_SECRET: secret, EDGE_SYNC_SHARING_CONTAINER: 'edge-sync' };
    const { err } = await installation.command(['share', ...options], { environment });
    expect(err).toContain('[share-place-unfit]');
    expect(err).toContain('"edge-sync" is the archive');
  });

  it('leaves no link, passcode, credential or name in logs, messages or the data folder', async () => {
    const made = await installation.command(
      ['share', '--study', studyInstanceUid, '--link', '--json', '--expires', '1h'],
      {},
    );
    const { link: text, passcode } = JSON.parse(made.out) as Made;
    const secret = text.split('.').at(-3) ?? '';
    const credential = cloud.connectionString(undefined, 'second account');
    const [, accountKey = ''] = /AccountKey=([^;]+)/.exec(credential) ?? [];
    const signature = new URL(readLink(text, passcode ?? '').indexUrl).searchParams.get('sig') ?? 'none';
    const needles = needlesFor([
      ...[secret, passcode ?? 'none', practicePasscode, accountKey, signature, studyInstanceUid],
      ...[canary.patientName, canary.patientId],
    ]);
    expect(await findIn(installation.dataDir, needles)).toEqual([]);
    const told = Buffer.from([engine.log(), made.err, ...outputs].join('\n'));
    const quiet = needlesFor([secret, passcode ?? 'none', practicePasscode, accountKey, canary.patientName]);
    expect(quiet.filter((needle) => told.includes(needle)).map(String)).toEqual([]);
  });
});
