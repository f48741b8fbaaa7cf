// What a CRM's backend does for Ringdown: it keeps the API key, knows who is signed in, and gives
// that person's page a short-lived agent token. Node 20 or newer, no packages.
//
//   RINGDOWN_API_KEY=rk_… node examples/token-server/server.mjs
//
// RINGDOWN_URL (http://127.0.0.1:8080) is the daemon, PORT (3000) is where this listens. The
// daemon's configuration must name this page: allowed_origins = ["http://localhost:3000"].
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const apiKey = process.env.RINGDOWN_API_KEY;
const ringdown = new URL(process.env.RINGDOWN_URL ?? 'http://127.0.0.1:8080').origin;
const port = Number(process.env.PORT ?? 3000);
if (!apiKey) {
  console.error('set RINGDOWN_API_KEY to a key made with `ringdown key add crm`');
  process.exit(2);
}

/** Our stand-in for the CRM's own accounts: who signs in here is an agent there. */
const people = new Map([
  ['ana', 'Ana Lima'],
  ['bo', 'Bo Berg'],
]);
/** Session secret to agent id. A CRM has sessions already; use those. */
const sessions = new Map();
/** People here are few; a thousand sessions would be somebody playing. */
const SESSIONS_MAX = 1_000;
/** A login is a short JSON object. */
const BODY_BYTES_MAX = 1_024;
/** The daemon answers in milliseconds; a page should not wait long to hear that it does not. */
const DAEMON_TIMEOUT_MS = 5_000;

const routes = {
  'GET /': (_, response) => sendFile(response, 'page.html', 'text/html; charset=utf-8'),
  'GET /page.js': (_, response) => sendFile(response, 'page.js', 'text/javascript; charset=utf-8'),
  'GET /ringdown.json': (_, response) => sendJson(response, 200, { url: ringdown }),
  'POST /login': login,
  'POST /token': token,
};

const server = createServer(async (request, response) => {
  const path = new URL(request.url ?? '/', 'http://here').pathname;
  const route = routes[`${request.method} ${path}`];
  try {
    if (!route) return sendJson(response, 404, { error: 'no such address' });
    if (request.method === 'POST' && !isOwnPage(request)) {
      return sendJson(response, 403, { error: 'only our own page may ask' });
    }
    await route(request, response);
  } catch (error) {
    console.error(error);
    if (!response.headersSent) sendJson(response, 500, { error: 'something failed here' });
  }
});
server.listen(port, '127.0.0.1', () => {
  console.log(`http://localhost:${server.address().port}`);
});

/** A stub without passwords: the CRM's own sign-in takes its place. */
async function login(request, response) {
  const { agent } = await readJson(request);
  if (!people.has(agent)) return sendJson(response, 401, { error: 'nobody of that name' });
  const answer = await daemon('PUT', `/v1/agents/${agent}`, { name: people.get(agent) });
  if (!answer.ok) return refused(response, answer);
  if (sessions.size >= SESSIONS_MAX) sessions.delete(sessions.keys().next().value);
  const secret = randomBytes(32).toString('hex');
  sessions.set(secret, agent);
  // Behind HTTPS add `Secure`.
  response.setHeader('set-cookie', `session=${secret}; HttpOnly; SameSite=Strict; Path=/`);
  sendJson(response, 200, { name: people.get(agent) });
}

/** The one thing that matters: the agent comes from our session, never from the request. */
async function token(request, response) {
  const secret = /(?:^|;\s*)session=([0-9a-f]{64})/.exec(request.headers.cookie ?? '')?.[1];
  const agent = secret && sessions.get(secret);
  if (!agent) return sendJson(response, 401, { error: 'sign in first' });
  const answer = await daemon('POST', `/v1/agents/${agent}/token`);
  if (!answer.ok) return refused(response, answer);
  sendJson(response, 200, await answer.json());
}

function daemon(method, path, body) {
  return fetch(ringdown + path, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(DAEMON_TIMEOUT_MS),
  }).catch((error) => new Response(String(error.cause ?? error), { status: 503 }));
}

/** The daemon's words are for our log; the page learns only that it did not work. */
async function refused(response, answer) {
  console.error(`Ringdown answered ${answer.status}: ${await answer.text()}`);
  sendJson(response, 502, { error: 'Ringdown gave no token; see the log of this server' });
}

/** Browsers send `Origin` with every POST; another site's page cannot change it. */
function isOwnPage(request) {
  const { origin, host } = request.headers;
  return origin === `http://${host}` || origin === `https://${host}`;
}

async function readJson(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) return {};
  }
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

async function sendFile(response, name, type) {
  const bytes = await readFile(fileURLToPath(new URL(name, import.meta.url)));
  const policy = [
    `default-src 'self'`,
    `script-src 'self' ${ringdown}`,
    `connect-src 'self' ${ringdown.replace(/^http/, 'ws')}`,
  ].join('; ');
  response.writeHead(200, {
    'content-type': type,
    'content-security-policy': policy,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}

function sendJson(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}
