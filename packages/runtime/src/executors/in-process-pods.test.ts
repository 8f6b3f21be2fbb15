/** How many pods of a job run at once in one process, and what users see of them. */
import { each, type KtContext, ktFunction, pipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { testRun } from '../testing/test-run.js';

const numbers = Array.from({ length: 600 }, (_, n) => n);
const itself = ktFunction({ name: 'itself' }, ({ n }: { n: number }) => n);

/** Runs an item a pod; the most pods that read their items at once. */
async function mostPods(parallelism: number | undefined): Promise<number> {
  const store = memoryFileStore();
  let [now, most] = [0, 0];
  const watched = {
    ...store,
    get: async (...args: Parameters<typeof store.get>) => {
      const isOfPod = args[0].endsWith('items.jsonl');
      if (isOfPod) most = Math.max(most, ++now);
      await new Promise(resolve => setImmediate(resolve));
      if (isOfPod) now--;
      return await store.get(...args);
    },
  };
  const wide = pipeline('wide').map('one', itself, () => each(numbers, n => ({ n })), {
    itemsPerPod: 1,
    ...(parallelism === undefined ? {} : { parallelism }),
  });
  const run = await testRun(wide, { store: watched });
  expect(run.result('one')).toEqual(numbers);
  return most;
}

test('pods of a job in one process - are as many at once as its parallelism, else 256', async () => {
  expect(await mostPods(3)).toBe(3);
  expect(await mostPods(undefined)).toBe(256);
});

test('many at once whose functions ask for their signal - are none that Node warns of', async () => {
  const waits = ktFunction({ name: 'waits' }, async ({ n }: { n: number }, { signal }: KtContext) => {
    await new Promise(resolve => setImmediate(resolve));
    signal.throwIfAborted();
    return n;
  });
  const warned: string[] = [];
  const onWarning = ({ name }: Error): void => void warned.push(name);
  process.on('warning', onWarning);
  const wide = pipeline('wide').map('one', waits, () => each(numbers, n => ({ n })), { itemsPerPod: 1 });
  const run = await testRun(wide, { concurrency: 50 });
  process.off('warning', onWarning);
  expect(run.result('one')).toEqual(numbers);
  expect(warned).toEqual([]);
});
