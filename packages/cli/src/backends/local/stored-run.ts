import { KtError } from '@kube-transform/sdk';
import { type FileStore, readRecord, runFolder, type RunRecord } from '@kube-transform/runtime';

/** The record of a run. @throws KtError `UNKNOWN_RUN`, and `BAD_RUN` where it is no JSON. */
export async function recordOf(store: FileStore, runId: string): Promise<RunRecord> {
  const record = await readRecord(store, runId).catch((cause: unknown) => {
    if (!(cause instanceof SyntaxError)) throw cause;
    const hint = 'Restore the file, or delete the folder of the run.';
    throw new KtError(
      {
        code: 'BAD_RUN',
        path: `${runFolder(runId)}/spec.json`,
        message: `Run "${runId}" cannot be read: ${cause.message}.`,
        hint,
      },
      { cause },
    );
  });
  if (record === null)
    throw new KtError({
      code: 'UNKNOWN_RUN',
      path: 'run',
      message: `There is no run "${runId}" in this store.`,
      hint: 'kt runs lists them.',
    });
  return record;
}
