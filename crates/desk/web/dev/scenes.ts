// For looking at the page while designing it: `npm run dev`, then /dev/?scene=ringing.
// Nothing in the build refers to this folder.
import '../src/components/app.js';
import type { App } from '../src/components/app.js';
import type { CallView, DeskState, RingingView } from '../src/state.js';
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
    { call: 'm1', from: { display: 'Kofi Mensah', phone: '233201234567' }, line: '1', at: iso(4), reason: 'nobody_answered', rang_ms: 28_000 },
    { call: 'm2', from: { display: 'Li Na' }, line: '1', at: iso(51), reason: 'caller_gave_up', rang_ms: 9_000 },
    { call: 'm3', from: { display: '+15550102345', phone: '15550102345' }, line: '1', at: iso(1500), reason: 'balance', rang_ms: 0 },
  ],
};
const ready: DeskState = { ...desk, presence: 'ready', media: 'up' };
const low = { ...desk.balance, available_micros: 9_980_000, display: '9.98', top_up_required: true } as NonNullable<DeskState['balance']>;

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
  always: { ...ready, presence: 'busy', call: { ...call, recordingMode: 'always', recording: 'on' } },
};

const app = document.querySelector('rd-app') as App;
const log = (name: string) => (...values: unknown[]): void => console.log(name, ...values);
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
  dismissProblem: log('dismissProblem'),
  dismissNotice: log('dismissNotice'),
};
app.state = scenes[new URLSearchParams(location.search).get('scene') ?? 'idle'] ?? desk;
