// For looking at the page while designing it: `npm run dev`, then /dev/?scene=ringing.
// Nothing in the build refers to this folder.
import '../src/components/app.js';
import type { Permit } from '@ringdown/sdk';
import type { App } from '../src/components/app.js';
import type { CallView, DeskState, NotesView, RingingView } from '../src/state.js';
import { emptyState } from '../src/state.js';

const now = Date.now();
const iso = (minutesAgo: number): string => new Date(now - minutesAgo * 60_000).toISOString();

const maria: RingingView = {
  id: 'call_1',
  name: 'Maria Conceição',
  phone: '5511987654321',
  lineName: 'Support Brazil',
  rangAt: now - 7_000,
  claimable: true,
};
const john: RingingView = {
  id: 'call_2',
  name: 'Johannes Wolkenkratzer-Schmidtbauer',
  phone: '491701234567',
  lineName: 'Sales',
  rangAt: now - 3_000,
  claimable: true,
};
const call: CallView = {
  id: 'call_1',
  name: 'Maria Conceição',
  phone: '5511987654321',
  lineName: 'Support Brazil',
  open: true,
  startedAt: now - 83_000,
  muted: false,
  recordingMode: 'on_demand',
  recording: 'off',
  quality: { verdict: 'good' },
  keys: '',
};
const desk: DeskState = {
  ...emptyState,
  phase: 'desk',
  agentName: 'Ana Lima',
  connection: 'online',
  presence: 'away',
  balance: {
    available_micros: 248_317_000,
    minimum_micros: 10_000_000,
    currency: 'USD',
    display: '248.31',
    top_up_required: false,
  },
  missed: [
    {
      call: 'm1',
      from: { display: 'Kofi Mensah', phone: '233201234567' },
      line: '1',
      at: iso(4),
      reason: 'nobody_answered',
      rang_ms: 28_000,
      rung: [
        { agent: 'ana', name: 'Ana Lima', outcome: 'unanswered', rang_ms: 28_000 },
        { agent: 'ben', name: 'Ben Okafor', outcome: 'declined', rang_ms: 3_000 },
      ],
    },
    { call: 'm2', from: { display: 'Li Na' }, line: '1', at: iso(51), reason: 'caller_gave_up', rang_ms: 12_000, gave_up_after_ms: 12_000 },
    { call: 'm3', from: { display: '+15550102345', phone: '15550102345' }, line: '1', at: iso(1500), reason: 'balance', rang_ms: 0 },
  ],
};
const ready: DeskState = { ...desk, presence: 'ready', media: 'up' };
const notes: NotesView = { note: 'Wants the invoice of March once more.', outcome: '', outcomes: ['Solved', 'Call back', 'Sale'], saved: 'saved' };
const busy: DeskState = { ...ready, presence: 'busy', blockers: ['on_call'], notes };
const held: CallView = { ...call, held: true, heldSince: now - 41_000 };
const supervisor: DeskState = {
  ...ready,
  agentName: 'Sam Reyes',
  rights: ['answer', 'supervise'],
  watching: true,
  live: [
    { call: 'l1', state: 'bridged', from: { display: 'Maria Conceição' }, line: '1', line_name: 'Support Brazil', arrived_at: iso(4), bridged_at: iso(3.5), agent: 'ana', agent_name: 'Ana Lima', muted: false, quality: { verdict: 'good' } },
    { call: 'l2', state: 'bridged', from: { display: 'Johannes Wolkenkratzer-Schmidtbauer' }, line: '2', line_name: 'Sales', arrived_at: iso(12), bridged_at: iso(11), agent: 'ben', agent_name: 'Ben Okafor', muted: true, quality: { verdict: 'poor', network: 'agent' }, supervised_by: { name: 'Ida Berg', mode: 'whisper' } },
    { call: 'l3', state: 'ringing', from: { display: 'Kofi Mensah' }, line: '1', line_name: 'Support Brazil', arrived_at: iso(0.5), muted: false, queue_position: 2 },
    { call: 'l4', state: 'reconnecting', from: { display: 'Li Na' }, line: '1', line_name: 'Support Brazil', arrived_at: iso(2), bridged_at: iso(1.5), agent: 'eva', agent_name: 'Eva Stern', muted: false },
  ],
};
const colleagues: NonNullable<DeskState['colleagues']> = {
  agents: [
    { agent: 'eva', name: 'Eva Stern', presence: 'busy' },
    { agent: 'ben', name: 'Ben Okafor', presence: 'ready' },
    { agent: 'ida', name: 'Ida Wolkenkratzer-Schmidtbauer', presence: 'wrap_up' },
    { agent: 'tom', name: 'Tom Reed', presence: 'away' },
  ],
  groups: [
    { group: 'sales', name: 'Sales', ready: 3 },
    { group: 'night', name: 'Night shift', ready: 0 },
  ],
};
const low = { ...desk.balance, available_micros: 9_980_000, display: '9.98', top_up_required: true } as NonNullable<DeskState['balance']>;

