/** A study as files for one certificate: opened by stock OpenSSL with the very lines that its README gives. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseHead } from '../../src/main/engine/seal/envelope-head.ts';
import { readRecipient, type CertificateOfRecipient } from '../../src/main/engine/share/recipient.ts';
import { findIn, needlesFor } from '../support/canaries.ts';
import { ShareRig } from '../support/share-rig.ts';
import { needs, programPath } from '../support/tools.ts';
import { testImage, type TestImage } from '../support/upload-rig.ts';

const run = promisify(execFile);
const never = new AbortController().signal;
const study = '1.2.826.1.1';

needs('openssl')('files for a certificate', () => {
  let rig: ShareRig;
  let key: string;
  let certificate: CertificateOfRecipient;
  const images: TestImage[] = [testImage('a'), testImage('b', '1', 600_000)];

  async function makeCertificate(name: string, ...options: readonly string[]): Promise<Buffer> {
    const out = join(rig.archive.dir, `${name}.crt`);
    await run(programPath('openssl'), [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
      ...['-subj', `/CN=${name}`, '-keyout', join(rig.archive.dir, `${name}.key`), '-out', out, ...options],
    ]);
    return readFile(out);
  }

  beforeAll(async () => {
    rig = await ShareRig.open();
    for (const image of images) await rig.archive.receive(image);
    certificate = readRecipient(await makeCertificate('Dr Recipient'), Date.now());
    key = join(rig.archive.dir, 'Dr Recipient.key');
  });
  afterAll(() => rig.dispose());

  async function give(folder: string, signal = never, onDone = (_done: number): void => undefined) {
    const request = { studyInstanceUid: study, certificate, folder };
    return rig.sharing().createFolder(request, 'command-line', ({ done }) => onDone(done), signal);
  }

  it('open with the line of their README, and compare with its sums', async () => {
    const folder = join(rig.archive.dir, 'given');
    expect(await give(folder)).toMatchObject({ images: 2 });
    const readme = await readFile(join(folder, 'README.txt'), 'utf8');
    const line = /^ {2}(for f in .*)$/m.exec(readme)?.[1] ?? '';
    const { stdout } = await run('sh', ['-c', line.replaceAll('YOUR-KEY.pem', `"${key}"`)], { cwd: folder });
    expect(stdout.trim().split('\n')).toEqual(['000001.dcm: OK', '000002.dcm: OK']);
    const opened = await Promise.all(
      ['000001.dcm', '000002.dcm'].map((name) => readFile(join(folder, name))),
    );
    expect(opened.map((file, index) => file.equals(images[index]?.file ?? Buffer.alloc(0)))).toEqual([
      true,
      true,
    ]);
  });

  it('keep nothing when one was tampered with', async () => {
    const folder = join(rig.archive.dir, 'tampered');
    await give(folder);
    const path = join(folder, '000002.cms');
    const bytes = await readFile(path);
    bytes[bytes.length - 5000] = (bytes[bytes.length - 5000] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const readme = await readFile(join(folder, 'README.txt'), 'utf8');
    const line = /^ {2}(openssl cms .*)$/m.exec(readme)?.[1] ?? '';
    const shell = (name: string): Promise<unknown> =>
      run('sh', ['-c', line.replaceAll('YOUR-KEY.pem', `"${key}"`).replaceAll('X.', `${name}.`)], {
        cwd: folder,
      });
    await shell('000001');
    await expect(shell('000002')).rejects.toThrow();
    expect((await readdir(folder)).filter((name) => name.endsWith('.dcm'))).toEqual(['000001.dcm']);
  });

  it('name the recipient alone: the archive’s own entry and content key stay here, the content is untouched', async () => {
    const folder = join(rig.archive.dir, 'alone');
    await give(folder);
    const copy = await readFile(join(folder, '000001.cms'));
    const parsed = parseHead(copy);
    if (parsed.tag !== 'head') throw new Error('no head');
    expect(parsed.head.recipients.map(({ tag }) => tag)).toEqual(['agreement']);
    const [row] = [...rig.archive.queue.instances({ tag: 'study', studyInstanceUid: study })];
    const own: Buffer[] = [];
    for await (const chunk of rig.archive.spool.read(row?.spoolId ?? '')) own.push(chunk);
    const original = Buffer.concat(own);
    const ownHead = parseHead(original);
    if (ownHead.tag !== 'head') throw new Error('no head');
    expect(copy.subarray(parsed.head.sizeBytes).equals(original.subarray(ownHead.head.sizeBytes))).toBe(true);
  });

  it('do not open with another key', async () => {
    const folder = join(rig.archive.dir, 'other');
    await give(folder);
    await makeCertificate('Somebody Else');
    const theirs = ['-inkey', join(rig.archive.dir, 'Somebody Else.key')];
    const opening = run(programPath('openssl'), [
      ...['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', join(folder, '000001.cms'), ...theirs],
      ...['-recip', join(rig.archive.dir, 'Somebody Else.crt'), '-out', join(folder, 'stolen.dcm')],
    ]);
    await expect(opening).rejects.toThrow();
  });

  it('say nothing of the patient by names or texts', async () => {
    const folder = join(rig.archive.dir, 'quiet');
    await give(folder);
    expect(await findIn(folder, needlesFor(['Canary^Upload', study, '1.2.826.9.a']))).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual([
      '000001.cms',
      '000002.cms',
      'README.txt',
      'SHA256SUMS',
      'recipient.crt',
    ]);
  });

  it('are all or none: cancelled, they leave no folder; one that holds something is not touched', async () => {
    const folder = join(rig.archive.dir, 'cancelled');
    const cancel = new AbortController();
    await expect(give(folder, cancel.signal, () => cancel.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
    const full = join(rig.archive.dir, 'full');
    await mkdir(full);
    await writeFile(join(full, 'mine.txt'), 'mine');
    await expect(give(full)).rejects.toMatchObject({ code: 'file-exists' });
    expect(await readdir(full)).toEqual(['mine.txt']);
    await rm(full, { recursive: true });
  });

  it('are listed with whom they were for, and not as something that could be taken back', async () => {
    const folder = join(rig.archive.dir, 'listed');
    const { shareId } = await give(folder);
    const listed = rig
      .sharing()
      .list()
      .find(({ share }) => share.shareId === shareId);
    expect(listed).toMatchObject({
      state: 'handed-out',
      share: { recipient: 'CN=Dr Recipient', recipientFingerprint: certificate.sha256, expiresAtMs: null },
    });
    await expect(rig.sharing().revoke(shareId, 'web')).rejects.toMatchObject({ code: 'share-unknown' });
  });

  it('are for certificates that are meant for it: others are refused', async () => {
    // The certificates below are made after this line.
    const now = Date.now() + 5000;
    const refusals = [
      [await makeCertificate('usage', '-addext', 'keyUsage=critical,digitalSignature'), now, 'key agreement'],
      [await makeCertificate('server', '-addext', 'extendedKeyUsage=serverAuth'), now, 'another purpose'],
      [await makeCertificate('late'), now + 31 * 86_400_000, 'expired'],
      [await makeCertificate('early'), now - 86_400_000, 'not valid yet'],
      [Buffer.from('no certificate'), now, 'not an X.509'],
    ] as const;
    for (const [bytes, nowMs, why] of refusals) expect(() => readRecipient(bytes, nowMs), why).toThrow(why);
    const fitting = await makeCertificate('fits', '-addext', 'keyUsage=critical,keyAgreement');
    expect(readRecipient(fitting, now).subject).toBe('CN=fits');
    const mail = await makeCertificate('mail', '-addext', 'extendedKeyUsage=emailProtection');
    expect(readRecipient(mail, now).subject).toBe('CN=mail');
  });

  it('are not for keys on other curves or of RSA', async () => {
    for (const [name, kind] of [
      ['rsa', ['rsa:2048']],
      ['p384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ] as const) {
      const out = join(rig.archive.dir, `${name}.crt`);
      await run(programPath('openssl'), [
        ...['req', '-x509', '-newkey', ...kind, '-nodes', '-subj', `/CN=${name}`],
        ...['-keyout', join(rig.archive.dir, `${name}.key`), '-out', out],
      ]);
      const bytes = await readFile(out);
      expect(() => readRecipient(bytes, Date.now())).toThrow('P-256');
    }
  });

  it('shows the fingerprint that openssl shows, of PEM and DER alike', async () => {
    const pem = await makeCertificate('print');
    const { stdout } = await run(programPath('openssl'), [
      ...['x509', '-in', join(rig.archive.dir, 'print.crt'), '-noout', '-fingerprint', '-sha256'],
    ]);
    const shown = stdout.split('=')[1]?.trim().replaceAll(':', '').toLowerCase();
    const der = Buffer.from(pem.toString('latin1').replaceAll(/-----.*-----|\s/g, ''), 'base64');
    expect([readRecipient(pem, Date.now()).sha256, readRecipient(der, Date.now()).sha256]).toEqual([
      shown,
      shown,
    ]);
  });
});
