import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { expandJob } from '../../engine/expand-job.js';
import { readManifest } from '../../run-store/job-manifest.js';
import { itemsKey } from '../../run-store/layout.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { itemBlocks } from './item-blocks.js';

/** A step with these items, and what is read of its file. */
async function stepOf(items: unknown[], itemsPerPod: number) {
  const store = memoryFileStore();
  const jobs = [{ type: 'map' as const, name: 'm', function: 'f.f', items: items as never[], args: {} }];
  const [job] = mustParsePipeline({ name: 'p', jobs }).jobs;
  await expandJob({ store, runId: 'r', pipeline: 'p', job: job!, itemsPerPod: () => itemsPerPod });
  const reads: number[] = [];
  const blocks = itemBlocks({
    ...store,
    get: (key, range) => {
      reads.push((range?.end ?? 0) - (range?.start ?? 0));
      return store.get(key, range);
    },
  });
  const manifest = (await readManifest(store, 'r', 'm'))!;
  return { store, manifest, reads, linesOf: (pod: number) => blocks(manifest, pod) };
}

test('items of many pods - are read in a few blocks, and each pod gets its own', async () => {
  const { manifest, reads, linesOf } = await stepOf(
    Array.from({ length: 10_000 }, (_, n) => `${n} ${'é'.repeat(150)}`),
    3,
  );
  const pods = manifest.offsets.length - 1;
  for (let pod = 0; pod < pods; pod++) {
    const lines = (await linesOf(pod)) ?? '';
    const first = JSON.parse(lines.split('\n')[0] ?? '') as { e: string };
    expect([Number.parseInt(first.e, 10), lines.split('\n').length - 1]).toEqual([
      pod * 3,
      Math.min(3, 10_000 - pod * 3),
    ]);
  }
  const size = manifest.offsets.at(-1)!;
  expect([reads.length, reads.reduce((a, b) => a + b, 0)]).toEqual([Math.ceil(size / 2 ** 20), size]);
});

test('a pod whose items are long, missing, or not what was written - is given none', async () => {
  const { store, manifest, reads, linesOf } = await stepOf(
    ['short', 'x'.repeat(300_000), 'y'.repeat(30_000_000), 'short too'],
    1,
  );
  const given = await Promise.all([0, 1, 2, 3, 4].map(linesOf));
  expect(given).toEqual(['{"e":"short"}\n', null, null, '{"e":"short too"}\n', null]);
  expect(Math.max(...reads)).toBeLessThan(2 ** 21);
  const other = await stepOf(['a', 'b'], 1);
  const bytes = await other.store.get(itemsKey('r', 'm'));
  await other.store.put(
    itemsKey('r', 'm'),
    new TextEncoder().encode(new TextDecoder().decode(bytes).replace('a', 'c')),
  );
  expect([await other.linesOf(0), await other.linesOf(1)]).toEqual([null, '{"e":"b"}\n']);
  await store.delete([itemsKey('r', 'm')]);
  const gone = itemBlocks(store);
  expect(await gone(manifest, 0)).toBeNull();
});
