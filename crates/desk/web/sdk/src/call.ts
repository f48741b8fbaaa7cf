import { Emitter } from './emitter.js';
import { RingdownError, asRingdownError } from './errors.js';
import type {
  ActiveCall,
  Caller,
  ClientCommand,
  Direction,
  EndReason,
  Hint,
  HouseEvent,
  PresenceReason,
  QualityNow,
  RecordAction,
  RecordingMode,
  RecordingState,
  RingEnd,
  RingingCall,
} from './protocol.js';

export type CallState = 'ringing' | 'connecting' | 'open' | 'closed';

/** Why a call is over on this device. */
export interface CloseReason {
  /** `ended`: talked and over. `claim_released`: this device's sound failed. `lost`: nobody can tell. */
  code: Exclude<RingEnd, 'claimed_here'> | 'ended' | 'claim_released' | 'lost';
  /** Who took it, for `claimed_elsewhere`. */
  winner?: string;
  /** Who ended it and why, for `ended`. */
  end?: EndReason;
  /** How long sound flowed, for `ended`. */
  talkedMs?: number;
}

export interface CallEvents {
  /** `accept()` was called. */
  accept: Call;
  /** Sound flows. */
  open: Call;
  /** Any property changed. */
  update: Call;
  /** The caller pressed a key: `0` to `9`, `*`, `#`, `A` to `D`. */
  key: string;
  close: CloseReason;
}

/** What a call needs of its device. */
export interface CallPort {
  send(command: ClientCommand): Promise<void>;
  attach(): Promise<void>;
  detach(): Promise<void>;
  mute(on: boolean): void;
}

/** The winner's name follows a lost claim within 200 ms; a call without it is closed after this. */
const WINNER_WAIT_MS = 500;
/** Keys of the caller that are kept: a card number with room. */
const KEYS_MAX = 32;

/** One call on this device, from its ring to its end. */
export class Call extends Emitter<CallEvents> {
  readonly id: string;
  readonly direction: Direction;
  readonly line: string;
  readonly lineName: string;
  readonly from: Caller;
  /** Recording commands; refused unless the line's rule allows them. */
  readonly record = {
    start: (): Promise<void> => this.#record('start'),
    pause: (): Promise<void> => this.#record('pause'),
    resume: (): Promise<void> => this.#record('resume'),
    stop: (): Promise<void> => this.#record('stop'),
  };
  readonly #port: CallPort;
  #state: CallState = 'ringing';
  #won = false;
  #ringing: RingingCall | undefined;
  #active: ActiveCall | undefined;
  #closed: CloseReason | undefined;
  #keys = '';

  constructor(port: CallPort, view: RingingCall | ActiveCall) {
    super();
    this.#port = port;
    this.id = view.call;
    this.line = view.line;
    this.lineName = view.line_name;
    this.from = view.from;
    this.direction = 'direction' in view ? view.direction : 'user_initiated';
    if ('rang_at' in view) this.#ringing = view;
    else this.setActive(view);
  }

