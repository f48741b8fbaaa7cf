/**
 * The frames of `/agent/v1`, as the daemon's `wire` crate writes them. Field names are the wire's.
 */

export const VERSION = 1;
export const SUBPROTOCOL = 'ringdown.agent.v1';

export type Presence = 'offline' | 'away' | 'ready' | 'busy' | 'wrap_up';
export type Direction = 'user_initiated' | 'business_initiated';
export type RecordingMode = 'off' | 'on_demand' | 'always';
export type RecordingState = 'off' | 'on' | 'paused' | 'failed';
/** Why a ringing call cannot be taken now. */
export type PresenceReason = 'on_call' | 'not_ready' | 'wrap_up' | 'not_allowed';
export type RecordAction = 'start' | 'pause' | 'resume' | 'stop';

/** What the agent on a call should know about its sound. */
export type Hint = 'caller_silent' | 'muted' | 'no_sound' | 'no_path';
/** What an agent may do. */
export type Right = 'answer' | 'dial' | 'record' | 'supervise' | 'admin';
/** Why this device is not rung. */
export type Blocker =
  | 'away'
  | 'missed_rings'
  | 'socket_lost'
  | 'microphone'
  | 'audio_locked'
  | 'media_down'
  | 'not_leader'
  | 'on_call'
  | 'wrap_up'
  | 'not_allowed';
/** `listen`: heard by nobody. `whisper`: heard by the agent. `barge`: heard by both. */
export type SupervisionMode = 'listen' | 'whisper' | 'barge';
/** `blind`: at once. `warm`: the two agents talk first while the caller is on hold. */
export type TransferMode = 'blind' | 'warm';
/** Where a call is sent. */
export interface TransferTarget {
  kind: 'agent' | 'group';
  id: string;
}
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
  | 'queue_timed_out'
  | 'hook_rejected'
  | 'balance_too_low'
  | 'balance_exhausted'
  | 'no_rate'
  | 'line_closed'
  | 'at_capacity'
  | 'carrier_down'
  | 'needs_auth'
  | 'stale_connect'
  | 'terminated_before_connect'
  | 'bad_offer'
  | 'carrier_refused'
  | 'accept_unresolved'
  | 'media_never_up'
  | 'media_lost'
  | 'agent_leg_failed'
  | 'contact_declined'
  | 'contact_busy'
  | 'contact_unreachable'
  | 'not_permitted'
  | 'limit_reached'
  | 'line_not_allowed'
  | 'dial_unresolved'
  | 'operator_ended'
  | 'supervisor_ended'
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

/** How far a call that the agent placed is. */
export type DialStage = 'calling' | 'ringing' | 'picked_up';

/** Why a contact cannot be called, or asked. */
export type DialBlocker =
  | 'bad_number'
  | 'no_such_line'
  | 'line_off'
  | 'restricted'
  | 'line_region'
  | 'contact_region'
  | 'unreachable'
  | 'balance'
  | 'no_rate'
  | 'at_capacity'
  | 'daily_cap'
  | 'call_running'
  | 'no_permission'
  | 'call_limit'
  | 'streak'
  | 'line_down'
  | 'needs_auth'
  | 'unknown'
  | 'shut_down'
  | 'already_permitted'
  | 'asked_today'
  | 'asked_twice'
  | 'declined_today'
  | 'window_closed';

/** A rule that is in the way, and from when on it may not be. */
export interface DialRefusal {
  blocker: DialBlocker;
  not_before?: string;
}

/** A line that calls can be placed from. */
export interface LineBrief {
  line: string;
  name: string;
}

/** What a contact permits a line. */
export interface Permit {
  line: string;
  contact: Caller;
  status: 'none' | 'requested' | 'temporary' | 'permanent' | 'revoked' | 'declined';
  /** When a temporary permission ends. */
  until?: string;
  /** Calls in a row that the contact did not answer; four take the permission away. */
  unanswered: number;
  /** Absent when the contact can be called. */
  call_refused?: DialRefusal;
  /** Absent when the contact can be asked. */
  ask_refused?: DialRefusal;
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
  /** The group that rings; absent when everybody does. */
  group?: string;
  /** The call was accepted and waits: its place, from 1. */
  queue_position?: number;
  /** Who sends this call on. A claim of a `warm` one talks with them first. */
  transfer?: TransferFrom;
}

