// The desk's sources served as they are, for pages that need no daemon.
import { createServer } from '../../../crates/desk/web/node_modules/vite/dist/node/index.js';

const ROOT = new URL('../../../crates/desk/web/', import.meta.url).pathname;

/** Serves the desk on a free port; gives its address and how to stop. */
export async function servePages() {
  const server = await createServer({
    root: ROOT,
    configFile: `${ROOT}vite.config.ts`,
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, hmr: false },
  });
  await server.listen();
  const { port } = server.httpServer.address();
  return { address: `http://127.0.0.1:${port}`, stop: () => server.close() };
}
