import type {
  Balance,
  Blocker,
  Colleagues,
  DialStage,
  Hint,
  LineBrief,
  LiveCall,
  MediaState,
  MissedCall,
  Permit,
  Presence,
  PresenceReason,
  QualityNow,
  RecordingMode,
  RecordingState,
  Right,
  SentOn,
  Supervised,
  SupervisedBy,
  SupervisionMode,
  TransferFrom,
  TransferMode,
  TransferTarget,
  TransferTo,
} from '@ringdown/sdk';

/** Everything the page shows. Components read it and call {@link DeskActions}; they keep nothing. */
export interface DeskState {
  phase: 'starting' | 'unreachable' | 'signed_out' | 'desk';
  signIn: { busy: boolean; problem?: 'refused' | 'tooFast' | 'unreachable' };
  agentName: string;
  connection: 'connecting' | 'online' | 'reconnecting' | 'replaced' | 'ended';
  rights: readonly Right[];
  presence: Presence;
  media: MediaState;
  /** Everything that keeps this window from ringing. */
  blockers: readonly Blocker[];
  /** Another window of this browser rings. */
  follows: boolean;
  wrapUp?: WrapUpView;
  /** The agent's call that is not in this window yet. */
  returning?: ReturningView;
  problem?: Problem;
  ringing: RingingView[];
  selected?: string;
  call?: CallView;
  notes: NotesView;
  /** The dialog that asks where the call is to go is open. */
  transferring: boolean;
  /** Who the call can be sent to; absent until the daemon has said. */
  colleagues?: Colleagues;
  /** The dialog that asks whom to call; absent while it is closed. */
  dial?: DialView;
  /** The lines that calls can be placed from. */
  lines: readonly LineBrief[];
  /** The supervisor's list is open. */
  watching: boolean;
  live: readonly LiveCall[];
  supervised?: Supervised;
  /** The call that the agent sent on and nobody has taken yet. */
  sentOn?: SentOn;
  missed: readonly MissedCall[];
  balance?: Balance;
  notices: Notice[];
}

export interface Problem {
  code: string;
  message: string;
  hint: string;
}

export interface RingingView {
  id: string;
  name: string;
  phone?: string;
  lineName: string;
  /** By the daemon's clock, milliseconds since 1970. */
  rangAt: number;
  claimable: boolean;
  why?: PresenceReason;
  group?: string;
  /** Its place among those that wait, from 1. */
  queuePosition?: number;
  transfer?: TransferFrom;
}

/** Whom the agent is about to call, and what is known about that. */
export interface DialView {
  to: string;
  line?: string;
  /** The daemon, or the contact's permission, is being asked. */
  busy: boolean;
  permit?: Permit;
  /** Why the last wish was not granted. */
  refused?: string;
}

/** Finishing up after a call. */
export interface WrapUpView {
  /** By the daemon's clock; absent when the agent ends it. */
  until?: number;
  /** The call to write about. */
  call?: string;
  name?: string;
}

export interface ReturningView {
  name: string;
  /** It comes without a click. */
  underWay: boolean;
}

/** What is written about the call, or the one before. */
export interface NotesView {
  note: string;
  outcome: string;
  /** Words the workspace uses. */
  outcomes: readonly string[];
  saved?: 'saving' | 'saved' | 'failed';
}

export interface CallView {
  id: string;
  name: string;
  phone?: string;
  lineName: string;
  open: boolean;
  /** How far a call that the agent placed is. */
  dial?: DialStage;
  /** By the daemon's clock; absent until sound flows. */
  startedAt?: number;
  muted: boolean;
  mutedBySupervisor?: boolean;
  held?: boolean;
  /** Since when, by the daemon's clock. */
  heldSince?: number;
  /** The agent's sound is lost; it is being brought back. */
  reconnecting?: boolean;
  /** The browser plays nothing before a click. */
  silent?: boolean;
  transfer?: TransferTo;
  consultedBy?: string;
  supervisedBy?: SupervisedBy;
  recordingMode: RecordingMode;
  recording: RecordingState;
  hint?: Hint;
  /** When the call ends for want of money, on this page's clock, in milliseconds. */
  creditEndsAt?: number;
  quality?: QualityNow;
  /** The last keys that the caller pressed; empty before the first. */
  keys: string;
}

export interface Notice {
  id: number;
  text: string;
}

export type RecordVerb = 'start' | 'pause' | 'resume' | 'stop';

/** What an agent can do. */
export interface DeskActions {
  /** The daemon's clock. */
  now(): number;
  signIn(code: string): void;
  signOut(): void;
  goReady(): void;
  goAway(): void;
  select(id: string): void;
  accept(id: string): void;
  decline(id: string): void;
  hangUp(): void;
  mute(on: boolean): void;
  record(verb: RecordVerb): void;
  hold(on: boolean): void;
  /** Opens the dialog that asks whom to call, for this number; `undefined` closes it. */
  askDial(to: string | undefined): void;
  /** What is written in it; with `check` the daemon is asked what the contact permits. */
  setDial(change: { to?: string; line?: string }, check: boolean): void;
  dial(): void;
  askPermission(): void;
  /** Opens or closes the dialog that asks where the call is to go. */
  askTransfer(open: boolean): void;
  transfer(to: TransferTarget, mode: TransferMode): void;
  completeTransfer(): void;
  cancelTransfer(): void;
  /** Takes back the call that was sent on, while it rings. */
  takeBack(): void;
  annotate(call: string, annotation: { note?: string; outcome?: string }): void;
  endWrapUp(): void;
  /** Rings in this window from now on, and brings a running call here. */
  useThisTab(): void;
  watch(on: boolean): void;
  supervise(call: string, mode: SupervisionMode): void;
  stopSupervising(): void;
  takeOver(call: string): void;
  muteAgent(call: string, on: boolean): void;
  endCall(call: string): void;
  dismissProblem(): void;
  dismissNotice(id: number): void;
}

export const emptyState: DeskState = {
  phase: 'starting',
  signIn: { busy: false },
  agentName: '',
  connection: 'connecting',
  rights: [],
  presence: 'offline',
  media: 'off',
  blockers: [],
  follows: false,
  ringing: [],
  notes: { note: '', outcome: '', outcomes: [] },
  transferring: false,
  lines: [],
  watching: false,
  live: [],
  missed: [],
  notices: [],
};

/** The ringing call whose card is shown: the chosen one, else the oldest unless the agent talks. */
export function shownRinging(state: DeskState): RingingView | undefined {
  const chosen = state.ringing.find(({ id }) => id === state.selected);
  return chosen ?? (state.call ? undefined : state.ringing[0]);
}

/** The ringing call that a shortcut means: the one whose card is shown. */
export function acceptable(state: DeskState): RingingView | undefined {
  const shown = shownRinging(state);
  return shown?.claimable ? shown : undefined;
}

/** Whether the agent may put the caller on hold or send the call on: it runs, is theirs, and stays. */
export function movable(call: CallView): boolean {
  return call.open && !call.transfer && !call.consultedBy;
}

/** Whether the agent can be rung now; a group can when somebody of it can. */
export function canBeRung(colleague: { presence: Presence } | { ready: number }): boolean {
  return 'ready' in colleague ? colleague.ready > 0 : colleague.presence === 'ready';
}
