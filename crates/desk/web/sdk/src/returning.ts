import type { Call } from './call.js';
import type { Calls } from './calls.js';
import { Emitter } from './emitter.js';
import { asRingdownError } from './errors.js';
import type { RingdownError } from './errors.js';
import type { Memory } from './memory.js';
import type { Presence } from './protocol.js';
import type { Readiness } from './readiness.js';
import type { Standing } from './standing.js';

export interface ReturningEvents {
  error: RingdownError;
}

/** The daemon joins caller and agent within a fraction of a second of the sound being up. */
const COME_MS = 5_000;

/** Brings the agent's call to a page that was loaded anew, without a click where that is allowed. */
export class Returning extends Emitter<ReturningEvents> {
  readonly #calls: Calls;
  readonly #readiness: Readiness;
  readonly #standing: Standing;
  readonly #memory: Memory;
  #tried: Call | undefined;
  #going = false;

  constructor(calls: Calls, readiness: Readiness, standing: Standing, memory: Memory) {
    super();
    this.#calls = calls;
    this.#readiness = readiness;
    this.#standing = standing;
    this.#memory = memory;
  }

  get isUnderWay(): boolean {
    return this.#going && this.#calls.returning !== undefined;
  }

  /** Goes when nothing is in the way; a call that runs in another browser is left alone. */
  look(): void {
    const call = this.#calls.returning;
    if (!call || call === this.#tried || !this.#standing.isKnown || !this.#standing.leadership.leads) return;
    if (!this.#standing.conditions.microphone) return;
    if (!call.reconnecting && this.#memory.recall('call') !== call.id) return;
    this.#tried = call;
    this.go().catch((thrown: unknown) => {
      this.emit('error', asRingdownError(thrown, 'media_failed', 'The call could not be brought here.', 'Click to return.'));
    });
  }

  async go(): Promise<void> {
    const call = this.#calls.returning;
    if (!call) return;
    this.#going = true;
    try {
      await this.#readiness.goReady();
    } catch (thrown) {
      this.#going = false;
      throw thrown;
    }
    setTimeout(() => {
      this.#going = false;
      if (call.state === 'returning') call.close({ code: 'lost' });
    }, COME_MS);
  }

  /** An agent who is not on a call any more has none that could return. */
  presence(presence: Presence): void {
    if (presence !== 'busy' && !this.#going) this.#calls.returning?.close({ code: 'call_ended' });
  }
}
