import { Call } from './call.js';
import type { CallPort } from './call.js';
import type { HouseEvent, Snapshot } from './protocol.js';

/** The calls that ring or run on this device. */
export class Calls {
  readonly #port: CallPort;
  readonly #incoming: (call: Call) => void;
  readonly #calls = new Map<string, Call>();

  constructor(port: CallPort, incoming: (call: Call) => void) {
    this.#port = port;
    this.#incoming = incoming;
  }

  /** Ringing ones, oldest first. */
  get ringing(): Call[] {
    return this.#live.filter((call) => call.state === 'ringing');
  }

  /** The one this device connects or talks on. */
  get active(): Call | undefined {
    return this.#live.find(({ state }) => state === 'connecting' || state === 'open');
  }

  /** The call with this id; one that was just placed may not have been told yet. */
  get(id: string): Call | undefined {
    return this.#calls.get(id);
  }

  /** This agent's call that is not here yet. */
  get returning(): Call | undefined {
    return this.#live.find(({ state }) => state === 'returning');
  }

  apply(event: HouseEvent): void {
    switch (event.type) {
      case 'ring': {
        const known = this.#calls.get(event.ringing.call);
        if (known) known.setRinging(event.ringing);
        else this.#add(new Call(this.#port, event.ringing));
        break;
      }
      case 'claim_won':
      case 'call_open':
      case 'call_update': {
        // A supervisor who takes over gets a call that never rang here.
        const { call } = event.active;
        if (!this.#calls.has(call)) this.#add(new Call(this.#port, event.active));
        this.#calls.get(call)?.apply(event);
        break;
      }
      case 'ring_update':
      case 'ring_end':
      case 'claim_released':
      case 'call_left':
      case 'key':
      case 'call_end':
        this.#calls.get(event.call)?.apply(event);
        break;
    }
  }

  /**
   * A new session's snapshot is the truth. An active call that this device does not know as its
   * own is on another device, or lost its sound with the page before this one.
   */
  reconcile(snapshot: Snapshot): void {
    const { active, ringing } = snapshot;
    for (const call of this.#live) {
      const rings = ringing.find((view) => view.call === call.id);
      const isActive = active?.call === call.id;
      if (isActive && call.state === 'returning') call.setReturning(active);
      else if (isActive && call.state !== 'ringing') call.setActive(active);
      else if (rings) call.setRinging(rings, true);
      else call.close({ code: call.state === 'ringing' ? 'call_ended' : 'lost' });
    }
    for (const view of ringing) {
      if (!this.#calls.has(view.call)) this.#add(new Call(this.#port, view));
    }
    if (active && !this.#calls.has(active.call)) this.#add(new Call(this.#port, active));
  }

  closeAll(): void {
    for (const call of this.#live) call.close({ code: 'lost' });
  }

  get #live(): Call[] {
    return [...this.#calls.values()];
  }

  #add(call: Call): void {
    this.#calls.set(call.id, call);
    call.on('close', () => this.#calls.delete(call.id));
    this.#incoming(call);
  }
}
