import { mustParsePipeline } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { bytes, rejection } from '../../../../test/kit/stores.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import type { FileStore } from '../ports/index.js';
import { readAllResults, type ResultLine } from './item-results.js';
import { type JobManifest, manifestBytes, readItems } from './job-manifest.js';
import { itemsKey, jobKey, resultsPrefix } from './layout.js';
import { SegmentLog } from './segment-log.js';
import { sumOf } from './segment.js';

const [job] = mustParsePipeline({
  name: 'p',
  jobs: [{ type: 'map', name: 'm', function: 'f.f', items: [1, 2, 3], args: {} }],
}).jobs;
const ITEMS = ['{"e":1}\n{"e":2}\n', '{"e":3}\n'];
const manifest: JobManifest = {
  ...{ runId: 'r', pipeline: 'p', job: { ...job!, items: null }, items: 3, itemsPerPod: 2 },
  offsets: [0, 16, 24],
  sums: ITEMS.map(lines => sumOf(bytes(lines))),
};

async function stored(manifest: JobManifest, ...pods: ResultLine[][]): Promise<FileStore> {
  const store = memoryFileStore({ [itemsKey('r', 'm')]: ITEMS.join('') });
  await store.put(jobKey('r', 'm'), manifestBytes(manifest));
  for (const [pod, lines] of pods.entries())
    await (await SegmentLog.open<ResultLine>(store, resultsPrefix('r', 'm', pod))).append(...lines);
  return store;
}
const ok = (i: number): ResultLine => ({ i, n: 1, r: i * 10 });
const threw = { kind: 'Threw', name: 'E', message: 'm' } as const;

describe('what the manifest promises', () => {
  test('S3: results - of all items are there, null for what failed for good', async () => {
    const store = await stored(manifest, [ok(1), ok(0)], [{ i: 2, n: 1, c: threw, x: true }]);
    expect(await readAllResults(store, 'r', 'm')).toEqual([0, 10, null]);
  });

  test.each<[string, ResultLine[][]]>([
    ['a pod', [[ok(0), ok(1)]]],
    ['the end of a log', [[ok(0)], [ok(2)]]],
    ['the last attempt of an item', [[ok(0), ok(1)], [{ i: 2, n: 1, c: threw }]]],
  ])('S3: results - of which %s is missing are no results', async (_, pods) => {
    const error = await rejection(stored(manifest, ...pods).then(store => readAllResults(store, 'r', 'm')));
    expect(error.message).toMatch(
      /jobs\/m\/results\/00000\d\/: .* \d of the \d items of pod \d have no result/,
    );
  });

  test('a manifest of format 1 promises nothing of what a retry by kt 0.1.0 left out', async () => {
    const { sums: _, ...old } = manifest;
    expect(await readAllResults(await stored(old, [ok(0)], [ok(2)]), 'r', 'm')).toEqual([0, null, 20]);
  });

  test('items that are not those that were written are refused', async () => {
    const store = await stored(manifest);
    expect((await readItems(store, manifest, 1)).all).toEqual([{ e: 3 }]);
    await store.put(itemsKey('r', 'm'), bytes('{"e":1}\n{"e":2}\n{"e":4}\n'));
    expect((await readItems(store, manifest, 0)).all).toHaveLength(2);
    expect((await rejection(readItems(store, manifest, 1))).problems).toMatchObject([
      { code: 'BAD_RUN', path: itemsKey('r', 'm'), hint: expect.stringContaining('--resume r') as string },
    ]);
  });
});
