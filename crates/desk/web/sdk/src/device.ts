import type { Annotation, Call, CallPort } from './call.js';
import { Calls } from './calls.js';
import { Emitter } from './emitter.js';
import { RingdownError } from './errors.js';
import { Link } from './link.js';
import type { LinkEvents, LinkOptions } from './link.js';
import { Media } from './media.js';
import type { MediaOptions } from './media.js';
import { Memory } from './memory.js';
import type {
  Balance,
  Blocker,
  ClientCommand,
  Colleagues,
  HouseEvent,
  LineBrief,
  LiveCall,
  MissedCall,
  Permit,
  Presence,
  Right,
  SentOn,
  SupervisionMode,
  Welcome,
} from './protocol.js';
import { Readiness } from './readiness.js';
import type { MediaState } from './readiness.js';
import { Returning } from './returning.js';
import { Standing } from './standing.js';
import { Supervision } from './supervision.js';
import type { Supervised, SupervisionEvents } from './supervision.js';

export interface DeviceOptions extends MediaOptions, Omit<LinkOptions, 'url'> {
  /** The daemon's address, `https://…`; `/agent/v1` is added when it has no path. */
  url: string;
}

/** Whom it is about. */
export interface ContactOptions {
  /** A number with its country code, or `user:` and a business-scoped id. */
  to: string;
  /** The line to call from; may be left out where there is only one. */
  line?: string;
}

export interface DialOptions extends ContactOptions {
  /** Supervisors: call although one more unanswered call would end the contact's permission. */
  force?: boolean;
}

export type DeviceState = 'unregistered' | 'registering' | 'registered' | 'destroyed';

export interface DeviceEvents extends SupervisionEvents {
  /** The socket is being opened; `attempt` counts from 1 since it last worked. */
  registering: { attempt: number };
  /** `resumed`: nothing was missed. */
  registered: { resumed: boolean };
  /** The device will not connect again by itself. */
  unregistered: { reason: LinkEvents['stopped']['reason'] | 'destroyed' };
  /** A call rings here, or comes here without ringing (`call.state` is `returning`). */
  incoming: Call;
  presence: Presence;
  /** What keeps this device from being rung may have changed; empty when it can be. */
  blockers: readonly Blocker[];
  /** Whether this tab is the one of its browser that rings. */
  leader: boolean;
  media: MediaState;
  missed: MissedCall;
  /** What a contact permits has changed. */
  permit: Permit;
  /** A call that the agent sent on rings there, or does so no longer; see `sentOn`. */
  sent_on: SentOn | undefined;
  balance: Balance;
  error: RingdownError;
  /** The same session was resumed elsewhere. */
  replaced: undefined;
}

/** The daemon tells of a placed call at once; without that it ended before it began. */
const PLACED_WAIT_MS = 3_000;
/** As many missed calls as a list can show at once. */
const MISSED_MAX = 50;

/** One browser tab of an agent: registers with the daemon, rings, and carries the sound. */
export class Device extends Emitter<DeviceEvents> {
  readonly #link: Link;
  readonly #media: Media;
  readonly #readiness: Readiness;
  readonly #standing: Standing;
  readonly #calls: Calls;
  readonly #supervision = new Supervision();
  #returning: Returning | undefined;
  #memory = new Memory('');
  #state: DeviceState = 'unregistered';
  #id: string | undefined;
  #agent: { id: string; name: string } | undefined;
  #rights: readonly Right[] = [];
  #outcomes: readonly string[] = [];
  #lastCall: string | undefined;
  #missed: MissedCall[] = [];
  #lines: readonly LineBrief[] = [];
  #balance: Balance | undefined;
  #sentOn: SentOn | undefined;
  #watches = false;
  /** Another tab has led while this one was open. */
  #followed = false;
  /** Went ready only to supervise. */
  #readyToSupervise = false;

