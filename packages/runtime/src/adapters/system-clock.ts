import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../ports.js';

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) => (ms <= 0 ? Promise.resolve() : wait(Math.min(ms, 2 ** 31 - 1), undefined, { ...(signal === undefined ? {} : { signal }) })),
  randomId: length => Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join(''),
};
