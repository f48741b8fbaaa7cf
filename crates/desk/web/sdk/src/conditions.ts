import { Emitter } from './emitter.js';
import type { Media } from './media.js';

export interface ConditionsEvents {
  change: undefined;
}

/** What only the page can know about being rung: whether it has the microphone, and may sound. */
export class Conditions extends Emitter<ConditionsEvents> {
  readonly #media: Media;
  #permission: PermissionStatus | undefined;
  #known = '';

  constructor(media: Media) {
    super();
    this.#media = media;
    media.on('microphone', () => this.#look());
  }

  /** The browser gives the microphone, without asking the agent. */
  get microphone(): boolean {
    return this.#media.hasMicrophone || this.#permission?.state === 'granted';
  }

  /**
   * The page may play sound. After a click every browser lets it; a context that does not run even
   * then lacks a device to sound on, which no further click would mend.
   */
  get audio(): boolean {
    if (typeof AudioContext === 'undefined' || this.#media.context.state === 'running') return true;
    return globalThis.navigator?.userActivation?.hasBeenActive === true;
  }

  /** Looks on from now on; resolves when everything is known. */
  async watch(): Promise<void> {
    if (typeof AudioContext !== 'undefined') {
      this.#media.context.onstatechange = () => this.#look();
      globalThis.document?.addEventListener('pointerdown', this.#unlock, true);
      globalThis.document?.addEventListener('keydown', this.#unlock, true);
      // A page that was clicked before it was loaded anew may sound at once.
      this.#unlock();
    }
    try {
      this.#permission = await navigator.permissions.query({ name: 'microphone' as PermissionName });
      this.#permission.onchange = () => this.#look();
    } catch {
      // A browser that does not tell: then an open microphone is the only proof.
    }
    this.#look();
  }

  destroy(): void {
    globalThis.document?.removeEventListener('pointerdown', this.#unlock, true);
    globalThis.document?.removeEventListener('keydown', this.#unlock, true);
    if (this.#permission) this.#permission.onchange = null;
  }

  readonly #unlock = (): void => this.#media.unlock();

  #look(): void {
    const known = `${this.microphone} ${this.audio}`;
    if (known === this.#known) return;
    this.#known = known;
    this.emit('change', undefined);
  }
}
