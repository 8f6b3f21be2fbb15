/** A step in a queue that admits fewer pods than it asks for, and takes them back, as Kueue does. */
import { type Job, LABEL, paths } from '@kube-transform/runtime/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { eventually } from '../kit/projects.js';
import { submitJobs } from '../kit/submitted.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster('queue');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const ITEMS = 6;

test('what a queue takes back and admits again with fewer pods - is done once, in the same Job', async () => {
  const { api, namespace, store } = cluster;
  const tasks = Array.from({ length: ITEMS }, (_, i) => ({
    function: 'ends.awaitsFile',
    args: { path: `go-${i}` },
  }));
  const kubernetes = { queue: 'q', jobPatch: { suspend: true } };
  const run = await submitJobs(cluster, [{ name: 'm', type: 'static', tasks, kubernetes }], {
    keepFinished: true,
  });
  const jobs = async (): Promise<Job[]> => {
    const labelSelector = `${LABEL.run}=${run.runId},${LABEL.job}=m`;
    return (await api.list<Job>(paths.jobs(namespace), { labelSelector })).items;
  };
  const change = async (spec: object): Promise<void> => {
    const [job] = await jobs();
    await api.patch(paths.jobs(namespace, job!.metadata.name), { spec }, { type: 'merge' });
  };
  const allows = (item: number): Promise<unknown> => store.put(`go-${item}`, new Uint8Array());

  expect((await run.sees('JobWaiting', ({ message }) => message !== null)).message).toContain(
    'until the queue "q" admits it',
  );
  const [asked] = await jobs();
  expect(asked?.spec).toMatchObject({ suspend: true, parallelism: ITEMS, completions: ITEMS });
  expect(asked?.metadata.annotations).toMatchObject({
    'kueue.x-k8s.io/job-min-parallelism': '1',
    'kueue.x-k8s.io/job-completions-equal-parallelism': 'true',
  });
  await change({ suspend: false, parallelism: 2, completions: 2 });
  await allows(0);
  await eventually(
    () => run.outcomeOf('m', 0),
    outcome => outcome !== undefined,
  );

  await change({ suspend: true, parallelism: ITEMS, completions: ITEMS });
  await eventually(
    async () => (await jobs())[0]?.status,
    status => (status?.active ?? 0) + (status?.terminating ?? 0) === 0,
  );
  await change({ suspend: false, parallelism: 1, completions: 1 });
  for (let item = 1; item < ITEMS; item++) await allows(item);
  expect((await run.ended).status).toBe('Completed');
  const outcomes = await Promise.all(tasks.map((_, item) => run.outcomeOf('m', item)));
  expect(outcomes.map(outcome => outcome?.attempts)).toEqual(tasks.map(() => 1));
  // What index 1 was at was left to the one that there was.
  expect(await jobs()).toHaveLength(1);
});
