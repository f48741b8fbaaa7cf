import { Emitter } from './emitter.js';
import { RingdownError, asRingdownError } from './errors.js';
import type {
  ActiveCall,
  Caller,
  ClientCommand,
  DialStage,
  Direction,
  EndReason,
  Hint,
  HouseEvent,
  LeftWhy,
  PresenceReason,
  QualityNow,
  RecordAction,
  RecordingMode,
  RecordingState,
  RingEnd,
  RingingCall,
  SupervisedBy,
  TransferFrom,
  TransferMode,
  TransferTarget,
  TransferTo,
} from './protocol.js';

/** `returning`: this agent's call, which comes to this device as soon as it is ready. */
export type CallState = 'ringing' | 'connecting' | 'open' | 'returning' | 'closed';

/** Why a call is over on this device. */
export interface CloseReason {
  /**
   * `ended`: talked and over. `left`: it goes on without this device. `claim_released`: this
   * device's sound failed. `lost`: nobody can tell.
   */
  code: Exclude<RingEnd, 'claimed_here'> | 'ended' | 'left' | 'claim_released' | 'lost';
  /** Who took it, for `claimed_elsewhere`. */
  winner?: string;
  /** Who ended it and why, for `ended`. */
  end?: EndReason;
  /** How long sound flowed, for `ended` and `left`. */
  talkedMs?: number;
  /** Why it goes on elsewhere, for `left`. */
  left?: LeftWhy;
  /** Who has it now, for `left`. */
  nowWith?: string;
}

/** What the call was about; what is absent stays as it was. */
export interface Annotation {
  /** Replaces the note before. */
  note?: string;
  /** One of `device.outcomes`. */
  outcome?: string;
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
  send(command: ClientCommand): Promise<unknown>;
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
  /** Mute commands that wait for an answer. */
  #mutes = 0;

  constructor(port: CallPort, view: RingingCall | ActiveCall) {
    super();
    this.#port = port;
    this.id = view.call;
    this.line = view.line;
    this.lineName = view.line_name;
    this.from = view.from;
    this.direction = 'direction' in view ? view.direction : 'user_initiated';
    if ('rang_at' in view) {
      this.#ringing = view;
    } else {
      this.#active = view;
      this.#state = 'returning';
    }
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
  /** The group that rings; absent when everybody does. */
  get group(): string | undefined {
    return this.#ringing?.group;
  }
  /** How far a call that this agent placed is; `undefined` once sound flows, and for others. */
  get dialStage(): DialStage | undefined {
    return this.#state === 'connecting' ? this.#active?.dial : undefined;
  }
  /** The call was accepted and waits: its place, from 1. */
  get queuePosition(): number | undefined {
    return this.#ringing?.queue_position;
  }
  /** Who sends this ringing call on; a `warm` one is talked about first. */
  get transferredBy(): TransferFrom | undefined {
    return this.#ringing?.transfer;
  }
  get muted(): boolean {
    return this.#active?.muted ?? false;
  }
  /** Then only a supervisor unmutes. */
  get mutedBySupervisor(): boolean {
    return this.#active?.muted_by_supervisor ?? false;
  }
  /** The caller is on hold. */
  get held(): boolean {
    return this.#active?.held ?? false;
  }
  /** This agent's sound is lost; the caller hears music until it is back. */
  get reconnecting(): boolean {
    return this.#active?.reconnecting ?? false;
  }
  /** Where the call is being sent, and whether the other agent is being talked with. */
  get transfer(): TransferTo | undefined {
    return this.#active?.transfer;
  }
  /** Whose call it is when this agent is only consulted. */
  get consultedBy(): string | undefined {
    return this.#active?.consulted_by;
  }
  /** A supervisor who whispers or barges in. */
  get supervisedBy(): SupervisedBy | undefined {
    return this.#active?.supervised_by;
  }
  get recordingMode(): RecordingMode {
    return this.#active?.recording_mode ?? 'off';
  }
  get recording(): RecordingState {
    return this.#active?.recording ?? 'off';
  }

  /** When the paid time ends and the call with it, on the daemon's clock, unless somebody tops up. */
  get creditEndsAt(): string | undefined {
    return this.#active?.credit_ends_at;
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
    if (this.#state === 'ringing' || this.#state === 'closed') throw this.#wrong('hangup');
    await this.#port.send({ type: 'hang_up', call: this.id });
  }

  /** Silences the agent here at once, and at the bridge. */
  async mute(on: boolean): Promise<void> {
    if (this.#state !== 'open' || this.mutedBySupervisor) throw this.#wrong('mute');
    const before = this.muted;
    this.#setMuted(on);
    this.#mutes += 1;
    try {
      await this.#port.send({ type: 'mute', call: this.id, on });
    } catch (error) {
      this.#setMuted(before);
      throw error;
    } finally {
      this.#mutes -= 1;
    }
  }

  /** Puts the caller on hold, or takes them back. */
  hold(on: boolean): Promise<void> {
    return this.#whileOpen('hold', { type: 'hold', call: this.id, on });
  }

  /** Sends the call on; `device.colleagues()` says where to. */
  transferTo(to: TransferTarget, mode: TransferMode): Promise<void> {
    return this.#whileOpen('transfer', { type: 'transfer', call: this.id, to, mode });
  }

  /** The consulted agent takes the caller; this agent leaves. */
  completeTransfer(): Promise<void> {
    return this.#whileOpen('transfer', { type: 'complete_transfer', call: this.id });
  }

  /** The caller comes back to this agent. */
  cancelTransfer(): Promise<void> {
    return this.#whileOpen('transfer', { type: 'cancel_transfer', call: this.id });
  }

  /** Writes down what the call was about; also while finishing up after it. */
  async annotate(annotation: Annotation): Promise<void> {
    await this.#port.send({ type: 'annotate', call: this.id, ...annotation });
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
      case 'call_update':
        this.setActive(event.active);
        break;
      case 'call_left':
        this.close({
          code: 'left',
          left: event.why,
          talkedMs: event.talked_ms,
          ...(event.now_with ? { nowWith: event.now_with } : {}),
        });
        break;
      case 'claim_released':
        this.close({ code: 'claim_released' });
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
    const returns = this.#state === 'returning';
    this.#won = true;
    // What the daemon says while it has not answered may be older than the agent's click.
    this.#active = this.#mutes > 0 ? { ...view, muted: this.muted } : view;
    this.#state = view.bridged_at === undefined && this.#state !== 'open' ? 'connecting' : 'open';
    if (returns) void this.#port.attach().catch(() => undefined);
    this.#port.mute(this.muted);
    if (opens) this.emit('open', this);
    this.emit('update', this);
  }

  /** @internal The page was loaded anew while a session went on: it is not here yet. */
  setReturning(view: ActiveCall): void {
    this.#active = view;
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

  #record(action: RecordAction): Promise<void> {
    return this.#whileOpen('record', { type: 'record', call: this.id, action });
  }

  async #whileOpen(what: string, command: ClientCommand): Promise<void> {
    if (this.#state !== 'open') throw this.#wrong(what);
    await this.#port.send(command);
  }

  #wrong(what: string): RingdownError {
    const message = `A call that is ${this.#state} cannot ${what}.`;
    return new RingdownError('wrong_state', message, 'Look at call.state and call.claimable first.');
  }
}

function moment(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
