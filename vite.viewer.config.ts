/**
 * Builds the viewer of shared studies: one HTML file with script, style, workers and WebAssembly in it, and a security
 * policy that names exactly these and lets nothing else run.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { build, defineConfig, type Plugin } from 'vite';

const root = resolve(import.meta.dirname, 'src/viewer');
const target = ['chrome120', 'firefox128', 'safari17.4'];
const require = createRequire(import.meta.url);

/** The decoders' WebAssembly modules. */
const wasmFiles: Readonly<Record<string, string>> = {
  charls: '@cornerstonejs/codec-charls/decodewasm',
  'jpeg-turbo': '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm',
  openjpeg: '@cornerstonejs/codec-openjpeg/decodewasm',
  openjph: '@cornerstonejs/codec-openjph/wasm',
};

const workerPrefix = 'virtual:viewer-worker/';
const wasmPrefix = 'virtual:viewer-wasm/';

/** Gives workers as text and WebAssembly in Base64, so that both can lie inside the page's script. */
export function insideTheScript(): Plugin {
  return {
    name: 'viewer-inside-the-script',
    resolveId: (id) => (id.startsWith(workerPrefix) || id.startsWith(wasmPrefix) ? `\0${id}` : undefined),
    load: async (id) => {
      if (id.startsWith(`\0${wasmPrefix}`)) {
        const file = wasmFiles[id.slice(wasmPrefix.length + 1)];
        if (file === undefined) throw new Error(`no such codec: ${id}`);
        return `export default ${JSON.stringify(readFileSync(require.resolve(file)).toString('base64'))}`;
      }
      if (!id.startsWith(`\0${workerPrefix}`)) return undefined;
      const script = await bundleWorker(id.slice(workerPrefix.length + 1));
      return `export default ${JSON.stringify(script)}`;
    },
  };
}

async function bundleWorker(name: string): Promise<string> {
  const result = await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    plugins: [insideTheScript(), withoutNode()],
    build: {
      write: false,
      target,
      lib: { entry: resolve(root, `worker/${name}-worker.ts`), formats: ['iife'], name: 'worker' },
    },
  });
  const first = Array.isArray(result) ? result[0] : result;
  if (first === undefined || !('output' in first)) throw new Error(`worker ${name} was not built`);
  return first.output[0].code;
}

/** The decoders' glue asks for Node's modules where it runs under Node; here it never does. */
export function withoutNode(): Plugin {
  const empty = '\0viewer-no-node';
  return {
    name: 'viewer-without-node',
    enforce: 'pre',
    resolveId: (id) => (['fs', 'path', 'zlib', 'crypto'].includes(id) ? empty : undefined),
    load: (id) => (id === empty ? 'export default {}' : undefined),
  };
}

/** Puts script and style into the page and writes the policy with their hashes (CSP level 3). */
function oneFile(): Plugin {
  return {
    name: 'viewer-one-file',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle);
      const script = files.find((file) => file.type === 'chunk');
      const style = files.find((file) => file.type === 'asset' && file.fileName.endsWith('.css'));
      if (script?.type !== 'chunk' || style?.type !== 'asset')
        throw new Error('the viewer has no script or style');
      const code = script.code.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
      const css = String(style.source);
      const page = readFileSync(resolve(root, 'viewer.html'), 'utf8')
        .replace('%POLICY%', () => policy(code, css))
        .replace('<!--STYLE-->', () => `<style>${css}</style>`)
        .replace('<!--SCRIPT-->', () => `<script>${code}</script>`);
      for (const { fileName } of files) Reflect.deleteProperty(bundle, fileName);
      this.emitFile({ type: 'asset', fileName: 'viewer.html', source: page });
    },
  };
}

function policy(script: string, style: string): string {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(script)} 'wasm-unsafe-eval'`,
    `style-src ${hash(style)}`,
    // Shares lie in storage that the practice chose, so any https; and this computer, for trying it out.
    'connect-src https: http://127.0.0.1:* http://localhost:*',
    'worker-src blob:',
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

export default defineConfig({
  root,
  base: './',
  publicDir: false,
  plugins: [withoutNode(), insideTheScript(), oneFile()],
  build: {
    outDir: resolve(import.meta.dirname, 'dist/viewer'),
    emptyOutDir: true,
    target,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 5000,
    reportCompressedSize: false,
    rolldownOptions: {
      input: resolve(root, 'main.ts'),
      output: { format: 'iife', entryFileNames: 'viewer.js', assetFileNames: 'viewer[extname]' },
    },
  },
});
