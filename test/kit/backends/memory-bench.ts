/** The backend in memory, for its contract: runs of the pipeline of the contract as they would look. */
import type { FailedLog, LogLine } from '@kube-transform/runtime';
import type { BackendBench } from '../../contracts/run-backend-contract.js';
import { type GivenSummary, MemoryBackend, type MemoryOptions } from './memory-backend.js';

const line = (item: number, attempt: number): LogLine => ({
  ...{ job: 'work', item, attempt, atMs: 1_700_000_000_000 + attempt, level: 'info' },
  ...{ message: `working on ${item}`, data: { i: item } },
});
const threw = (item: number): FailedLog['cause'] => ({
  kind: 'Threw',
  name: 'Error',
  message: `no answer from host-${item}`,
  stack: `Error: no answer from host-${item}\n    at work (flaky.ts:20:11)`,
});
const linesOf = (items: readonly number[], attempt: number): LogLine[] =>
  items.map(item => line(item, attempt));
const LIST = { name: 'list', status: 'Completed', items: 1, done: 1 } as const;

/** A run of the pipeline "flaky" that has completed. */
export const completed = (runId: string): GivenSummary => ({
  ...{ runId, pipeline: 'flaky', status: 'Completed', result: 5 },
  jobs: [
    LIST,
    { name: 'work', status: 'Completed', items: 5, done: 5 },
    { name: 'report', status: 'Completed', items: 1, done: 1 },
  ],
});

/** One in which two items of "work" have failed. */
export const failed = (runId: string): GivenSummary => ({
  ...{ runId, pipeline: 'flaky', status: 'Failed', lastError: 'work[4]: no answer from host-4' },
  jobs: [
    LIST,
    {
      ...{ name: 'work', status: 'Failed', items: 5, done: 3, failed: 2, retried: 2 },
      cause: {
        ...{
          kind: 'ItemsFailed',
          message: '2 of 5 items failed: no answer from host-1',
          failed: 2,
          total: 5,
        },
        ...{ first: threw(1), firstItem: 1 },
      },
    },
    { name: 'report', status: 'SkippedDueToUpstreamFailure' },
  ],
  failures: [
    {
      ...{ count: 2, message: 'no answer from host-‹n›', where: 'flaky.ts:20' },
      examples: [1, 4].map(item => ({ job: 'work', item, cause: threw(item) })),
    },
  ],
});

/** What the items of a run print that fails, and of one that does not. */
export const LINES = [...linesOf([0, 1, 2, 3, 4], 1), ...linesOf([1, 4], 2)];
export const FAILED: FailedLog[] = [1, 4].map(item => ({
  ...{ job: 'work', item, attempts: 2, cause: threw(item), lines: [] },
}));

/** One that goes on. */
export const running = (runId: string): GivenSummary => ({
  ...{ runId, pipeline: 'flaky', status: 'Running' },
  jobs: [LIST, { name: 'work', status: 'Running', items: 5 }, { name: 'report' }],
});

export async function memoryBench(options: MemoryOptions = {}): Promise<BackendBench> {
  const backend = new MemoryBackend(options);
  return {
    backend,
    bring: async (runId, to) => {
      if (to === 'failed') backend.set(failed(runId), { lines: LINES, failed: FAILED });
      else if (to === 'completed') backend.set(completed(runId), { lines: linesOf([0, 1, 2, 3, 4], 1) });
      else if (to === 'running') backend.set(running(runId));
      else backend.set({ runId, pipeline: 'flaky', status: 'Interrupted' });
    },
    release: async () => {
      for (const { runId, status } of await backend.list())
        if (status === 'Running') backend.set(completed(runId), { lines: linesOf([0, 1, 2, 3, 4], 1) });
    },
    drive: async ({ run }) => backend.set(completed(run.runId), { lines: linesOf([1, 4], 1) }),
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}
