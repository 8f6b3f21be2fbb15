import { mustParsePipeline } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { bytes, rejection } from '../../../../test/kit/stores.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import type { FileStore } from '../ports/index.js';
import { readAllResults, type ResultCache, type ResultLine, resultsOf } from './item-results.js';
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

describe('results that are asked for', () => {
  const [small, large] = ['x', 'x'.repeat(2 ** 20)];
  const asked = async (text: string) => {
    const lines = [0, 1].map((i): ResultLine => ({ i, n: 1, r: [text] }));
    const store = await stored(manifest, lines, [{ i: 2, n: 1, r: null }]);
    const cache: ResultCache = new Map();
    return { cache, scope: { store, runId: 'r', cache } };
  };

  test('once, and large, belong to who asks and are kept for nobody', async () => {
    const { cache, scope } = await asked(large);
    const { values, isOwn } = await resultsOf('m', { ...scope, isOnce: true });
    expect([values, isOwn, cache.size]).toEqual([[[large], [large], null], true, 0]);
    expect((await resultsOf('m', { ...scope, isOnce: true })).values[0]).not.toBe(values[0]);
  });

  test.each([
    ['small ones', small, [true]],
    ['large ones that another asks for meanwhile', large, [true, true]],
    ['large ones of which who asks may ask again', large, [false]],
  ])('%s are kept, and shared', async (_, text, askers) => {
    const { cache, scope } = await asked(text);
    const found = await Promise.all(askers.map(isOnce => resultsOf('m', { ...scope, isOnce })));
    const [first, ...others] = found.map(({ values }) => values);
    expect(found.map(({ isOwn }) => isOwn)).toEqual(askers.map(() => false));
    for (const other of others) expect(other).toBe(first);
    expect(cache.size).toBe(1);
    expect((await resultsOf('m', scope)).values).toBe(first);
  });
});
