// A page that is loaded anew gets its call back by itself, or with one click where the browser wants one.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CALL, FakePeerConnection, FakeSocket, fakeBrowser, microphone, open, permission, registered, settle, talking, welcome } from './fakes.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** The page before the reload leaves what it remembers, and no good-bye. */
async function reload(snapshot: object = { active: open() }) {
  const { socket } = await talking();
  socket.closed = true;
  permission.state = 'granted';
  return registered(snapshot);
}

async function soundIsUp(socket: FakeSocket): Promise<void> {
  await socket.done('go_ready');
  socket.receive(1, { type: 'media_answer', answer: 'v=0 answer' });
  socket.receive(2, { type: 'media_state', up: true });
  FakePeerConnection.last.to('connected');
}

it('d2_a_reloaded_page_goes_ready_without_a_click_and_has_its_call_back', async () => {
  const { device, socket } = await reload({ active: open({ muted: true }) });
  expect(device.returning?.state).toBe('returning');
  expect(device.call).toBeUndefined();
  expect(device.isReturning).toBe(true);
  await vi.advanceTimersByTimeAsync(20);
  expect(socket.count('go_ready')).toBe(1);
  await soundIsUp(socket);
  socket.receive(3, { type: 'call_open', active: open({ muted: true }) });
  await settle();
  expect(device.call?.state).toBe('open');
  expect(device.returning).toBeUndefined();
  expect(FakePeerConnection.last.sent.at(-1)).toBe(microphone.track);
  expect(microphone.track.enabled, 'who was muted stays so').toBe(false);
});

it('waits for a click while the browser would ask for the microphone', async () => {
  const { socket: before } = await talking();
  before.closed = true;
  const { device, socket } = await registered({ active: open() });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(socket.count('go_ready')).toBe(0);
  expect(device.isReturning).toBe(false);
  void device.returnToCall();
  await vi.advanceTimersByTimeAsync(20);
  expect(socket.count('go_ready')).toBe(1);
  await soundIsUp(socket);
  socket.receive(3, { type: 'call_update', active: open() });
  expect(device.call?.id).toBe(CALL);
});

it('leaves a call alone that runs in another browser, unless its sound is lost', async () => {
  permission.state = 'granted';
  const other = await registered({ active: open() });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(other.socket.count('go_ready')).toBe(0);
  const lost = await registered({ active: open({ reconnecting: true }) });
  await vi.advanceTimersByTimeAsync(20);
  expect(lost.socket.count('go_ready')).toBe(1);
});

it('gives up a call that does not come, and one that is over', async () => {
  const { device, socket } = await reload();
  const call = device.returning;
  await vi.advanceTimersByTimeAsync(20);
  await soundIsUp(socket);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(call?.closeReason).toEqual({ code: 'lost' });
  const elsewhere = await registered({ active: open({ call: 'call_2' }) });
  const other = elsewhere.device.returning;
  elsewhere.socket.receive(1, { type: 'presence', presence: 'ready' });
  expect(other?.closeReason).toEqual({ code: 'call_ended' });
});

it('makes a new sound path when the daemon knows the device no more, and keeps the call', async () => {
  const { device, socket, call } = await talking();
  await socket.lose();
  await vi.advanceTimersByTimeAsync(500);
  FakeSocket.last.onopen?.();
  FakeSocket.last.receive(0, { ...welcome('ses_2', { active: open() }), device: 'dev_2' });
  await vi.advanceTimersByTimeAsync(20);
  expect(device.call).toBe(call);
  expect(FakeSocket.last.count('go_ready')).toBe(1);
  expect(FakePeerConnection.last.sent.at(-1)).toBe(microphone.track);
});
