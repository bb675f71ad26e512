/** Builds the page: one set of files for the engine's loopback server and for the app's own protocol. */
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: resolve(import.meta.dirname, 'src/renderer'),
  // Relative, so that the same files work under http://127.0.0.1:PORT/ and under edge-sync://app/.
  base: './',
  plugins: [react()],
  build: {
    outDir: resolve(import.meta.dirname, 'dist/renderer'),
    emptyOutDir: true,
    // Electron 33 carries Chromium 130; the page asks for nothing newer.
    target: ['chrome130', 'firefox128', 'safari17.4'],
    // The page's security policy allows no inline script and no data: fonts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Read from this PC, not over a network: one file is quicker than many.
    chunkSizeWarningLimit: 1000,
  },
});
