import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildFileMeta } from '../engine/dicom/part10.ts';
import { compareRestored } from './comparison.ts';
import type { SentInstance } from './modality.ts';
import { text, writeDataset } from './phantoms/dataset-writer.ts';

const sopClassUid = '1.2.840.10008.5.1.4.1.1.7';

function dataset(sopInstanceUid: string): Buffer {
  return writeDataset([text(0x00080016, 'UI', sopClassUid), text(0x00080018, 'UI', sopInstanceUid)]);
}

describe('the comparison of what came back', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-sync-comparison-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  function sent(sopInstanceUid: string): SentInstance {
    const datasetSha256 = createHash('sha256').update(dataset(sopInstanceUid)).digest('hex');
    return { studyInstanceUid: '1.2', seriesInstanceUid: '1.2.3', sopInstanceUid, datasetSha256 };
  }

  async function restore(name: string, content: Buffer): Promise<void> {
    const path = join(folder, '1.2', '1.2.3', `${name}.dcm`);
    await mkdir(dirname(path), { recursive: true });
    const transferSyntaxUid = '1.2.840.10008.1.2.1';
    await writeFile(path, [buildFileMeta({ sopClassUid, sopInstanceUid: name, transferSyntaxUid }), content]);
  }

  it('counts images whose datasets are the same bytes', async () => {
    await restore('1.1', dataset('1.1'));
    await restore('1.2', dataset('1.2'));

    expect(await compareRestored(folder, [sent('1.1'), sent('1.2')])).toBe(2);
  });

  it('fails when one byte of one dataset differs', async () => {
    const changed = dataset('1.1');
    changed[changed.length - 1] = 0x31;
    await restore('1.1', changed);

    await expect(compareRestored(folder, [sent('1.1')])).rejects.toThrow('1 different');
  });

  it('fails when an image did not come back', async () => {
    await restore('1.1', dataset('1.1'));

    await expect(compareRestored(folder, [sent('1.1'), sent('1.2')])).rejects.toThrow('1 not at all');
  });

  it('fails when more came back than was sent', async () => {
    await restore('1.1', dataset('1.1'));
    await restore('1.2', dataset('1.2'));

    await expect(compareRestored(folder, [sent('1.1')])).rejects.toThrow('2 files in all');
  });
});
