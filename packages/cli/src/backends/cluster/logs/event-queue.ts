/*
 * What is pushed by work that goes on, as something to iterate over.
 *
 * EQ1 The work begins with the iteration and is stopped with it; its error comes after everything that was
 *     pushed.
 */

/** Values that work pushes, in order; the work's signal is aborted when nobody wants more. */
export async function* eventQueue<T>(
  signal: AbortSignal,
  work: (push: (value: T) => void, stop: AbortSignal) => Promise<void>,
): AsyncGenerator<T, void> {
  const stopping = new AbortController();
  const stop = AbortSignal.any([signal, stopping.signal]);
  let waiting: T[] = [];
  let wake = (): void => undefined;
  let ended: { error?: unknown } | undefined;
  const push = (value: T): void => {
    waiting.push(value);
    wake();
  };
  const working = work(push, stop)
    .then(
      () => (ended = {}),
      (error: unknown) => (ended = { error }),
    )
    .then(() => wake());
  try {
    for (;;) {
      const values = waiting;
      waiting = [];
      yield* values;
      if (waiting.length > 0) continue;
      if (ended !== undefined) break;
      await new Promise<void>(resolve => (wake = resolve));
    }
    if ('error' in ended && !signal.aborted) throw ended.error;
  } finally {
    stopping.abort();
    await working;
  }
}
