/** How long is waited before a server is asked again, and how often it is. */

/** Tries of a request: they take half a minute. */
export const TRIES = 14;
/** Of one to a server that has never answered: a second, so that a wrong address is soon told. */
export const TRIES_AT_FIRST = 4;
/** A connection on which nothing moves for so long is given up. */
export const SILENT_MS = 30_000;
/** Requests under way at once. */
export const CONNECTIONS = 64;

const PAUSE_MS = 100;
const MAX_PAUSE_MS = 5000;

/** How long to wait after try number `tries`, in milliseconds: it doubles, a quarter of it by chance. */
export const pauseMs = (tries: number): number =>
  Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** (tries - 1)) * (0.75 + Math.random() / 4);

/** Waits as long, or longer where the server asks for it. */
export const pause = (tries: number, leastMs = 0): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, Math.max(leastMs, pauseMs(tries))));
