import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { readItems } from '../run-store/job-manifest.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { expandJob } from './expand-job.js';

/** Texts of these lengths: none, small ones, and more than a piece of the file. */
const LENGTHS = [0, 10, 400_000, 700_000, 3_000_000, 5, 900_000, 200_000, 1];

test.each([1, 2, 4, 100])('expandJob - pods of %i items find theirs, however large they are', async n => {
  const items = LENGTHS.map((length, i) => String(i).padEnd(length, 'ä'));
  const [job] = mustParsePipeline({
    name: 'p',
    jobs: [{ type: 'map', name: 'm', function: 'f', items, args: {} }],
  }).jobs;
  const store = memoryFileStore();
  const manifest = await expandJob({ store, runId: 'r', pipeline: 'p', job: job!, itemsPerPod: () => n });
  if (!('offsets' in manifest)) throw new Error(JSON.stringify(manifest));
  const found = [];
  for (let pod = 0; pod < Math.ceil(items.length / n); pod++)
    for (const item of (await readItems(store, manifest, pod)).all) found.push(item);
  expect(found).toEqual(items.map(e => ({ e })));
});
