/** The clock of this machine, as the port Clock. */
import type { Clock } from '../ports/index.js';

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** `performance` has it too, and takes longer to load than all of this. */
const monotonicMs = (): number => {
  const [seconds, ns] = process.hrtime();
  return seconds * 1000 + ns / 1e6;
};
// eslint-disable-next-line no-restricted-syntax -- where it begins matters to nobody
const originMs = Date.now() - monotonicMs();

/**
 * The machine's clock. Chance and waiting are loaded when they are first used (`crypto` is a global that does
 * so): a worker's start is not slowed.
 */
export const systemClock: Clock = {
  // eslint-disable-next-line no-restricted-syntax -- the clock itself
  nowMs: () => Date.now(),
  elapsedMs: () => originMs + monotonicMs(),
  sleep: async (ms, signal) => {
    if (ms <= 0) return;
    const { setTimeout: wait } = process.getBuiltinModule('node:timers/promises');
    await wait(Math.min(ms, 2 ** 31 - 1), undefined, { signal });
  },
  randomId: length =>
    Array.from(crypto.getRandomValues(new Uint32Array(length)), n => LETTERS[n % LETTERS.length]).join(''),
};
