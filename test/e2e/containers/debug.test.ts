/** `kt debug` on a cluster: pods that failed, again, waiting; what is in them, and that nothing is left. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Job, LABEL, paths, type Pod, replayWords, selectRun } from '@kube-transform/runtime/kubernetes';
import { ClusterBackend } from '../../../packages/cli/src/backends/cluster/cluster-backend.js';
import type { Debugging, DebugOptions } from '../../../packages/cli/src/backends/backend.js';
import { Inspector } from '../../debug/inspector.js';
import { kt, run } from '../../kit/kt.js';
import { E2E, type TestCluster, testCluster } from '../kit/cluster.js';
import { eventually, taskPods } from '../kit/projects.js';
import { submitJobs } from '../kit/submitted.js';

type DebugPod = Extract<Debugging, { kind: 'pod' }>;

const odd = 'it\'s "b" $HOME';
const image = process.env['KT_E2E_BUSYBOX'] ?? '';
let cluster: TestCluster;
let runId: string;
beforeAll(async () => {
  cluster = await testCluster('debug');
  const step = (name: string, script: string, more = {}): object => ({
    ...{ name, type: 'container', memory: '32Mi' },
    container: { image, command: ['sh', '-c', script, 'sh', { $ref: 'item#' }] },
    items: [odd],
    retries: 0,
    ...more,
  });
  const submitted = await submitJobs(cluster, [
    step('crashes', 'echo "<$1>"; exit 3'),
    step('hungry', 'tail /dev/zero', { memory: '8Mi' }),
    { name: 'called', call: ['pauses', { n: 7, text: odd }], retries: 0, outputs: ['out/none'] },
    { name: 'never', call: ['square', { n: 7 }], dependencies: ['called'] },
  ] as never);
  ({ runId } = submitted);
  await submitted.ended;
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
  expect(hungry.notes.join()).toMatch(/ran out of memory|lack of memory/);
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

const where = (): string[] => ['-n', cluster.namespace, '--kubeconfig', E2E.kubeconfig];
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
/** What is printed after a word, as a command. */
const lineOf = (out: string, word: string): string =>
  out
    .split('\n')
    .find(line => line.startsWith(`${word}:`))
    ?.slice(word.length + 1) ?? '';

test.skipIf(!hasKubectl)('the lines that are printed - run the item, and end its pod', async () => {
  const { out, err, code } = await kt(cluster.dir, ['debug', runId, 'called/0', ...where()]);
  expect(code, err).toBe(0);
  const shell = (line: string): ReturnType<typeof run> => run('sh', ['-c', line], { dir: cluster.dir });
  expect((await shell(lineOf(out, 'Run the item'))).out).toContain('"result":49');
  expect((await shell(lineOf(out, 'End it'))).code).toBe(0);
  await eventually(podsLeft, left => left === 0);
});

async function argumentsAt(port: number): Promise<unknown> {
  const inspector = await Inspector.attach(port);
  const seen = await inspector.evaluateAtStatement('JSON.stringify(arguments[0])');
  await inspector.leave();
  return seen;
}
const portIn = (out: string): number => Number(/127\.0\.0\.1:(\d+) leads/.exec(out)?.[1] ?? '0');

test('a debugger here - stops in the function in its pod, which has the arguments of the item', async () => {
  let seen: Promise<unknown> | undefined;
  const command = ['debug', runId, 'called/0', '--inspect', '0', ...where()];
  const { err, code } = await kt(cluster.dir, command, out => {
    if (portIn(out) > 0) seen ??= argumentsAt(portIn(out));
  });
  expect(JSON.parse(String(await seen))).toEqual({ n: 7, text: odd });
  expect(err).toMatch(/Item 0 of step .*called.* returned its result.*"result":49/);
  expect(code).toBe(0);
  await eventually(podsLeft, left => left === 0);

  const left = await kt(cluster.dir, command, (out, kill) => {
    if (portIn(out) > 0) kill('SIGINT');
  });
  expect(left.code).toBe(130);
  await eventually(podsLeft, count => count === 0);
});

test('items whose Job is gone - are made again from the store; what never ran is said', async () => {
  const { items } = await cluster.api.list<Job>(paths.jobs(cluster.namespace), {
    labelSelector: selectRun(runId, 'task'),
  });
  for (const { metadata } of items) await cluster.api.delete(paths.jobs(cluster.namespace, metadata.name));
  const [crashed, called, never] = await Promise.all([
    debug('crashes/0'),
    debug('called/0'),
    debug('never/0').catch((error: unknown) => error),
  ]);
  expect(crashed.notes.join()).toContain('The Job of this item is gone');
  expect(await printed(crashed.pod, ['sh', '-c', 'eval "$KT_COMMAND"'])).toContain(`<${odd}>`);
  expect(await printed(called.pod, replayWords(called.pod.words, null))).toContain('"result":49');
  expect(never).toMatchObject({
    code: 'NO_JOB_LEFT',
    message: expect.stringContaining('has not begun') as string,
  });
  await eventually(podsLeft, left => left === 0);
});
