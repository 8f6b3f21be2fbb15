/** Waits until nothing goes on in this process, but only for so long. */

/** How long what functions that have returned have left open goes on in a worker or a pod. */
export const LINGER_MS = 1000;

/**
 * Resolves after `ms`, or as soon as nothing but this wait is left to happen in the process: what has not
 * ended by then never will. `signal`: nobody waits any more.
 */
export function untilQuiet(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      process.off('beforeExit', end);
      resolve();
    };
    const timer = setTimeout(end, ms).unref();
    process.on('beforeExit', end);
    signal?.addEventListener('abort', end);
    // A turn of the loop: only after one does Node tell that nothing goes on.
    setImmediate(() => undefined);
  });
}
