// A daemon that says what a test tells it, over the page's own socket; its sound is another page.

const CALL = 'call_00000000000000000000000000000007';

export const active = (extra = {}) => ({
  call: CALL,
  from: { display: 'Maria Conceição', phone: '5511987654321' },
  line: '1066',
  line_name: 'Support',
  direction: 'user_initiated',
  bridged_at: new Date().toISOString(),
  muted: false,
  recording_mode: 'off',
  recording: 'off',
  ...extra,
});

export const ringing = (extra = {}) => ({
  call: CALL,
  from: { display: 'Maria Conceição', phone: '5511987654321' },
  line: '1066',
  line_name: 'Support',
  rang_at: new Date().toISOString(),
  rings_until: new Date(Date.now() + 28_000).toISOString(),
  claimable: true,
  ...extra,
});

/** Every socket that the pages of a context open, newest last. */
export class Script {
  sockets = [];
  /** What the next welcome says beside the usual. */
  snapshot = {};
  rights = ['answer', 'dial', 'record'];
  /** Answers a command by its type, instead of with `done`. */
  answers = {};

  static async for(context, address) {
    const script = new Script();
    await context.route(/\/v1\/desk\/me$/, (route) => route.fulfill({ json: { agent: 'ana', name: 'Ana Lima' } }));
    await context.route(/\/v1\/desk\/token$/, (route) => route.fulfill({ json: { token: 'token' } }));
    await context.routeWebSocket(/\/agent\/v1$/, (socket) => script.#serve(socket));
    script.bridge = await context.newPage();
    // A page of the same origin, so that its microphone is permitted like the desk's.
    await script.bridge.goto(`${address}/dev/?scene=sign-in`);
    return script;
  }

  get last() {
    return this.sockets.at(-1);
  }

  #serve(socket) {
    const served = new Served(socket);
    this.sockets.push(served);
    socket.onMessage((text) => void this.#answer(served, JSON.parse(text)));
  }

  async #answer(served, frame) {
    served.frames.push(frame);
    const { type, id } = frame;
    const server_time = new Date().toISOString();
    if (type === 'hello') served.say(this.#welcome(server_time), 0);
    else if (type === 'ping') served.say({ type: 'pong', to: id, server_time }, 0);
    else if (this.answers[type]) this.answers[type](served, frame);
    else if (type === 'go_ready') await this.#connect(served, frame);
    else served.say({ type: 'done', to: id }, 0);
  }

  #welcome(server_time) {
    const snapshot = { presence: 'away', ringing: [], missed: [], ...this.snapshot };
    const n = this.sockets.length;
    return {
      type: 'welcome',
      session: `ses_${n}`,
      device: `dev_${n}`,
      agent: 'ana',
      agent_name: 'Ana Lima',
      rights: this.rights,
      heartbeat_ms: 20_000,
      server_time,
      snapshot,
    };
  }

  async #connect(served, { id, offer }) {
    const answer = await this.bridge.evaluate(answerOffer, offer);
    served.say({ type: 'done', to: id }, 0);
    served.say({ type: 'media_answer', answer });
    await this.bridge.evaluate(() => globalThis.legUp);
    served.say({ type: 'media_state', up: true });
    served.say({ type: 'presence', presence: 'ready', blockers: [] });
    this.onUp?.(served);
  }
}

/** One socket of a page. */
class Served {
  frames = [];
  #seq = 0;
  #socket;

  constructor(socket) {
    this.#socket = socket;
  }

  /** Numbered unless told otherwise. */
  say(event, seq = (this.#seq += 1)) {
    this.#socket.send(JSON.stringify({ v: 1, seq, ...event }));
  }

  /** The frame of this type that came last. */
  frame(type) {
    return this.frames.findLast((frame) => frame.type === type);
  }
}

/** Runs in the page that plays the media plane: its microphone is what the agent hears. */
async function answerOffer(offer) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const leg = new RTCPeerConnection();
  globalThis.legUp = new Promise((resolve) => {
    leg.onconnectionstatechange = () => leg.connectionState === 'connected' && resolve();
  });
  await leg.setRemoteDescription({ type: 'offer', sdp: offer });
  leg.addTrack(stream.getAudioTracks()[0], stream);
  await leg.setLocalDescription(await leg.createAnswer());
  if (leg.iceGatheringState !== 'complete') {
    await new Promise((resolve) => {
      leg.onicegatheringstatechange = () => leg.iceGatheringState === 'complete' && resolve();
    });
  }
  (globalThis.legs ??= []).push(leg);
  return leg.localDescription.sdp;
}
