import type { Call, RingdownError } from '@ringdown/sdk';
import { Device } from '@ringdown/sdk';
import * as api from './sign-in-api.js';
import type { DeskActions, DeskState, RecordVerb } from './state.js';
import { emptyState } from './state.js';
import { isStringKey, t } from './strings.js';
import { callView, closeNotice, ringingView } from './views.js';

/** How long a notice stays when nobody dismisses it: time to read two lines twice. */
const NOTICE_MS = 9_000;
/** As many notices as fit above each other on a small screen. */
const NOTICES_MAX = 3;
/** Between tries to reach a daemon that did not answer at all. */
const RETRY_MS = 3_000;

/** Losing a claim, or the session under a command, is told by the call's own end or the snapshot. */
const TOLD_OTHERWISE = ['already_taken', 'taken_by_you_elsewhere', 'call_ended', 'no_such_call', 'session_lost', 'destroyed'];

/** One agent's work at this page: signs in, owns the device, and turns both into state. */
export class Session implements DeskActions {
  #state: DeskState = emptyState;
  #device: Device | undefined;
  #notices = 0;
  readonly #changed: (state: DeskState) => void;

  constructor(changed: (state: DeskState) => void) {
    this.#changed = changed;
  }

  /** For the ringtone; exists once somebody is signed in. */
  get audioContext(): AudioContext | undefined {
    return this.#device?.audioContext;
  }

  async start(): Promise<void> {
    const code = api.takeCode(location, history);
    if (code) return this.signIn(code);
    try {
      const signedIn = await api.whoAmI();
      if (signedIn) this.#begin(signedIn);
      else this.#set({ phase: 'signed_out' });
    } catch {
      this.#set({ phase: 'unreachable' });
      setTimeout(() => void this.start(), RETRY_MS);
    }
  }

  now(): number {
    return this.#device?.now() ?? Date.now();
  }

  async signIn(code: string): Promise<void> {
    this.#endDevice();
    this.#set({ ...emptyState, phase: 'signed_out', signIn: { busy: true } });
    const answer = await api.signIn(code);
    if (typeof answer === 'string') this.#set({ signIn: { busy: false, problem: answer } });
    else this.#begin(answer);
  }

  async signOut(): Promise<void> {
    this.#endDevice();
    this.#set({ ...emptyState, phase: 'signed_out' });
    await api.signOut().catch(() => undefined);
  }

  goReady(): void {
    const { problem: _mended, ...state } = this.#state;
    this.#state = state;
    this.#device?.goReady().catch((error: RingdownError) => {
      // Going away meanwhile is no problem to report.
      if (error.code !== 'wrong_state') this.#problem(error);
    });
    this.#refresh();
  }

  goAway(): void {
    this.#do(this.#device?.goAway());
  }

  select(id: string): void {
    this.#set({ selected: id });
  }

  accept(id: string): void {
    this.#do(this.#ringing(id)?.accept());
  }

  decline(id: string): void {
    this.#do(this.#ringing(id)?.reject());
  }

  hangUp(): void {
    this.#do(this.#device?.call?.hangup());
  }

  mute(on: boolean): void {
    this.#do(this.#device?.call?.mute(on));
  }

  record(verb: RecordVerb): void {
    this.#do(this.#device?.call?.record[verb]());
  }

  dismissProblem(): void {
    const { problem: _read, ...state } = this.#state;
    this.#state = state;
    this.#set({});
  }

  dismissNotice(id: number): void {
    this.#set({ notices: this.#state.notices.filter((notice) => notice.id !== id) });
  }

  #begin(agent: api.SignedIn): void {
    this.#set({ ...emptyState, phase: 'desk', agentName: agent.name });
    const device = new Device({ url: location.origin, label: 'desk', getToken: () => this.#token() });
    this.#device = device;
    const refresh = (): void => this.#refresh();
    device.on('registering', () => this.#set({ connection: this.#state.connection === 'connecting' ? 'connecting' : 'reconnecting' }));
    device.on('registered', () => this.#set({ connection: 'online' }));
    device.on('unregistered', ({ reason }) => {
      if (reason !== 'destroyed') this.#set({ connection: reason === 'replaced' ? 'replaced' : 'ended' });
    });
    device.on('incoming', (call) => this.#follow(call));
    for (const event of ['registered', 'presence', 'media', 'missed', 'balance'] as const) device.on(event, refresh);
    device.on('error', (error) => this.#deviceError(error));
    device.register().catch(() => undefined);
  }

  async #token(): Promise<string> {
    const token = await api.agentToken();
    if (token !== undefined) return token;
    // The cookie has run out: back to the sign-in form, without the desk's old content.
    this.#endDevice();
    this.#set({ ...emptyState, phase: 'signed_out' });
    throw new Error('Nobody is signed in.');
  }

  #follow(call: Call): void {
    call.on('update', () => this.#refresh());
    call.on('close', (reason) => {
      this.#notify(closeNotice(call, reason));
      this.#refresh();
    });
    this.#refresh();
  }

  /** Upkeep errors show as connection state; only what needs the agent's hands is a problem. */
  #deviceError(error: RingdownError): void {
    if (isStringKey(`problem.${error.code}`)) this.#problem(error);
  }

  #problem({ code, message, hint }: RingdownError): void {
    this.#set({ problem: { code, message, hint } });
  }

  #do(work: Promise<void> | undefined): void {
    work?.catch((error: RingdownError) => {
      if (TOLD_OTHERWISE.includes(error.code)) return;
      this.#notify(t('notice.failed', { message: error.message, hint: error.hint }));
    });
  }

  #ringing(id: string): Call | undefined {
    return this.#device?.ringing.find((call) => call.id === id);
  }

  #notify(text: string): void {
    const id = (this.#notices += 1);
    this.#set({ notices: [...this.#state.notices, { id, text }].slice(-NOTICES_MAX) });
    setTimeout(() => this.dismissNotice(id), NOTICE_MS);
  }

  #endDevice(): void {
    this.#device?.destroy();
    this.#device = undefined;
  }

  /** Copies what the device knows. */
  #refresh(): void {
    const device = this.#device;
    if (!device) return;
    const { call: _call, balance: _balance, ...rest } = this.#state;
    this.#state = {
      ...rest,
      presence: device.presence,
      media: device.media,
      ringing: device.ringing.map(ringingView),
      missed: device.missed,
      ...(device.call ? { call: callView(device.call) } : {}),
      ...(device.balance ? { balance: device.balance } : {}),
    };
    this.#set({});
  }

  #set(change: Partial<DeskState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}
