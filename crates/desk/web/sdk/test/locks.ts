/** The browser's locks, shared by the tabs of one test. */
export class FakeLocks {
  #held: { lost: (error: Error) => void; over: Promise<void> } | undefined;
  #line: (() => void)[] = [];

  request(
    _name: string,
    options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    callback: (lock: object | null) => Promise<void> | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = (): void => {
        const over = Promise.resolve(callback({}));
        const held = { lost: reject, over };
        this.#held = held;
        void over.then(() => {
          if (this.#held !== held) return;
          this.#held = undefined;
          resolve();
          this.#line.shift()?.();
        });
      };
      queueMicrotask(() => {
        if (options.steal) {
          this.#held?.lost(new DOMException('stolen', 'AbortError'));
          run();
        } else if (!this.#held) {
          run();
        } else if (options.ifAvailable) {
          void Promise.resolve(callback(null)).then(resolve);
        } else {
          this.#line.push(run);
          options.signal?.addEventListener('abort', () => {
            this.#line = this.#line.filter((waiting) => waiting !== run);
            reject(new DOMException('aborted', 'AbortError'));
          });
        }
      });
    });
  }
}