/** Who sends a call on. */
export interface TransferFrom {
  agent: string;
  name: string;
  mode: TransferMode;
  /** Nobody took it: it comes back to who sent it. */
  returned: boolean;
}

/** Where the agent's call is being sent. */
export interface TransferTo {
  /** Of the agent or group. */
  name: string;
  mode: TransferMode;
  /** The other agent talks with this one; the caller is on hold. */
  consulting: boolean;
}

/** A supervisor in a call, as the agent sees them; listening is not shown. */
export interface SupervisedBy {
  name: string;
  mode: SupervisionMode;
}

export interface ActiveCall {
  call: string;
  from: Caller;
  line: string;
  line_name: string;
  direction: Direction;
  /** Absent while the claim is still being connected. */
  /** How far a call that this agent placed is; absent once sound flows. */
  dial?: DialStage;
  bridged_at?: string;
  muted: boolean;
  /** Only a supervisor unmutes. */
  muted_by_supervisor?: boolean;
  /** The caller is on hold. */
  held?: boolean;
  /** The agent's media is lost; the caller hears hold music until it is back. */
  reconnecting?: boolean;
  transfer?: TransferTo;
  /** This agent is only consulted: the caller is on hold and belongs to this agent. */
  consulted_by?: string;
  supervised_by?: SupervisedBy;
  recording_mode: RecordingMode;
  recording: RecordingState;
  hint?: Hint;
  /** Absent in a call's first seconds. */
  quality?: QualityNow;
  /** When the paid time ends, and the call with it; absent while the end is not in sight. */
  credit_ends_at?: string;
}

/** Where a call is in its life. */
export type LiveState = 'offered' | 'ringing' | 'accepting' | 'bridged' | 'reconnecting' | 'ending' | 'ended';

/** A live call as supervisors see it. */
export interface LiveCall {
  call: string;
  state: LiveState;
  from: Caller;
  line: string;
  line_name: string;
  arrived_at: string;
  bridged_at?: string;
  agent?: string;
  agent_name?: string;
  queue_position?: number;
  quality?: QualityNow;
  muted: boolean;
  supervised_by?: SupervisedBy;
}

/** Somebody a call can be sent to. */
export interface Colleague {
  agent: string;
  name: string;
  presence: Presence;
}

/** A group a call can be sent to. */
export interface GroupBrief {
  group: string;
  name: string;
  /** How many of its agents are ready now. */
  ready: number;
}

/** Who a call can be sent to. */
export interface Colleagues {
  /** Connected ones, this agent not among them. */
  agents: Colleague[];
  groups: GroupBrief[];
}

export interface MissedCall {
  call: string;
  from: Caller;
  line: string;
  at: string;
  reason: MissedReason;
  rang_ms: number;
  /** After how long the caller hung up, when that is why. */
  gave_up_after_ms?: number;
  /** Who was rung and what each did, in order. */
  rung?: RungAgent[];
}

/** What became of ringing one agent. */
export type RingOutcome =
  | 'claimed'
  | 'declined'
  | 'unanswered'
  | 'taken_by_other'
  | 'caller_hung_up'
  | 'left'
  | 'call_ended';

