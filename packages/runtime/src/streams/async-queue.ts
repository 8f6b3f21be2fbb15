/** A queue between whoever has values and the one who takes them. */

/** Values in the order in which they were pushed, for one who takes them. */
export class AsyncQueue<T> {
  #values: T[] = [];
  #isClosed = false;
  #failure: { error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** Adds a value; one that comes after the end is left out. */
  push(value: T): void {
    if (this.#isClosed) return;
    this.#values.push(value);
    this.wake();
  }

  /** Adds values that come together. */
  pushAll(values: readonly T[]): void {
    if (this.#isClosed) return;
    if (this.#values.length === 0) this.#values = [...values];
    else for (const value of values) this.#values.push(value);
    this.wake();
  }

  /** Nothing more comes. */
  close(): void {
    this.#isClosed = true;
    this.wake();
  }

  /** Nothing more comes, because of an error: it is thrown after everything that was pushed. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.close();
  }

  /** Lets {@link next} return with what there is. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Everything since the last time; empty where there is nothing. */
  take(): readonly T[] {
    const values = this.#values;
    this.#values = [];
    return values;
  }

  /**
   * Everything since the last time, waited for; empty where it was woken, or closed. Rejects as it failed.
   */
  async next(): Promise<readonly T[]> {
    if (this.#values.length === 0 && !this.#isClosed)
      await new Promise<void>(resolve => (this.#wake = resolve));
    const values = this.take();
    if (values.length === 0) this.#throwFailure();
    return values;
  }

  /** Everything, until it is closed or the signal comes; what was pushed before is still given. */
  async *batches(signal?: AbortSignal): AsyncGenerator<readonly T[], void> {
    const wake = (): void => this.wake();
    signal?.addEventListener('abort', wake);
    try {
      while (signal?.aborted !== true && !this.#isClosed) {
        const values = await this.next();
        if (values.length > 0) yield values;
      }
      for (let values = this.take(); values.length > 0; values = this.take()) yield values;
      this.#throwFailure();
    } finally {
      signal?.removeEventListener('abort', wake);
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/**
 * Values that work pushes while it goes on. The work begins with the iteration and is stopped with it (its
 * own signal is aborted, and it is awaited); its error comes after everything that it pushed.
 *
 * @param signal also stops the work, which then ends without an error.
 */
export async function* pushedBy<T>(
  signal: AbortSignal,
  work: (push: (value: T) => void, stop: AbortSignal) => Promise<void>,
): AsyncGenerator<T, void> {
  const stopping = new AbortController();
  const queue = new AsyncQueue<T>();
  const push = (value: T): void => queue.push(value);
  const working = work(push, AbortSignal.any([signal, stopping.signal])).then(
    () => queue.close(),
    (error: unknown) => (signal.aborted ? queue.close() : queue.fail(error)),
  );
  try {
    for await (const values of queue.batches()) yield* values;
  } finally {
    stopping.abort();
    await working;
  }
}
