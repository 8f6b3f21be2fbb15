/** A run in worker processes of this machine, for benches. */
import {
  drive,
  newRun,
  processPoolExecutor,
  systemClock,
  writeRecord,
} from '@kube-transform/runtime/internal';

/** Runs a pipeline of the functions of a bundle's worker to its end; its id. */
export async function runInPool(pipeline, { worker, store, workers }) {
  const record = await newRun({ pipeline, clock: systemClock });
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
  return record.runId;
}
