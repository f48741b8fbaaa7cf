// A receiver of Ringdown's events: checks the signature, drops what it has seen, answers 204.
//
//     RINGDOWN_SECRET=whsec_… node examples/event-receiver/receiver.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = process.env.RINGDOWN_SECRET;
const port = Number(process.env.PORT ?? 3001);
/** An older signature may have been recorded by somebody and sent again. */
const AGE_MAX_S = 5 * 60;
/** No event is as large; who sends more is not Ringdown. */
const BODY_BYTES_MAX = 1024 * 1024;
/** A real receiver keeps these in its database. */
const seen = new Set();

if (!secret) {
  console.error("set RINGDOWN_SECRET to the secret that POST /v1/endpoints showed");
  process.exit(1);
}

/** Whether the body is Ringdown's and fresh. While a secret is being changed there are two signatures. */
function isGenuine(headers, body) {
  const timestamp = headers["ringdown-timestamp"] ?? "";
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!(age <= AGE_MAX_S)) return false;
  const wanted = createHmac("sha256", secret).update(`${timestamp}.`).update(body).digest();
  return (headers["ringdown-signature"] ?? "").split(" ").some((signature) => {
    const [scheme, digits] = signature.split("=");
    const given = Buffer.from(digits ?? "", "hex");
    return scheme === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

async function bodyOf(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

createServer(async (request, response) => {
  const answer = (status) => response.writeHead(status).end();
  if (request.method !== "POST") return answer(405);
  const body = await bodyOf(request);
  if (body === null) return answer(413);
  // The raw bytes are signed: check them before parsing.
  if (!isGenuine(request.headers, body)) return answer(401);
  const event = JSON.parse(body);
  if (!seen.has(event.id)) {
    seen.add(event.id);
    console.log(event.at, event.seq, event.type, event.call ?? "");
  }
  answer(204);
}).listen(port, () => console.log(`receives events on http://localhost:${port}/`));
