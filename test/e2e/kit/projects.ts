/**
 * A project whose pipelines a test drives by files in the store: they wait until `go` is there, and fail
 * until `fixed` is.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@kube-transform/runtime/internal';
import {
  type ConfigMap,
  type Job,
  type KubeObject,
  LABEL,
  paths,
  type Pod,
} from '@kube-transform/runtime/kubernetes';
import { makeProject, SHAKY } from '../../kit/kt.js';
import type { TestCluster } from './cluster.js';

const GATED = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
const small = { cpu: '20m', memory: '96Mi' };
export const list = ktFunction({ input: z.object({ n: z.number() }) }, async ({ n }) => Array.from({ length: n }, (_, i) => i));
export const work = ktFunction({ input: z.object({ i: z.number() }) }, async ({ i }, { log, files, signal }) => {
  log.info('begun ' + i);
  while (!(await files.exists('go'))) {
    await new Promise(resolve => setTimeout(resolve, 100));
    signal.throwIfAborted();
  }
  log.info('ended ' + i);
  return i;
});
export const shaky = ktFunction({ input: z.object({ i: z.number() }), retries: 9, backoff: { initial: '1h', max: '1h' } }, async ({ i }, { log }) => {
  log.info('tried ' + i);
  throw new Error('not yet');
});
export const crash = ktFunction({ input: z.object({ i: z.number() }), retries: 9, backoff: { initial: '1h', max: '1h' } }, async () => {
  process.exit(9);
});
export const gated = pipeline('gated', { params: z.object({ n: z.number().default(4) }) })
  .job('list', list, ({ params }) => ({ n: params.n }), small)
  .map('work', work, ({ list }) => list.each(i => ({ i })), { ...small, itemsPerPod: 2 });
export const last = pipeline('last', {}).job('first', list, () => ({ n: 1 }), small).job('work', work, ({ first }) => ({ i: first.at(0) }), small);
export const huge = pipeline('huge', {}).job('work', work, () => ({ i: 1 }), { cpu: '500', memory: '96Mi' });
export const retrying = pipeline('retrying', {}).job('shaky', shaky, () => ({ i: 1 }), small);
export const crashing = pipeline('crashing', {}).job('crash', crash, () => ({ i: 1 }), small);
`;

/** A project with the pipelines `shaky` and `gated`. */
export const testProject = (): Promise<string> =>
  makeProject({
    'pipelines/shaky.ts': SHAKY.replace(
      '({ i }))\n',
      "({ i }), { itemsPerPod: 3, cpu: '20m', memory: '96Mi' })\n",
    ),
    'pipelines/gated.ts': GATED,
  });

/** Lets what waits go on. */
export const release = (cluster: TestCluster, name = 'go'): Promise<void> =>
  writeFile(join(cluster.dir, name), '');

/** Asks until the answer is as it should be. */
export async function eventually<T>(ask: () => Promise<T>, is: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (is(answer)) return answer;
    await systemClock.sleep(300);
  }
}

/** The pods of a run's steps. */
export async function taskPods({ api, namespace }: TestCluster, runId: string): Promise<Pod[]> {
  const labelSelector = `${LABEL.run}=${runId},${LABEL.component}=task`;
  return (await api.list<Pod>(paths.pods(namespace), { labelSelector })).items;
}

/** Waits until `count` pods of a run's steps run. */
export const podsRun = (cluster: TestCluster, runId: string, count = 1): Promise<Pod[]> =>
  eventually(
    () => taskPods(cluster, runId),
    pods => pods.filter(({ status }) => status?.phase === 'Running').length >= count,
  );

/** Everything of kt in the namespace, but what makes runs possible. */
export async function leftovers({ api, namespace }: TestCluster): Promise<string[]> {
  const labelSelector = `${LABEL.managedBy}=kt`;
  const [maps, jobs, pods] = await Promise.all([
    api.list<ConfigMap>(paths.configMaps(namespace), { labelSelector }),
    api.list<Job>(paths.jobs(namespace), { labelSelector }),
    api.list<Pod>(paths.pods(namespace), { labelSelector }),
  ]);
  const names = (kind: string, items: readonly KubeObject[]): string[] =>
    items.map(({ metadata }) => `${kind}/${metadata.name}`);
  return [...names('configmap', maps.items), ...names('job', jobs.items), ...names('pod', pods.items)];
}