  constructor(options: DeviceOptions) {
    super();
    this.#link = new Link({ ...options, url: socketUrl(options.url) });
    this.#media = new Media(options);
    const send = (command: ClientCommand): Promise<unknown> => this.#link.send(command);
    this.#readiness = new Readiness(this.#media, send);
    this.#standing = new Standing(this.#media, this.#readiness, send);
    const port: CallPort = {
      send,
      attach: () => this.#media.attach(),
      detach: () => this.#media.detach(),
      mute: (on) => this.#media.mute(on),
    };
    this.#calls = new Calls(port, (call) => this.#ring(call));
    this.#wire();
    this.#wireLink();
  }

  get state(): DeviceState {
    return this.#state;
  }
  get agent(): { id: string; name: string } | undefined {
    return this.#agent;
  }
  /** What the agent may do. */
  get rights(): readonly Right[] {
    return this.#rights;
  }
  /** The agent's presence, over all their devices. */
  get presence(): Presence {
    return this.#standing.presence;
  }
  /** Everything that keeps this device from being rung; empty when it can be. */
  get blockers(): readonly Blocker[] {
    return this.#standing.blockers;
  }
  /** When finishing up ends by itself. */
  get wrapUpUntil(): Date | undefined {
    return this.#standing.wrapUpUntil;
  }
  /** The call that the agent is finishing up after. */
  get lastCall(): string | undefined {
    return this.presence === 'wrap_up' ? this.#lastCall : undefined;
  }
  /** Words for outcomes that the workspace uses. */
  get outcomes(): readonly string[] {
    return this.#outcomes;
  }
  /** Whether this tab is the one of its browser that rings; `undefined` until it is known. */
  get leads(): boolean | undefined {
    return this.#standing.leadership.leads;
  }
  /** Whether this device can take calls. */
  get media(): MediaState {
    return this.#readiness.state;
  }
  /** Calls that ring here, oldest first. */
  get ringing(): Call[] {
    return this.#calls.ringing;
  }
  /** The call that this device connects or talks on. */
  get call(): Call | undefined {
    return this.#calls.active;
  }
  /** This agent's call that is not here yet: `returnToCall()` brings it. */
  get returning(): Call | undefined {
    return this.#calls.returning;
  }
  /** Whether it is on its way here without a click. */
  get isReturning(): boolean {
    return this.#returning?.isUnderWay ?? false;
  }
  /** The lines that calls can be placed from. */
  get lines(): readonly LineBrief[] {
    return this.#lines;
  }
  /** Newest first. */
  get missed(): readonly MissedCall[] {
    return this.#missed;
  }
  /** The call that the agent sent on and nobody has taken yet. */
  get sentOn(): SentOn | undefined {
    return this.#sentOn;
  }
  get balance(): Balance | undefined {
    return this.#balance;
  }
  /** What supervisors see after `watchCalls(true)`. */
  get liveCalls(): readonly LiveCall[] {
    return this.#supervision.live;
  }
  /** The call in which this device takes part as supervisor. */
  get supervised(): Supervised | undefined {
    return this.#supervision.current;
  }
  /** For ringtones; unlocked by `goReady()`. */
  get audioContext(): AudioContext {
    return this.#media.context;
  }

  /** The daemon's clock in milliseconds since 1970: timers count from it. */
  now(): number {
    return this.#link.now();
  }

  /** Connects, and reconnects until `destroy()`. Resolves with the first `registered`. */
  register(): Promise<void> {
    if (this.#state !== 'unregistered') {
      const message = `A device that is ${this.#state} cannot register.`;
      return Promise.reject(new RingdownError('wrong_state', message, 'Make a new Device.'));
    }
    return new Promise((resolve, reject) => {
      const heard = new AbortController();
      this.once('registered', () => (heard.abort(), resolve()), { signal: heard.signal });
      this.once(
        'unregistered',
        ({ reason }) => {
          heard.abort();
          const hint = 'Get a new token and make a new Device.';
          reject(new RingdownError('unauthorized', `Registration ended: ${reason}.`, hint));
        },
        { signal: heard.signal },
      );
      this.#link.start();
    });
  }

