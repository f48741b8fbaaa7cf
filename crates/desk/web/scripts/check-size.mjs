// Fails the build when the SDK outgrows its budget: integrators load it into their own pages.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES = 12_000;
const file = new URL('../dist/sdk/ringdown-sdk.js', import.meta.url);
const bytes = gzipSync(readFileSync(file), { level: 9 }).length;
console.log(`SDK: ${bytes} bytes gzipped (budget ${BUDGET_BYTES})`);
if (bytes > BUDGET_BYTES) {
  console.error('The SDK is over its budget: take something out, or argue for a larger budget.');
  process.exit(1);
}
