import type { Call, CallPort } from './call.js';
import { Calls } from './calls.js';
import { Emitter } from './emitter.js';
import { RingdownError } from './errors.js';
import { Link } from './link.js';
import type { LinkEvents, LinkOptions } from './link.js';
import { Media } from './media.js';
import type { MediaOptions } from './media.js';
import type { Balance, HouseEvent, MissedCall, Presence, Welcome } from './protocol.js';
import { Readiness } from './readiness.js';
import type { MediaState } from './readiness.js';

export interface DeviceOptions extends MediaOptions, Omit<LinkOptions, 'url'> {
  /** The daemon's address, `https://…`; `/agent/v1` is added when it has no path. */
  url: string;
}

export type DeviceState = 'unregistered' | 'registering' | 'registered' | 'destroyed';

export interface DeviceEvents {
  /** The socket is being opened; `attempt` counts from 1 since it last worked. */
  registering: { attempt: number };
  /** `resumed`: nothing was missed. */
  registered: { resumed: boolean };
  /** The device will not connect again by itself. */
  unregistered: { reason: LinkEvents['stopped']['reason'] | 'destroyed' };
  incoming: Call;
  presence: Presence;
  media: MediaState;
  missed: MissedCall;
  balance: Balance;
  error: RingdownError;
  /** The same session was resumed elsewhere. */
  replaced: undefined;
}

/** As many missed calls as a list can show at once. */
const MISSED_MAX = 50;

/** One browser tab of an agent: registers with the daemon, rings, and carries the sound. */
export class Device extends Emitter<DeviceEvents> {
  readonly #link: Link;
  readonly #media: Media;
  readonly #readiness: Readiness;
  readonly #calls: Calls;
  #state: DeviceState = 'unregistered';
  #agent: { id: string; name: string } | undefined;
  #presence: Presence = 'offline';
  #missed: MissedCall[] = [];
  #balance: Balance | undefined;

  constructor(options: DeviceOptions) {
    super();
    this.#link = new Link({ ...options, url: socketUrl(options.url) });
    this.#media = new Media(options);
    this.#readiness = new Readiness(this.#media, (command) => this.#link.send(command));
    const port: CallPort = {
      send: (command) => this.#link.send(command),
      attach: () => this.#media.attach(),
      detach: () => this.#media.detach(),
      mute: (on) => this.#media.mute(on),
    };
    this.#calls = new Calls(port, (call) => this.#ring(call));
    this.#readiness.on('media', (state) => this.emit('media', state));
    this.#readiness.on('error', (error) => this.emit('error', error));
    this.#wire();
  }

  get state(): DeviceState {
    return this.#state;
  }
  get agent(): { id: string; name: string } | undefined {
    return this.#agent;
  }
  /** The agent's presence, over all their devices. */
  get presence(): Presence {
    return this.#presence;
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
  /** Newest first. */
  get missed(): readonly MissedCall[] {
    return this.#missed;
  }
  get balance(): Balance | undefined {
    return this.#balance;
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

  /** Call inside a click. Asks for the microphone; resolves when calls can be taken here. */
  goReady(): Promise<void> {
    return this.#readiness.goReady();
  }

  /** Wants no calls; a running one goes on. */
  goAway(): Promise<void> {
    return this.#readiness.goAway(this.call !== undefined);
  }

  /** Closes everything; the device cannot be used again. */
  destroy(): void {
    if (this.#state === 'destroyed') return;
    this.#end('destroyed');
    this.#link.stop(new RingdownError('destroyed', 'The device was destroyed.', 'Make a new Device.'));
  }

  #wire(): void {
    const link = this.#link;
    link.on('connecting', ({ attempt }) => {
      this.#state = 'registering';
      this.emit('registering', { attempt });
    });
    link.on('waiting', () => {
      if (this.#state !== 'registered') return;
      this.#state = 'registering';
      this.emit('registering', { attempt: 1 });
    });
    link.on('welcome', (welcome) => this.#welcome(welcome));
    link.on('resumed', () => {
      this.#state = 'registered';
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
    this.#state = 'registered';
    this.#agent = { id: welcome.agent, name: welcome.agent_name };
    this.#missed = snapshot.missed.slice(0, MISSED_MAX);
    this.#balance = snapshot.balance;
    this.#presence = snapshot.presence;
    this.#media.useIceServers(welcome.ice_servers ?? []);
    this.#calls.reconcile(snapshot);
    this.emit('registered', { resumed: false });
    this.emit('presence', snapshot.presence);
    if (snapshot.balance) this.emit('balance', snapshot.balance);
    this.#readiness.newSession(this.call !== undefined);
  }

  #house(event: HouseEvent): void {
    this.#calls.apply(event);
    this.#readiness.apply(event);
    if (event.type === 'presence') {
      this.#presence = event.presence;
      this.emit('presence', event.presence);
    } else if (event.type === 'ice_servers') {
      this.#media.useIceServers(event.ice_servers);
    } else if (event.type === 'balance') {
      this.#balance = event.balance;
      this.emit('balance', event.balance);
    } else if (event.type === 'missed') {
      const others = this.#missed.filter(({ call }) => call !== event.missed.call);
      this.#missed = [event.missed, ...others].slice(0, MISSED_MAX);
      this.emit('missed', event.missed);
    }
  }

  #ring(call: Call): void {
    call.on('close', () => {
      if (this.call === undefined) this.#readiness.callEnded();
    });
    this.emit('incoming', call);
  }

  #end(reason: DeviceEvents['unregistered']['reason']): void {
    this.#state = reason === 'destroyed' ? 'destroyed' : 'unregistered';
    this.#calls.closeAll();
    this.#readiness.destroy();
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
