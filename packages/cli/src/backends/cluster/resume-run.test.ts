import { controllerName, paths, RUN_KEY, runName } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { addJob, addRun } from '../../../../../test/kit/kube-runs.js';
import { resumeRun } from './resume-run.js';

const bench = new KubeBench();
const configMaps = paths.configMaps('ns');
const controllers = (): string[] =>
  bench.server.storage.all(paths.jobs('ns')).map(({ metadata }) => metadata.name);

test('resumeRun - a run that was left gets another controller, and is no longer said to be left', async () => {
  const more = { problem: 'The store is full.', trouble: 'No answer.' };
  addRun(bench.server, { runId: 'left', status: 'Interrupted', more });
  expect(await resumeRun(bench.api(), 'le')).toMatchObject({
    ...{ runId: 'left', bundle: { digest: 'd1', parts: 1, isNew: false }, config: { runId: 'left' } },
  });
  expect(controllers()).toHaveLength(1);
  const { data } = bench.server.storage.get(configMaps, runName('left')) as { data?: Record<string, string> };
  expect(JSON.parse(data?.[RUN_KEY.summary] ?? '')).toMatchObject({
    ...{ status: 'Running', problem: null, trouble: null },
  });
});

test('resumeRun - a run of which nothing was heard is said nothing of', async () => {
  addRun(bench.server, { runId: 'new', status: null });
  await resumeRun(bench.api(), 'new');
  expect(bench.server.storage.get(configMaps, runName('new'))['data']).not.toHaveProperty(RUN_KEY.summary);
});

test('resumeRun - a run that is driven is not driven twice, unless its controller is known to be lost', async () => {
  const owner = addRun(bench.server, { runId: 'driven', status: 'Running' });
  addJob(bench.server, { runId: 'driven', component: 'controller', owner });
  await expect(resumeRun(bench.api(), 'driven')).rejects.toMatchObject({
    code: 'RUN_IS_DRIVEN',
    problems: [{ message: expect.stringContaining(`"${controllerName('driven', '1')}"`) as string }],
  });
  expect(controllers()).toHaveLength(1);
  await resumeRun(bench.api(), 'driven', { steal: true });
  expect(controllers()).toHaveLength(2);
});

test.each([
  ['Completed', 'RUN_OVER', 'kt submit PIPELINE'],
  ['Failed', 'RUN_OVER', 'kt retry r --failed'],
  ['Cancelled', 'RUN_CANCELLED', 'kt retry r --failed'],
] as const)('resumeRun - a run that is %s does not go on', async (status, code, hint) => {
  addRun(bench.server, { runId: 'r', status });
  await expect(resumeRun(bench.api(), 'r')).rejects.toMatchObject({
    problems: [{ code, hint: expect.stringContaining(hint) as string }],
  });
  expect(controllers()).toEqual([]);
});

test('resumeRun - a run that is being cancelled does not go on', async () => {
  addRun(bench.server, { runId: 'r', status: 'Running' });
  bench.server.storage.patch(configMaps, runName('r'), { data: { [RUN_KEY.cancel]: 'now' } });
  await expect(resumeRun(bench.api(), 'r')).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
});
