import { expect, test } from 'vitest';
import { AsyncQueue, pushedBy } from './async-queue.js';

const never = new AbortController().signal;

test('values pushed by work - come in order, and its error after them', async () => {
  const queue = pushedBy<number>(never, async push => {
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

test('many at once - leave no listeners that Node would warn of', async () => {
  const warned: string[] = [];
  const onWarning = ({ name }: Error): void => void warned.push(name);
  process.on('warning', onWarning);
  const all = Array.from({ length: 20 }, () =>
    pushedBy<number>(new AbortController().signal, async () => {}),
  );
  await Promise.all(all.map(queue => queue.next()));
  await new Promise(resolve => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warned).toEqual([]);
});

test('values pushed by work - when nobody wants more, it is stopped and awaited', async () => {
  let stopped = false;
  for await (const value of pushedBy<number>(never, async (push, stop) => {
    push(1);
    await new Promise<void>(resolve => stop.addEventListener('abort', () => resolve()));
    stopped = true;
  })) {
    expect(value).toBe(1);
    break;
  }
  expect(stopped).toBe(true);
});

test('values pushed by work - the signal ends them without an error', async () => {
  const leave = new AbortController();
  const seen: number[] = [];
  for await (const value of pushedBy<number>(leave.signal, async (push, stop) => {
    push(1);
    await new Promise((_, reject) => stop.addEventListener('abort', () => reject(new Error('aborted'))));
  })) {
    seen.push(value);
    leave.abort();
  }
  expect(seen).toEqual([1]);
});

const all = async (batches: AsyncIterable<readonly number[]>): Promise<number[]> => {
  const seen: number[] = [];
  for await (const values of batches) seen.push(...values);
  return seen;
};

test('a queue - gives what was pushed before it was closed', async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  const seen = all(queue.batches());
  await Promise.resolve();
  queue.pushAll([2, 3]);
  queue.close();
  expect(await seen).toEqual([1, 2, 3]);
});

test('a queue - gives what was pushed before the signal, whenever that came', async () => {
  const leave = new AbortController();
  const queue = new AsyncQueue<number>();
  const seen = all(queue.batches(leave.signal));
  await Promise.resolve();
  queue.push(1);
  leave.abort();
  queue.push(2);
  expect(await seen).toEqual([1, 2]);
  queue.push(3);
  expect(await all(queue.batches(leave.signal))).toEqual([3]);
});

test('a queue - fails after everything that was pushed', async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  queue.fail(new Error('broken'));
  queue.fail(new Error('a later one'));
  expect(await queue.next()).toEqual([1]);
  await expect(queue.next()).rejects.toThrow('broken');
});

test('a queue - that is woken gives what there is', async () => {
  const queue = new AsyncQueue<number>();
  const next = queue.next();
  queue.wake();
  expect(await next).toEqual([]);
  queue.pushAll([1, 2]);
  expect(queue.take()).toEqual([1, 2]);
  expect(queue.take()).toEqual([]);
});
