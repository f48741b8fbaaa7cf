/**
 * The frames of `/agent/v1`, as the daemon's `wire` crate writes them. Field names are the wire's.
 */

export const VERSION = 1;
export const SUBPROTOCOL = 'ringdown.agent.v1';

export type Presence = 'offline' | 'away' | 'ready' | 'busy' | 'wrap_up';
export type Direction = 'user_initiated' | 'business_initiated';
export type RecordingMode = 'off' | 'on_demand' | 'always';
export type RecordingState = 'off' | 'on' | 'paused' | 'failed';
export type PresenceReason = 'on_call' | 'not_ready' | 'wrap_up';
export type RecordAction = 'start' | 'pause' | 'resume' | 'stop';

/** What the agent on a call should know about its sound. */
export type Hint = 'caller_silent' | 'muted' | 'no_sound' | 'no_path';
export type Verdict = 'poor' | 'fair' | 'good';
/** Whose network spoils the sound. */
export type Network = 'caller' | 'agent';

/** How a running call sounds. */
export interface QualityNow {
  verdict: Verdict;
  /** Absent when it is good. */
  network?: Network;
}

export type Side = 'caller' | 'agent' | 'ringdown' | 'carrier' | 'operator';
export type Cause =
  | 'caller_hung_up'
  | 'agent_hung_up'
  | 'no_answer'
  | 'declined_by_all'
  | 'nobody_ready'
  | 'balance_too_low'
  | 'line_closed'
  | 'at_capacity'
  | 'stale_connect'
  | 'terminated_before_connect'
  | 'bad_offer'
  | 'carrier_refused'
  | 'accept_unresolved'
  | 'media_never_up'
  | 'media_lost'
  | 'agent_leg_failed'
  | 'operator_ended'
  | 'shut_down'
  | 'restarted'
  | 'internal_fault';
export type Class =
  | 'completed'
  | 'missed'
  | 'caller_fault'
  | 'our_fault'
  | 'carrier_fault'
  | 'unknown';

export interface EndReason {
  side: Side;
  cause: Cause;
  class: Class;
}

export type MissedReason =
  | 'nobody_ready'
  | 'nobody_answered'
  | 'declined_by_all'
  | 'balance'
  | 'outside_policy'
  | 'caller_gave_up'
  | 'arrived_too_late'
  | 'fault';

export interface Caller {
  /** Profile name, username or number; always something to show. */
  display: string;
  /** Digits without plus sign, when Meta disclosed it. */
  phone?: string;
}

export interface RingingCall {
  call: string;
  from: Caller;
  line: string;
  line_name: string;
  rang_at: string;
  rings_until: string;
  claimable: boolean;
  not_claimable?: PresenceReason;
}

export interface ActiveCall {
  call: string;
  from: Caller;
  line: string;
  line_name: string;
  direction: Direction;
  /** Absent while the claim is still being connected. */
  bridged_at?: string;
  muted: boolean;
  recording_mode: RecordingMode;
  recording: RecordingState;
  hint?: Hint;
  /** Absent in a call's first seconds. */
  quality?: QualityNow;
}

export interface MissedCall {
  call: string;
  from: Caller;
  line: string;
  at: string;
  reason: MissedReason;
  rang_ms: number;
}

export interface Balance {
  available_micros: number;
  minimum_micros: number;
  currency: string;
  /** Two decimals, truncated towards zero. */
  display: string;
  /** True exactly when calls cannot start for want of money. */
  top_up_required: boolean;
}

export interface Snapshot {
  presence: Presence;
  ringing: RingingCall[];
  active?: ActiveCall;
  missed: MissedCall[];
  balance?: Balance;
}

export interface Resume {
  session: string;
  last_seq: number;
}

export type ClientCommand =
  | { type: 'hello'; token: string; device_label?: string; resume?: Resume }
  | { type: 'go_ready'; offer: string }
  | { type: 'restart_ice'; offer: string }
  | { type: 'go_away' }
  | { type: 'media_failed'; reason: string }
  | { type: 'claim'; call: string }
  | { type: 'decline'; call: string }
  | { type: 'hang_up'; call: string }
  | { type: 'mute'; call: string; on: boolean }
  | { type: 'record'; call: string; action: RecordAction }
  | { type: 'ping' };

export type ClientFrame = { v: number; id: number } & ClientCommand;

export type RingEnd =
  | 'claimed_elsewhere'
  | 'claimed_by_you_elsewhere'
  | 'claimed_here'
  | 'declined'
  | 'caller_hung_up'
  | 'timed_out'
  | 'call_ended';

export type ByeReason =
  | 'token_expired'
  | 'too_many_errors'
  | 'silent'
  | 'slow'
  | 'replaced'
  | 'shut_down';

export type ServerErrorCode =
  | 'bad_frame'
  | 'frame_too_large'
  | 'too_fast'
  | 'version'
  | 'unauthorized'
  | 'hello_expected'
  | 'no_such_call'
  | 'already_taken'
  | 'taken_by_you_elsewhere'
  | 'call_ended'
  | 'on_call'
  | 'not_ready'
  | 'bad_offer'
  | 'not_allowed'
  | 'internal';

/** An `RTCIceServer`; its access expires and is renewed by `ice_servers`. */
export interface IceServer {
  urls: string[];
  username: string;
  credential: string;
}

export interface Welcome {
  type: 'welcome';
  session: string;
  device: string;
  agent: string;
  agent_name: string;
  heartbeat_ms: number;
  server_time: string;
  snapshot: Snapshot;
  /** TURN servers, where the daemon has some. */
  ice_servers?: IceServer[];
}

/** Frames that the socket's own upkeep needs; they are never numbered. */
export type ControlEvent =
  | Welcome
  | { type: 'resumed'; session: string; server_time: string }
  | { type: 'done'; to: number }
  | { type: 'error'; to: number | null; code: ServerErrorCode; message: string; hint: string }
  | { type: 'pong'; to: number; server_time: string }
  | { type: 'bye'; why: ByeReason };

/** Frames about the agent, their media and their calls. */
export type HouseEvent =
  | { type: 'ice_servers'; ice_servers: IceServer[] }
  | { type: 'media_answer'; answer: string }
  | { type: 'media_state'; up: boolean; reason?: string }
  | { type: 'presence'; presence: Presence }
  | { type: 'ring'; ringing: RingingCall }
  | { type: 'ring_update'; call: string; claimable: boolean; not_claimable?: PresenceReason }
  | { type: 'ring_end'; call: string; why: RingEnd; winner?: string }
  | { type: 'claim_won'; active: ActiveCall; lease_ms: number }
  | { type: 'claim_released'; call: string; reason: string }
  | { type: 'call_open'; active: ActiveCall }
  | {
      type: 'call_update';
      call: string;
      muted: boolean;
      recording: RecordingState;
      hint?: Hint;
      quality?: QualityNow;
    }
  | { type: 'key'; call: string; key: string }
  | { type: 'call_end'; call: string; reason: EndReason; talked_ms: number }
  | { type: 'missed'; missed: MissedCall }
  | { type: 'balance'; balance: Balance };

export type ServerFrame = { v: number; seq: number } & (ControlEvent | HouseEvent);
