/** Says in the tab's title who calls, alternating with the usual title. */

const FLASH_MS = 1_000;

export class TitleFlash {
  readonly #usual: string;
  #text: string | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(usual: string) {
    this.#usual = usual;
    document.title = usual;
  }

  /** Shows `text` until it is `undefined`. */
  show(text: string | undefined): void {
    if (text === this.#text) return;
    this.#text = text;
    clearInterval(this.#timer);
    document.title = text ?? this.#usual;
    if (text === undefined || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    this.#timer = setInterval(() => {
      document.title = document.title === text ? this.#usual : text;
    }, FLASH_MS);
  }
}
