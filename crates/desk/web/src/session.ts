import type { Annotation, Call, CloseReason, Permit, RingdownError, SupervisionMode, TransferMode, TransferTarget } from '@ringdown/sdk';
import { Device, DialRefusedError } from '@ringdown/sdk';
import type { Draft } from './notes.js';
import { keepDraft, recallDraft } from './notes.js';
import * as api from './sign-in-api.js';
import type { DeskActions, DeskState, RecordVerb } from './state.js';
import { emptyState } from './state.js';
import { refusalWords } from './permit-words.js';
import { isStringKey, t } from './strings.js';
import { callView, closeNotice, ringingView, wrapUpView } from './views.js';

/** How long a notice stays when nobody dismisses it: time to read two lines twice. */
const NOTICE_MS = 9_000;
/** As many notices as fit above each other on a small screen. */
const NOTICES_MAX = 3;
/** Between tries to reach a daemon that did not answer at all. */
const RETRY_MS = 3_000;

/** Whatever of the device changes what the page shows. */
const SHOWN = [
  'registered',
  'presence',
  'blockers',
  'leader',
  'media',
  'missed',
  'sent_on',
  'balance',
  'live_calls',
  'supervising',
  'supervision_end',
] as const;

/** Losing a claim, or the session under a command, is told by the call's own end or the snapshot. */
const TOLD_OTHERWISE = ['already_taken', 'taken_by_you_elsewhere', 'call_ended', 'no_such_call', 'session_lost', 'destroyed'];

