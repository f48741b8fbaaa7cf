import { Emitter } from './emitter.js';
import { DialRefusedError, RingdownError, asRingdownError } from './errors.js';
import { Outbox } from './outbox.js';
import type { Reply } from './outbox.js';
import type { ClientCommand, HouseEvent, ServerFrame, Welcome } from './protocol.js';
import { SUBPROTOCOL, VERSION } from './protocol.js';

/** Where log lines go; `console` fits. */
export interface Logger {
  debug(message: string, detail?: unknown): void;
  warn(message: string, detail?: unknown): void;
}

export interface LinkOptions {
  url: string;
  getToken: () => Promise<string>;
  label?: string | undefined;
  logger?: Logger | undefined;
}

export interface LinkEvents {
  /** The socket is being opened, for the `attempt`th time since it last worked. */
  connecting: { attempt: number };
  /** The socket is gone; the next attempt starts in `wait` milliseconds. */
  waiting: { wait: number };
  /** A new session; everything known before is replaced by its snapshot. */
  welcome: Welcome;
  /** The old session goes on. */
  resumed: undefined;
  /** A numbered frame, in order and only once. */
  house: HouseEvent;
  /** Something failed that no command's promise reports. */
  error: RingdownError;
  /** The link gave up and will not reconnect. */
  stopped: { reason: 'replaced' | 'signed_out' | 'unauthorized' | 'version' };
}

/** First wait before a reconnect; doubles up to the maximum, each shortened by up to half (jitter). */
const BACKOFF_MS = 500;
/** Under the 20 to 30 s for which the daemon keeps a session without a socket. */
const BACKOFF_MAX_MS = 8_000;
/** A socket that has not said welcome by then is abandoned; the daemon itself allows 5 s for hello. */
const WELCOME_TIMEOUT_MS = 10_000;
/** Tokens refused in a row before giving up: a fresh one that is refused thrice stays refused. */
const REFUSALS_MAX = 3;
/** The daemon waits two and a half heartbeats; we notice a dead socket a little earlier. */
const SILENT_HEARTBEATS = 2.2;
/** Pings go out a little more often than asked, because timers are late. */
const PING_SHARE = 0.8;

/** The socket to the daemon: reconnects, resumes, orders and de-duplicates. */
export class Link extends Emitter<LinkEvents> {
  readonly #options: LinkOptions;
  readonly #outbox = new Outbox((text) => this.#socket?.send(text));
  #socket: WebSocket | undefined;
  #session: string | undefined;
  #lastSeq = 0;
  #attempt = 0;
  #refusals = 0;
  #run = 0;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting = false;
  #lastHeard = 0;
  #heartbeatMs = 20_000;
  #helloId = 0;
  #clockOffset = 0;

  constructor(options: LinkOptions) {
    super();
    this.#options = options;
  }

  /** The daemon's clock in milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#clockOffset;
  }

  start(): void {
    globalThis.addEventListener?.('online', this.#wake);
    globalThis.document?.addEventListener('visibilitychange', this.#wake);
    void this.#connect();
  }

  stop(error: RingdownError): void {
    globalThis.removeEventListener?.('online', this.#wake);
    globalThis.document?.removeEventListener('visibilitychange', this.#wake);
    this.#drop();
    this.#outbox.failAll(error);
  }

  /** Resolves when the daemon says `done`. Survives a lost socket as long as the session does. */
  send(command: ClientCommand): Promise<Reply> {
    return this.#outbox.send(command);
  }

  readonly #wake = (): void => {
    if (this.#waiting) void this.#connect();
  };

