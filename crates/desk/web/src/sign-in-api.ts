/** The daemon's sign-in: a one-time code becomes a cookie that scripts cannot read. */

export interface SignedIn {
  agent: string;
  name: string;
}

export type SignInProblem = 'refused' | 'tooFast' | 'unreachable';

/** A status that is neither success nor a refusal, or no answer at all. */
export class Unreachable extends Error {}

/** The header that other sites cannot make a browser send without asking the daemon first. */
const HEADERS = { 'X-Ringdown-Desk': '1' };

async function request(method: 'GET' | 'POST', path: string, body?: object): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: body ? { ...HEADERS, 'Content-Type': 'application/json' } : HEADERS,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch (thrown) {
    throw new Unreachable('The daemon did not answer.', { cause: thrown });
  }
}

/** Who is signed in; `undefined` when nobody is. */
export async function whoAmI(): Promise<SignedIn | undefined> {
  const response = await request('GET', '/v1/desk/me');
  if (response.status === 401) return undefined;
  if (!response.ok) throw new Unreachable(`The daemon answered ${response.status}.`);
  return (await response.json()) as SignedIn;
}

export async function signIn(code: string): Promise<SignedIn | SignInProblem> {
  try {
    const response = await request('POST', '/v1/desk/sign-in', { code });
    if (response.ok) return (await response.json()) as SignedIn;
    if (response.status === 429) return 'tooFast';
    return response.status < 500 ? 'refused' : 'unreachable';
  } catch {
    return 'unreachable';
  }
}

/** A token for the agent socket; `undefined` when nobody is signed in any more. */
export async function agentToken(): Promise<string | undefined> {
  const response = await request('POST', '/v1/desk/token');
  if (response.status === 401) return undefined;
  if (!response.ok) throw new Unreachable(`The daemon answered ${response.status}.`);
  return ((await response.json()) as { token: string }).token;
}

export async function signOut(): Promise<void> {
  await request('POST', '/v1/desk/sign-out');
}

/** Takes the one-time code out of the address, where history and shoulders could see it. */
export function takeCode(location: Location, history: History): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code === null) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  return code.trim() || undefined;
}
