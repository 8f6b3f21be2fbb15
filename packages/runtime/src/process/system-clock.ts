/** The clock of this machine, as the port Clock. */
import type { Clock } from '../ports/index.js';

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/**
 * The machine's clock. Chance and waiting are loaded when they are first used (`crypto` is a global that does
 * so): a worker's start is not slowed.
 */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: async (ms, signal) => {
    if (ms <= 0) return;
    const { setTimeout: wait } = process.getBuiltinModule('node:timers/promises');
    await wait(Math.min(ms, 2 ** 31 - 1), undefined, { signal });
  },
  randomId: length =>
    Array.from(crypto.getRandomValues(new Uint32Array(length)), n => LETTERS[n % LETTERS.length]).join(''),
};
