/** The record of a run of a store. */
import { KtError } from '@kube-transform/sdk';
import { type FileStore, readRecord, type RunRecord } from '@kube-transform/runtime';

/** The record of a run. @throws KtError `UNKNOWN_RUN`, and what `readRecord` refuses. */
export async function recordOf(store: FileStore, runId: string): Promise<RunRecord> {
  const record = await readRecord(store, runId);
  if (record === null)
    throw new KtError({
      code: 'UNKNOWN_RUN',
      path: 'run',
      message: `There is no run "${runId}" in this store.`,
      hint: 'kt runs lists them.',
    });
  return record;
}