  async #connect(): Promise<void> {
    this.#drop();
    const run = this.#run;
    this.#attempt += 1;
    this.emit('connecting', { attempt: this.#attempt });
    try {
      const token = await this.#options.getToken();
      if (run === this.#run) this.#open(token);
    } catch (thrown) {
      if (run !== this.#run) return;
      const hint = 'Check the network and that the agent is still signed in.';
      this.emit('error', asRingdownError(thrown, 'token_unavailable', 'No agent token could be had.', hint));
      this.#reconnect();
    }
  }

  #open(token: string): void {
    const socket = new WebSocket(this.#options.url, SUBPROTOCOL);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#reconnect(), WELCOME_TIMEOUT_MS);
    socket.onopen = () => {
      const { label } = this.#options;
      this.#helloId = this.#outbox.writeNow({
        type: 'hello',
        token,
        ...(label ? { device_label: label } : {}),
        ...(this.#session ? { resume: { session: this.#session, last_seq: this.#lastSeq } } : {}),
      });
    };
    socket.onmessage = (message) => this.#receive(String(message.data));
    socket.onclose = () => this.#reconnect();
  }

  #receive(text: string): void {
    this.#lastHeard = Date.now();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(text) as ServerFrame;
    } catch {
      this.#options.logger?.warn('ringdown: a frame is not JSON');
      return;
    }
    if (frame.v !== VERSION) return;
    this.#options.logger?.debug(`ringdown: ${frame.type} ${frame.seq}`);
    if (frame.seq > 0) {
      if (frame.seq <= this.#lastSeq) return;
      if (frame.seq > this.#lastSeq + 1) {
        this.#options.logger?.warn(`ringdown: frames after ${this.#lastSeq} are missing, resuming`);
        this.#reconnect();
        return;
      }
      this.#lastSeq = frame.seq;
    }
    this.#dispatch(frame);
  }

  #dispatch(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        if (this.#session === undefined) this.#outbox.resume();
        else this.#outbox.restart();
        this.#session = frame.session;
        this.#lastSeq = 0;
        this.#heartbeatMs = frame.heartbeat_ms;
        this.#up(frame.server_time);
        this.emit('welcome', frame);
        break;
      case 'resumed':
        this.#outbox.resume();
        this.#up(frame.server_time);
        this.emit('resumed', undefined);
        break;
      case 'done':
        this.#outbox.done(frame.to);
        break;
      case 'colleagues':
        this.#outbox.done(frame.to, { colleagues: { agents: frame.agents, groups: frame.groups } });
        break;
      case 'dialling':
        this.#outbox.done(frame.to, { call: frame.call });
        break;
      case 'contact_checked':
        this.#outbox.done(frame.to, { permit: frame.permit });
        break;
      case 'dial_refused':
        this.#refused(frame.to, new DialRefusedError(frame));
        break;
      case 'pong':
        this.#setClock(frame.server_time);
        break;
      case 'error':
        this.#refused(frame.to, new RingdownError(frame.code, frame.message, frame.hint));
        break;
      case 'bye':
        this.#options.logger?.debug(`ringdown: the daemon closes the socket: ${frame.why}`);
        if (frame.why === 'replaced' || frame.why === 'signed_out') this.#giveUp(frame.why);
        else this.#reconnect();
        break;
      default:
        this.emit('house', frame);
    }
  }

  #refused(to: number | null, error: RingdownError): void {
    if (to !== null && this.#outbox.fail(to, error)) return;
    this.emit('error', error);
    if (to !== this.#helloId) return;
    // Another refusal of hello (too many devices, a fault inside) may pass: the backoff goes on.
    if (error.code === 'unauthorized') this.#refusals += 1;
    if (error.code === 'version') this.#giveUp('version');
    else if (this.#refusals >= REFUSALS_MAX) this.#giveUp('unauthorized');
    else this.#reconnect();
  }

  #up(serverTime: string): void {
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.#refusals = 0;
    this.#setClock(serverTime);
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      if (Date.now() - this.#lastHeard > SILENT_HEARTBEATS * this.#heartbeatMs) this.#reconnect();
      else this.#outbox.writeNow({ type: 'ping' });
    }, this.#heartbeatMs * PING_SHARE);
  }

  #setClock(serverTime: string): void {
    this.#clockOffset = Date.parse(serverTime) - Date.now();
  }

  #reconnect(): void {
    this.#drop();
    const longest = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** Math.max(0, this.#attempt - 1));
    const wait = longest * (0.5 + Math.random() / 2);
    this.#waiting = true;
    this.emit('waiting', { wait });
    this.#timer = setTimeout(() => void this.#connect(), wait);
  }

  #giveUp(reason: LinkEvents['stopped']['reason']): void {
    const hint = 'Reload the page to connect again.';
    this.stop(new RingdownError('session_lost', `The connection ended: ${reason}.`, hint));
    this.emit('stopped', { reason });
  }

  /** Forgets the socket at once: a dead one may take minutes to say that it closed. */
  #drop(): void {
    this.#run += 1;
    this.#waiting = false;
    clearTimeout(this.#timer);
    clearInterval(this.#heartbeat);
    this.#outbox.pause();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
