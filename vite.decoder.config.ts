/** Builds the decoding process of the previews: one script with everything in it, since it may read nothing else. */
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { insideTheScript, withoutNode } from './vite.viewer.config.ts';

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  plugins: [withoutNode(), insideTheScript()],
  // The decoders' glue asks where it lies; it loads nothing from there.
  define: { __dirname: '""' },
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: true,
    outDir: resolve(import.meta.dirname, 'dist/preview'),
    emptyOutDir: true,
    target: 'node24',
    minify: false,
    sourcemap: false,
    rolldownOptions: {
      input: { decoder: resolve(import.meta.dirname, 'src/decoder/main.ts') },
      output: { format: 'es', entryFileNames: '[name].mjs', codeSplitting: false },
    },
  },
});
