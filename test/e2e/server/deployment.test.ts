/** What `kt render server` prints, on a real cluster: the server in its pods, asked by another pod. */
import { readFile } from 'node:fs/promises';
import {
  isTerminalJob,
  type Job,
  type KubeObject,
  paths,
  type Pod,
} from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runKt } from '../../kit/kt.js';
import { root } from '../../kit/sources.js';
import { E2E, testCluster, type TestCluster } from '../kit/cluster.js';
import { saidBy } from '../kit/fire.js';
import { eventually } from '../kit/projects.js';
import { exampleImage, serverImage } from '../kit/server-image.js';
import { makeAll, RESTRICTED } from './places.js';

interface Deployment extends KubeObject {
  status?: { readyReplicas?: number };
}
interface EndedJob {
  name: string;
  state: string;
  logs: object[];
}

const image = await serverImage();
const security = {
  pod: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
  container: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};

/** Runs client.mjs in a pod. */
async function startClient({ api, namespace }: TestCluster): Promise<void> {
  const script = await readFile(new URL('client.mjs', import.meta.url), 'utf8');
  const container = {
    name: 'main',
    image: E2E.image,
    command: ['node', '--input-type=module', '-e', script],
    securityContext: security.container,
  };
  await api.create(paths.jobs(namespace), {
    metadata: { name: 'client' },
    spec: {
      backoffLimit: 0,
      template: {
        spec: { restartPolicy: 'Never', securityContext: security.pod, containers: [container] },
      },
    },
  });
}

const serversOf = async ({ api, namespace }: TestCluster): Promise<Pod[]> =>
  (await api.list<Pod>(paths.pods(namespace), { labelSelector: 'app.kubernetes.io/name=job-server' })).items;

/** Waits until both servers are ready, none of which is the one that goes. */
async function ready(cluster: TestCluster, gone?: string): Promise<Pod[]> {
  const { api, namespace } = cluster;
  const deployment = `/apis/apps/v1/namespaces/${namespace}/deployments/job-server`;
  await eventually(
    () => api.get<Deployment>(deployment),
    found => found?.status?.readyReplicas === 2,
  );
  return await eventually(
    () => serversOf(cluster),
    pods => pods.length === 2 && pods.every(({ metadata }) => metadata.name !== gone),
  );
}

test('the rendered server - serves from its pods, also while one is replaced', async ({ skip }) => {
  if (image === null) return skip('no tool here that builds an image for the cluster');
  await exampleImage();
  await using cluster = await testCluster('deployed', { labels: RESTRICTED, access: false });
  const { api, namespace } = cluster;
  const printed = await runKt(root, ['render', 'server', '-n', namespace, '--image', image]);
  expect(printed.code, printed.err).toBe(0);
  await makeAll(
    cluster,
    parseAllDocuments(printed.out).map(document => document.toJS() as KubeObject),
  );
  const first = await ready(cluster);
  await startClient(cluster);
  const [done = ''] = await eventually(
    async () => (await saidBy(cluster, 'client')).split('\n'),
    lines => lines.length > 1,
  );
  expect(done, 'what the client says first').toMatch(/^\[/);
  const ended = JSON.parse(done) as EndedJob[];
  expect(ended.map(({ state, logs }) => ({ state, logs }))).toEqual([
    { state: 'Complete', logs: [{ one: ['Hello, world!', ''], two: ['Hello, other world!', ''] }] },
    { state: 'Complete', logs: [{ template: ['a "b"', ''] }] },
  ]);

  const [one] = first;
  await api.delete(paths.pods(namespace, one!.metadata.name));
  const second = await ready(cluster, one!.metadata.name);
  const patch = { metadata: { labels: { test: 'over' } } };
  await api.patch(paths.jobs(namespace, ended[0]!.name), patch, { type: 'merge' });
  await eventually(
    () => api.get<Job>(paths.jobs(namespace, 'client')),
    job => job !== null && isTerminalJob(job),
  );
  const [, last = ''] = (await saidBy(cluster, 'client')).split('\n');
  const { asked, failures } = JSON.parse(last) as { asked: number; failures: string[] };
  expect(failures).toEqual([]);
  expect(asked).toBeGreaterThan(10);
  for (const { status } of second)
    expect(status?.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0]);
});
