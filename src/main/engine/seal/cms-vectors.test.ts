import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectorFolder, type CmsVector } from '../../../../test/support/cms-vectors.ts';
import { selfcheck, type SelfcheckResult } from '../../../../test/support/seal-selfcheck.ts';

describe('the vectors in test/vectors/cms', () => {
  let scratch: string;
  let result: SelfcheckResult;
  let vectors: readonly CmsVector[];

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'edge-sync-selfcheck-'));
    vectors = JSON.parse(await readFile(join(vectorFolder, 'vectors.json'), 'utf8')) as CmsVector[];
    result = await selfcheck(vectorFolder, scratch);
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  it('come out as recorded, by the archive key and by the recovery key', () => {
    expect(vectors.length).toBeGreaterThan(10);
    expect(result.outcomes).toEqual(
      Object.fromEntries(vectors.map(({ file, byKek, byRecovery }) => [file, [byKek, byRecovery]])),
    );
  });

  it('hold the worked example byte for byte', async () => {
    expect(result.example).toBe((await readFile(join(vectorFolder, 'example.cms'))).toString('hex'));
  });

  it('hold the bytes that docs/sealed-object.md shows', async () => {
    const doc = await readFile(join(vectorFolder, '../../../docs/sealed-object.md'), 'utf8');
    const shown = /<!-- example -->\s*```text\n([\s\S]*?)```/.exec(doc)?.[1] ?? '';
    const hex = shown
      .split('\n')
      .map((line) => (/^ {0,20}((?:[0-9a-f]{2,} ?)+)/.exec(line)?.[1] ?? '').replaceAll(' ', ''))
      .join('');
    expect(hex).toBe(result.example);
  });
});
