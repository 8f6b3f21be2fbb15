import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { bytes, listed } from '../../../../test/kit/stores.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import type { FileStore, JobOrder } from '../ports/index.js';
import { readAllResults, readOutcomes, type ResultLine } from './item-results.js';
import { type JobManifest, manifestBytes } from './job-manifest.js';
import { JobTally } from './job-tally.js';
import { itemsKey, jobKey, packsPrefix, resultsPrefix } from './layout.js';
import { SegmentLog } from './segment-log.js';
import { sumOf } from './segment.js';

const [job] = mustParsePipeline({
  name: 'p',
  jobs: [{ type: 'map', name: 'm', function: 'f.f', items: [1], args: {} }],
}).jobs;
const ITEM = '{}\n';

/** A job with so many pods of an item, the results of which are stored, and the store's requests. */
async function packed(pods: number) {
  const inner = memoryFileStore({ [itemsKey('r', 'm')]: ITEM.repeat(pods) });
  const asked: string[] = [];
  const store: FileStore = {
    ...inner,
    get: key => {
      asked.push(key);
      return inner.get(key);
    },
  };
  const manifest: JobManifest = {
    ...{ runId: 'r', pipeline: 'p', job: { ...job!, items: null }, items: pods, itemsPerPod: 1 },
    offsets: Array.from({ length: pods + 1 }, (_, i) => i * ITEM.length),
    sums: Array.from({ length: pods }, () => sumOf(bytes(ITEM))),
  };
  await store.put(jobKey('r', 'm'), manifestBytes(manifest));
  const order: JobOrder = { runId: 'r', pipeline: 'p', job: job!, items: pods, itemsPerPod: 1 };
  const tally = new JobTally(store, order, () => undefined).keepCopies();
  for (let pod = 0; pod < pods; pod++) {
    const log = await SegmentLog.open<ResultLine>(store, resultsPrefix('r', 'm', pod), { isNew: true });
    await log.append({ i: pod, n: 1, r: `é${pod}` });
    // Some tell, some are read.
    if (pod % 3 > 0) tally.hand(pod, { last: 1, segment: log.last ?? '' });
  }
  await tally.refresh();
  expect(tally.outcome().succeeded).toBe(pods);
  await tally.close();
  asked.splice(0);
  const results = Array.from({ length: pods }, (_, i) => `é${i}`);
  return { store, asked, results, packs: await listed(store, packsPrefix('r', 'm')) };
}

test('packs - spare who reads 2,500 pods a request for each of them', async () => {
  const { store, asked, results, packs } = await packed(2500);
  expect(packs).toHaveLength(3);
  expect(await readAllResults(store, 'r', 'm')).toEqual(results);
  const outcomes = await readOutcomes(store, 'r', 'm');
  expect(results.map((_, i) => outcomes.get(i)?.result)).toEqual(results);
  expect(asked.filter(key => key.startsWith(resultsPrefix('r', 'm')))).toEqual([]);
});

test('packs - are not made of few pods', async () => {
  const { store, results, packs } = await packed(99);
  expect(packs).toEqual([]);
  expect(await readAllResults(store, 'r', 'm')).toEqual(results);
});

test('RP1: packs - of which one is damaged or says what was not stored are not believed', async () => {
  const { store, asked, results, packs } = await packed(250);
  const [key = ''] = packs;
  const content = new TextDecoder().decode(await store.get(key));
  const lies = content.replaceAll(/\\"r\\":\\"é1\\"/g, '\\"r\\":\\"é2\\"');
  expect(lies).not.toBe(content);
  await store.put(key, bytes(lies.slice(0, 20_000)));
  expect(await readAllResults(store, 'r', 'm')).toEqual(results);
  expect(asked).toContain(`${resultsPrefix('r', 'm', 1)}00000001.jsonl`);
  expect(asked.length).toBeLessThan(250);
  await store.put(key, new Uint8Array([255, 10, 0]));
  expect(await readAllResults(store, 'r', 'm')).toEqual(results);
});