const { startedAt: _startedAt, quality: _quality, ...ringing } = call;
const lines = [
  { line: '1', name: 'Support Brazil' },
  { line: '2', name: 'Sales' },
];
const dial = { to: '+5511987654321', line: '1', busy: false };
const open: Permit = { line: '1', contact: { display: '+5511987654321', phone: '5511987654321' }, status: 'none', unanswered: 0 };
const permit: Permit = { ...open, call_refused: { blocker: 'no_permission' } };
const scenes: Record<string, DeskState> = {
  'sign-in': { ...emptyState, phase: 'signed_out', signIn: { busy: false, problem: 'refused' } },
  away: { ...desk, missed: [] },
  denied: { ...desk, problem: { code: 'microphone_denied', message: '', hint: '' } },
  idle: { ...ready, balance: low },
  ringing: { ...ready, ringing: [maria, john] },
  call: {
    ...ready,
    presence: 'busy',
    call: { ...call, recording: 'on', muted: true },
    ringing: [{ ...john, claimable: false, why: 'on_call' }],
    notices: [{ id: 1, text: 'Answered elsewhere: Ben took the call from Kofi Mensah.' }],
  },
  open: { ...ready, presence: 'busy', call, connection: 'reconnecting' },
  poor: {
    ...ready,
    presence: 'busy',
    call: { ...call, quality: { verdict: 'poor', network: 'agent' }, hint: 'no_path', keys: '407112#' },
  },
  silent: { ...ready, presence: 'busy', call: { ...call, quality: { verdict: 'fair', network: 'caller' }, hint: 'caller_silent' } },
  unheard: { ...ready, presence: 'busy', call: { ...call, open: false, hint: 'no_sound' } },
  missed: { ...desk, blockers: ['missed_rings', 'microphone'] },
  blocked: { ...ready, presence: 'away', blockers: ['audio_locked', 'socket_lost', 'media_down'], connection: 'reconnecting' },
  blocked_off: { ...desk, blockers: ['away', 'microphone', 'not_allowed'] },
  other_tab: { ...desk, follows: true, presence: 'ready', blockers: ['away', 'not_leader'] },
  other_tab_call: { ...desk, follows: true, presence: 'busy', returning: { name: 'Maria Conceição', underWay: false } },
  returning: { ...desk, presence: 'busy', returning: { name: 'Maria Conceição', underWay: false } },
  returning_by_itself: { ...desk, presence: 'busy', media: 'connecting', returning: { name: 'Maria Conceição', underWay: true } },
  wrap_up: { ...ready, presence: 'wrap_up', blockers: ['wrap_up'], wrapUp: { until: now + 24_000, call: 'call_1', name: 'Maria Conceição' }, notes },
  transferred: {
    ...ready,
    ringing: [
      { ...maria, group: 'support', queuePosition: 2, rangAt: now - 74_000 },
      { ...john, transfer: { agent: 'ben', name: 'Ben Okafor', mode: 'warm', returned: false } },
    ],
  },
  sent_on: { ...ready, sentOn: { call: 'call_1', from: { display: 'Maria Conceição' }, to: 'Ida Wolkenkratzer-Schmidtbauer' } },
  came_back: { ...ready, ringing: [{ ...john, transfer: { agent: 'ana', name: 'Ana Lima', mode: 'blind', returned: true } }] },
  waits: { ...ready, presence: 'wrap_up', blockers: ['wrap_up'], wrapUp: {}, ringing: [{ ...maria, claimable: false, why: 'wrap_up', group: 'support' }], selected: 'call_1' },
  held: { ...busy, call: held },
  transfer: { ...busy, call, transferring: true, colleagues },
  calling: { ...busy, call: { ...held, transfer: { name: 'Ben Okafor', mode: 'warm', consulting: false } } },
  consulting: { ...busy, call: { ...held, transfer: { name: 'Ben Okafor', mode: 'warm', consulting: true } } },
  consulted: { ...busy, call: { ...call, consultedBy: 'Ana Lima', held: true } },
  whispered: { ...busy, call: { ...call, supervisedBy: { name: 'Sam Reyes', mode: 'whisper' } } },
  muted_by_supervisor: { ...busy, call: { ...call, muted: true, mutedBySupervisor: true, supervisedBy: { name: 'Sam Reyes', mode: 'barge' } } },
  silent_page: { ...busy, blockers: ['on_call', 'audio_locked'], call: { ...call, silent: true } },
  sound_lost: { ...busy, call: { ...call, reconnecting: true } },
  credit: { ...busy, balance: { ...(busy.balance ?? { available_micros: 0, minimum_micros: 10_000_000, currency: 'USD', display: '0.41', top_up_required: true }), top_up_required: true }, call: { ...call, creditEndsAt: Date.now() + 26_500 } },
  live: supervisor,
  live_none: { ...supervisor, live: [] },
  supervising: { ...supervisor, presence: 'busy', supervised: { call: 'l1', mode: 'whisper' } },
  dial: { ...ready, rights: ['answer', 'dial'], lines, dial: { to: '', busy: false } },
  dial_none: { ...ready, rights: ['answer', 'dial'], lines, dial: { ...dial, permit } },
  dial_permitted: {
    ...ready,
    rights: ['answer', 'dial'],
    lines,
    dial: { ...dial, permit: { ...open, status: 'temporary', until: new Date(now + 86_400_000).toISOString(), unanswered: 2 } },
  },
  dial_blocked: {
    ...ready,
    rights: ['answer', 'dial'],
    lines,
    dial: {
      ...dial,
      permit: {
        ...permit,
        status: 'declined',
        ask_refused: { blocker: 'declined_today', not_before: new Date(now + 3_600_000).toISOString() },
      },
    },
  },
  dialling: { ...busy, call: { ...ringing, open: false, dial: 'ringing' } },
  always: { ...ready, presence: 'busy', call: { ...call, recordingMode: 'always', recording: 'on' } },
};

