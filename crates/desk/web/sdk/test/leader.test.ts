// Exactly one tab of an agent in one browser rings; when it is gone the next takes over at once.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Device } from '../src/index.js';
import { Leadership } from '../src/leader.js';
import { FakePeerConnection, FakeSocket, fakeBrowser, permission, settle, welcome } from './fakes.js';
import { FakeLocks } from './locks.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function tab(): Promise<{ device: Device; socket: FakeSocket }> {
  const device = new Device({ url: 'https://calls.example', getToken: async () => 'token' });
  void device.register();
  await settle();
  const socket = FakeSocket.last;
  socket.onopen?.();
  socket.receive(0, welcome(`ses_${FakeSocket.all.length}`));
  await settle();
  return { device, socket };
}

async function goReady({ device, socket }: { device: Device; socket: FakeSocket }): Promise<void> {
  const done = device.goReady();
  await vi.advanceTimersByTimeAsync(20);
  await socket.done('go_ready');
  socket.receive(1, { type: 'media_state', up: true });
  FakePeerConnection.last.to('connected');
  await done;
}

/** Without locks, tabs talk: every tab hears the others, not itself. */
class FakeChannel {
  static all = new Set<FakeChannel>();
  onmessage: ((event: { data: unknown }) => void) | null = null;
  constructor(readonly name: string) {
    FakeChannel.all.add(this);
  }
  postMessage(data: unknown): void {
    for (const other of FakeChannel.all) if (other !== this && other.name === this.name) other.onmessage?.({ data });
  }
  close(): void {
    FakeChannel.all.delete(this);
  }
}

describe.each(['locks', 'a channel'])('tabs that agree by %s', (by) => {
  beforeEach(() => {
    FakeChannel.all.clear();
    if (by === 'locks') vi.stubGlobal('navigator', { ...navigator, locks: new FakeLocks() });
    else vi.stubGlobal('BroadcastChannel', FakeChannel);
  });
  const known = (): Promise<unknown> => vi.advanceTimersByTimeAsync(500);

  it('have one leader, and the daemon knows which', async () => {
    const first = await tab();
    await known();
    const second = await tab();
    await known();
    expect([first.device.leads, second.device.leads]).toEqual([true, false]);
    expect(first.socket.frame('readiness').leader).toBe(true);
    expect(second.socket.frame('readiness').leader).toBe(false);
    expect(second.device.blockers).toContain('not_leader');
  });

  it('lead when the agent clicks before it is known who does', async () => {
    const tabs = new Leadership();
    const changes: boolean[] = [];
    tabs.on('change', (leads) => changes.push(leads));
    tabs.join('early');
    tabs.take();
    await known();
    expect(tabs.leads).toBe(true);
    expect(changes.at(-1)).toBe(true);
    tabs.leave();
  });

  it('follow one another: the next is ready by itself when the first is closed', async () => {
    const first = await tab();
    await known();
    await goReady(first);
    const second = await tab();
    await known();
    expect(second.device.media).toBe('off');
    permission.to('granted');
    first.device.destroy();
    await known();
    expect(second.device.leads).toBe(true);
    expect(second.socket.frame('readiness').leader).toBe(true);
    expect(second.socket.count('go_ready')).toBe(1);
  });

  it('do not make the next ready when the first was not', async () => {
    const first = await tab();
    await known();
    const second = await tab();
    permission.to('granted');
    first.device.destroy();
    await known();
    expect(second.device.leads).toBe(true);
    expect(second.socket.count('go_ready')).toBe(0);
  });

  it('change places when the agent goes ready in the other', async () => {
    const first = await tab();
    await known();
    await goReady(first);
    const second = await tab();
    await known();
    const used = second.device.goReady();
    await known();
    expect([first.device.leads, second.device.leads]).toEqual([false, true]);
    expect(first.device.media).toBe('off');
    expect(first.socket.count('go_away')).toBe(1);
    await second.socket.done('go_ready');
    second.socket.receive(1, { type: 'media_state', up: true });
    await used;
    second.device.destroy();
    await known();
    expect(first.device.leads).toBe(true);
  });
});
