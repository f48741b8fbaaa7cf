import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The desk's page. Everything is a file of its own, so that `default-src 'self'` suffices. */
export default defineConfig({
  base: './',
  publicDir: false,
  resolve: {
    alias: { '@ringdown/sdk': fileURLToPath(new URL('./sdk/src/index.ts', import.meta.url)) },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    include: ['sdk/test/**/*.test.ts', 'test/**/*.test.ts'],
    environment: 'node',
  },
});
