// The microphone is let in by accept and by nothing else; a call always closes with a reason.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Call } from '../src/index.js';
import {
  CALL,
  FakePeerConnection,
  active,
  fakeBrowser,
  microphone,
  open,
  ready,
  reopened,
  ringing,
  settle,
  talking,
  welcome,
} from './fakes.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function ringingCall() {
  const { device, socket, nextSeq } = await ready();
  let incoming: Call | undefined;
  device.on('incoming', (call) => (incoming = call));
  socket.receive(nextSeq, { type: 'ring', ringing: ringing() });
  if (!incoming) throw new Error('nothing rang');
  return { device, socket, call: incoming, nextSeq: nextSeq + 1 };
}

const openCall = talking;

describe('accept', () => {
  it('lets the microphone in before the claim, and not earlier', async () => {
    const { socket, call } = await ringingCall();
    const { last } = FakePeerConnection;
    expect(last.direction).toBe('sendrecv');
    expect(last.sent).toEqual([]);
    void call.accept();
    expect(call.state).toBe('connecting');
    await settle();
    expect(last.sent).toEqual([microphone.track]);
    expect(socket.frame('claim')).toMatchObject({ call: CALL });
  });

  it('goes through connecting to open when sound flows', async () => {
    const { device, call } = await openCall();
    expect(call.state).toBe('open');
    expect(call.startedAt?.toISOString()).toBe('2026-03-01T10:00:06.000Z');
    expect(device.call).toBe(call);
    expect(device.ringing).toEqual([]);
  });

  it('takes the microphone away again when the call ends', async () => {
    const { device, socket, call, nextSeq } = await openCall();
    const reasons: unknown[] = [];
    call.on('close', (reason) => reasons.push(reason));
    const reason = { side: 'caller', cause: 'caller_hung_up', class: 'completed' };
    socket.receive(nextSeq, { type: 'call_end', call: CALL, reason, talked_ms: 61_000 });
    await settle();
    expect(FakePeerConnection.last.sent.at(-1)).toBeNull();
    expect(reasons).toEqual([{ code: 'ended', end: reason, talkedMs: 61_000 }]);
    expect(device.call).toBeUndefined();
    expect(device.media).toBe('up');
  });

  it('closes a lost claim with the winner, whose name comes after the refusal', async () => {
    const { socket, call, nextSeq } = await ringingCall();
    const lost = expect(call.accept()).rejects.toMatchObject({ code: 'already_taken' });
    await settle();
    await socket.refuse('claim', 'already_taken');
    await lost;
    expect(FakePeerConnection.last.sent.at(-1)).toBeNull();
    socket.receive(nextSeq, { type: 'ring_end', call: CALL, why: 'claimed_elsewhere', winner: 'Ben' });
    expect(call.closeReason).toEqual({ code: 'claimed_elsewhere', winner: 'Ben' });
  });

  it('closes a lost claim even when nobody says who won', async () => {
    const { socket, call } = await ringingCall();
    call.accept().catch(() => undefined);
    await settle();
    await socket.refuse('claim', 'already_taken');
    await vi.advanceTimersByTimeAsync(500);
    expect(call.closeReason).toEqual({ code: 'claimed_elsewhere' });
  });

  it('rings on when the daemon refuses for a passing reason', async () => {
    const { socket, call } = await ringingCall();
    call.accept().catch(() => undefined);
    await settle();
    await socket.refuse('claim', 'not_ready');
    expect(call.state).toBe('ringing');
    expect(FakePeerConnection.last.sent.at(-1)).toBeNull();
  });

  it('is refused here while the call is not claimable', async () => {
    const { socket, call, nextSeq } = await ringingCall();
    socket.receive(nextSeq, { type: 'ring_update', call: CALL, claimable: false, not_claimable: 'on_call' });
    expect(call.notClaimable).toBe('on_call');
    await expect(call.accept()).rejects.toMatchObject({ code: 'wrong_state' });
    socket.receive(nextSeq + 1, { type: 'ring_update', call: CALL, claimable: true });
    expect(call.claimable).toBe(true);
    expect(call.notClaimable).toBeUndefined();
    expect(socket.count('claim')).toBe(0);
  });

  it('gives the call back when this device could not be heard', async () => {
    const { socket, call, nextSeq } = await ringingCall();
    void call.accept();
    await settle();
    await socket.done('claim');
    socket.receive(nextSeq, { type: 'claim_won', active: active(), lease_ms: 5000 });
    socket.receive(nextSeq + 1, { type: 'claim_released', call: CALL, reason: 'no media' });
    expect(call.closeReason).toEqual({ code: 'claim_released' });
    expect(FakePeerConnection.last.sent.at(-1)).toBeNull();
  });
});

