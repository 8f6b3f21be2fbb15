import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../ports.js';

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** The machine's clock. Chance comes from the global `crypto`, which is loaded when it is first used: a worker's start is not slowed. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) => (ms <= 0 ? Promise.resolve() : wait(Math.min(ms, 2 ** 31 - 1), undefined, { ...(signal === undefined ? {} : { signal }) })),
  randomId: length => Array.from(crypto.getRandomValues(new Uint32Array(length)), n => LETTERS[n % LETTERS.length]).join(''),
};
