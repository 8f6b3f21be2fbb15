/** Many large results into one function: the most memory of its process, beside what the results take in it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBundle } from '@kube-transform/cli';
import { localFileStore } from '@kube-transform/runtime';
import { readResults } from '@kube-transform/runtime/internal';
import { runInPool } from './runs/in-pool.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [RESULTS, BYTES] = [500, 200_000];
/** As many as pods of a cluster are given of so many. */
const ITEMS_PER_POD = 3;
const KINDS = { text: 'text', rows: 'lists of objects' };

/** The step that takes all has a process of its own: it asks for other memory. */
const pipelineOf = kind => ({
  name: 'bench',
  jobs: [
    {
      type: 'map',
      name: 'all',
      memory: '512Mi',
      function: `reduce.${kind}`,
      items: Array.from({ length: RESULTS }, (_, n) => n),
      args: { n: { $ref: 'item#' }, bytes: BYTES },
      itemsPerPod: ITEMS_PER_POD,
    },
    {
      type: 'static',
      name: 'peak',
      memory: '1Gi',
      tasks: [{ function: 'reduce.peak', args: { all: { $ref: 'all#' } } }],
      dependencies: ['all'],
    },
  ],
});

async function reduced(kind, { worker, store }) {
  const runId = await runInPool(pipelineOf(kind), { worker, store, workers: 1 });
  const [told] = await readResults(store, runId, 'peak');
  if (told.length !== RESULTS) throw new Error(`It was given ${told.length} results.`);
  return told;
}

export async function benchReduce() {
  const dir = await mkdtemp(join(tmpdir(), 'kt-bench-'));
  try {
    const entries = [join(root, 'bench/functions/reduce.ts')];
    const { worker } = await makeBundle({ entries, projectDir: root });
    const store = localFileStore(dir);
    const rows = [];
    for (const [kind, name] of Object.entries(KINDS)) {
      const { peakMiB, resultsMiB } = await reduced(kind, { worker, store });
      rows.push({
        name: `${RESULTS} results of ${BYTES / 1000} KB into one function (${name}): its process / they in it`,
        unit: 'MiB',
        medianMs: peakMiB,
        baselineMs: resultsMiB,
        ratio: peakMiB / resultsMiB,
        goal: 2,
      });
    }
    return rows;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