/** One agent's work at this page: signs in, owns the device, and turns both into state. */
export class Session implements DeskActions {
  #state: DeskState = emptyState;
  #device: Device | undefined;
  #notices = 0;
  #draft: Draft | undefined;
  #last: { id: string; name: string } | undefined;
  #heldSince: number | undefined;
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
    this.#leave();
    await api.signOut().catch(() => undefined);
  }

  goReady(): void {
    this.#getReady(this.#device?.goReady());
  }

  useThisTab(): void {
    this.#getReady(this.#device?.returning ? this.#device.returnToCall() : this.#device?.goReady());
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

  hold(on: boolean): void {
    this.#do(this.#device?.call?.hold(on));
  }

  askDial(to: string | undefined): void {
    const { dial: _old, ...state } = this.#state;
    this.#state = state;
    const line = this.#device?.lines[0]?.line;
    this.#set(to === undefined ? {} : { dial: { to, busy: false, ...(line ? { line } : {}) } });
    if (to) this.setDial({}, true);
  }

  setDial(change: { to?: string; line?: string }, check: boolean): void {
    const { dial } = this.#state;
    if (!dial) return;
    const { permit: _old, refused: _why, ...kept } = dial;
    const view = { ...kept, ...change, busy: check };
    this.#set({ dial: view });
    if (check) this.#ask(view, (contact) => this.#device?.checkContact(contact));
  }

  dial(): void {
    const { dial } = this.#state;
    if (!dial) return;
    const placed = (): void => this.askDial(undefined);
    this.#ask(dial, (contact) => this.#device?.dial(contact).then(placed));
  }

  askPermission(): void {
    const { dial } = this.#state;
    if (dial) this.#ask(dial, (contact) => this.#device?.askPermission(contact));
  }

  /** Asks the daemon something about the contact in the dialog, and shows the answer there. */
  #ask(
    view: NonNullable<DeskState['dial']>,
    ask: (contact: { to: string; line?: string }) => Promise<Permit | void> | undefined,
  ): void {
    const { to, line } = view;
    const asked = { ...view, busy: true };
    this.#set({ dial: asked });
    const tell = (change: Partial<NonNullable<DeskState['dial']>>): void => {
      // What was written meanwhile is another contact.
      if (this.#state.dial === asked) this.#set({ dial: { ...asked, busy: false, ...change } });
    };
    ask({ to, ...(line ? { line } : {}) })?.then(
      (permit) => tell(permit ? { permit } : {}),
      (error: RingdownError) => {
        const isRule = error instanceof DialRefusedError;
        tell({ refused: isRule ? refusalWords(error.blocker, error.notBefore, this.now()) : `${error.message} ${error.hint}` });
      },
    );
  }

  askTransfer(open: boolean): void {
    const { colleagues: _old, ...state } = this.#state;
    this.#state = state;
    this.#set({ transferring: open });
    if (open) this.#do(this.#device?.colleagues().then((colleagues) => this.#set({ colleagues })));
  }

  transfer(to: TransferTarget, mode: TransferMode): void {
    this.#do(this.#device?.call?.transferTo(to, mode).then(() => this.#set({ transferring: false })));
  }

  completeTransfer(): void {
    this.#do(this.#device?.call?.completeTransfer());
  }

  cancelTransfer(): void {
    this.#do(this.#device?.call?.cancelTransfer());
  }

  takeBack(): void {
    this.#do(this.#device?.takeBack());
  }

  annotate(call: string, annotation: Annotation): void {
    const draft = { ...this.#draftOf(call), ...annotation };
    this.#draft = draft;
    keepDraft(draft);
    const tell = (saved: 'saving' | 'saved' | 'failed'): void => {
      if (this.#draft === draft) this.#set({ notes: { ...this.#state.notes, ...annotation, saved } });
    };
    tell('saving');
    this.#device?.annotate(call, annotation).then(
      () => tell('saved'),
      () => tell('failed'),
    );
  }

  endWrapUp(): void {
    this.#do(this.#device?.endWrapUp());
  }

  watch(on: boolean): void {
    this.#set({ watching: on });
    this.#do(this.#device?.watchCalls(on));
  }

  supervise(call: string, mode: SupervisionMode): void {
    this.#do(this.#device?.supervise(call, mode));
  }

  stopSupervising(): void {
    this.#do(this.#device?.stopSupervising());
  }

  takeOver(call: string): void {
    this.#do(this.#device?.takeOver(call));
  }

  muteAgent(call: string, on: boolean): void {
    this.#do(this.#device?.muteAgent(call, on));
  }

  endCall(call: string): void {
    this.#do(this.#device?.endCall(call));
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
      if (reason === 'signed_out') this.#leave();
      else if (reason !== 'destroyed') this.#set({ connection: reason === 'replaced' ? 'replaced' : 'ended' });
    });
    device.on('incoming', (call) => this.#follow(call));
    for (const event of SHOWN) device.on(event, refresh);
    device.on('permit', (permit) => {
      const { dial } = this.#state;
      const phone = permit.contact.phone ?? '';
      const isShown = dial?.permit?.contact.phone === phone && dial.permit.line === permit.line;
      if (isShown) this.setDial({}, true);
    });
    device.on('supervision_end', ({ why }) => {
      if (why !== 'left' && why !== 'took_over') this.#notify(t(`supervise.end.${why}`));
    });
    device.on('error', (error) => this.#deviceError(error));
    device.register().catch(() => undefined);
  }

  async #token(): Promise<string> {
    const token = await api.agentToken();
    if (token !== undefined) return token;
    // The cookie has run out.
    this.#leave();
    throw new Error('Nobody is signed in.');
  }

  /** Back to the sign-in form, without the desk's old content. */
  #leave(): void {
    this.#endDevice();
    this.#draft = this.#last = undefined;
    keepDraft(undefined);
    this.#set({ ...emptyState, phase: 'signed_out' });
  }

  #follow(call: Call): void {
    call.on('update', () => this.#refresh());
    call.on('close', (reason) => this.#closed(call, reason));
    this.#refresh();
  }

  #closed(call: Call, reason: CloseReason): void {
    if (reason.code === 'ended' || reason.code === 'left') this.#last = { id: call.id, name: call.from.display };
    this.#notify(closeNotice(call, reason));
    this.#refresh();
  }

  #getReady(work: Promise<void> | undefined): void {
    const { problem: _mended, ...state } = this.#state;
    this.#state = state;
    work?.catch((error: RingdownError) => {
      // Going away meanwhile is no problem to report.
      if (error.code !== 'wrong_state') this.#problem(error);
    });
    this.#refresh();
  }

  /** What is written about a call: kept here, or by the page before. */
  #draftOf(call: string): Draft {
    if (this.#draft?.call !== call) this.#draft = recallDraft(call);
    return this.#draft;
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
    const { call: _call, balance: _balance, wrapUp: _wrapUp, returning: _returning, supervised: _supervised, sentOn: _sentOn, ...rest } = this.#state;
    const { call, returning } = device;
    this.#heldSince = call?.held ? (this.#heldSince ?? device.now()) : undefined;
    this.#state = {
      ...rest,
      rights: device.rights,
      presence: device.presence,
      media: device.media,
      blockers: device.blockers,
      follows: device.leads === false,
      ringing: device.ringing.map(ringingView),
      missed: device.missed,
      lines: device.lines,
      transferring: this.#state.transferring && call !== undefined,
      live: device.liveCalls,
      notes: this.#notes(call?.id ?? device.lastCall),
      ...(call ? { call: { ...callView(call, this.#heldSince), silent: device.blockers.includes('audio_locked') } } : {}),
      ...(returning ? { returning: { name: returning.from.display, underWay: device.isReturning } } : {}),
      ...(device.presence === 'wrap_up' ? { wrapUp: wrapUpView(device, this.#last) } : {}),
      ...(device.supervised ? { supervised: device.supervised } : {}),
      ...(device.sentOn ? { sentOn: device.sentOn } : {}),
      ...(device.balance ? { balance: device.balance } : {}),
    };
    this.#set({});
  }

  #notes(call: string | undefined): DeskState['notes'] {
    const outcomes = this.#device?.outcomes ?? [];
    if (!call) return { note: '', outcome: '', outcomes };
    const isSame = this.#draft?.call === call;
    const { note, outcome } = this.#draftOf(call);
    const { saved } = this.#state.notes;
    return { note, outcome, outcomes, ...(isSame && saved ? { saved } : {}) };
  }

  #set(change: Partial<DeskState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}
