// A device is rung only when it can ring, and says exactly why it cannot.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePeerConnection, fakeBrowser, microphone, permission, ready, registered, reopened, settle, talking, welcome } from './fakes.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** An audio context that the browser has not unlocked. */
class LockedContext {
  static last: LockedContext;
  state = 'suspended';
  onstatechange: (() => void) | null = null;
  clicked = false;
  constructor() {
    LockedContext.last = this;
  }
  async resume(): Promise<void> {
    if (!this.clicked) return;
    this.state = 'running';
    this.onstatechange?.();
  }
}

describe('what the daemon is told', () => {
  it('is everything the page knows, once after the welcome', async () => {
    const { socket } = await registered();
    expect(socket.count('readiness')).toBe(1);
    expect(socket.frame('readiness')).toMatchObject({ microphone: false, audio: true, leader: true });
  });

  it('changes with the permission of the microphone', async () => {
    const { socket } = await registered();
    permission.to('granted');
    expect(socket.frame('readiness')).toMatchObject({ microphone: true });
    permission.to('denied');
    expect(socket.frame('readiness')).toMatchObject({ microphone: false });
  });

  it('counts an open microphone where the browser tells nothing of permissions', async () => {
    vi.stubGlobal('navigator', { ...navigator, permissions: undefined });
    const { socket } = await ready();
    expect(socket.frame('readiness')).toMatchObject({ microphone: true });
  });

  it('changes with the first click, which lets the page sound', async () => {
    vi.stubGlobal('AudioContext', LockedContext);
    const clicks: (() => void)[] = [];
    vi.stubGlobal('document', {
      addEventListener: (name: string, listener: () => void) => name === 'pointerdown' && clicks.push(listener),
      removeEventListener: () => undefined,
    });
    const { device, socket } = await registered();
    expect(socket.frame('readiness')).toMatchObject({ audio: false });
    expect(device.blockers).toContain('audio_locked');
    LockedContext.last.clicked = true;
    for (const click of clicks) click();
    await settle();
    expect(socket.frame('readiness')).toMatchObject({ audio: true });
    expect(device.blockers).not.toContain('audio_locked');
  });

  it('is told again on a resumed session', async () => {
    const { socket } = await registered();
    await socket.lose();
    const next = await reopened();
    next.receive(0, { type: 'resumed', session: 'ses_1', server_time: '2026-03-01T10:00:06.000Z' });
    await settle();
    expect(next.frame('readiness')).toMatchObject({ leader: true });
  });
});

describe('what the agent is told', () => {
  it('is nothing once calls can ring here', async () => {
    const { device } = await ready();
    expect(device.blockers).toEqual([]);
  });

  it('names everything that is in the way', async () => {
    const { device, socket } = await registered();
    expect(device.blockers).toEqual(['away', 'microphone']);
    socket.receive(1, { type: 'presence', presence: 'wrap_up', blockers: ['wrap_up'], wrap_up_until: '2026-03-01T10:00:30.000Z' });
    expect(device.blockers).toEqual(['wrap_up', 'away', 'microphone']);
    expect(device.wrapUpUntil?.toISOString()).toBe('2026-03-01T10:00:30.000Z');
    await socket.lose();
    expect(device.blockers).toContain('socket_lost');
  });

  it('believes the page about the page, whatever the daemon still says', async () => {
    const { device, socket, nextSeq } = await ready();
    socket.receive(nextSeq, { type: 'presence', presence: 'away', blockers: ['microphone', 'not_leader', 'media_down'] });
    expect(device.blockers).toEqual(['media_down']);
  });

  it('is told of every change', async () => {
    const { device } = await registered();
    const told: string[] = [];
    device.on('blockers', (blockers) => told.push(blockers.join(' ')));
    permission.to('granted');
    expect(told).toEqual(['away']);
  });
});

describe('an agent who missed several rings', () => {
  it('is away and stays so until they say otherwise', async () => {
    const { device, socket, nextSeq } = await ready();
    socket.receive(nextSeq, { type: 'presence', presence: 'away', blockers: ['missed_rings'] });
    expect(device.media).toBe('off');
    expect(microphone.track.readyState).toBe('ended');
    expect(device.blockers).toContain('missed_rings');
    expect(device.blockers).not.toContain('away');
    await socket.lose();
    (await reopened()).receive(0, welcome('ses_2', { blockers: ['missed_rings'] }));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.count('go_ready')).toBe(1);
    expect(FakePeerConnection.all).toHaveLength(1);
    expect(socket.count('go_away')).toBe(0);
  });
});

describe('finishing up', () => {
  it('names the call, can be written about, and ends when the agent says so', async () => {
    const { device, socket, call, nextSeq } = await talking();
    const reason = { side: 'caller', cause: 'caller_hung_up', class: 'completed' };
    socket.receive(nextSeq, { type: 'call_end', call: call.id, reason, talked_ms: 61_000 });
    expect(device.lastCall).toBeUndefined();
    socket.receive(nextSeq + 1, { type: 'presence', presence: 'wrap_up', blockers: ['wrap_up'] });
    expect(device.lastCall).toBe(call.id);
    void device.annotate(call.id, { note: 'Sent the invoice.', outcome: 'solved' });
    expect(socket.frame('annotate')).toMatchObject({ call: call.id, note: 'Sent the invoice.', outcome: 'solved' });
    void device.endWrapUp();
    expect(socket.count('end_wrap_up')).toBe(1);
  });

  it('goes on after a reload', async () => {
    const { device } = await registered({ presence: 'wrap_up', last_call: 'call_9', outcomes: ['solved'], wrap_up_until: '2026-03-01T10:00:30.000Z' });
    expect(device.lastCall).toBe('call_9');
    expect(device.outcomes).toEqual(['solved']);
    expect(device.wrapUpUntil).toBeDefined();
  });
});
