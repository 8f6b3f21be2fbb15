/** CPU-bound items in worker processes: one process beside one per core, the same bundle and the same run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBundle } from '@kube-transform/cli';
import { localFileStore } from '@kube-transform/runtime';
import { compare } from './compare.mjs';
import { runInPool } from './runs/in-pool.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const ITEMS = 400;

async function run(workers, { worker, dir }) {
  const store = localFileStore(dir);
  const job = {
    type: 'map',
    name: 'spin',
    function: 'spin.spin',
    items: Array.from({ length: ITEMS }, (_, n) => n),
    args: { rounds: 8_000_000 },
  };
  await runInPool({ name: 'bench', jobs: [job] }, { worker, store, workers });
}

export async function benchPool() {
  const dir = await mkdtemp(join(tmpdir(), 'kt-bench-'));
  try {
    const { worker } = await makeBundle({
      entries: [join(root, 'bench/functions/spin.ts')],
      projectDir: root,
    });
    const cores = availableParallelism();
    const row = await compare({
      name: `${ITEMS} CPU-bound items, 1 process / ${cores} processes`,
      goal: cores === 2 ? 1.9 : undefined,
      atLeast: true,
      runs: 3,
      warmUp: 1,
      ours: () => run(1, { worker, dir }),
      bare: () => run(cores, { worker, dir }),
    });
    return [row];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
