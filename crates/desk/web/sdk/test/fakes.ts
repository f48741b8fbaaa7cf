import { vi } from 'vitest';
import { Device } from '../src/index.js';
import type { Call } from '../src/index.js';
import type { ClientFrame, Snapshot } from '../src/protocol.js';

/** A socket whose far end is the test. */
export class FakeSocket {
  static all: FakeSocket[] = [];
  static get last(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }

  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: ClientFrame[] = [];
  closed = false;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    if (this.closed) throw new Error('send on a closed socket');
    this.sent.push(JSON.parse(text) as ClientFrame);
  }
  close(): void {
    this.closed = true;
  }

  /** The frame of this type that was sent last. */
  frame<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }> {
    const frame = this.sent.findLast((sent) => sent.type === type);
    if (!frame) throw new Error(`no ${type} among ${this.sent.map((sent) => sent.type).join(', ')}`);
    return frame as Extract<ClientFrame, { type: T }>;
  }
  count(type: ClientFrame['type']): number {
    return this.sent.filter((sent) => sent.type === type).length;
  }
  receive(seq: number, event: object): void {
    this.onmessage?.({ data: JSON.stringify({ v: 1, seq, ...event }) });
  }
  /** Answers the last command of this type with `done`. */
  async done(type: ClientFrame['type']): Promise<void> {
    this.receive(0, { type: 'done', to: this.frame(type).id });
    await settle();
  }
  async refuse(type: ClientFrame['type'], code: string): Promise<void> {
    this.receive(0, { type: 'error', to: this.frame(type).id, code, message: code, hint: 'hint' });
    await settle();
  }
  /** The network goes away. */
  async lose(): Promise<void> {
    this.closed = true;
    this.onclose?.();
    await settle();
  }
}

export class FakeTrack {
  enabled = true;
  readyState = 'live';
  onended: (() => void) | null = null;
  stop(): void {
    this.readyState = 'ended';
  }
}

export class FakePeerConnection {
  static all: FakePeerConnection[] = [];
  static get last(): FakePeerConnection {
    const connection = FakePeerConnection.all.at(-1);
    if (!connection) throw new Error('no peer connection was made');
    return connection;
  }

  connectionState = 'new';
  iceConnectionState = 'new';
  restarts = 0;
  iceGatheringState = 'gathering';
  signalingState = 'stable';
  localDescription: { sdp: string } | null = null;
  remoteDescription: { sdp: string } | null = null;
  onconnectionstatechange: (() => void) | null = null;
  onicegatheringstatechange: (() => void) | null = null;
  ontrack: (() => void) | null = null;
  direction = '';
  /** Every track the sender was given, `null` for taken away. */
  readonly sent: (FakeTrack | null)[] = [];
  closed = false;

  constructor(public configuration: { iceServers?: object[] }) {
    FakePeerConnection.all.push(this);
  }
  getConfiguration(): object {
    return this.configuration;
  }
  setConfiguration(configuration: object): void {
    this.configuration = configuration;
  }
  addTransceiver(_kind: string, init: { direction: string }): object {
    this.direction = init.direction;
    const replaceTrack = async (track: FakeTrack | null): Promise<void> => void this.sent.push(track);
    return { sender: { replaceTrack } };
  }
  async createOffer(options: { iceRestart?: boolean } = {}): Promise<object> {
    if (options.iceRestart) this.restarts += 1;
    return { sdp: 'v=0 without candidates' };
  }
  async setLocalDescription(): Promise<void> {
    this.signalingState = 'have-local-offer';
    this.localDescription = { sdp: 'v=0 without candidates' };
    setTimeout(() => {
      this.localDescription = { sdp: 'v=0 a=candidate:1' };
      this.iceGatheringState = 'complete';
      this.onicegatheringstatechange?.();
    }, 10);
  }
  async setRemoteDescription(answer: { sdp: string }): Promise<void> {
    this.remoteDescription = answer;
    this.signalingState = 'stable';
  }
  close(): void {
    this.closed = true;
  }
  /** With DTLS at fault, ICE still works. */
  to(state: string, ice = state): void {
    this.connectionState = state;
    this.iceConnectionState = ice;
    this.onconnectionstatechange?.();
  }
}

/** What the browser says about the microphone without asking the agent. */
export const permission = {
  state: 'prompt',
  onchange: null as (() => void) | null,
  to(state: string): void {
    this.state = state;
    this.onchange?.();
  },
};

export const microphone = { track: new FakeTrack(), asked: 0, refuse: undefined as Error | undefined };