  /**
   * Call inside a click. Asks for the microphone; resolves when calls can be taken here. Another
   * tab of this browser that rang does so no longer.
   */
  async goReady(): Promise<void> {
    this.#standing.leadership.take();
    this.#readyToSupervise = false;
    await this.#readiness.goReady();
    this.#memory.remember('wanted', '1');
  }

  /** Wants no calls; a running one goes on. */
  goAway(): Promise<void> {
    this.#memory.remember('wanted', undefined);
    return this.#readiness.goAway(this.call !== undefined);
  }

  /** Call inside a click: brings `returning` to this device. */
  async returnToCall(): Promise<void> {
    this.#standing.leadership.take();
    await this.#returning?.go();
  }

  /** Done with finishing up: the next call may ring. */
  async endWrapUp(): Promise<void> {
    await this.#link.send({ type: 'end_wrap_up' });
  }

  /** Writes down what a call was about, also after it: `lastCall`. */
  async annotate(call: string, annotation: Annotation): Promise<void> {
    await this.#link.send({ type: 'annotate', call, ...annotation });
  }

  /** Who a call can be sent to, as it is now. */
  async colleagues(): Promise<Colleagues> {
    return (await this.#link.send({ type: 'list_colleagues' })).colleagues ?? { agents: [], groups: [] };
  }

  /**
   * Calls a contact. Call inside a click; the device must be ready. Resolves when the contact is
   * being called: `call.dialStage` tells how far it is, `open` that they picked up. Rejects with a
   * `DialRefusedError` when a rule is in the way.
   */
  async dial({ to, line, force }: DialOptions): Promise<Call> {
    if (this.call) throw new RingdownError('on_call', 'You are on another call.', 'End that call first.');
    await this.#media.attach();
    try {
      const command = { type: 'dial', to, ...(line ? { line } : {}), ...(force ? { force } : {}) } as const;
      const { call } = await this.#link.send(command);
      return await this.#placed(call ?? '');
    } catch (refused) {
      if (!this.call) void this.#media.detach();
      throw refused;
    }
  }

  /** What a contact permits, and what is in the way of calling or asking them. Meta is asked. */
  async checkContact(contact: ContactOptions): Promise<Permit> {
    return this.#permit('check_contact', contact);
  }

  /** Asks a contact for the permission to call them. */
  async askPermission(contact: ContactOptions): Promise<Permit> {
    return this.#permit('ask_permission', contact);
  }

  /** Supervisors: be told of live calls, or no longer. */
  async watchCalls(on: boolean): Promise<void> {
    this.#watches = on;
    await this.#link.send({ type: 'watch_calls', on });
    if (!on) this.#supervision.forget();
  }

  /** Supervisors: take part in a call, or change how. Call inside a click. */
  async supervise(call: string, mode: SupervisionMode): Promise<void> {
    if (this.#readiness.state === 'off') {
      await this.#readiness.goReady();
      this.#readyToSupervise = true;
    }
    // Who listens sends nothing at all; of the others, the daemon lets hear who may.
    if (mode !== 'listen') await this.#media.attach();
    try {
      await this.#link.send({ type: 'supervise', call, mode });
    } catch (refused) {
      if (!this.supervised) this.#supervisionOver(false);
      throw refused;
    }
    if (mode === 'listen') await this.#media.detach();
  }

  /** Supervisors: leave the call. */
  async stopSupervising(): Promise<void> {
    const { current } = this.#supervision;
    if (current) await this.#link.send({ type: 'stop_supervising', call: current.call });
  }

  /** Takes back the call that the agent sent on, while it rings. Call inside a click. */
  async takeBack(): Promise<void> {
    if (!this.#sentOn) return;
    if (this.#readiness.state === 'off') await this.goReady();
    await this.#link.send({ type: 'cancel_transfer', call: this.#sentOn.call });
  }

  /** Supervisors: become the call's agent. Call inside a click. */
  async takeOver(call: string): Promise<void> {
    if (this.#readiness.state === 'off') await this.goReady();
    await this.#link.send({ type: 'take_over', call });
  }

  /** Supervisors: mute or unmute the call's agent. */
  async muteAgent(call: string, on: boolean): Promise<void> {
    await this.#link.send({ type: 'mute_agent', call, on });
  }

  /** Supervisors: end the call. */
  async endCall(call: string): Promise<void> {
    await this.#link.send({ type: 'end_call', call });
  }

  async #permit(type: 'check_contact' | 'ask_permission', { to, line }: ContactOptions): Promise<Permit> {
    const { permit } = await this.#link.send({ type, to, ...(line ? { line } : {}) });
    if (permit) return permit;
    throw new RingdownError('internal', 'The daemon did not say what the contact permits.', 'Try again.');
  }

  /** The call's first news may come after the answer to the command. */
  #placed(id: string): Promise<Call> {
    const known = this.#calls.get(id);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const heard = new AbortController();
      const late = setTimeout(() => {
        heard.abort();
        reject(new RingdownError('no_such_call', 'The call is over already.', 'Look at the list of calls.'));
      }, PLACED_WAIT_MS);
      const found = (call: Call): void => {
        if (call.id !== id) return;
        heard.abort();
        clearTimeout(late);
        resolve(call);
      };
      this.on('incoming', found, { signal: heard.signal });
    });
  }

