import { join } from 'node:path';
import { memoryFileStore, type RunEvent } from '@kube-transform/runtime';
import { acquireLease } from '@kube-transform/runtime/internal';
import { expect, test } from 'vitest';
import { root } from '../../../../../test/kit/sources.js';
import { LocalBackend } from './local-backend.js';
import { beginRun, resumeRun } from './start-run.js';

const FLAKY = join(root, 'test/fixtures/pipelines/flaky.ts');
const never = new AbortController().signal;

test('a run that was stopped half-way - it is cancelled for good: what it had done stays, and it is not resumed', async () => {
  const store = memoryFileStore({ hold: '' });
  const backend = new LocalBackend(store, { projectDir: root });
  const request = { typed: FLAKY, rest: [], pairs: [], functions: [], runId: 'half' };
  const started = await beginRun(store, request);
  if (!('drive' in started)) throw new Error('it is driven here');
  const stop = new AbortController();
  const publish = (event: RunEvent): void => {
    if (event.type === 'ItemStarted' && event.job === 'work') stop.abort();
  };
  expect(await started.drive({ sink: { publish }, drain: never, stop: stop.signal })).toMatchObject({
    ...{ status: 'Interrupted', result: null },
  });

  const { release } = await acquireLease(store, 'half');
  await expect(backend.cancel(started.run)).rejects.toMatchObject({
    problems: [
      { code: 'RUN_IS_DRIVEN', hint: expect.stringContaining('Press Ctrl-C where it runs') as string },
    ],
  });
  await release();
  await backend.cancel(started.run);
  expect(await backend.read(started.run)).toMatchObject({
    status: 'Cancelled',
    jobs: [
      { name: 'list', status: 'Completed', done: 1 },
      { name: 'work', status: 'Failed', items: 5, done: 0, cause: { kind: 'Cancelled' } },
      { name: 'report' },
    ],
    failures: [],
  });
  expect(await backend.list()).toMatchObject([{ runId: 'half', status: 'Cancelled' }]);

  await store.delete(['hold']);
  const words = { typed: undefined, rest: [], pairs: [], functions: [], runId: undefined };
  const again = await resumeRun(store, words, { resume: 'half', note: () => undefined });
  if (!('drive' in again)) throw new Error('it is driven here');
  const events: string[] = [];
  const sink = { publish: ({ type }: RunEvent) => void events.push(type) };
  expect((await again.drive({ sink, drain: never, stop: never })).status).toBe('Cancelled');
  expect(events).toEqual(['RunStarted', 'RunFinished']);
});
