/** `kt cancel` in each phase of a run: no pod is left, and the run says Cancelled. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRun } from '@kube-transform/cli';
import { readLog, RESULT_LINE, type ResultLine, resultsPrefix } from '@kube-transform/runtime/internal';
import { type Job, paths, type Pod, selectRun } from '@kube-transform/runtime/kubernetes';
import { expectMistake, kt } from '../../kit/kt.js';
import { E2E, type TestCluster, testCluster } from '../kit/cluster.js';
import { eventually, leftovers, podsRun, release, taskPods, testProject } from '../kit/projects.js';

let cluster: TestCluster;
let dir: string;

beforeAll(async () => {
  cluster = await testCluster('cli-cancel');
  dir = await testProject();
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const statusOf = async (
  runId: string,
): Promise<{ status: string; jobs: Record<string, { status: string; waiting?: string }> }> =>
  JSON.parse((await kt(dir, ['status', runId, '--json'])).out) as Awaited<ReturnType<typeof statusOf>>;

async function submit(pipeline: string, runId: string, more: readonly string[] = []): Promise<void> {
  const submitted = await kt(dir, [
    'submit',
    `gated#${pipeline}`,
    ...cluster.args,
    '--run-id',
    runId,
    ...more,
  ]);
  expect(submitted.err + submitted.out).toContain(`Submitted ${runId}`);
}

/** Waits until an attempt of a job has failed. */
const hasFailedAttempt = (runId: string, job: string): Promise<ResultLine[]> =>
  eventually(
    async () => {
      const lines: ResultLine[] = [];
      for await (const line of readLog(cluster.store, resultsPrefix(runId, job), RESULT_LINE))
        lines.push(line);
      return lines;
    },
    lines => lines.some(({ c }) => c !== undefined),
  );

const controllerPods = async (runId: string): Promise<Pod[]> =>
  (
    await cluster.api.list<Pod>(paths.pods(cluster.namespace), {
      labelSelector: selectRun(runId, 'controller'),
    })
  ).items;

const PHASES: {
  phase: string;
  pipeline: string;
  more?: string[];
  reached: (runId: string) => Promise<unknown>;
}[] = [
  { phase: 'just-submitted', pipeline: 'gated', reached: async () => undefined },
  {
    phase: 'no-controller-image',
    pipeline: 'gated',
    more: ['--image', 'nobody.example/none:1', '--image-pull-policy', 'IfNotPresent'],
    reached: runId =>
      eventually(
        () => controllerPods(runId),
        pods => pods.length > 0,
      ),
  },
  {
    phase: 'controller-started',
    pipeline: 'gated',
    reached: runId =>
      eventually(
        () => controllerPods(runId),
        pods => pods.some(({ status }) => status?.phase === 'Running'),
      ),
  },
  {
    phase: 'pods-pending',
    pipeline: 'huge',
    reached: runId =>
      eventually(
        () => statusOf(runId),
        ({ jobs }) => jobs['work']?.waiting !== undefined,
      ),
  },
  { phase: 'map', pipeline: 'gated', reached: runId => podsRun(cluster, runId, 2) },
  { phase: 'retrying', pipeline: 'retrying', reached: runId => hasFailedAttempt(runId, 'shaky') },
  { phase: 'crashing', pipeline: 'crashing', reached: runId => hasFailedAttempt(runId, 'crash') },
  {
    phase: 'last-job',
    pipeline: 'last',
    reached: runId =>
      eventually(
        () => statusOf(runId),
        ({ jobs }) => jobs['first']?.status === 'Completed' && jobs['work']?.status === 'Running',
      ),
  },
  {
    phase: 'controller-gone',
    pipeline: 'gated',
    reached: async runId => {
      await podsRun(cluster, runId, 2);
      await cluster.api.deleteAll(paths.jobs(cluster.namespace), {
        labelSelector: selectRun(runId, 'controller'),
      });
    },
  },
];

test.each(PHASES)(
  'kt cancel, $phase - no pod is left, and the run says Cancelled',
  async ({ phase, pipeline, more, reached }) => {
    await submit(pipeline, phase, more);
    await reached(phase);
    const cancelled = await kt(dir, ['cancel', phase]);
    expect(cancelled.out).toBe(`Run ${phase} is Cancelled: nothing of it runs any more.\n`);
    expect(cancelled.code).toBe(0);
    expect(await taskPods(cluster, phase)).toEqual([]);
    expect((await statusOf(phase)).status).toBe('Cancelled');
    const { items } = await cluster.api.list<Job>(paths.jobs(cluster.namespace), {
      labelSelector: selectRun(phase, 'task'),
    });
    expect(items).toEqual([]);
  },
);

test('what was cancelled stays so, and can be repeated; what has ended is not cancelled', async () => {
  expect((await kt(dir, ['cancel', 'map'])).out).toContain('is Cancelled');
  expectMistake(await kt(dir, ['submit', '--resume', 'map']), /RUN_CANCELLED/);
  const [status, logs] = await Promise.all([kt(dir, ['status', 'map']), kt(dir, ['logs', 'map'])]);
  expect(status.out).toMatch(/^run map: Cancelled/);
  expect(status.out).not.toContain('Failures:');
  expect(logs.out).toMatch(/work\[0\]#1 info +begun 0/);
  await release(cluster);
  const again = await kt(dir, ['retry', 'map', '--failed', '--follow']);
  expect(again.out).toContain('Completed in');
  expectMistake(await kt(dir, ['cancel', 'latest']), /RUN_OVER.*it is Completed/);
});

test('who follows a run sees that it is cancelled', async () => {
  await rm(join(cluster.dir, 'go'), { force: true });
  let cancelling: Promise<unknown> | undefined;
  const followed = await kt(
    dir,
    ['submit', 'gated#gated', ...cluster.args, '--run-id', 'followed', '--follow'],
    out => {
      if (!out.includes('work: Running') || cancelling !== undefined) return;
      const place = { kubeconfig: E2E.kubeconfig, namespace: cluster.namespace };
      cancelling = openRun('followed', place).then(run => run.cancel());
    },
  );
  expect(followed.out).toMatch(/Cancelled after .* Run followed/);
  expect(followed.code).toBe(1);
  expect(await cancelling).toEqual({ pods: [], ended: true });
});

test('nothing is left after kt gc', async () => {
  expect((await kt(dir, ['gc', '--older-than', '0s', '-n', cluster.namespace])).code).toBe(0);
  await eventually(
    () => leftovers(cluster),
    names => names.length === 0,
  );
});
