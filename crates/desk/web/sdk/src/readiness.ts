import { Emitter } from './emitter.js';
import { RingdownError, asRingdownError } from './errors.js';
import type { Media } from './media.js';
import type { ClientCommand, HouseEvent } from './protocol.js';
import { Restarts } from './restarts.js';

/** `off`: not ready. `connecting`: asked for. `up`: calls can be taken here. `interrupted`: stalled. */
export type MediaState = 'off' | 'connecting' | 'up' | 'interrupted';

export interface ReadinessEvents {
  media: MediaState;
  error: RingdownError;
}

/** ICE and DTLS take well under a second; past this, a firewall swallows the packets. */
const MEDIA_UP_TIMEOUT_MS = 12_000;
/** Tries to get the sound back before the agent is told: about half a minute with the waits below. */
const RETRIES_MAX = 4;
/** First wait before trying again; doubles. */
const RETRY_MS = 1_000;

/** Keeps this device able to take calls from *go ready* to *go away*. */
export class Readiness extends Emitter<ReadinessEvents> {
  readonly #media: Media;
  readonly #send: (command: ClientCommand) => Promise<unknown>;
  readonly #restarts: Restarts;
  #state: MediaState = 'off';
  #wanted = false;
  #going: Promise<void> | undefined;
  #retries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #settle: { up: () => void; failed: (error: RingdownError) => void } | undefined;

