/** A folder that lists late, or not at all, fails nothing: a run on a scripted cluster. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mustParsePipeline } from '@kube-transform/sdk';
import type { FileStore } from '@kube-transform/runtime';
import { drive, readResults, systemClock } from '@kube-transform/runtime/internal';
import { ownerOf } from '@kube-transform/runtime/kubernetes';
import { callsBundle } from '../kit/executors.js';
import { executorOf, scriptedKubeBench } from '../kit/kube-executor.js';

let bench: Awaited<ReturnType<typeof scriptedKubeBench>>;
beforeEach(async () => {
  bench = await scriptedKubeBench();
});
afterEach(() => bench.close());
const never = new AbortController().signal;

/** The controller does not see the keys that `hides` names in any listing; the pods see all. */
async function run(runId: string, hides: RegExp): Promise<{ status: string; results: unknown[] }> {
  const list: FileStore['list'] = async function* (prefix, options) {
    for await (const entry of bench.store.list(prefix, options))
      if (entry.type === 'prefix' || !hides.test(entry.object.key)) yield entry;
  };
  const store: FileStore = { ...bench.store, list };
  const items = Array.from({ length: 200 }, (_, i) => i);
  const { digest } = await callsBundle();
  const frameOf = () => ({
    ...{ runId, pipeline: 'p', settings: bench.settings, digest, bundleParts: 1 },
    owner: ownerOf(runId, `uid-of-${runId}`),
  });
  const pipeline = mustParsePipeline({
    name: 'p',
    jobs: [
      {
        ...{ type: 'map', name: 'm', function: 'calls.square', items, itemsPerPod: 200 },
        args: { n: { $ref: 'item#' } },
      },
    ],
  });
  const { status } = await drive({
    store,
    executor: executorOf({ api: bench.api, store, frameOf }),
    clock: systemClock,
    record: { runId, pipeline, params: {}, createdAtMs: 0, source: null, retryOf: null },
    sink: { publish: () => undefined },
    resumed: true,
    drain: never,
    stop: never,
    cancel: never,
  });
  return { status, results: await readResults(bench.store, runId, 'm') };
}

test.each([
  ['lists no results at all', /\/results\//],
  ['lacks the first segment', /\/results\/000000\/00000001\.jsonl$/],
  ['lists nothing', /./],
])('a folder that %s', async (_, hides) => {
  const { status, results } = await run('late', hides);
  expect(status).toBe('Completed');
  expect(results).toEqual(Array.from({ length: 200 }, (_, i) => i * i));
});
