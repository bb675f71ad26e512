import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, mergeConfig } from 'vite';
import { decoderBuild } from '../../scripts/build.ts';

export interface BuiltDecoder {
  readonly script: string;
  readonly remove: () => Promise<void>;
}

/** The decoding process as it ships, or another entry built like it, in a folder of its own. */
export async function buildDecoder(entry?: string): Promise<BuiltDecoder> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'edge-sync-decoder-')));
  await build(
    mergeConfig(decoderBuild(), {
      build: {
        outDir: dir,
        emptyOutDir: true,
        ...(entry === undefined
          ? {}
          : { rolldownOptions: { input: { decoder: resolve(import.meta.dirname, entry) } } }),
      },
    }),
  );
  return { script: join(dir, 'decoder.mjs'), remove: () => rm(dir, { recursive: true, force: true }) };
}