  constructor(media: Media, send: (command: ClientCommand) => Promise<unknown>) {
    super();
    this.#media = media;
    this.#send = send;
    this.#restarts = new Restarts(media, send, (reason) => this.#mediaFailed(reason));
    globalThis.addEventListener?.('online', this.#networkChanged);
    media.on('path_lost', () => this.#pathLost());
    media.on('failed', (reason) => this.#mediaFailed(reason));
    media.on('interrupted', (on) => {
      if (this.#state === 'up' || this.#state === 'interrupted') this.#to(on ? 'interrupted' : 'up');
    });
    media.on('microphone_lost', () => this.#microphoneLost());
  }

  get state(): MediaState {
    return this.#state;
  }

  /** Whether the agent asked to be ready, even while it does not work. */
  get wanted(): boolean {
    return this.#wanted;
  }

  async goReady(): Promise<void> {
    this.#media.unlock();
    this.#wanted = true;
    this.#retries = 0;
    clearTimeout(this.#retry);
    try {
      await this.#go(this.#state === 'up');
    } catch (thrown) {
      this.#giveUp();
      throw thrown;
    }
  }

  /** Stops wanting calls. The sound goes with it unless a call still uses it. */
  async goAway(onCall: boolean): Promise<void> {
    this.setAway(onCall);
    await this.#send({ type: 'go_away' });
  }

  /** The daemon set the agent away; it need not be told. */
  setAway(onCall: boolean): void {
    this.#wanted = false;
    clearTimeout(this.#retry);
    if (onCall) return;
    this.#settle?.failed(wentAway());
    this.#close();
  }

  /** A call ended: an agent who went away meanwhile gives the microphone back now. */
  callEnded(): void {
    if (!this.#wanted) this.#close();
  }

  /** A new session knows nothing of our leg; a running call keeps its own. */
  newSession(onCall: boolean): void {
    if (this.#wanted && !(onCall && this.#media.connected)) this.#again(0);
  }

  apply(event: HouseEvent): void {
    if (event.type === 'media_answer') {
      this.#media.answer(event.answer).catch((thrown: unknown) => {
        this.#settle?.failed(failed('The browser refused the media answer.', thrown));
      });
    } else if (event.type === 'media_state') {
      if (event.up) this.#settle?.up();
      // While a new leg is being made, this is the end of the old one.
      else if (!this.#going) this.#broken(event.reason ?? 'The daemon lost the sound.');
    } else if (event.type === 'renew_media') {
      void this.#renew();
    }
  }

  destroy(): void {
    globalThis.removeEventListener?.('online', this.#networkChanged);
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#close();
  }

  /** The same sound over another leg: a leg that is being made may already be the wrong one. */
  async #renew(): Promise<void> {
    await this.#going?.catch(() => undefined);
    if (this.#state === 'off') return;
    try {
      await this.#go(this.#media.connected);
      if (!this.#wanted) await this.#send({ type: 'go_away' });
    } catch (thrown) {
      this.#broken(asRingdownError(thrown, 'media_failed', 'The sound could not be renewed.', '').message);
    }
  }

  #go(renews = false): Promise<void> {
    this.#going ??= this.#negotiate(renews).finally(() => {
      this.#going = undefined;
    });
    return this.#going;
  }

  async #negotiate(renews: boolean): Promise<void> {
    this.#restarts.cancel();
    if (!renews) this.#to('connecting');
    const offer = await this.#media.offer(renews);
    if (!this.#wanted && !renews) {
      this.#close();
      throw wentAway();
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const up = new Promise<void>((resolve, reject) => {
      this.#settle = { up: resolve, failed: reject };
      timer = setTimeout(() => reject(mediaTimeout()), MEDIA_UP_TIMEOUT_MS);
    });
    try {
      await Promise.all([this.#send({ type: 'go_ready', offer }), up]);
    } finally {
      clearTimeout(timer);
      this.#settle = undefined;
    }
    this.#retries = 0;
    this.#to('up');
  }

  /** Before anything is lost: the old path may be dying. */
  readonly #networkChanged = (): void => {
    if (this.#state === 'up' || this.#state === 'interrupted') this.#restarts.begin();
  };

  #pathLost(): void {
    // While a new leg is being made, this is the end of the old one.
    if (!this.#going && this.#state !== 'off') this.#restarts.begin();
  }

  #mediaFailed(reason: string): void {
    this.#restarts.cancel();
    if (this.#settle) {
      this.#settle.failed(failed(reason));
      return;
    }
    if (!this.#wanted && this.#state === 'off') return;
    this.#send({ type: 'media_failed', reason }).catch(() => undefined);
    this.#broken(reason);
  }

  #broken(reason: string): void {
    if (!this.#wanted) {
      this.#close();
    } else if (this.#retries >= RETRIES_MAX) {
      this.#giveUp();
      this.emit('error', failed(reason));
    } else {
      this.#to('connecting');
      this.#again(this.#retries === 0 ? 0 : RETRY_MS * 2 ** (this.#retries - 1));
    }
  }

  #again(wait: number): void {
    this.#retries += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#go().catch((thrown: unknown) => {
        const error = asRingdownError(thrown, 'media_failed', 'The sound could not be set up.', 'Go ready again.');
        if (!this.#wanted) return;
        if (error.code.startsWith('microphone')) {
          this.#giveUp();
          this.emit('error', error);
        } else {
          this.#broken(error.message);
        }
      });
    }, wait);
  }

  #microphoneLost(): void {
    this.#send({ type: 'media_failed', reason: 'microphone_ended' }).catch(() => undefined);
    this.#giveUp();
    const hint = 'Connect the headset or allow the microphone again, then go ready.';
    this.emit('error', new RingdownError('microphone_lost', 'The microphone stopped.', hint));
  }

  /** Not ready any more, here and at the daemon. */
  #giveUp(): void {
    const told = this.#wanted;
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#close();
    if (told) this.#send({ type: 'go_away' }).catch(() => undefined);
  }

  #close(): void {
    this.#restarts.cancel();
    this.#media.close();
    this.#to('off');
  }

  #to(state: MediaState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.emit('media', state);
  }
}

function failed(message: string, cause?: unknown): RingdownError {
  const hint = 'Go ready again. If it stays so, ask for UDP to be let through to the daemon.';
  return new RingdownError('media_failed', message, hint, cause);
}

function wentAway(): RingdownError {
  return new RingdownError('wrong_state', 'The agent went away meanwhile.', 'Go ready again.');
}

function mediaTimeout(): RingdownError {
  const hint = 'A firewall may swallow UDP between this browser and the daemon; `ringdown doctor` tells.';
  return new RingdownError('media_timeout', 'No sound path to the daemon could be found.', hint);
}
