import type {
  Balance,
  Hint,
  MediaState,
  MissedCall,
  Presence,
  PresenceReason,
  QualityNow,
  RecordingMode,
  RecordingState,
} from '@ringdown/sdk';

/** Everything the page shows. Components read it and call {@link DeskActions}; they keep nothing. */
export interface DeskState {
  phase: 'starting' | 'unreachable' | 'signed_out' | 'desk';
  signIn: { busy: boolean; problem?: 'refused' | 'tooFast' | 'unreachable' };
  agentName: string;
  connection: 'connecting' | 'online' | 'reconnecting' | 'replaced' | 'ended';
  presence: Presence;
  media: MediaState;
  problem?: Problem;
  ringing: RingingView[];
  selected?: string;
  call?: CallView;
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
}

export interface CallView {
  id: string;
  name: string;
  phone?: string;
  lineName: string;
  open: boolean;
  /** By the daemon's clock; absent until sound flows. */
  startedAt?: number;
  muted: boolean;
  recordingMode: RecordingMode;
  recording: RecordingState;
  hint?: Hint;
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
  dismissProblem(): void;
  dismissNotice(id: number): void;
}

export const emptyState: DeskState = {
  phase: 'starting',
  signIn: { busy: false },
  agentName: '',
  connection: 'connecting',
  presence: 'offline',
  media: 'off',
  ringing: [],
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
