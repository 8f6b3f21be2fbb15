import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { beforeEach, expect, test } from 'vitest';
import { expandJob } from '../engine/expand-job.js';
import { ktFiles } from '../files/kt-files.js';
import type { FileStore } from '../ports/index.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { readItemStep } from './item-step.js';

let store: FileStore;
beforeEach(() => {
  store = memoryFileStore();
});
const begin = async (given: KTJobInput, itemsPerPod = 1): Promise<void> => {
  const [job] = mustParsePipeline({ name: 'p', jobs: [given] }).jobs;
  await expandJob({ store, runId: 'r', pipeline: 'p', job: job!, itemsPerPod: () => itemsPerPod });
};
const read = (job: string, item: number | null) =>
  readItemStep({ runId: 'r', job, item }, { store, files: ktFiles(store), resultCache: new Map() });
const each: KTJobInput = {
  type: 'container',
  name: 'each/0',
  items: ['a', '$(HOME)\n"'],
  container: { image: 'x', command: ['say', { $ref: 'item#' }], env: { N: { $ref: 'index#' } } },
};

test('the container of an item - has the texts of that item', async () => {
  await begin(each);
  const { item, job, call } = await read('each/0', 1);
  expect({ item, name: job.name }).toEqual({ item: 1, name: 'each/0' });
  expect(call).toMatchObject({ image: 'x', command: ['say', '$(HOME)\n"'], env: { N: '1' } });
});

test('a function - has no container, in whichever pod its item was', async () => {
  await begin(
    { type: 'map', name: 'm', function: 'f.g', items: [1, 2, 3], args: { n: { $ref: 'item#' } } },
    2,
  );
  expect(await read('m', 2)).toMatchObject({ item: 2, call: null, job: { function: 'f.g' } });
});

test('the only item - need not be named, one of several must be', async () => {
  await begin(each);
  await begin({ ...each, name: 'one', items: ['a'] });
  expect(await read('one', null)).toMatchObject({ item: 0 });
  await expect(read('each/0', null)).rejects.toMatchObject({ code: 'MISSING_ITEM' });
  await expect(read('each/0', 2)).rejects.toMatchObject({ code: 'UNKNOWN_ITEM' });
  await expect(read('none', 0)).rejects.toMatchObject({ code: 'UNKNOWN_ITEM' });
});

test('a container whose refs lead nowhere - is refused with the ref', async () => {
  await begin({ ...each, name: 'lost', container: { image: 'x', args: [{ $ref: 'item#/no' }] } });
  await expect(read('lost', 0)).rejects.toMatchObject({
    code: 'NOT_RUNNABLE',
    message: expect.stringContaining('item#/no') as string,
  });
});
