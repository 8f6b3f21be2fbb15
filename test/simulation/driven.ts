/** A run of a bench that is driven to its end, for tests that disturb it meanwhile. */
import { type FailureCause, type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import type { RunEvent, RunStatus } from '@kube-transform/runtime';
import { drive, jobStates, systemClock } from '@kube-transform/runtime/internal';
import type { Bench } from '../kit/executors.js';

/** What is done to a run from outside, and who hears of it. */
export interface Driven {
  drain?: AbortSignal;
  cancel?: AbortSignal;
  onEvent?: (event: RunEvent) => void;
}

/** Drives a run; how it ended, and why its job "m" failed. */
export async function driven(
  { store, executor }: Pick<Bench, 'store' | 'executor'>,
  { runId, jobs, drain, cancel, onEvent }: Driven & { runId: string; jobs: KTJobInput[] },
): Promise<{ status: RunStatus; cause: FailureCause | undefined }> {
  const never = new AbortController().signal;
  const { status, state } = await drive({
    store,
    executor: executor(),
    clock: systemClock,
    record: {
      runId,
      pipeline: mustParsePipeline({ name: 'p', jobs }),
      params: {},
      createdAtMs: 0,
      source: null,
      retryOf: null,
    },
    sink: { publish: onEvent ?? (() => undefined) },
    resumed: true,
    drain: drain ?? never,
    stop: never,
    cancel: cancel ?? never,
  });
  const own = [...jobStates(state)].find(({ job }) => job.name === 'm')?.own;
  return { status, cause: own?.state === 'failed' ? own.cause : undefined };
}
