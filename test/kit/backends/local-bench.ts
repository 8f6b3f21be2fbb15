/** The backend of a store in memory, for its contract: runs are driven in this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, memoryFileStore, type RunEvent } from '@kube-transform/runtime';
import { systemClock, writeRecord } from '@kube-transform/runtime/internal';
import type { RunDriver, StartedRun } from '../../../packages/cli/src/backends/backend.js';
import { LocalBackend } from '../../../packages/cli/src/backends/local/local-backend.js';
import { beginRun } from '../../../packages/cli/src/backends/local/start-run.js';
import { makeRun } from '../../../packages/cli/src/pipeline/make-run.js';
import type { BackendBench } from '../../contracts/run-backend-contract.js';
import { root } from '../sources.js';

export const FLAKY = join(root, 'test/fixtures/pipelines/flaky.ts');

/** Waits hardly at all. */
export const quickClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 5), signal),
};

const never = new AbortController().signal;

export async function localBench(): Promise<BackendBench> {
  const store = memoryFileStore();
  const projectDir = await mkdtemp(join(tmpdir(), 'kt-local-'));
  const backend = new LocalBackend(store, { projectDir, clock: quickClock });
  const going: Promise<unknown>[] = [];
  const drive = (started: StartedRun, publish: (event: RunEvent) => void = () => undefined) => {
    if (!('drive' in started)) throw new Error('nobody else drives a run here');
    const driver: RunDriver = { sink: { publish }, drain: never, stop: never };
    return started.drive(driver);
  };
  const file = (name: string, isThere: boolean): Promise<unknown> =>
    isThere ? store.put(name, new Uint8Array()) : store.delete([name]);
  return {
    backend,
    bring: async (runId, to) => {
      const request = { typed: FLAKY, rest: [], pairs: [], functions: [], runId };
      await file('fixed', to !== 'failed');
      await file('hold', to === 'running');
      if (to === 'interrupted') {
        const { record } = await makeRun(request);
        await writeRecord(store, record);
        return;
      }
      const started = await beginRun(store, request);
      let begun = 0;
      await new Promise<void>((resolve, reject) => {
        const driving = drive(started, event => {
          if (to === 'running' && event.type === 'ItemStarted' && event.job === 'work' && ++begun === 5)
            resolve();
        });
        driving.then(() => resolve(), reject);
        going.push(driving);
      });
    },
    release: async () => {
      await file('hold', false);
      await Promise.all(going);
    },
    drive: async started => void (await drive(started)),
    [Symbol.asyncDispose]: async () => {
      await backend[Symbol.asyncDispose]();
      await rm(projectDir, { recursive: true, force: true });
    },
  };
}