const app = document.querySelector('rd-app') as App;
/** What the page asked for, for tests. */
const asked: unknown[][] = ((globalThis as { asked?: unknown[][] }).asked = []);
const log = (name: string) => (...values: unknown[]): void => {
  asked.push([name, ...values]);
};
app.actions = {
  now: () => Date.now(),
  signIn: log('signIn'),
  signOut: log('signOut'),
  goReady: log('goReady'),
  goAway: log('goAway'),
  select: (id) => (app.state = { ...app.state, selected: id }),
  accept: log('accept'),
  decline: log('decline'),
  hangUp: log('hangUp'),
  mute: log('mute'),
  record: log('record'),
  hold: log('hold'),
  askDial: (to) => {
    const { dial: _old, ...state } = app.state;
    app.state = to === undefined ? state : { ...state, dial: { to, busy: false } };
  },
  setDial: (change, check) => {
    log('setDial')(change, check);
    if (app.state.dial) app.state = { ...app.state, dial: { ...app.state.dial, ...change } };
  },
  dial: log('dial'),
  askPermission: log('askPermission'),
  askTransfer: (transferring) => (app.state = { ...app.state, transferring, colleagues }),
  transfer: log('transfer'),
  completeTransfer: log('completeTransfer'),
  cancelTransfer: log('cancelTransfer'),
  takeBack: log('takeBack'),
  annotate: (call, annotation) => {
    log('annotate')(call, annotation);
    app.state = { ...app.state, notes: { ...app.state.notes, ...annotation, saved: 'saved' } };
  },
  endWrapUp: log('endWrapUp'),
  useThisTab: log('useThisTab'),
  watch: (watching) => (app.state = { ...app.state, watching }),
  supervise: (call, mode) => (app.state = { ...app.state, supervised: { call, mode } }),
  stopSupervising: log('stopSupervising'),
  takeOver: log('takeOver'),
  muteAgent: log('muteAgent'),
  endCall: log('endCall'),
  dismissProblem: log('dismissProblem'),
  dismissNotice: log('dismissNotice'),
};
app.state = scenes[new URLSearchParams(location.search).get('scene') ?? 'idle'] ?? desk;
