import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { untilInterrupted } from './interrupt.js';

/** Work that is interrupted as soon as it has begun. */
function interrupted<T>(work: (ended: Promise<void>, signal: AbortSignal) => Promise<T>) {
  const signals = new EventEmitter();
  const result = untilInterrupted(signals, signal => {
    const ended = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()));
    return work(ended, signal);
  });
  signals.emit('SIGTERM');
  return { signals, result };
}

test('untilInterrupted - work that ends when it is interrupted keeps its result', async () => {
  const { signals, result } = interrupted(async ended => {
    await ended;
    return 7;
  });
  expect(await result).toEqual({ left: true, result: 7 });
  expect(signals.eventNames()).toEqual([]);
});

test('untilInterrupted - work that breaks off when it is interrupted is no bug', async () => {
  const { result } = interrupted(async (ended, signal) => {
    await ended;
    throw signal.reason;
  });
  expect(await result).toEqual({ left: true });
});

test('untilInterrupted - what fails by itself fails, and what ends by itself was not left', async () => {
  const signals = new EventEmitter();
  await expect(untilInterrupted(signals, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(await untilInterrupted(signals, () => Promise.resolve(1))).toEqual({ left: false, result: 1 });
  expect(signals.eventNames()).toEqual([]);
});
