import { Conditions } from './conditions.js';
import { Emitter } from './emitter.js';
import { Leadership } from './leader.js';
import type { Media } from './media.js';
import type { Blocker, ClientCommand, Presence } from './protocol.js';
import type { Readiness } from './readiness.js';

export interface StandingEvents {
  /** The agent's presence, or what keeps this device from being rung, changed. */
  change: undefined;
  leader: boolean;
}

/** What the page knows better than the daemon, whose word about it may be late. */
const OF_THE_PAGE: readonly Blocker[] = ['socket_lost', 'microphone', 'audio_locked', 'not_leader'];

/** Whether this device is rung, and if not, everything that keeps it from being so. */
export class Standing extends Emitter<StandingEvents> {
  readonly leadership = new Leadership();
  readonly conditions: Conditions;
  readonly #readiness: Readiness;
  readonly #send: (command: ClientCommand) => Promise<unknown>;
  #presence: Presence = 'offline';
  #told: readonly Blocker[] = [];
  #wrapUpUntil: Date | undefined;
  #online = false;
  #watching: Promise<void> | undefined;
  #isWatched = false;
  /** What the daemon was told on this socket. */
  #reported = '';

  constructor(media: Media, readiness: Readiness, send: (command: ClientCommand) => Promise<unknown>) {
    super();
    this.#readiness = readiness;
    this.#send = send;
    this.conditions = new Conditions(media);
    this.conditions.on('change', () => this.#changed());
    this.leadership.on('change', (leads) => {
      this.#changed();
      this.emit('leader', leads);
    });
    readiness.on('media', () => this.emit('change', undefined));
  }

  get presence(): Presence {
    return this.#presence;
  }
  get wrapUpUntil(): Date | undefined {
    return this.#wrapUpUntil;
  }
  /** Everything is known that only the page can know. */
  get isKnown(): boolean {
    return this.#online && this.#isWatched && this.leadership.leads !== undefined;
  }

  get blockers(): readonly Blocker[] {
    const { wanted, state } = this.#readiness;
    const found = new Set<Blocker>(this.#told.filter((told) => !OF_THE_PAGE.includes(told)));
    const add = (blocker: Blocker, is: boolean): unknown => is && found.add(blocker);
    add('away', !wanted && !found.has('missed_rings'));
    add('socket_lost', !this.#online);
    add('not_leader', this.leadership.leads === false);
    add('microphone', !this.conditions.microphone);
    add('audio_locked', !this.conditions.audio);
    add('media_down', wanted && state !== 'up');
    return [...found];
  }

  /** The socket works: the daemon is told what the page knows, once that is known. */
  async online(agent: string): Promise<void> {
    this.#online = true;
    this.#reported = '';
    this.leadership.join(agent);
    await (this.#watching ??= this.conditions.watch());
    this.#isWatched = true;
    this.#changed();
  }

  offline(): void {
    this.#online = false;
    this.emit('change', undefined);
  }

  set(told: { presence: Presence; blockers?: Blocker[]; wrap_up_until?: string }): void {
    this.#presence = told.presence;
    this.#told = told.blockers ?? [];
    this.#wrapUpUntil = told.wrap_up_until === undefined ? undefined : new Date(told.wrap_up_until);
    this.emit('change', undefined);
  }

  destroy(): void {
    this.#online = false;
    this.leadership.leave();
    this.conditions.destroy();
  }

  #changed(): void {
    if (this.isKnown) this.#report();
    this.emit('change', undefined);
  }

  #report(): void {
    const { microphone, audio } = this.conditions;
    const leader = this.leadership.leads === true;
    const reported = `${microphone} ${audio} ${leader}`;
    if (reported === this.#reported) return;
    this.#reported = reported;
    // A refusal changes nothing here: the daemon rings by what else it knows.
    this.#send({ type: 'readiness', microphone, audio, leader }).catch(() => undefined);
  }
}
