/** Typed events. */

export interface ListenOptions {
  /** Ends the subscription when aborted. */
  signal?: AbortSignal;
}

type Listener<T> = (event: T) => void;

/** Something with events; `Events` maps each name to what its listeners receive. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Calls `listener` for every `name` event until the returned function is called. */
  on<Name extends keyof Events>(
    name: Name,
    listener: Listener<Events[Name]>,
    options: ListenOptions = {},
  ): () => void {
    const { signal } = options;
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    const off = (): void => {
      listeners.delete(listener);
      signal?.removeEventListener('abort', off);
    };
    if (!signal?.aborted) {
      listeners.add(listener);
      signal?.addEventListener('abort', off);
    }
    return off;
  }

  /** Calls `listener` for the next `name` event only. */
  once<Name extends keyof Events>(
    name: Name,
    listener: Listener<Events[Name]>,
    options: ListenOptions = {},
  ): () => void {
    const off = this.on(
      name,
      (event) => {
        off();
        listener(event);
      },
      options,
    );
    return off;
  }

  /** One listener's exception must not keep the others, or the protocol, from going on. */
  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as Listener<Events[Name]>)(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
