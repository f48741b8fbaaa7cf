// A network that changes costs the agent no call: ICE restarts on the connection that exists.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakePeerConnection, FakeSocket, fakeBrowser, ready, settle } from './fakes.js';

const listeners = new Map<string, Set<() => void>>();
const fire = (name: string): void => listeners.get(name)?.forEach((listener) => listener());

beforeEach(() => {
  fakeBrowser();
  listeners.clear();
  vi.stubGlobal('addEventListener', (name: string, listener: () => void) => {
    listeners.set(name, (listeners.get(name) ?? new Set()).add(listener));
  });
  vi.stubGlobal('removeEventListener', (name: string, listener: () => void) => listeners.get(name)?.delete(listener));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function answered(socket: FakeSocket, seq: number): Promise<void> {
  socket.receive(seq, { type: 'media_answer', answer: `v=0 answer ${seq}` });
  await socket.done('restart_ice');
}

it('d3: restarts ICE on a lost path and goes on with the same connection', async () => {
  const { device, socket, nextSeq } = await ready();
  const connection = FakePeerConnection.last;
  connection.to('disconnected');
  await settle();
  expect(device.media).toBe('interrupted');
  expect(connection.restarts).toBe(1);
  await answered(socket, nextSeq);
  expect(connection.remoteDescription?.sdp).toBe(`v=0 answer ${nextSeq}`);
  connection.to('connecting');
  expect(device.media).toBe('interrupted');
  connection.to('connected');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(device.media).toBe('up');
  expect(socket.count('restart_ice')).toBe(1);
  expect(socket.count('media_failed')).toBe(0);
  expect(FakePeerConnection.all).toHaveLength(1);
});

it('d3: restarts ICE when the browser is online again', async () => {
  const { device, socket, nextSeq } = await ready();
  fire('online');
  fire('online');
  await settle();
  expect(socket.count('restart_ice')).toBe(1);
  await answered(socket, nextSeq);
  expect(device.media).toBe('up');
  fire('online');
  await settle();
  expect(socket.count('restart_ice')).toBe(2);
  device.destroy();
  expect(listeners.get('online')?.size).toBe(0);
});

it('makes a new leg after three restarts in vain', async () => {
  const { socket, nextSeq } = await ready();
  const connection = FakePeerConnection.last;
  connection.to('failed');
  for (let round = 0; round < 3; round += 1) {
    await settle();
    expect(socket.count('restart_ice')).toBe(round + 1);
    await answered(socket, nextSeq + round);
    await vi.advanceTimersByTimeAsync(2_000);
  }
  expect(socket.count('media_failed')).toBe(1);
  await vi.advanceTimersByTimeAsync(20);
  expect(connection.closed).toBe(true);
  expect(socket.count('go_ready')).toBe(2);
  expect(socket.count('restart_ice')).toBe(3);
});

it('makes a new leg at once when the daemon refuses, as an older one does', async () => {
  const { socket } = await ready();
  FakePeerConnection.last.to('disconnected');
  await settle();
  await socket.refuse('restart_ice', 'bad_frame');
  await vi.advanceTimersByTimeAsync(20);
  expect(socket.count('go_ready')).toBe(2);
});

it('leaves it to a new leg when the daemon has lost the old one', async () => {
  const { socket, nextSeq } = await ready();
  const connection = FakePeerConnection.last;
  connection.to('disconnected');
  await settle();
  socket.receive(nextSeq, { type: 'media_state', up: false, reason: 'the media path was lost' });
  await vi.advanceTimersByTimeAsync(20);
  expect(socket.count('go_ready')).toBe(2);
  await socket.refuse('restart_ice', 'not_ready');
  await vi.advanceTimersByTimeAsync(20);
  expect(socket.count('media_failed')).toBe(0);
  expect(FakePeerConnection.all).toHaveLength(2);
});

it('does not try to restart what has never worked, nor what fails above ICE', async () => {
  const { socket } = await ready();
  FakePeerConnection.last.to('failed', 'connected');
  await vi.advanceTimersByTimeAsync(20);
  FakePeerConnection.last.to('failed');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(socket.count('restart_ice')).toBe(0);
});
