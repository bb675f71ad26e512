/**
 * The reader that ships beside the program, as one file without dependencies: a second reader, which shares no code with
 * the first. It runs as a process, as somebody without Edge Sync would run it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { exportRecoveryKey } from '../../src/main/engine/keys/recovery-key.ts';
import { vectorFolder, vectorWords, type CmsVector } from '../support/cms-vectors.ts';

const reader = resolve(import.meta.dirname, '../../assets/reader/open-sealed.mjs');
const folder = mkdtempSync(join(tmpdir(), 'edge-sync-reader-'));
const at = (name: string): string => join(folder, name);
const { keyPem } = await exportRecoveryKey(vectorWords);
writeFileSync(at('recovery.pem'), keyPem.revealText(), { mode: 0o600 });
const vectors = JSON.parse(readFileSync(join(vectorFolder, 'vectors.json'), 'utf8')) as readonly CmsVector[];
const example = readFileSync(join(vectorFolder, 'example.cms'));

function open(
  sealed: Buffer,
  out = 'image.dcm',
): { readonly status: number | null; readonly stderr: string } {
  writeFileSync(at('object.cms'), sealed);
  const { status, stderr } = spawnSync(
    process.execPath,
    [reader, at('recovery.pem'), at('object.cms'), at(out)],
    { encoding: 'utf8' },
  );
  return { status, stderr };
}

/** Everything in the folder that is neither key nor object: outputs and temporary files. */
const left = (): readonly string[] =>
  readdirSync(folder).filter((name) => name !== 'recovery.pem' && name !== 'object.cms');

afterEach(() => {
  for (const name of left()) rmSync(at(name));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the reader in one file', () => {
  // OpenSSL's own way of writing (definite lengths, other segment sizes) is for `edge-sync open`.
  const ours = vectors.filter(({ file, byRecovery }) => byRecovery === 'ok' && !file.startsWith('openssl-'));
  const refused = vectors.filter(({ byRecovery }) => byRecovery !== 'ok');

  it('has vectors of both sorts', () => {
    expect(ours.length).toBeGreaterThanOrEqual(6);
    expect(refused.length).toBeGreaterThanOrEqual(6);
  });

  it.each(ours)('opens $file ($note)', ({ file, contentSha256 }) => {
    expect(open(readFileSync(join(vectorFolder, file)))).toEqual({ status: 0, stderr: '' });
    expect(
      createHash('sha256')
        .update(readFileSync(at('image.dcm')))
        .digest('hex'),
    ).toBe(contentSha256);
    expect(left()).toEqual(['image.dcm']);
  });

  it.each(refused)('refuses $file ($note) and leaves nothing', ({ file }) => {
    const { status, stderr } = open(readFileSync(join(vectorFolder, file)));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Not opened: /);
    expect(left()).toEqual([]);
  });

  it('is what the command line writes, as it is', () => {
    const command = resolve(import.meta.dirname, '../../bin/edge-sync.js');
    const out = at('written.mjs');
    expect(spawnSync(process.execPath, [command, 'recovery', 'reader', '--out', out]).status).toBe(0);
    expect(readFileSync(out).equals(readFileSync(reader))).toBe(true);
    expect(spawnSync(process.execPath, [command, 'recovery', 'reader', '--out', out]).status).toBe(1);
  });

  it('never writes over a file that is there', () => {
    writeFileSync(at('image.dcm'), 'mine');
    expect(open(example).stderr).toContain('is there already');
    expect(readFileSync(at('image.dcm'), 'utf8')).toBe('mine');
    expect(left()).toEqual(['image.dcm']);
  });

  it('refuses an object of another key', async () => {
    const other = await exportRecoveryKey([...Array.from({ length: 23 }, () => 'zoo'), 'vote']);
    writeFileSync(at('other.pem'), other.keyPem.revealText(), { mode: 0o600 });
    writeFileSync(at('object.cms'), example);
    const { status, stderr } = spawnSync(
      process.execPath,
      [reader, at('other.pem'), at('object.cms'), at('image.dcm')],
      { encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stderr).toContain('not sealed to this key');
  });

  it('opens nothing else of a changed object than the object: an entry of the archive alone may differ', () => {
    const kekEntry = { from: example.indexOf(Buffer.from('a24a', 'hex')), bytes: 2 + 0x4a };
    fc.assert(
      fc.property(fc.nat({ max: example.length - 1 }), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const changed = Buffer.from(example);
        changed[place] = (changed[place] ?? 0) ^ change;
        const { status } = open(changed);
        const isOutsideItsReach = place >= kekEntry.from + 2 && place < kekEntry.from + kekEntry.bytes;
        expect(status).toBe(isOutsideItsReach ? 0 : 1);
        for (const name of left()) rmSync(at(name));
      }),
      { numRuns: 60 },
    );
  });

  it('refuses the object at a random length below its own, and with a byte behind it', () => {
    fc.assert(
      fc.property(fc.nat({ max: example.length - 1 }), (length) => {
        expect(open(example.subarray(0, length)).status).toBe(1);
        expect(left()).toEqual([]);
      }),
      { numRuns: 30 },
    );
    expect(open(Buffer.concat([example, Buffer.of(0)])).status).toBe(1);
  });
});
