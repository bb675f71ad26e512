/**
 * Builds dist/ with Vite: the page, the preload script, the desktop shell, the engine and the command line.
 *
 *   node scripts/build.ts               everything
 *   node scripts/build.ts --if-missing  only when dist/ is not what these sources give (npm runs this after install)
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type InlineConfig } from 'vite';
import { z } from 'zod';
import { settingsSchema } from '../src/shared/settings.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const stampFile = join(dist, 'build-stamp.json');
export const settingsJsonSchemaFile = join(root, 'assets', 'edge-sync.schema.json');

/** What a whole build leaves behind; the stamp counts only while all of it is there. */
const outputs = [
  'main/index.js',
  'main/engine-process.js',
  'main/cli.js',
  'main/pac-worker.js',
  'preload/index.cjs',
  'renderer/index.html',
  'viewer/viewer.html',
  'preview/decoder.mjs',
];

/** Node 20 is what the oldest Electron we run on carries; the engine's own bundles run on Node 24. */
const shellTarget = 'node20.18';
const engineTarget = 'node24';

/** The published JSON schema of the configuration file, as text with a line end. */
export function settingsJsonSchema(): string {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input', target: 'draft-2020-12' });
  return `${JSON.stringify({ title: 'Edge Sync configuration', ...schema }, null, 2)}\n`;
}

/** The page; its own configuration says the rest. */
export function rendererBuild(): InlineConfig {
  return { configFile: join(root, 'vite.renderer.config.ts'), logLevel: 'warn' };
}

/** The viewer of shared studies, one HTML file. */
export function viewerBuild(): InlineConfig {
  return { configFile: join(root, 'vite.viewer.config.ts'), logLevel: 'warn' };
}

/** The process that decodes pictures, one script with everything in it. */
export function decoderBuild(): InlineConfig {
  return { configFile: join(root, 'vite.decoder.config.ts'), logLevel: 'warn' };
}

/** Electron's main process, one ES module; packages stay outside it. */
export function shellBuild(): InlineConfig {
  return nodeBundle({
    input: { index: join(root, 'src/main/index.ts') },
    outDir: join(dist, 'main'),
    target: shellTarget,
    format: 'es',
    chunks: 'shell',
  });
}

/** A sandboxed preload script must be one CommonJS file. */
export function preloadBuild(): InlineConfig {
  return nodeBundle({
    input: { index: join(root, 'src/preload/index.ts') },
    outDir: join(dist, 'preload'),
    target: shellTarget,
    format: 'cjs',
    chunks: 'preload',
  });
}

/** Engine and command line share most of their code. */
export function engineBuild(): InlineConfig {
  return nodeBundle({
    input: {
      'engine-process': join(root, 'src/main/engine-process.ts'),
      cli: join(root, 'src/main/cli/edge-sync.ts'),
      'pac-worker': join(root, 'src/main/engine/cloud/pac-worker.ts'),
    },
    outDir: join(dist, 'main'),
    target: engineTarget,
    format: 'es',
    chunks: 'engine',
  });
}

function nodeBundle(bundle: {
  readonly input: Readonly<Record<string, string>>;
  readonly outDir: string;
  readonly target: string;
  readonly format: 'es' | 'cjs';
  readonly chunks: string;
}): InlineConfig {
  return {
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    ssr: { external: true, target: 'node' },
    build: {
      ssr: true,
      outDir: bundle.outDir,
      emptyOutDir: false,
      target: bundle.target,
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input: { ...bundle.input },
        external: ['electron'],
        output: {
          format: bundle.format,
          entryFileNames: bundle.format === 'cjs' ? '[name].cjs' : '[name].js',
          chunkFileNames: `${bundle.chunks}-[name]-[hash].js`,
        },
      },
    },
  };
}

/** Builds everything; an older dist/ is gone first, so that nothing of it is left among the new files. */
export async function buildAll(): Promise<void> {
  const sources = sourceDigest();
  rmSync(dist, { recursive: true, force: true });
  for (const config of [
    rendererBuild(),
    viewerBuild(),
    decoderBuild(),
    shellBuild(),
    preloadBuild(),
    engineBuild(),
  ]) {
    await build(config);
  }
  mkdirSync(join(root, 'assets'), { recursive: true });
  writeFileSync(settingsJsonSchemaFile, settingsJsonSchema());
  writeFileSync(stampFile, JSON.stringify({ sources }));
}

/** Whether dist/ is whole and was built from exactly these sources. */
export function isUpToDate(): boolean {
  if (!outputs.every((file) => existsSync(join(dist, file))) || !existsSync(stampFile)) return false;
  try {
    const stamp = z.object({ sources: z.string() }).parse(JSON.parse(readFileSync(stampFile, 'utf8')));
    return stamp.sources === sourceDigest();
  } catch {
    return false;
  }
}

/** SHA-256 over names and contents of all that goes into dist/: unlike times it survives a checkout. */
function sourceDigest(): string {
  const patterns = [
    'src/**/*',
    'scripts/build.ts',
    'vite.renderer.config.ts',
    'vite.viewer.config.ts',
    'vite.decoder.config.ts',
    'package.json',
    'package-lock.json',
  ];
  const hash = createHash('sha256');
  for (const entry of globSync(patterns, { cwd: root, withFileTypes: true })
    .filter((one) => one.isFile() && !/\.test\.tsx?$/.test(one.name))
    .map((one) => join(one.parentPath, one.name))
    .sort()) {
    const content = readFileSync(entry);
    hash.update(`${entry.slice(root.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((option) => option !== '--if-missing');
  if (unknown !== undefined) {
    console.error(`build: ${unknown} is not understood; usage: node scripts/build.ts [--if-missing]`);
    process.exit(2);
  }
  if (!wanted.includes('--if-missing') || !isUpToDate()) await buildAll();
}
