/** `edge-sync doctor`: what it finds in a data folder that somebody or something has damaged, and what it mends of that. */
import { chmod, copyFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import type { Finding } from '../../src/main/engine/doctor.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation, type RunningEngine } from '../support/installation.ts';

const images = 6;

let installation: TestInstallation;
beforeEach(async () => {
  installation = await TestInstallation.create();
});
afterEach(() => installation.dispose());

async function receive(engine: RunningEngine): Promise<void> {
  const paths = await Promise.all(
    Array.from({ length: images }, async (_, index) => {
      const path = installation.path(`image-${index}.dcm`);
      await writeFile(
        path,
        makeDicomFile({ sopInstanceUid: testUid(`doctor ${index}`), pixelBytes: 50_000 }).bytes,
      );
      return path;
    }),
  );
  const { host, port, aet } = engine.ready.dicom;
  const { results } = await sendFiles({
    paths,
    peer: { host, port, calledAe: aet, callingAe: 'MODALITY' },
    clock: new SystemClock(),
  });
  expect(results.map(({ tag }) => tag)).toEqual(paths.map(() => 'sent'));
}

/** Whole paths of the spool's files with content, in order. */
async function spoolFiles(): Promise<readonly string[]> {
  const spool = join(installation.dataDir, 'spool');
  const found: string[] = [];
  for (const entry of await readdir(spool, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !path.includes('set-aside') && (await stat(path)).size > 0) found.push(path);
  }
  return found.sort();
}

interface Examined {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  readonly well: boolean;
}

async function doctor(...args: readonly string[]): Promise<Examined> {
  const { code, out, err } = await installation.command(['doctor', '--json', ...args]);
  if (out === '') throw new Error(err);
  return { code, ...(JSON.parse(out) as { findings: Finding[]; well: boolean }) };
}

function found<Tag extends Finding['tag']>(
  { findings }: Examined,
  tag: Tag,
): Extract<Finding, { tag: Tag }> | undefined {
  return findings.find((one): one is Extract<Finding, { tag: Tag }> => one.tag === tag);
}

describe('edge-sync doctor', () => {
  it('has nothing to say about a folder that nothing was received into', async () => {
    expect(await doctor()).toMatchObject({ code: 0, well: true, findings: [{ tag: 'empty' }] });
    expect(await readdir(installation.dataDir)).not.toContain('keys.json');
  });

  it('does not work beside a running engine', async () => {
    await installation.serve();
    const { code, err } = await installation.command(['doctor']);
    expect(code).toBe(1);
    expect(err).toContain('[engine-already-running]');
  });

  it('finds a whole installation well, every image opened', async () => {
    const engine = await installation.serve();
    await receive(engine);
    await installation.enrol();
    await engine.stop();
    const examined = await doctor();
    expect(found(examined, 'copies')?.report).toMatchObject({ whole: images, atRisk: 0, unnamed: 0 });
    expect(found(examined, 'database')?.problems).toEqual([]);
    expect(examined).toMatchObject({ code: 0, well: true });
    expect((await installation.command(['doctor'])).out).toContain('Nothing is left to do.');
  });

  it('tells what is damaged without a change, mends what is safe, and deletes no image', async () => {
    const engine = await installation.serve();
    await receive(engine);
    await installation.enrol();
    await engine.stop();
    const [gone = '', flipped = '', copied = ''] = await spoolFiles();
    await rm(gone);
    const sealed = await readFile(flipped);
    sealed[sealed.length - 40_000] = (sealed[sealed.length - 40_000] ?? 0) ^ 1;
    await writeFile(flipped, sealed);
    const last = copied.slice(-1) === '0' ? '1' : '0';
    await copyFile(copied, copied.slice(0, -1) + last);
    await writeFile(join(installation.dataDir, '.keys.json.0123456789abcdef.tmp'), 'cut short', {
      mode: 0o600,
    });
    await chmod(join(installation.dataDir, 'queue.db'), 0o644);

    const before = await spoolFiles();
    const looked = await doctor('--dry-run');
    expect(looked.code).toBe(2);
    expect(found(looked, 'copies')?.report).toMatchObject({ whole: images - 2, atRisk: 2, unnamed: 1 });
    expect(found(looked, 'leftovers')).toMatchObject({ files: 1 });
    expect(found(looked, 'rights')).toMatchObject({ entries: 1 });
    expect(await spoolFiles()).toEqual(before);

    const mended = await doctor();
    expect(mended.code).toBe(2);
    expect(found(mended, 'reconciled')?.report).toMatchObject({ missing: 1, swept: 1 });
    expect(found(mended, 'copies')?.report).toMatchObject({ whole: images - 2, atRisk: 1, unnamed: 0 });
    expect(found(mended, 'set-aside')).toMatchObject({ files: 1 });
    expect(await readdir(installation.dataDir)).not.toContain('.keys.json.0123456789abcdef.tmp');
    expect((await stat(join(installation.dataDir, 'queue.db'))).mode & 0o077).toBe(0);

    const again = await doctor();
    expect(found(again, 'copies')?.report).toMatchObject({ whole: images - 2, atRisk: 0 });
    expect(found(again, 'leftovers')).toMatchObject({ files: 0 });
    // What was damaged shows where everybody looks, and a resend of the image takes its place.
    const restarted = await installation.serve();
    expect((await installation.status()).counts).toMatchObject({ parked: 2 });
    await receive(restarted);
    expect((await installation.status()).counts).toMatchObject({ parked: 0, received: images });
  });

  it('says which key is missing, and looks at nothing that needs it', async () => {
    const engine = await installation.serve();
    await receive(engine);
    await engine.stop();
    await rm(join(installation.dataDir, 'keys.json'));
    const examined = await doctor();
    expect(examined.code).toBe(2);
    expect(found(examined, 'failed')).toMatchObject({ part: 'keys', error: { code: 'key-file-damaged' } });
    expect(found(examined, 'copies')).toBeUndefined();
    expect(await readdir(installation.dataDir)).not.toContain('keys.json');
  });
});
