import { expect, test } from 'vitest';
import { eventQueue } from './event-queue.js';

const never = new AbortController().signal;

test('what is pushed comes in order, and an error after it', async () => {
  const queue = eventQueue<number>(never, async push => {
    push(1);
    await Promise.resolve();
    push(2);
    throw new Error('broken');
  });
  const seen: number[] = [];
  await expect(
    (async () => {
      for await (const value of queue) seen.push(value);
    })(),
  ).rejects.toThrow('broken');
  expect(seen).toEqual([1, 2]);
});

test('the work is stopped when nobody wants more, and awaited', async () => {
  let stopped = false;
  for await (const value of eventQueue<number>(never, async (push, stop) => {
    push(1);
    await new Promise<void>(resolve => stop.addEventListener('abort', () => resolve()));
    stopped = true;
  })) {
    expect(value).toBe(1);
    break;
  }
  expect(stopped).toBe(true);
});

test('the signal ends it without an error', async () => {
  const leave = new AbortController();
  const seen: number[] = [];
  for await (const value of eventQueue<number>(leave.signal, async (push, stop) => {
    push(1);
    await new Promise((_, reject) => stop.addEventListener('abort', () => reject(new Error('aborted'))));
  })) {
    seen.push(value);
    leave.abort();
  }
  expect(seen).toEqual([1]);
});