  /** Closes everything; the device cannot be used again. */
  destroy(): void {
    if (this.#state === 'destroyed') return;
    this.#end('destroyed');
    this.#link.stop(new RingdownError('destroyed', 'The device was destroyed.', 'Make a new Device.'));
  }

  #wire(): void {
    this.#readiness.on('media', (state) => this.emit('media', state));
    this.#readiness.on('error', (error) => this.emit('error', error));
    this.#standing.on('change', () => {
      this.emit('blockers', this.blockers);
      this.#returning?.look();
    });
    this.#standing.on('leader', (leads) => this.#leader(leads));
    this.#supervision.on('live_calls', (calls) => this.emit('live_calls', calls));
    this.#supervision.on('supervising', (supervised) => this.emit('supervising', supervised));
    this.#supervision.on('supervision_end', (end) => {
      this.#supervisionOver(end.why === 'took_over');
      this.emit('supervision_end', end);
    });
  }

  #wireLink(): void {
    const link = this.#link;
    link.on('connecting', ({ attempt }) => {
      this.#state = 'registering';
      this.emit('registering', { attempt });
    });
    link.on('waiting', () => {
      if (this.#state !== 'registered') return;
      this.#state = 'registering';
      this.#standing.offline();
      this.emit('registering', { attempt: 1 });
    });
    link.on('welcome', (welcome) => this.#welcome(welcome));
    link.on('resumed', () => {
      this.#state = 'registered';
      if (this.#agent) void this.#standing.online(this.#agent.id);
      this.emit('registered', { resumed: true });
    });
    link.on('house', (event) => this.#house(event));
    link.on('error', (error) => this.emit('error', error));
    link.on('stopped', ({ reason }) => {
      if (reason === 'replaced') this.emit('replaced', undefined);
      this.#end(reason);
    });
  }

  #welcome(welcome: Welcome): void {
    const { snapshot } = welcome;
    const isSameDevice = this.#id === welcome.device;
    this.#state = 'registered';
    this.#id = welcome.device;
    this.#agent = { id: welcome.agent, name: welcome.agent_name };
    this.#memory = new Memory(welcome.agent);
    this.#returning ??= this.#makeReturning();
    this.#rights = welcome.rights ?? [];
    this.#outcomes = snapshot.outcomes ?? [];
    this.#lastCall = snapshot.last_call ?? this.#lastCall;
    this.#missed = snapshot.missed.slice(0, MISSED_MAX);
    this.#lines = snapshot.lines ?? [];
    this.#balance = snapshot.balance;
    this.#sentOn = snapshot.sent_on;
    this.#media.useIceServers(welcome.ice_servers ?? []);
    this.#standing.set(snapshot);
    this.#calls.reconcile(snapshot);
    this.#supervision.lose();
    void this.#standing.online(welcome.agent);
    this.emit('registered', { resumed: false });
    this.emit('presence', snapshot.presence);
    if (snapshot.balance) this.emit('balance', snapshot.balance);
    this.#readiness.newSession(isSameDevice && this.call !== undefined);
    if (this.#watches) this.watchCalls(true).catch(() => undefined);
  }

  /** The sound goes back to what it was for before. */
  #supervisionOver(hasTakenOver: boolean): void {
    if (!this.call) void this.#media.detach();
    if (this.#readyToSupervise && !hasTakenOver) this.goAway().catch(() => undefined);
    this.#readyToSupervise = false;
  }

  #makeReturning(): Returning {
    const returning = new Returning(this.#calls, this.#readiness, this.#standing, this.#memory);
    returning.on('error', (error) => this.emit('error', error));
    return returning;
  }

  #house(event: HouseEvent): void {
    this.#calls.apply(event);
    this.#readiness.apply(event);
    this.#supervision.apply(event);
    if (event.type === 'presence') {
      this.#standing.set(event);
      this.#returning?.presence(event.presence);
      // A device that tried to be ready again by itself would undo it.
      if (event.blockers?.includes('missed_rings')) this.#readiness.setAway(this.call !== undefined);
      this.emit('presence', event.presence);
    } else if (event.type === 'ice_servers') {
      this.#media.useIceServers(event.ice_servers);
    } else if (event.type === 'sent_on') {
      this.#sentOn = event.sent_on;
      this.emit('sent_on', this.#sentOn);
    } else if (event.type === 'sent_on_end' && this.#sentOn?.call === event.call) {
      this.#sentOn = undefined;
      this.emit('sent_on', undefined);
    } else if (event.type === 'balance') {
      this.#balance = event.balance;
      this.emit('balance', event.balance);
    } else if (event.type === 'permit_changed') {
      this.emit('permit', event.permit);
    } else if (event.type === 'missed') {
      for (const missed of event.missed) {
        const others = this.#missed.filter(({ call }) => call !== missed.call);
        this.#missed = [missed, ...others].slice(0, MISSED_MAX);
        this.emit('missed', missed);
      }
    }
  }

  #ring(call: Call): void {
    call.on('open', () => this.#memory.remember('call', call.id));
    call.on('close', ({ code }) => {
      if (this.#memory.recall('call') === call.id) this.#memory.remember('call', undefined);
      if (code === 'ended' || code === 'left') this.#lastCall = call.id;
      if (this.call === undefined) this.#readiness.callEnded();
    });
    this.emit('incoming', call);
  }

  #leader(leads: boolean): void {
    this.emit('leader', leads);
    const follows = this.#followed;
    this.#followed ||= !leads;
    if (!leads) {
      // The agent rings in another tab now; a call goes on here until it ends.
      if (this.#readiness.wanted) this.#readiness.goAway(this.call !== undefined).catch(() => undefined);
    } else if (!follows) {
      this.#memory.remember('wanted', undefined);
    } else if (this.#memory.recall('wanted') && this.#standing.conditions.microphone && !this.#readiness.wanted) {
      // The tab that rang is gone.
      this.#readiness.goReady().catch((error: RingdownError) => this.emit('error', error));
    }
  }

  #end(reason: DeviceEvents['unregistered']['reason']): void {
    this.#state = reason === 'destroyed' ? 'destroyed' : 'unregistered';
    this.#calls.closeAll();
    this.#readiness.destroy();
    this.#standing.destroy();
    this.emit('unregistered', { reason });
  }
}

function socketUrl(address: string): string {
  const url = new URL(address, globalThis.location?.href);
  url.protocol = url.protocol.replace('http', 'ws');
  if (url.pathname === '/') url.pathname = '/agent/v1';
  url.hash = url.search = '';
  return url.href;
}
