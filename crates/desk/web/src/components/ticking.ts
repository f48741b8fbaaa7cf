import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Often enough that a shown second is never noticeably late. */
const TICK_MS = 250;

/** Redraws its host while something on it counts seconds. The seconds come from the clock, not from ticks. */
export class Ticking implements ReactiveController {
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #host: ReactiveControllerHost;
  readonly #counts: () => boolean;

  constructor(host: ReactiveControllerHost, counts: () => boolean) {
    this.#host = host;
    this.#counts = counts;
    host.addController(this);
  }

  hostUpdated(): void {
    if (!this.#counts()) this.hostDisconnected();
    else this.#timer ??= setInterval(() => this.#host.requestUpdate(), TICK_MS);
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
