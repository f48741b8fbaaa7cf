// A supervisor sees live calls, takes part in one, and is heard only by whom the mode says.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CALL, FakePeerConnection, fakeBrowser, microphone, open, ready, registered, reopened, settle, welcome } from './fakes.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const rights = ['answer', 'supervise'];
const live = (call: string, arrived_at = '2026-03-01T10:00:00.000Z', extra: object = {}): object => ({
  call,
  state: 'bridged',
  from: { display: 'Maria' },
  line: '1066',
  line_name: 'Support',
  arrived_at,
  muted: false,
  ...extra,
});

describe('the list', () => {
  it('is as the daemon tells it, oldest first', async () => {
    const { device, socket } = await registered({}, { rights });
    expect(device.rights).toEqual(rights);
    void device.watchCalls(true);
    expect(socket.frame('watch_calls').on).toBe(true);
    socket.receive(1, { type: 'live_calls', calls: [live('b', '2026-03-01T10:00:02.000Z'), live('a')] });
    expect(device.liveCalls.map(({ call }) => call)).toEqual(['a', 'b']);
    socket.receive(2, { type: 'live_call', live: live('a', undefined, { muted: true }) });
    expect(device.liveCalls[0]?.muted).toBe(true);
    socket.receive(3, { type: 'live_call_end', call: 'a' });
    expect(device.liveCalls.map(({ call }) => call)).toEqual(['b']);
  });

  it('is asked for again by a new session, and forgotten when nobody looks', async () => {
    const { device, socket } = await registered({}, { rights });
    void device.watchCalls(true).catch(() => undefined);
    await socket.done('watch_calls');
    await socket.lose();
    const next = await reopened();
    next.receive(0, welcome('ses_2'));
    expect(next.frame('watch_calls').on).toBe(true);
    next.receive(1, { type: 'live_calls', calls: [live('a')] });
    const off = device.watchCalls(false);
    await next.done('watch_calls');
    await off;
    expect(device.liveCalls).toEqual([]);
  });
});

describe('taking part', () => {
  it('lets the microphone in to whisper and takes it away to listen', async () => {
    const { device, socket, nextSeq } = await ready({ rights });
    const { last } = FakePeerConnection;
    const whispered = device.supervise(CALL, 'whisper');
    await settle();
    expect(last.sent.at(-1)).toBe(microphone.track);
    expect(socket.frame('supervise')).toMatchObject({ call: CALL, mode: 'whisper' });
    await socket.done('supervise');
    await whispered;
    socket.receive(nextSeq, { type: 'supervising', call: CALL, mode: 'whisper' });
    expect(device.supervised).toEqual({ call: CALL, mode: 'whisper' });
    const listened = device.supervise(CALL, 'listen');
    await settle();
    await socket.done('supervise');
    await listened;
    expect(last.sent.at(-1)).toBeNull();
    void device.stopSupervising();
    expect(socket.frame('stop_supervising').call).toBe(CALL);
    socket.receive(nextSeq + 1, { type: 'supervision_end', call: CALL, why: 'left' });
    expect(device.supervised).toBeUndefined();
    expect(device.media).toBe('up');
  });

  it('makes sound for who was not ready, and gives it back afterwards', async () => {
    const { device, socket } = await registered({}, { rights });
    void device.supervise(CALL, 'listen');
    await vi.advanceTimersByTimeAsync(20);
    await socket.done('go_ready');
    socket.receive(1, { type: 'media_state', up: true });
    await settle();
    expect(socket.count('supervise')).toBe(1);
    socket.receive(2, { type: 'supervising', call: CALL, mode: 'listen' });
    socket.receive(3, { type: 'supervision_end', call: CALL, why: 'call_ended' });
    expect(socket.count('go_away')).toBe(1);
    expect(device.media).toBe('off');
  });

  it('takes the microphone away again when the daemon refuses', async () => {
    const { device, socket } = await ready({ rights });
    const refused = expect(device.supervise(CALL, 'barge')).rejects.toMatchObject({ code: 'forbidden' });
    await settle();
    await socket.refuse('supervise', 'forbidden');
    await refused;
    expect(FakePeerConnection.last.sent.at(-1)).toBeNull();
    expect(device.media).toBe('up');
  });

  it('becomes the call of who takes over', async () => {
    const { device, socket, nextSeq } = await ready({ rights });
    void device.takeOver(CALL);
    await settle();
    expect(socket.frame('take_over').call).toBe(CALL);
    socket.receive(nextSeq, { type: 'supervision_end', call: CALL, why: 'took_over' });
    socket.receive(nextSeq + 1, { type: 'call_open', active: open() });
    await settle();
    expect(device.call?.state).toBe('open');
    expect(FakePeerConnection.last.sent.at(-1)).toBe(microphone.track);
  });

  it('mutes the agent and ends the call by command', async () => {
    const { device, socket } = await ready({ rights });
    void device.muteAgent(CALL, true);
    void device.endCall(CALL);
    expect(socket.frame('mute_agent')).toMatchObject({ call: CALL, on: true });
    expect(socket.frame('end_call').call).toBe(CALL);
  });
});