describe('a running call', () => {
  it('is silenced here at once and at the bridge', async () => {
    const { socket, call } = await openCall();
    void call.mute(true);
    expect(microphone.track.enabled).toBe(false);
    expect(call.muted).toBe(true);
    expect(socket.frame('mute')).toMatchObject({ call: CALL, on: true });
  });

  it('stays as it was when the bridge refuses to mute', async () => {
    const { socket, call } = await openCall();
    const refused = expect(call.mute(true)).rejects.toMatchObject({ code: 'internal' });
    await socket.refuse('mute', 'internal');
    await refused;
    expect(microphone.track.enabled).toBe(true);
    expect(call.muted).toBe(false);
  });

  it('records when asked and shows what the recorder says', async () => {
    const { socket, call, nextSeq } = await openCall();
    expect(call.recordingMode).toBe('on_demand');
    void call.record.start();
    expect(socket.frame('record')).toMatchObject({ action: 'start' });
    expect(call.recording).toBe('off');
    socket.receive(nextSeq, { type: 'call_update', active: open({ recording: 'on' }) });
    expect(call.recording).toBe('on');
  });

  it('shows hints and quality as they are now, and none once they are gone', async () => {
    const { socket, call, nextSeq } = await openCall();
    expect([call.hint, call.quality]).toEqual([undefined, undefined]);
    const quality = { verdict: 'poor', network: 'agent' };
    socket.receive(nextSeq, { type: 'call_update', active: open({ hint: 'caller_silent', quality }) });
    expect([call.hint, call.quality]).toEqual(['caller_silent', quality]);
    socket.receive(nextSeq + 1, { type: 'call_update', active: open({ quality: { verdict: 'good' } }) });
    expect([call.hint, call.quality]).toEqual([undefined, { verdict: 'good' }]);
  });

  it('tells the keys that the caller presses and remembers the last ones', async () => {
    const { socket, call, nextSeq } = await openCall();
    const heard: string[] = [];
    call.on('key', (key) => heard.push(key));
    for (let n = 0; n < 40; n += 1) socket.receive(nextSeq + n, { type: 'key', call: CALL, key: n === 39 ? '#' : '5' });
    expect(heard).toHaveLength(40);
    expect(call.keys).toBe(`${'5'.repeat(31)}#`);
  });

  it('gets a new sound path on the same call when the daemon lost the old one', async () => {
    const { socket, call, nextSeq } = await openCall();
    const lost = FakePeerConnection.last;
    socket.receive(nextSeq, { type: 'call_update', active: open({ hint: 'no_path' }) });
    socket.receive(nextSeq + 1, { type: 'media_state', up: false, reason: 'lost' });
    await vi.advanceTimersByTimeAsync(100);
    expect(call.state).toBe('open');
    expect(FakePeerConnection.last).not.toBe(lost);
    expect(socket.count('go_ready')).toBe(2);
    expect(FakePeerConnection.last.sent.at(-1), 'the microphone is on the new path').not.toBeNull();
  });

  it('keeps its sound while the socket is away, also over a new session', async () => {
    const { device, socket, call } = await openCall();
    const connection = FakePeerConnection.last;
    await socket.lose();
    expect(call.state).toBe('open');
    const next = await reopened();
    next.receive(0, welcome('ses_2', { active: active({ bridged_at: '2026-03-01T10:00:06.000Z' }) }));
    await vi.advanceTimersByTimeAsync(100);
    expect(device.call).toBe(call);
    expect(connection.closed).toBe(false);
    expect(FakePeerConnection.last).toBe(connection);
  });

  it('rings again when the new session says that it was given back', async () => {
    const { socket, call, nextSeq } = await ringingCall();
    void call.accept();
    await settle();
    await socket.done('claim');
    socket.receive(nextSeq, { type: 'claim_won', active: active(), lease_ms: 5000 });
    await socket.lose();
    (await reopened()).receive(0, welcome('ses_2', { ringing: [ringing()] }));
    expect(call.state).toBe('ringing');
    expect(call.claimable).toBe(true);
    expect(FakePeerConnection.last.sent.at(-1)).toBeNull();
  });

  it('closes as lost when the new session does not know it', async () => {
    const { socket, call } = await openCall();
    await socket.lose();
    (await reopened()).receive(0, welcome('ses_2'));
    expect(call.closeReason).toEqual({ code: 'lost' });
  });
});

describe('reject', () => {
  it('declines and closes', async () => {
    const { socket, call } = await ringingCall();
    void call.reject();
    await socket.done('decline');
    expect(call.closeReason).toEqual({ code: 'declined' });
  });
});