/** An agent who was rung for a call, and what they did. */
export interface RungAgent {
  agent: string;
  name: string;
  outcome: RingOutcome;
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

/** A call that this agent sent on and nobody has taken yet. */
export interface SentOn {
  call: string;
  from: Caller;
  /** Where it rings: an agent's or a group's name. */
  to: string;
}

export interface Snapshot {
  sent_on?: SentOn;
  presence: Presence;
  blockers?: Blocker[];
  wrap_up_until?: string;
  /** The call that can still be annotated. */
  last_call?: string;
  ringing: RingingCall[];
  /** On a new device (a reloaded page) the call that comes to it as soon as it is ready. */
  active?: ActiveCall;
  /** Words for outcomes that the workspace uses. */
  outcomes?: string[];
  /** The lines that calls can be placed from. */
  lines?: LineBrief[];
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
  | { type: 'readiness'; microphone: boolean; audio: boolean; leader: boolean }
  | { type: 'end_wrap_up' }
  | { type: 'media_failed'; reason: string }
  | { type: 'claim'; call: string }
  | { type: 'decline'; call: string }
  | { type: 'hang_up'; call: string }
  | { type: 'mute'; call: string; on: boolean }
  | { type: 'record'; call: string; action: RecordAction }
  | { type: 'hold'; call: string; on: boolean }
  | { type: 'dial'; to: string; line?: string; force?: boolean }
  | { type: 'check_contact'; to: string; line?: string }
  | { type: 'ask_permission'; to: string; line?: string }
  | { type: 'list_colleagues' }
  | { type: 'transfer'; call: string; to: TransferTarget; mode: TransferMode }
  | { type: 'complete_transfer'; call: string }
  | { type: 'cancel_transfer'; call: string }
  | { type: 'annotate'; call: string; note?: string; outcome?: string }
  | { type: 'watch_calls'; on: boolean }
  | { type: 'supervise'; call: string; mode: SupervisionMode }
  | { type: 'stop_supervising'; call: string }
  | { type: 'take_over'; call: string }
  | { type: 'mute_agent'; call: string; on: boolean }
  | { type: 'end_call'; call: string }
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

/** Why a call goes on without this device. */
export type LeftWhy = 'transferred' | 'taken_over' | 'consultation_over' | 'resumed_elsewhere' | 'grace_over';

/** Why this device takes part in a call as supervisor no longer. */
export type SupervisionEnd = 'left' | 'call_ended' | 'parted' | 'took_over' | 'media_failed' | 'full';

export type ByeReason =
  | 'token_expired'
  | 'too_many_errors'
  | 'silent'
  | 'slow'
  | 'replaced'
  | 'signed_out'
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
  | 'forbidden'
  | 'nobody_there'
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
  rights?: Right[];
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
  | ({ type: 'colleagues'; to: number } & Colleagues)
  | { type: 'dialling'; to: number; call: string }
  | { type: 'dial_refused'; to: number; blocker: DialBlocker; message: string; not_before?: string }
  | { type: 'contact_checked'; to: number; permit: Permit }
  | { type: 'pong'; to: number; server_time: string }
  | { type: 'bye'; why: ByeReason };

/** Frames about the agent, their media and their calls. */
export type HouseEvent =
  | { type: 'ice_servers'; ice_servers: IceServer[] }
  | { type: 'media_answer'; answer: string }
  | { type: 'media_state'; up: boolean; reason?: string }
  | { type: 'renew_media' }
  | { type: 'presence'; presence: Presence; blockers?: Blocker[]; wrap_up_until?: string }
  | { type: 'ring'; ringing: RingingCall }
  | { type: 'ring_update'; call: string; claimable: boolean; not_claimable?: PresenceReason }
  | { type: 'ring_end'; call: string; why: RingEnd; winner?: string }
  | { type: 'claim_won'; active: ActiveCall; lease_ms: number }
  | { type: 'claim_released'; call: string; reason: string }
  | { type: 'call_open'; active: ActiveCall }
  | { type: 'call_update'; active: ActiveCall }
  | { type: 'call_left'; call: string; why: LeftWhy; now_with?: string; talked_ms: number }
  | { type: 'sent_on'; sent_on: SentOn }
  | { type: 'sent_on_end'; call: string }
  | { type: 'key'; call: string; key: string }
  | { type: 'credit_warning'; call: string; left_ms: number }
  | { type: 'call_end'; call: string; reason: EndReason; talked_ms: number }
  | { type: 'live_calls'; calls: LiveCall[] }
  | { type: 'live_call'; live: LiveCall }
  | { type: 'live_call_end'; call: string }
  | { type: 'supervising'; call: string; mode: SupervisionMode }
  | { type: 'supervision_end'; call: string; why: SupervisionEnd }
  | { type: 'missed'; missed: MissedCall[] }
  | { type: 'permit_changed'; permit: Permit }
  | { type: 'balance'; balance: Balance };

export type ServerFrame = { v: number; seq: number } & (ControlEvent | HouseEvent);
