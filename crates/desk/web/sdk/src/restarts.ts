import { asRingdownError } from './errors.js';
import type { Media } from './media.js';
import type { ClientCommand } from './protocol.js';

/** Tries before a new leg is made: each begins another search for a path. */
const TRIES_MAX = 3;
/** Checks take a fraction of a second; the daemon itself waits seven for a leg that is silent. */
const TRY_MS = 2_000;

/** Brings the running connection to another path: the call on it goes on. */
export class Restarts {
  readonly #media: Media;
  readonly #send: (command: ClientCommand) => Promise<unknown>;
  readonly #gaveUp: (reason: string) => void;
  #run = 0;
  #running = false;

  constructor(
    media: Media,
    send: (command: ClientCommand) => Promise<unknown>,
    gaveUp: (reason: string) => void,
  ) {
    this.#media = media;
    this.#send = send;
    this.#gaveUp = gaveUp;
  }

  /** Tries until sound can flow, a few times at most; does nothing while it is at it. */
  begin(): void {
    if (!this.#running) void this.#tryOn(++this.#run);
  }

  /** The connection is given up for another reason. */
  cancel(): void {
    this.#run += 1;
    this.#running = false;
  }

  async #tryOn(run: number): Promise<void> {
    this.#running = true;
    let reason = 'No other path to the daemon was found.';
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      try {
        const offer = await this.#media.restartOffer();
        if (run !== this.#run) return;
        await this.#send({ type: 'restart_ice', offer });
      } catch (thrown) {
        reason = asRingdownError(thrown, 'media_failed', reason, '').message;
        break;
      }
      const flows = await this.#media.connectedWithin(TRY_MS);
      if (run !== this.#run) return;
      if (flows) {
        this.#running = false;
        return;
      }
    }
    if (run !== this.#run) return;
    this.#running = false;
    this.#gaveUp(reason);
  }
}
