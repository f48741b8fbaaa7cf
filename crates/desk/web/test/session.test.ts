// The desk turns sign-in answers and the SDK's calls into one state that the page draws.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CALL, FakePeerConnection, FakeSocket, active, fakeBrowser, microphone, open, ringing, settle, welcome } from '../sdk/test/fakes.js';
import { Session } from '../src/session.js';
import type { DeskState } from '../src/state.js';

let state: DeskState;
let requests: { path: string; header: string | null; body: string | null }[];
let answers: Record<string, { status: number; body?: object }>;

beforeEach(() => {
  fakeBrowser();
  requests = [];
  answers = {
    '/v1/desk/me': { status: 200, body: { agent: 'ana', name: 'Ana' } },
    '/v1/desk/sign-in': { status: 200, body: { agent: 'ana', name: 'Ana' } },
    '/v1/desk/token': { status: 200, body: { token: 'jwt', expires_at: '2026-03-01T11:00:00.000Z' } },
    '/v1/desk/sign-out': { status: 204 },
  };
  vi.stubGlobal('location', { origin: 'https://calls.example', hash: '', pathname: '/desk/', search: '' });
  vi.stubGlobal('history', { replaceState: () => (location.hash = '') });
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    requests.push({ path, header: new Headers(init.headers).get('X-Ringdown-Desk'), body: init.body as string | null });
    const answer = answers[path];
    if (!answer) throw new TypeError('network');
    return new Response(answer.body ? JSON.stringify(answer.body) : null, { status: answer.status });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function started(): Promise<Session> {
  const session = new Session((next) => (state = next));
  await session.start();
  await settle();
  return session;
}

async function atDesk(snapshot: object = {}): Promise<Session> {
  const session = await started();
  FakeSocket.last.onopen?.();
  FakeSocket.last.receive(0, welcome('ses_1', snapshot));
  await settle();
  return session;
}

/** The desk with a call on it. */
async function talkingDesk(snapshot: object = {}): Promise<{ session: Session; call: string; nextSeq: number }> {
  const session = await atDesk({ ...snapshot, ringing: [ringing()] });
  session.goReady();
  await vi.advanceTimersByTimeAsync(20);
  session.accept(CALL);
  await settle();
  FakeSocket.last.receive(1, { type: 'claim_won', active: active(), lease_ms: 5000 });
  FakeSocket.last.receive(2, { type: 'call_open', active: open() });
  return { session, call: CALL, nextSeq: 3 };
}

describe('signing in', () => {
  it('uses the code of the address and shows the desk', async () => {
    location.hash = '#code=abc';
    await started();
    expect(requests[0]).toEqual({ path: '/v1/desk/sign-in', header: '1', body: '{"code":"abc"}' });
    expect(location.hash).toBe('');
    expect(state).toMatchObject({ phase: 'desk', agentName: 'Ana', connection: 'connecting' });
  });

  it('comes back by cookie after a reload, and every request carries the desk header', async () => {
    await atDesk();
    expect(requests.map(({ path }) => path)).toEqual(['/v1/desk/me', '/v1/desk/token']);
    expect(requests.every(({ header }) => header === '1')).toBe(true);
    expect(FakeSocket.last.frame('hello').token).toBe('jwt');
    expect(state.connection).toBe('online');
  });

  it.each([
    [401, 'refused'],
    [429, 'tooFast'],
    [503, 'unreachable'],
  ])('explains a %s as %s', async (status, problem) => {
    answers['/v1/desk/me'] = { status: 401 };
    answers['/v1/desk/sign-in'] = { status };
    const session = await started();
    expect(state.phase).toBe('signed_out');
    await session.signIn('wrong');
    expect(state.signIn).toEqual({ busy: false, problem });
  });

  it('tries again when the daemon does not answer', async () => {
    delete answers['/v1/desk/me'];
    await started();
    expect(state.phase).toBe('unreachable');
    answers['/v1/desk/me'] = { status: 401 };
    await vi.advanceTimersByTimeAsync(3_000);
    expect(state.phase).toBe('signed_out');
  });

  it('goes back to the form when the cookie has run out', async () => {
    await atDesk();
    answers['/v1/desk/token'] = { status: 401 };
    await FakeSocket.last.lose();
    await vi.advanceTimersByTimeAsync(500);
    expect(state.phase).toBe('signed_out');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('leaves nothing of the desk after signing out', async () => {
    const session = await atDesk({ ringing: [ringing()] });
    await session.signOut();
    expect(state).toMatchObject({ phase: 'signed_out', ringing: [], missed: [], agentName: '' });
    expect(FakeSocket.last.closed).toBe(true);
  });
});

describe('at the desk', () => {
  it('lists what rings and says who took it', async () => {
    await atDesk({ ringing: [ringing()] });
    expect(state.ringing).toMatchObject([{ id: CALL, name: 'Maria', lineName: 'Support', claimable: true }]);
    FakeSocket.last.receive(1, { type: 'ring_end', call: CALL, why: 'claimed_elsewhere', winner: 'Ben' });
    expect(state.ringing).toEqual([]);
    expect(state.notices.map(({ text }) => text)).toEqual(['Answered elsewhere: Ben took the call from Maria.']);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(state.notices).toEqual([]);
  });

  it('lists missed calls newest first and the balance as the daemon shows it', async () => {
    const missed = { call: 'call_old', from: { display: 'Li' }, line: '1', at: '2026-03-01T09:00:00.000Z', reason: 'balance', rang_ms: 0 };
    await atDesk({ missed: [missed] });
    FakeSocket.last.receive(1, { type: 'missed', missed: [{ ...missed, call: 'call_new' }] });
    expect(state.missed.map(({ call }) => call)).toEqual(['call_new', 'call_old']);
    const balance = { available_micros: 9_980_000, minimum_micros: 10_000_000, currency: 'USD', display: '9.98', top_up_required: true };
    FakeSocket.last.receive(2, { type: 'balance', balance });
    expect(state.balance).toEqual(balance);
  });

  it('shows a call that was sent on until somebody has it, and takes it back', async () => {
    const sentOn = { call: CALL, from: { display: 'Maria' }, to: 'Ben' };
    const session = await atDesk({ sent_on: sentOn });
    expect(state.sentOn).toEqual(sentOn);
    FakeSocket.last.receive(1, { type: 'sent_on_end', call: 'call_other' });
    expect(state.sentOn).toEqual(sentOn);
    FakeSocket.last.receive(2, { type: 'sent_on_end', call: CALL });
    expect(state.sentOn).toBeUndefined();
    FakeSocket.last.receive(3, { type: 'sent_on', sent_on: sentOn });
    expect(state.sentOn).toEqual(sentOn);
    expect(session).toBeDefined();
  });

  it('stays not ready and shows the problem when the microphone is refused', async () => {
    const session = await atDesk();
    microphone.refuse = Object.assign(new Error('denied'), { name: 'NotAllowedError' });
    session.goReady();
    await settle();
    expect(state.problem?.code).toBe('microphone_denied');
    expect(state.media).toBe('off');
    microphone.refuse = undefined;
    session.goReady();
    expect(state.problem).toBeUndefined();
    expect(state.media).toBe('connecting');
    await vi.advanceTimersByTimeAsync(20);
    expect(FakePeerConnection.all).toHaveLength(1);
  });

  it('asks who is there when the transfer dialog opens, and closes it once the call is sent', async () => {
    const { session, call, nextSeq } = await talkingDesk();
    session.askTransfer(true);
    expect(state).toMatchObject({ transferring: true });
    expect(state.colleagues).toBeUndefined();
    const agents = [{ agent: 'ben', name: 'Ben', presence: 'ready' }];
    FakeSocket.last.receive(0, { type: 'colleagues', to: FakeSocket.last.frame('list_colleagues').id, agents, groups: [] });
    await settle();
    expect(state.colleagues?.agents).toEqual(agents);
    session.transfer({ kind: 'agent', id: 'ben' }, 'warm');
    await FakeSocket.last.refuse('transfer', 'nobody_there');
    expect(state.transferring, 'a refusal lets the agent choose anew').toBe(true);
    expect(state.notices.at(-1)?.text).toContain('That did not work');
    session.transfer({ kind: 'agent', id: 'ben' }, 'warm');
    await FakeSocket.last.done('transfer');
    expect(state.transferring).toBe(false);
    FakeSocket.last.receive(nextSeq, { type: 'call_left', call, why: 'transferred', now_with: 'Ben', talked_ms: 4_000 });
    expect(state.call).toBeUndefined();
    expect(state.notices.at(-1)?.text).toBe('Ben has the call with Maria now.');
  });

  it('counts the hold from its beginning', async () => {
    const { nextSeq } = await talkingDesk();
    FakeSocket.last.receive(nextSeq, { type: 'call_update', active: open({ held: true }) });
    const since = state.call?.heldSince;
    expect(since).toBeDefined();
    await vi.advanceTimersByTimeAsync(3_000);
    FakeSocket.last.receive(nextSeq + 1, { type: 'call_update', active: open({ held: true, quality: { verdict: 'good' } }) });
    expect(state.call?.heldSince).toBe(since);
    FakeSocket.last.receive(nextSeq + 2, { type: 'call_update', active: open() });
    expect(state.call?.heldSince).toBeUndefined();
  });

  it('keeps what is written through the end of the call and a reload, and says whether it is saved', async () => {
    const { session, call, nextSeq } = await talkingDesk({ outcomes: ['Solved'] });
    session.annotate(call, { note: 'Wants a refund.' });
    expect(state.notes).toEqual({ note: 'Wants a refund.', outcome: '', outcomes: ['Solved'], saved: 'saving' });
    await FakeSocket.last.done('annotate');
    expect(state.notes.saved).toBe('saved');
    FakeSocket.last.receive(nextSeq, { type: 'call_end', call, reason: { side: 'caller', cause: 'caller_hung_up', class: 'completed' }, talked_ms: 5_000 });
    FakeSocket.last.receive(nextSeq + 1, { type: 'presence', presence: 'wrap_up', blockers: ['wrap_up'], wrap_up_until: '2026-03-01T10:00:30.000Z' });
    expect(state.wrapUp).toEqual({ until: Date.parse('2026-03-01T10:00:30.000Z'), call, name: 'Maria' });
    expect(state.notes.note).toBe('Wants a refund.');
    session.annotate(call, { outcome: 'Solved' });
    await FakeSocket.last.refuse('annotate', 'no_such_call');
    expect(state.notes).toMatchObject({ outcome: 'Solved', saved: 'failed' });
    FakeSocket.last.closed = true;
    const reloaded = await atDesk({ presence: 'wrap_up', last_call: call });
    expect(state.notes).toMatchObject({ note: 'Wants a refund.', outcome: 'Solved' });
    await reloaded.signOut();
    await atDesk({ presence: 'wrap_up', last_call: call });
    expect(state.notes.note, 'nothing is left for the next agent').toBe('');
  });

  it('shows why nothing rings, and a call that is not here yet', async () => {
    const session = await atDesk({ presence: 'busy', active: open() });
    expect(state.blockers).toContain('microphone');
    expect(state.returning).toEqual({ name: 'Maria', underWay: false });
    session.useThisTab();
    await vi.advanceTimersByTimeAsync(20);
    expect(state.returning?.underWay).toBe(true);
    expect(FakeSocket.last.count('go_ready')).toBe(1);
    FakeSocket.last.receive(1, { type: 'call_open', active: open() });
    expect(state.returning).toBeUndefined();
    expect(state.call?.name).toBe('Maria');
  });

  it('tells a supervisor why supervision stopped, but not when they stopped it', async () => {
    await atDesk();
    FakeSocket.last.receive(1, { type: 'supervising', call: CALL, mode: 'listen' });
    expect(state.supervised).toEqual({ call: CALL, mode: 'listen' });
    FakeSocket.last.receive(2, { type: 'supervision_end', call: CALL, why: 'left' });
    expect(state.supervised).toBeUndefined();
    expect(state.notices).toEqual([]);
    FakeSocket.last.receive(3, { type: 'supervision_end', call: CALL, why: 'parted' });
    expect(state.notices.at(-1)?.text).toContain('not joined');
  });

  it('goes back to the form when the agent is signed out elsewhere', async () => {
    await atDesk({ ringing: [ringing()] });
    FakeSocket.last.receive(0, { type: 'bye', why: 'signed_out' });
    expect(state).toMatchObject({ phase: 'signed_out', ringing: [] });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('says reconnecting while the socket is away', async () => {
    await atDesk();
    await FakeSocket.last.lose();
    expect(state.connection).toBe('reconnecting');
  });
});