  get state(): CallState {
    return this.#state;
  }
  /** Set once the state is `closed`. */
  get closeReason(): CloseReason | undefined {
    return this.#closed;
  }
  get rangAt(): Date | undefined {
    return moment(this.#ringing?.rang_at);
  }
  get ringsUntil(): Date | undefined {
    return moment(this.#ringing?.rings_until);
  }
  /** When sound began to flow, by the daemon's clock (`device.now()`). */
  get startedAt(): Date | undefined {
    return moment(this.#active?.bridged_at);
  }
  /** Whether `accept()` can work now. */
  get claimable(): boolean {
    return this.#state === 'ringing' && this.#ringing?.claimable === true;
  }
  get notClaimable(): PresenceReason | undefined {
    return this.#ringing?.not_claimable;
  }
  get muted(): boolean {
    return this.#active?.muted ?? false;
  }
  get recordingMode(): RecordingMode {
    return this.#active?.recording_mode ?? 'off';
  }
  get recording(): RecordingState {
    return this.#active?.recording ?? 'off';
  }

  /** What the agent should know about the sound: why nobody is heard. */
  get hint(): Hint | undefined {
    return this.#active?.hint;
  }
  /** How the call sounds now. */
  get quality(): QualityNow | undefined {
    return this.#active?.quality;
  }
  /** The last keys that the caller pressed. */
  get keys(): string {
    return this.#keys;
  }

  /** Takes the call: the microphone is let in, and the daemon told. Rejects when another won. */
  async accept(): Promise<void> {
    if (!this.claimable) throw this.#wrong('accept');
    this.#state = 'connecting';
    this.emit('accept', this);
    this.emit('update', this);
    try {
      await this.#port.attach();
      await this.#port.send({ type: 'claim', call: this.id });
    } catch (thrown) {
      const error = asRingdownError(thrown, 'media_failed', 'The microphone could not be used.', 'Go ready again.');
      this.#claimFailed(error);
      throw error;
    }
  }

  /** Stops ringing this agent; other agents still hear it. */
  async reject(): Promise<void> {
    if (this.#state !== 'ringing') throw this.#wrong('reject');
    await this.#port.send({ type: 'decline', call: this.id });
    this.close({ code: 'declined' });
  }

  async hangup(): Promise<void> {
    if (this.#state !== 'connecting' && this.#state !== 'open') throw this.#wrong('hangup');
    await this.#port.send({ type: 'hang_up', call: this.id });
  }

  /** Silences the agent here at once, and at the bridge. */
  async mute(on: boolean): Promise<void> {
    if (this.#state !== 'open') throw this.#wrong('mute');
    const before = this.muted;
    this.#setMuted(on);
    try {
      await this.#port.send({ type: 'mute', call: this.id, on });
    } catch (error) {
      this.#setMuted(before);
      throw error;
    }
  }

  /** @internal */
  apply(event: HouseEvent): void {
    if (this.#state === 'closed') return;
    switch (event.type) {
      case 'ring_update':
        this.#setClaimable(event.claimable, event.not_claimable);
        break;
      case 'ring_end':
        if (event.why !== 'claimed_here') this.close({ code: event.why, ...(event.winner ? { winner: event.winner } : {}) });
        break;
      case 'claim_won':
      case 'call_open':
        this.setActive(event.active);
        break;
      case 'claim_released':
        this.close({ code: 'claim_released' });
        break;
      case 'call_update':
        this.#update(event);
        break;
      case 'key':
        this.#keys = (this.#keys + event.key).slice(-KEYS_MAX);
        this.emit('key', event.key);
        this.emit('update', this);
        break;
      case 'call_end':
        this.close({ code: 'ended', end: event.reason, talkedMs: event.talked_ms });
        break;
    }
  }

  /** @internal Ringing as the daemon sees it, in a snapshot too: a claim that it does not know is void. */
  setRinging(view: RingingCall, fromSnapshot = false): void {
    this.#ringing = view;
    if (fromSnapshot && this.#state === 'connecting') this.#backToRinging();
    this.emit('update', this);
  }

  /** @internal */
  setActive(view: ActiveCall): void {
    const opens = view.bridged_at !== undefined && this.#state !== 'open';
    this.#won = true;
    this.#active = view;
    this.#state = view.bridged_at === undefined && this.#state !== 'open' ? 'connecting' : 'open';
    if (opens) this.emit('open', this);
    this.emit('update', this);
  }

  /** @internal */
  close(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    const attached = this.#state !== 'ringing';
    this.#state = 'closed';
    this.#closed = reason;
    if (attached) void this.#port.detach();
    this.emit('update', this);
    this.emit('close', reason);
  }

  #update({ muted, recording, hint, quality }: Extract<HouseEvent, { type: 'call_update' }>): void {
    if (!this.#active) return;
    const { hint: _oldHint, quality: _oldQuality, ...active } = this.#active;
    this.setActive({ ...active, muted, recording, ...(hint ? { hint } : {}), ...(quality ? { quality } : {}) });
  }

  #setClaimable(claimable: boolean, why: PresenceReason | undefined): void {
    if (!this.#ringing) return;
    const { not_claimable: _old, ...ringing } = this.#ringing;
    this.setRinging({ ...ringing, claimable, ...(why ? { not_claimable: why } : {}) });
  }

  #claimFailed(error: RingdownError): void {
    if (this.#state !== 'connecting' || this.#won) return;
    void this.#port.detach();
    switch (error.code) {
      case 'already_taken':
        setTimeout(() => this.close({ code: 'claimed_elsewhere' }), WINNER_WAIT_MS);
        break;
      case 'taken_by_you_elsewhere':
        this.close({ code: 'claimed_by_you_elsewhere' });
        break;
      case 'call_ended':
      case 'no_such_call':
        this.close({ code: 'call_ended' });
        break;
      default:
        this.#backToRinging();
        this.emit('update', this);
    }
  }

  #backToRinging(): void {
    this.#state = 'ringing';
    this.#won = false;
    this.#active = undefined;
    void this.#port.detach();
  }

  #setMuted(on: boolean): void {
    this.#port.mute(on);
    if (this.#active) this.#active = { ...this.#active, muted: on };
    this.emit('update', this);
  }

  async #record(action: RecordAction): Promise<void> {
    if (this.#state !== 'open') throw this.#wrong('record');
    await this.#port.send({ type: 'record', call: this.id, action });
  }

  #wrong(what: string): RingdownError {
    const message = `A call that is ${this.#state} cannot ${what}.`;
    return new RingdownError('wrong_state', message, 'Look at call.state and call.claimable first.');
  }
}

function moment(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
