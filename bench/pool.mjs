/** CPU-bound items in worker processes: one process beside one per core, the same bundle and the same run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBundle } from '@kube-transform/cli';
import { localFileStore } from '@kube-transform/runtime';
import {
  drive,
  newRun,
  processPoolExecutor,
  systemClock,
  writeRecord,
} from '@kube-transform/runtime/internal';
import { compare } from './compare.mjs';

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
  const record = await newRun({ pipeline: { name: 'bench', jobs: [job] }, clock: systemClock });
  await writeRecord(store, record);
  const never = new AbortController().signal;
  const executor = processPoolExecutor({
    entry: worker,
    storeUrl: store.capabilities.url,
    clock: systemClock,
    workers,
  });
  const { status } = await drive({
    store,
    record,
    executor,
    clock: systemClock,
    sink: { publish: () => undefined },
    resumed: false,
    drain: never,
    stop: never,
    cancel: never,
  });
  if (status !== 'Completed') throw new Error(status);
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
