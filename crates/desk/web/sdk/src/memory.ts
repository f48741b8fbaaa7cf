/** What outlives a page of an agent in one browser; without storage, nothing does. */
export class Memory {
  readonly #prefix: string;

  constructor(agent: string) {
    this.#prefix = `ringdown:${agent}:`;
  }

  recall(what: 'call' | 'wanted'): string | undefined {
    try {
      return localStorage.getItem(this.#prefix + what) ?? undefined;
    } catch {
      return undefined;
    }
  }

  remember(what: 'call' | 'wanted', value: string | undefined): void {
    try {
      if (value === undefined) localStorage.removeItem(this.#prefix + what);
      else localStorage.setItem(this.#prefix + what, value);
    } catch {
      // Then the agent clicks once more after a reload.
    }
  }
}
