/**
 * Schedules of deployed pipelines on a cluster: their runs are runs as any other, and each policy for runs
 * that overlap.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABEL, paths, selectRun } from '@kube-transform/runtime/kubernetes';
import { kt, makeProject } from '../../kit/kt.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { fire } from '../kit/fire.js';
import { eventually, podsRun, release } from '../kit/projects.js';

const PIPELINES = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
const small = { cpu: '20m', memory: '96Mi' };
export const wait = ktFunction({ input: z.object({ file: z.string() }) }, async ({ file }, { files, signal }) => {
  while (!(await files.exists(file))) {
    await new Promise(resolve => setTimeout(resolve, 100));
    signal.throwIfAborted();
  }
  return file;
});
export const shaky = ktFunction({ input: z.object({ n: z.number() }) }, async ({ n }, { files }) => {
  if (!(await files.exists('fixed'))) throw new Error('not yet');
  return n;
});
const waits = (name, concurrencyPolicy) =>
  pipeline(name, {}).job('work', wait, () => ({ file: 'go-' + name }), small).schedule('0 4 29 2 *', { concurrencyPolicy, timeZone: 'Europe/Berlin' });
export const forbid = waits('forbid', 'Forbid');
export const allow = waits('allow', 'Allow');
export const replace = waits('replace', 'Replace');
export const mended = pipeline('mended', { params: z.object({ n: z.number().default(7) }) })
  .job('shaky', shaky, ({ params }) => ({ n: params.n }), small)
  .schedule('0 5 29 2 *');
export const minutely = pipeline('minutely', {}).job('work', wait, () => ({ file: '.' }), small).schedule('* * * * *');
`;

type Run = { runId: string; pipeline: string; status: string };

let cluster: TestCluster;
let dir: string;

beforeAll(async () => {
  cluster = await testCluster('schedules');
  dir = await makeProject({ 'pipelines/timed.ts': PIPELINES });
  const { code, err } = await kt(dir, ['deploy', ...cluster.args]);
  expect(err).toBe('');
  expect(code).toBe(0);
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const runsOf = async (pipeline: string): Promise<Run[]> =>
  (JSON.parse((await kt(dir, ['runs', '--json'])).out) as Run[]).filter(run => run.pipeline === pipeline);
const statusOf = async (pipeline: string, runId: string): Promise<string | undefined> =>
  (await runsOf(pipeline)).find(run => run.runId === runId)?.status;

test('a scheduled run is listed, shown, followed and repeated', async () => {
  expect(await fire(cluster, 'mended', 'first')).toContain('Run mended-mended-first is begun.');
  const followed = await kt(dir, ['status', 'mended-mended-first', '-f']);
  expect(followed.out).toContain('not yet');
  expect(followed.code).toBe(1);
  const [runs, status] = await Promise.all([runsOf('mended'), kt(dir, ['status', 'mended-mended-first'])]);
  expect(runs).toMatchObject([{ runId: 'mended-mended-first', status: 'Failed' }]);
  expect(status.out).toMatch(/^run mended-mended-first: Failed/m);
  await release(cluster, 'fixed');
  const retried = await kt(dir, ['retry', 'mended-mended-first', '--failed', '--follow']);
  expect(retried.out).toMatch(/^7\nCompleted in/m);
  expect(retried.code).toBe(0);
});

describe('a schedule that forbids concurrent runs', () => {
  test('begins no run while another goes on, and says so; what is cancelled is not in the way', async () => {
    expect(await fire(cluster, 'forbid', 'one')).toContain('Run forbid-forbid-one is begun.');
    await podsRun(cluster, 'forbid-forbid-one');
    expect(await statusOf('forbid', 'forbid-forbid-one')).toBe('Running');
    expect(await fire(cluster, 'forbid', 'two')).toContain(
      'No run is begun: forbid-forbid-one of this schedule still goes on.',
    );
    expect(await runsOf('forbid')).toMatchObject([{ runId: 'forbid-forbid-one' }]);
    const cancelled = await kt(dir, ['cancel', 'forbid-forbid-one']);
    expect(cancelled.out).toBe('Run forbid-forbid-one is Cancelled: nothing of it runs any more.\n');
    expect(await fire(cluster, 'forbid', 'three')).toContain('Run forbid-forbid-three is begun.');
    await podsRun(cluster, 'forbid-forbid-three');
  });

  test('a run whose controller is gone is in the way while its pods work, and not for ever', async () => {
    const jobs = paths.jobs(cluster.namespace);
    await cluster.api.deleteAll(jobs, { labelSelector: selectRun('forbid-forbid-three', 'controller') });
    expect(await fire(cluster, 'forbid', 'in-vain')).toContain(
      'forbid-forbid-three of this schedule still goes on',
    );
    await cluster.api.deleteAll(jobs, { labelSelector: selectRun('forbid-forbid-three', 'task') });
    expect(await fire(cluster, 'forbid', 'four')).toContain('Run forbid-forbid-four is begun.');
    await release(cluster, 'go-forbid');
    const followed = await kt(dir, ['status', 'forbid-forbid-four', '-f']);
    expect(followed.out).toContain('Completed in');
    expect(followed.code).toBe(0);
  });
});

test('Allow begins one run beside the other', async () => {
  await fire(cluster, 'allow', 'one');
  await fire(cluster, 'allow', 'two');
  await Promise.all([podsRun(cluster, 'allow-allow-one'), podsRun(cluster, 'allow-allow-two')]);
  await release(cluster, 'go-allow');
  const followed = await Promise.all(
    ['allow-allow-one', 'allow-allow-two'].map(run => kt(dir, ['status', run, '-f'])),
  );
  expect(followed.map(({ code }) => code)).toEqual([0, 0]);
});

test('Replace cancels the run that goes on, and begins another', async () => {
  await fire(cluster, 'replace', 'one');
  await podsRun(cluster, 'replace-replace-one');
  expect(await fire(cluster, 'replace', 'two')).toMatch(
    /Run replace-replace-one is cancelled: another takes its place\.[\s\S]*Run replace-replace-two is begun\./,
  );
  const first = await kt(dir, ['status', 'replace-replace-one', '-f']);
  expect(first.out).toContain('Cancelled');
  expect(first.code).toBe(1);
  expect((await kt(dir, ['cancel', 'replace-replace-one'])).out).toBe(
    'Run replace-replace-one is Cancelled: nothing of it runs any more.\n',
  );
  await release(cluster, 'go-replace');
  expect((await kt(dir, ['status', 'replace-replace-two', '-f'])).code).toBe(0);
});

test('a schedule fires by itself, in a run that is named by its minute', async () => {
  const isDone = (runs: readonly Run[]): boolean => runs.some(({ status }) => status === 'Completed');
  const [run] = await eventually(() => runsOf('minutely'), isDone);
  expect(run?.runId).toMatch(/^minutely-\d{8}-\d{4}-[a-z0-9]{4}$/);
  const { items } = await cluster.api.list(paths.configMaps(cluster.namespace), {
    labelSelector: `${LABEL.schedule},${LABEL.component}=run`,
  });
  expect(items.filter(({ metadata }) => metadata.annotations?.['kt.dev/run-id'] === run?.runId)).toHaveLength(
    1,
  );
});
