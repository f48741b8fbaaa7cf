// When another thread is to carry the sound, the old path is heard until the new one works.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakePeerConnection, fakeBrowser, microphone, settle, talking } from './fakes.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('makes a new connection beside the old one and swaps when it is up', async () => {
  const { device, socket, call, nextSeq } = await talking();
  const old = FakePeerConnection.last;
  const states: string[] = [];
  device.on('media', (state) => states.push(state));
  socket.receive(nextSeq, { type: 'renew_media' });
  await vi.advanceTimersByTimeAsync(20);
  const renewed = FakePeerConnection.last;
  expect(renewed).not.toBe(old);
  expect(old.closed, 'the caller is heard meanwhile').toBe(false);
  expect(renewed.sent.at(-1)).toBe(microphone.track);
  expect(socket.count('go_ready')).toBe(2);
  await socket.done('go_ready');
  socket.receive(nextSeq + 1, { type: 'media_answer', answer: 'v=0 renewed' });
  // The daemon's end of the old leg is no loss.
  socket.receive(nextSeq + 2, { type: 'media_state', up: false, reason: 'replaced' });
  old.to('failed');
  socket.receive(nextSeq + 3, { type: 'media_state', up: true });
  renewed.to('connected');
  await settle();
  expect(old.closed).toBe(true);
  expect(renewed.remoteDescription?.sdp).toBe('v=0 renewed');
  expect(call.state).toBe('open');
  expect(device.media).toBe('up');
  expect(states).toEqual([]);
  expect(microphone.asked).toBe(1);
});

it('tries again like any lost path when the new one does not come up', async () => {
  const { device, socket, nextSeq } = await talking();
  socket.receive(nextSeq, { type: 'renew_media' });
  await vi.advanceTimersByTimeAsync(20);
  await socket.refuse('go_ready', 'bad_offer');
  expect(device.media).toBe('connecting');
  await vi.advanceTimersByTimeAsync(20);
  expect(socket.count('go_ready')).toBe(3);
});

it('does nothing for a device without sound', async () => {
  const { device, socket, nextSeq } = await talking();
  void device.goAway();
  socket.receive(nextSeq, { type: 'call_end', call: device.call?.id, reason: {}, talked_ms: 1 });
  socket.receive(nextSeq + 1, { type: 'renew_media' });
  await vi.advanceTimersByTimeAsync(20);
  expect(socket.count('go_ready')).toBe(1);
});
