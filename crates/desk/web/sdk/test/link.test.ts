// A lost socket costs an agent nothing: the session is resumed, and no frame counts twice.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Device } from '../src/index.js';
import { CALL, FakeSocket, fakeBrowser, registered, reopened, ringing, settle, welcome } from './fakes.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('registration', () => {
  it('says hello first, with the token in the frame and not in the address', async () => {
    const { socket } = await registered();
    expect(socket.url).toBe('wss://calls.example/agent/v1');
    expect(socket.protocol).toBe('ringdown.agent.v1');
    expect(socket.sent[0]).toEqual({ v: 1, id: 1, type: 'hello', token: 'token', device_label: 'tab' });
  });

  it('keeps the clock of the daemon', async () => {
    const { device } = await registered();
    expect(device.now() - Date.now()).toBe(5_000);
  });

  it('gives up after three refused tokens and says so', async () => {
    const device = new Device({ url: 'https://calls.example', getToken: async () => 'bad' });
    const gone: string[] = [];
    device.on('unregistered', ({ reason }) => gone.push(reason));
    const done = expect(device.register()).rejects.toMatchObject({ code: 'unauthorized' });
    await settle();
    for (let refusal = 0; refusal < 3; refusal += 1) {
      FakeSocket.last.onopen?.();
      await FakeSocket.last.refuse('hello', 'unauthorized');
      await vi.advanceTimersByTimeAsync(8_000);
    }
    await done;
    expect(gone).toEqual(['unauthorized']);
    expect(FakeSocket.all).toHaveLength(3);
  });

  it('goes on trying when hello fails for another reason', async () => {
    const device = new Device({ url: 'https://calls.example', getToken: async () => 'token' });
    void device.register();
    await settle();
    for (let failure = 1; failure <= 5; failure += 1) {
      expect(FakeSocket.all).toHaveLength(failure);
      FakeSocket.last.onopen?.();
      await FakeSocket.last.refuse('hello', 'internal');
      await vi.advanceTimersByTimeAsync(8_000);
    }
    FakeSocket.last.onopen?.();
    FakeSocket.last.receive(0, welcome());
    expect(device.state).toBe('registered');
  });

  it('asks for a token again when there was none', async () => {
    let asked = 0;
    const device = new Device({
      url: 'https://calls.example',
      getToken: async () => {
        asked += 1;
        if (asked === 1) throw new Error('offline');
        return 'token';
      },
    });
    const codes: string[] = [];
    device.on('error', ({ code }) => codes.push(code));
    void device.register();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(codes).toEqual(['token_unavailable']);
    expect(FakeSocket.all).toHaveLength(1);
  });
});

describe('a lost socket', () => {
  it('is resumed with the last number seen', async () => {
    const { device, socket } = await registered();
    socket.receive(1, { type: 'presence', presence: 'away' });
    const states: boolean[] = [];
    device.on('registered', ({ resumed }) => states.push(resumed));
    await socket.lose();
    expect(device.state).toBe('registering');
    const next = await reopened();
    expect(next.frame('hello')).toMatchObject({ resume: { session: 'ses_1', last_seq: 1 } });
    next.receive(0, { type: 'resumed', session: 'ses_1', server_time: '2026-03-01T10:00:06.000Z' });
    expect(states).toEqual([true]);
    expect(device.state).toBe('registered');
  });

  it('does not make a call ring twice when frames are replayed', async () => {
    const { device, socket } = await registered();
    let rings = 0;
    device.on('incoming', () => (rings += 1));
    socket.receive(1, { type: 'ring', ringing: ringing() });
    socket.receive(2, { type: 'ring_end', call: CALL, why: 'timed_out' });
    await socket.lose();
    const next = await reopened();
    next.receive(0, { type: 'resumed', session: 'ses_1', server_time: '2026-03-01T10:00:06.000Z' });
    next.receive(1, { type: 'ring', ringing: ringing() });
    next.receive(2, { type: 'ring_end', call: CALL, why: 'timed_out' });
    expect(rings).toBe(1);
    expect(device.ringing).toEqual([]);
  });

  it('repeats an unanswered command under its old number, and only then is it done', async () => {
    const { device, socket } = await registered({ ringing: [ringing()] });
    const [call] = device.ringing;
    let declined = false;
    void call?.reject().then(() => (declined = true));
    const { id } = socket.frame('decline');
    await socket.lose();
    const next = await reopened();
    next.receive(0, { type: 'resumed', session: 'ses_1', server_time: '2026-03-01T10:00:06.000Z' });
    expect(next.frame('decline').id).toBe(id);
    expect(declined).toBe(false);
    await next.done('decline');
    expect(declined).toBe(true);
  });

  it('refuses what waited when the daemon began a new session, and believes its snapshot', async () => {
    const { device, socket } = await registered({ ringing: [ringing(), ringing('call_gone')] });
    const [call, gone] = device.ringing;
    const refused = expect(call?.reject()).rejects.toMatchObject({ code: 'session_lost' });
    await socket.lose();
    const next = await reopened();
    next.receive(0, welcome('ses_2', { ringing: [ringing(), ringing('call_new')] }));
    await refused;
    expect(call?.state).toBe('ringing');
    expect(gone?.closeReason).toEqual({ code: 'call_ended' });
    expect(device.ringing.map(({ id }) => id)).toEqual([CALL, 'call_new']);
    expect(next.count('decline')).toBe(0);
  });

  it('is noticed by a gap in the numbers', async () => {
    const { socket } = await registered();
    socket.receive(1, { type: 'presence', presence: 'away' });
    socket.receive(3, { type: 'presence', presence: 'ready' });
    expect(socket.closed).toBe(true);
    const next = await reopened();
    expect(next.frame('hello')).toMatchObject({ resume: { last_seq: 1 } });
  });

  it('is noticed by silence', async () => {
    const { device, socket } = await registered();
    await vi.advanceTimersByTimeAsync(33_000);
    expect(socket.count('ping')).toBe(2);
    expect(device.state).toBe('registered');
    await vi.advanceTimersByTimeAsync(16_000);
    expect(socket.closed).toBe(true);
    expect(device.state).toBe('registering');
  });

  it('stays lost when the session was taken over elsewhere', async () => {
    const { device, socket } = await registered();
    let replaced = 0;
    device.on('replaced', () => (replaced += 1));
    socket.receive(0, { type: 'bye', why: 'replaced' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(replaced).toBe(1);
    expect(device.state).toBe('unregistered');
    expect(FakeSocket.all).toHaveLength(1);
  });
});

describe('frames that are not ours', () => {
  it('change nothing', async () => {
    const { device, socket } = await registered();
    socket.onmessage?.({ data: 'not JSON' });
    socket.receive(1, { type: 'invented_later', call: CALL });
    socket.receive(2, { type: 'presence', presence: 'ready' });
    expect(device.presence).toBe('ready');
    expect(socket.closed).toBe(false);
  });
});
