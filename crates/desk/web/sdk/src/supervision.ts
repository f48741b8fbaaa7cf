import { Emitter } from './emitter.js';
import type { HouseEvent, LiveCall, SupervisionEnd, SupervisionMode } from './protocol.js';

/** The call in which this device takes part as supervisor. */
export interface Supervised {
  call: string;
  mode: SupervisionMode;
}

export interface SupervisionEvents {
  live_calls: readonly LiveCall[];
  supervising: Supervised;
  supervision_end: { call: string; why: SupervisionEnd };
}

/** What a supervisor sees of live calls, and where they take part. */
export class Supervision extends Emitter<SupervisionEvents> {
  #live = new Map<string, LiveCall>();
  #current: Supervised | undefined;

  /** In the order in which they arrived. */
  get live(): readonly LiveCall[] {
    return [...this.#live.values()].sort((one, other) => one.arrived_at.localeCompare(other.arrived_at));
  }
  get current(): Supervised | undefined {
    return this.#current;
  }

  apply(event: HouseEvent): void {
    switch (event.type) {
      case 'live_calls':
        this.#live = new Map(event.calls.map((live) => [live.call, live]));
        break;
      case 'live_call':
        this.#live.set(event.live.call, event.live);
        break;
      case 'live_call_end':
        this.#live.delete(event.call);
        break;
      case 'supervising':
        this.#current = { call: event.call, mode: event.mode };
        this.emit('supervising', this.#current);
        return;
      case 'supervision_end':
        this.#end(event.call, event.why);
        return;
      default:
        return;
    }
    this.emit('live_calls', this.live);
  }

  /** Nothing is told any more. */
  forget(): void {
    this.#live.clear();
    this.emit('live_calls', []);
  }

  /** The daemon began another session: it knows nothing of this one's supervision. */
  lose(): void {
    if (this.#current) this.#end(this.#current.call, 'media_failed');
  }

  #end(call: string, why: SupervisionEnd): void {
    if (this.#current?.call === call) this.#current = undefined;
    this.emit('supervision_end', { call, why });
  }
}
