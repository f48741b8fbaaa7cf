// The daemon's TURN servers reach every peer connection, with the access that holds now.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Device } from '../src/index.js';
import { FakePeerConnection, FakeSocket, fakeBrowser, ready, settle, welcome } from './fakes.js';

beforeEach(fakeBrowser);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const access = (credential: string): object[] => [{ urls: ['turn:t.example'], username: '1:dev_1', credential }];

it('uses what came with the welcome', async () => {
  const device = new Device({ url: 'https://calls.example', getToken: async () => 'token' });
  const registered = device.register();
  await settle();
  FakeSocket.last.onopen?.();
  FakeSocket.last.receive(0, { ...welcome(), ice_servers: access('first') });
  await registered;
  device.goReady().catch(() => undefined);
  await settle();
  expect(FakePeerConnection.last.configuration).toMatchObject({ iceServers: access('first') });
});

it('gives a renewed access to the running connection and to the next one', async () => {
  const { socket } = await ready();
  const running = FakePeerConnection.last;
  expect(running.configuration).toMatchObject({ iceServers: [] });
  socket.receive(0, { type: 'ice_servers', ice_servers: access('second') });
  expect(running.configuration).toEqual({ bundlePolicy: 'max-bundle', iceServers: access('second') });
  expect(running.closed).toBe(false);
  running.to('failed', 'connected');
  await vi.advanceTimersByTimeAsync(20);
  expect(FakePeerConnection.last).not.toBe(running);
  expect(FakePeerConnection.last.configuration).toMatchObject({ iceServers: access('second') });
});
