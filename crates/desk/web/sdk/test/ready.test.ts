// Ready means that a call can be taken here: microphone, peer connection and daemon agree.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Device } from '../src/index.js';
import { FakePeerConnection, FakeSocket, fakeBrowser, microphone, ready, registered, reopened, settle, welcome } from './fakes.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('go ready', () => {
  it('sends one offer with all candidates and applies the answer', async () => {
    const { device, socket } = await ready();
    expect(socket.frame('go_ready').offer).toBe('v=0 a=candidate:1');
    expect(FakePeerConnection.last.remoteDescription?.sdp).toBe('v=0 answer');
    expect(device.media).toBe('up');
    expect(device.presence).toBe('ready');
  });

  it('does not wait longer than two seconds for candidates', async () => {
    const { device, socket } = await registered();
    vi.spyOn(FakePeerConnection.prototype, 'setLocalDescription').mockImplementation(async function (
      this: FakePeerConnection,
    ) {
      this.localDescription = { sdp: 'v=0 a=candidate:slow' };
    });
    device.goReady().catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1_900);
    expect(socket.count('go_ready')).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(socket.frame('go_ready').offer).toBe('v=0 a=candidate:slow');
    vi.restoreAllMocks();
  });

  it('stays not ready when the microphone is refused, and says how to mend it', async () => {
    const { device, socket } = await registered();
    microphone.refuse = Object.assign(new Error('denied'), { name: 'NotAllowedError' });
    const refused = device.goReady();
    await expect(refused).rejects.toMatchObject({ code: 'microphone_denied', hint: expect.stringContaining('padlock') });
    expect(device.media).toBe('off');
    expect(socket.count('go_ready')).toBe(0);
  });

  it('gives up when the daemon never hears the sound', async () => {
    const { device, socket } = await registered();
    const refused = expect(device.goReady()).rejects.toMatchObject({ code: 'media_timeout' });
    await vi.advanceTimersByTimeAsync(20);
    await socket.done('go_ready');
    await vi.advanceTimersByTimeAsync(12_000);
    await refused;
    expect(device.media).toBe('off');
    expect(socket.count('go_away')).toBe(1);
    expect(microphone.track.readyState).toBe('ended');
  });
});

describe('while ready', () => {
  it('tells the daemon of a failed peer connection and makes a new one', async () => {
    const { device, socket } = await ready();
    const old = FakePeerConnection.last;
    old.to('failed', 'connected');
    expect(socket.count('media_failed')).toBe(1);
    expect(device.media).toBe('connecting');
    await vi.advanceTimersByTimeAsync(20);
    expect(old.closed).toBe(true);
    expect(FakePeerConnection.last).not.toBe(old);
    expect(socket.count('go_ready')).toBe(2);
    expect(microphone.asked).toBe(1);
  });

  it('is not ready any more when the microphone goes', async () => {
    const { device, socket } = await ready();
    const codes: string[] = [];
    device.on('error', ({ code }) => codes.push(code));
    microphone.track.onended?.();
    await settle();
    expect(codes).toEqual(['microphone_lost']);
    expect(socket.frame('media_failed').reason).toBe('microphone_ended');
    expect(socket.count('go_away')).toBe(1);
    expect(device.media).toBe('off');
  });

  it('goes ready again by itself on a new session', async () => {
    const { device, socket } = await ready();
    await socket.lose();
    const next = await reopened();
    next.receive(0, welcome('ses_2'));
    await vi.advanceTimersByTimeAsync(20);
    expect(next.count('go_ready')).toBe(1);
    await next.done('go_ready');
    next.receive(1, { type: 'media_state', up: true });
    await settle();
    expect(device.media).toBe('up');
  });

  it('stops trying after a bounded number of failures', async () => {
    const { device } = await ready();
    const codes: string[] = [];
    device.on('error', ({ code }) => codes.push(code));
    FakePeerConnection.last.to('failed', 'connected');
    for (let second = 0; second < 120; second += 1) {
      FakeSocket.last.receive(0, { type: 'pong', to: 0, server_time: '2026-03-01T10:00:05.000Z' });
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(codes).toEqual(['media_failed']);
    expect(device.media).toBe('off');
    expect(FakePeerConnection.all).toHaveLength(5);
  });

  it('gives the microphone back on go away', async () => {
    const { device, socket } = await ready();
    void device.goAway();
    await socket.done('go_away');
    expect(microphone.track.readyState).toBe('ended');
    expect(FakePeerConnection.last.closed).toBe(true);
    expect(device.media).toBe('off');
  });
});

describe('events', () => {
  it('stop with their signal or their returned function', () => {
    const device = new Device({ url: 'https://calls.example', getToken: async () => 'token' });
    const gone: string[] = [];
    const abort = new AbortController();
    device.on('unregistered', () => gone.push('signal'), { signal: abort.signal });
    const off = device.on('unregistered', () => gone.push('off'));
    device.on('unregistered', () => gone.push('kept'));
    abort.abort();
    off();
    device.destroy();
    expect(gone).toEqual(['kept']);
  });
});
