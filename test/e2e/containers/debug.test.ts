/** `kt debug` on a cluster: pods that failed, again, waiting; what is in them, and that nothing is left. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Job, LABEL, paths, type Pod, replayWords } from '@kube-transform/runtime/kubernetes';
import { ClusterBackend } from '../../../packages/cli/src/backends/cluster/cluster-backend.js';
import type { Debugging, DebugOptions } from '../../../packages/cli/src/backends/backend.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { eventually, taskPods } from '../kit/projects.js';
import { submitJobs } from '../kit/submitted.js';

type DebugPod = Extract<Debugging, { kind: 'pod' }>;

const image = process.env['KT_E2E_BUSYBOX'] ?? '';
let cluster: TestCluster;
let runId: string;
beforeAll(async () => {
  cluster = await testCluster('debug');
  const step = (name: string, script: string, more = {}): object => ({
    ...{ name, type: 'container', memory: '32Mi' },
    container: { image, command: ['sh', '-c', script, 'sh', { $ref: 'item#' }] },
    items: ['it\'s "b" $HOME'],
    retries: 0,
    ...more,
  });
  const run = await submitJobs(cluster, [
    step('crashes', 'echo "<$1>"; exit 3'),
    step('hungry', 'tail /dev/zero', { memory: '8Mi' }),
    { name: 'called', call: ['square', { n: 7 }], retries: 0, outputs: ['out/none'] },
  ] as never);
  ({ runId } = run);
  await run.ended;
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function debug(
  selector: string,
  more: Partial<DebugOptions> = {},
  of = runId,
): Promise<{ pod: DebugPod; notes: string[] }> {
  const backend = new ClusterBackend(cluster.api);
  const notes: string[] = [];
  const options = {
    ...{ selector, local: false, keepMs: 20_000 },
    note: (text: string) => void notes.push(text),
    signal: new AbortController().signal,
    ...more,
  };
  const pod = await backend.debug(await backend.find(of), options);
  if (pod.kind !== 'pod') throw new Error('it is no pod');
  return { pod, notes };
}

/** What a process in the pod printed, whatever its exit code. */
async function printed({ pod }: DebugPod, command: readonly string[]): Promise<string> {
  const { input } = await cluster.api.exec(pod, { container: 'main', command });
  let text = '';
  try {
    for await (const bytes of input) text += Buffer.from(bytes).toString();
  } catch (error) {
    text += String(error);
  }
  return text;
}

const podsLeft = async (): Promise<number> => {
  const selector = { labelSelector: `${LABEL.component}=debug` };
  const [pods, jobs] = await Promise.all([
    cluster.api.list<Pod>(paths.pods(cluster.namespace), selector),
    cluster.api.list<Job>(paths.jobs(cluster.namespace), selector),
  ]);
  return pods.items.length + jobs.items.length;
};

test('pods that failed - wait, say why they failed, run again what they ran, and go', async () => {
  const crashed = await debug('crashes/0');
  expect(crashed.notes.join()).toContain('exit code 3');
  expect(await printed(crashed.pod, ['sh', '-c', 'eval "$KT_COMMAND"'])).toContain('<it\'s "b" $HOME>');
  await expect(debug('crashes/0')).rejects.toMatchObject({ code: 'DEBUG_POD_EXISTS' });

  const hungry = await debug('hungry/0', { memory: '64Mi' });
  expect(hungry.notes.join()).toContain('ran out of memory');
  const { spec } = (await cluster.api.get<Pod>(paths.pods(cluster.namespace, hungry.pod.pod))) ?? {};
  expect(spec?.containers?.[0]?.resources?.limits).toMatchObject({
    memory: String(Math.ceil(64 * 2 ** 20 * 1.1)),
  });

  const waits = await submitJobs(cluster, [
    {
      name: 'unnamed',
      type: 'container',
      container: { image: `${image}-there-is-none`, command: ['true'] },
      memory: '32Mi',
    },
  ] as never);
  await eventually(
    () => taskPods(cluster, waits.runId),
    pods => pods.some(({ status }) => status?.containerStatuses?.[0]?.state?.waiting !== undefined),
  );
  const unnamed = await debug('unnamed', { image }, waits.runId);
  expect(unnamed.pod.words).toEqual(['true']);

  const called = await debug('called/0');
  const { words } = called.pod;
  expect(await printed(called.pod, replayWords(words, null))).toContain('"result":49');

  await eventually(podsLeft, left => left === 0);
});

test('an image that has not what the pod waits with - is said, and nothing of it is left', async () => {
  // It has no Node, with which pods of functions wait.
  await expect(debug('called/0', { image })).rejects.toMatchObject({
    code: 'DEBUG_POD_ENDED',
    message: expect.stringContaining('waits with node') as string,
  });
  await eventually(podsLeft, left => left === 0);
});
