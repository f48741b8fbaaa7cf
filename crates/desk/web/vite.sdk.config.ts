import { defineConfig } from 'vite';

/** The SDK as one ES module that any page can import from the daemon. Runs after the desk's build. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: 'dist/sdk',
    emptyOutDir: true,
    target: 'es2022',
    lib: { entry: 'sdk/src/index.ts', formats: ['es'], fileName: () => 'ringdown-sdk.js' },
    minify: true,
  },
});