/** A browser as far as the SDK looks at one. */
export function fakeBrowser(): void {
  vi.useFakeTimers({ now: Date.parse('2026-03-01T10:00:00.000Z') });
  FakeSocket.all = [];
  FakePeerConnection.all = [];
  Object.assign(permission, { state: 'prompt', onchange: null });
  Object.assign(microphone, { track: new FakeTrack(), asked: 0, refuse: undefined });
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('RTCPeerConnection', FakePeerConnection);
  // One tab alone; a test about several brings locks.
  vi.stubGlobal('BroadcastChannel', undefined);
  vi.stubGlobal('localStorage', storage());
  vi.stubGlobal('sessionStorage', storage());
  vi.stubGlobal('navigator', {
    permissions: { query: async () => permission },
    mediaDevices: {
      getUserMedia: async () => {
        microphone.asked += 1;
        if (microphone.refuse) throw microphone.refuse;
        if (microphone.track.readyState === 'ended') microphone.track = new FakeTrack();
        return { getAudioTracks: () => [microphone.track] };
      },
    },
  });
}

function storage(): object {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

/** Lets promises that are ready go on. */
/** Takes a ready device through ring and accept to a call with sound. */
export async function talking(more: object = {}): Promise<{ device: Device; socket: FakeSocket; call: Call; nextSeq: number }> {
  const { device, socket, nextSeq } = await ready(more);
  socket.receive(nextSeq, { type: 'ring', ringing: ringing() });
  const [call] = device.ringing;
  if (!call) throw new Error('nothing rang');
  void call.accept();
  await settle();
  await socket.done('claim');
  socket.receive(nextSeq + 1, { type: 'ring_end', call: CALL, why: 'claimed_here' });
  socket.receive(nextSeq + 2, { type: 'claim_won', active: active(), lease_ms: 5000 });
  socket.receive(nextSeq + 3, { type: 'call_open', active: open() });
  return { device, socket, call, nextSeq: nextSeq + 4 };
}

/** An active call in which sound flows. */
export function open(extra: object = {}): object {
  return active({ bridged_at: '2026-03-01T10:00:06.000Z', ...extra });
}

export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

export const CALL = 'call_00000000000000000000000000000007';

export function ringing(call = CALL, claimable = true): object {
  return {
    call,
    from: { display: 'Maria', phone: '5511999990000' },
    line: '1066',
    line_name: 'Support',
    rang_at: '2026-03-01T10:00:00.000Z',
    rings_until: '2026-03-01T10:00:28.000Z',
    claimable,
  };
}

export function active(extra: object = {}): object {
  return {
    call: CALL,
    from: { display: 'Maria' },
    line: '1066',
    line_name: 'Support',
    direction: 'user_initiated',
    muted: false,
    recording_mode: 'on_demand',
    recording: 'off',
    ...extra,
  };
}

export function welcome(session = 'ses_1', snapshot: Partial<Snapshot> | object = {}): object {
  return {
    type: 'welcome',
    session,
    device: 'dev_1',
    agent: 'ana',
    agent_name: 'Ana',
    heartbeat_ms: 20_000,
    server_time: '2026-03-01T10:00:05.000Z',
    snapshot: { presence: 'away', ringing: [], missed: [], ...snapshot },
  };
}

/** A device whose socket has been welcomed. */
export async function registered(
  snapshot: object = {},
  more: object = {},
): Promise<{ device: Device; socket: FakeSocket }> {
  const device = new Device({ url: 'https://calls.example', getToken: async () => 'token', label: 'tab' });
  const done = device.register();
  await settle();
  FakeSocket.last.onopen?.();
  FakeSocket.last.receive(0, { ...welcome('ses_1', snapshot), ...more });
  await done;
  await settle();
  return { device, socket: FakeSocket.last };
}

/** The socket that follows a lost one, opened. */
export async function reopened(): Promise<FakeSocket> {
  const before = FakeSocket.all.length;
  await vi.advanceTimersByTimeAsync(500);
  if (FakeSocket.all.length !== before + 1) throw new Error('the device did not reconnect');
  FakeSocket.last.onopen?.();
  return FakeSocket.last;
}

/** A device that is ready for calls; `nextSeq` is the number of the daemon's next frame. */
export async function ready(more: object = {}): Promise<{ device: Device; socket: FakeSocket; nextSeq: number }> {
  const { device, socket } = await registered({}, more);
  const done = device.goReady();
  await vi.advanceTimersByTimeAsync(20);
  await socket.done('go_ready');
  socket.receive(1, { type: 'media_answer', answer: 'v=0 answer' });
  socket.receive(2, { type: 'media_state', up: true });
  socket.receive(3, { type: 'presence', presence: 'ready' });
  FakePeerConnection.last.to('connected');
  await done;
  return { device, socket, nextSeq: 4 };
}
