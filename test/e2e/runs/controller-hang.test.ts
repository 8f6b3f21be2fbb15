/**
 * A run whose controller does not start, or is gone: who follows it is told why, and does not wait for ever.
 */
import { paths, runName, selectRun } from '@kube-transform/runtime/kubernetes';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kt } from '../../kit/kt.js';
import { root } from '../../kit/sources.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { submitJobs } from '../kit/submitted.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster('controller');
});
afterAll(() => cluster[Symbol.asyncDispose]());

test('a controller without its service account ends the following, with exit code 3', async () => {
  const args = [
    'submit',
    join(root, 'examples/pipelines/hello-world.ts'),
    ...cluster.args,
    '--service-account',
    'nobody',
    '--follow',
  ];
  const { code, err } = await kt(root, args);
  expect(err).toMatch(
    /^the controller is waiting because error looking up service account .*serviceaccount "nobody" not found\. Make it with/m,
  );
  expect(err).toMatch(
    /^error CONTROLLER_FAILED .*has not started, because .*kubectl create serviceaccount nobody.*kt status \S+ --follow.*kt cancel/m,
  );
  expect(code).toBe(3);
});

test('a controller without its image is told', async () => {
  const run = await submitJobs(cluster, [{ name: 'fine' }], { image: 'docker.io/library/nope:1' });
  await run.notes.sees(
    /the controller is waiting because .*nope:1: not found\. Correct the name or tag of the image/,
  );
  await cluster.api.delete(paths.configMaps(cluster.namespace, runName(run.runId)));
  await expect(run.ended).rejects.toMatchObject({ code: 'RUN_DELETED' });
});

test('a controller without its rights is told, with the right that it lacks', async () => {
  await cluster.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'powerless' } });
  const run = await submitJobs(cluster, [{ name: 'fine' }], { serviceAccount: 'powerless' });
  await run.notes.sees(
    /the controller ended, and Kubernetes starts it again: .*powerless" may not patch configmaps/,
  );
  await cluster.api.delete(paths.configMaps(cluster.namespace, runName(run.runId)));
  await expect(run.ended).rejects.toMatchObject({ code: 'RUN_DELETED' });
});

test('a controller whose Job was deleted is missed, and another goes on', async () => {
  const run = await submitJobs(cluster, [{ name: 'waits', call: ['awaitsFile', { path: 'gone/on' }] }]);
  await run.sees('JobStatusChanged', ({ job, to }) => job === 'waits' && to === 'Running');
  await cluster.api.deleteAll(paths.jobs(cluster.namespace), {
    labelSelector: selectRun(run.runId, 'controller'),
  });
  await expect(run.ended).rejects.toMatchObject({
    code: 'CONTROLLER_FAILED',
    message: expect.stringMatching(
      /has no controller: its Job was deleted\. Start another: kt submit --resume/,
    ),
  });
  await cluster.store.put('gone/on', new Uint8Array());
  const resumed = await kt(root, ['submit', '--resume', run.runId, ...cluster.args, '--follow']);
  expect(resumed.out + resumed.err).toContain('Completed in');
});
