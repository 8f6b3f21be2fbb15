/** What stands for what callers do not say. */

/** A signal that never comes; another one each time, so that nobody's listeners gather on it. */
export const never = (): AbortSignal => new AbortController().signal;

/** Tells nobody. */
export const quiet = (): void => undefined;
