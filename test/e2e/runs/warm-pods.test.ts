/** Steps in pods that are of none: they share one, and its end is charged to what it was at. */
import { readResults } from '@kube-transform/runtime/internal';
import { paths, type Pod, selectRun } from '@kube-transform/runtime/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { type GivenJob, submitJobs } from '../kit/submitted.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster('warm');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const warm = (name: string, call: GivenJob['call'], more: Partial<GivenJob> = {}): GivenJob => ({
  ...{ name, reuse: 'run' as const, ...more },
  ...(call === undefined ? {} : { call }),
});
const podsOf = async (runId: string): Promise<Pod[]> =>
  (await cluster.api.list<Pod>(paths.pods(cluster.namespace), { labelSelector: selectRun(runId, 'task') }))
    .items;

test('a chain runs in one warm pod, and whoever ends the process is charged with it', async () => {
  const after = (step: string): Partial<GivenJob> => ({ dependencies: [step] });
  const run = await submitJobs(
    cluster,
    [
      warm('a', ['square', { n: 2 }]),
      warm('b', ['square', { n: { $ref: 'a#/0' } }], after('a')),
      warm('exits', ['ends', { how: 'exit' }], after('b')),
      warm('c', ['square', { n: { $ref: 'b#/0' } }], after('b')),
      { name: 'alone', call: ['square', { n: 3 }] },
    ],
    { keepFinished: true },
  );
  expect((await run.ended).status).toBe('Failed');
  expect(await Promise.all(['a', 'b', 'c', 'alone'].map(job => run.outcomeOf(job)))).toMatchObject(
    [4, 16, 256, 9].map(result => ({ attempts: 1, result })),
  );
  expect(run.causeOf('exits')).toMatchObject({ kind: 'Exited', exitCode: 3 });
  const pods = await podsOf(run.runId);
  const labels = pods.map(({ metadata }) => metadata.labels ?? {});
  expect(labels.flatMap(all => all['kt.dev/job'] ?? [])).toEqual(['alone']);
  const names = pods.map(({ metadata }) => metadata.name);
  for (const job of ['a', 'exits', 'alone']) expect(names).toContain((await run.outcomeOf(job))?.podName);
  expect((await run.ended).failures[0]?.examples[0]?.podName).toMatch(/^kt-warm-/);
  // The one that was ended, and one more for what was left at most.
  expect(labels.filter(all => 'kt.dev/warm' in all).length).toBeLessThanOrEqual(2);
});

test('a warm pod that is deleted at a step - costs no attempt, and nothing that was done', async () => {
  const run = await submitJobs(cluster, [
    warm('first', ['square', { n: 5 }]),
    warm('waits', ['awaitsFile', { path: 'go' }], { dependencies: ['first'] }),
  ]);
  await run.sees('JobStatusChanged', ({ job, to }) => job === 'waits' && to === 'Running');
  const [pod] = await podsOf(run.runId);
  await cluster.api.delete(paths.pods(cluster.namespace, pod?.metadata.name ?? ''));
  await cluster.store.put('go', new Uint8Array());
  expect((await run.ended).status).toBe('Completed');
  expect(await run.outcomeOf('first')).toMatchObject({ attempts: 1, result: 25 });
  expect(await run.outcomeOf('waits')).toMatchObject({ result: 1 });
});

test('a warm pod that has grown takes nothing more, one that dies of it costs only what it was at', async () => {
  // Of 140 MiB: with two of 45 a pod has no room for a third; 110 are too many after 30.
  const mib = [45, 45, 45, 45, 30, 110, 30];
  const step = (name: string, from: number, to: number): GivenJob => ({
    ...{ type: 'map', name, function: 'ends.leaks', reuse: 'run', parallelism: 1, retries: 1 },
    ...{ items: mib.map((mib, n) => ({ n, mib })).slice(from, to), backoff: { initial: '1ms', max: '1ms' } },
    args: { n: { $ref: 'item#/n' }, mib: { $ref: 'item#/mib' } },
  });
  const run = await submitJobs(
    cluster,
    [step('grows', 0, 4), { ...step('dies', 4, 7), dependencies: ['grows'] }],
    { keepFinished: true },
  );
  expect((await run.ended).status).toBe('Completed');
  const results = await Promise.all(['grows', 'dies'].map(job => readResults(cluster.store, run.runId, job)));
  expect(results).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6],
  ]);
  const begun = await Promise.all(mib.map(async (_, n) => (await cluster.store.get(`begun/${n}`)).length));
  expect(begun).toEqual([1, 1, 1, 1, 1, 2, 1]);
  const phases = (await podsOf(run.runId)).map(({ status }) => status?.phase);
  expect(phases.filter(phase => phase === 'Failed')).toHaveLength(1);
  expect(phases.length).toBeGreaterThan(3);
});
