/** What an executor has to say, from whoever says it to the one who observes. */
export class AsyncQueue<T> {
  #values: T[] = [];
  #wake: (() => void) | undefined;
  #failure: { error: unknown } | undefined;

  push(value: T): void {
    this.#values.push(value);
    if (this.#wake === undefined) return;
    this.#wake();
    this.#wake = undefined;
  }

  /** The one who speaks can do so no more: observing rejects with the error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  /** Everything pushed, until the signal; what was pushed before it is still told. */
  async *observe(signal: AbortSignal): AsyncGenerator<readonly T[]> {
    const stop = (): void => this.#wake?.();
    signal.addEventListener('abort', stop);
    try {
      for (;;) {
        const values = this.#values;
        this.#values = [];
        if (values.length > 0) yield values;
        if (this.#values.length > 0) continue;
        if (this.#failure !== undefined) throw this.#failure.error;
        if (signal.aborted) return;
        await new Promise<void>(resolve => (this.#wake = resolve));
        this.#wake = undefined;
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
