/** `kt doctor` on a cluster: what steps find no room for, and images and stores that do not work. */
import { chmod } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { object, testCluster } from '../kit/cluster.js';
import {
  counted,
  expectProblem,
  findings,
  LEVELS,
  limits,
  problemsOf,
  quota,
  withOptions,
  withProject,
} from './findings.js';

withProject();

describe('kt doctor - room', () => {
  test('a quota that is too small is a problem', async () => {
    await using cluster = await testCluster('doctor');
    await cluster.apply(quota({ 'requests.memory': '1Gi' }));
    await counted(cluster);
    expectProblem(await findings(cluster.args, 'wide'), {
      check: 'quota',
      says: 'The quota "team" leaves 1Gi of requests.memory (1Gi in all), and wide.work with the controller needs 3.1Gi.',
      do: 'Raise the quota, ask for less in the step',
    });
  });

  test('a quota on CPU limits is a problem, unless a LimitRange gives them', async () => {
    await using cluster = await testCluster('doctor');
    await cluster.apply(quota({ 'limits.cpu': '4' }));
    await counted(cluster);
    expectProblem(await findings(cluster.args, 'plain'), {
      check: 'quota',
      says: 'The quota "team" wants a limit on CPU, which pods of runs do not have.',
      do: 'LimitRange with a default limit on CPU',
    });
    await cluster.apply(limits({ default: { cpu: '1' } }));
    await expect
      .poll(async () => problemsOf((await findings(cluster.args, 'plain')).found), { timeout: 20_000 })
      .toEqual([]);
  });

  test('a LimitRange whose maximum is below what a step asks for is a problem', async () => {
    await using cluster = await testCluster('doctor');
    await cluster.apply(limits({ max: { memory: '1Gi' } }));
    expectProblem(await findings(cluster.args, 'wide'), {
      check: 'limits',
      says: 'The LimitRange "sizes" does not admit wide.work: memory 3.3Gi > 1Gi.',
      do: 'Change what the step asks for, or the LimitRange.',
    });
  });

  test('a step that is larger than every node is a problem', async () => {
    await using cluster = await testCluster('doctor');
    expectProblem(await findings(cluster.args, 'huge'), {
      check: 'nodes',
      says: /No node has room for huge\.work, which asks for 500 CPU, 900Gi; the largest has \d/,
      do: 'Ask for less in the step, or give the cluster a larger node.',
    });
  });
});

describe('kt doctor - image and store', () => {
  test('an image that cannot be pulled is a problem', async () => {
    await using cluster = await testCluster('doctor');
    const found = await findings(
      withOptions(cluster, { '--image': 'nobody.example/none:1' }),
      'plain',
      'pod',
    );
    expectProblem(found, {
      check: 'pod',
      says: /does not start, because .*nobody\.example\/none:1.*not found/,
      do: /Correct the name or tag of the image/,
    });
  });

  test('an image of a step that cannot be pulled is a problem', async () => {
    await using cluster = await testCluster('doctor');
    const found = await findings(cluster.args, 'pictured', 'pod');
    expectProblem(found, {
      check: 'pod',
      says: /does not start, because .*nobody\.example\/step:2.*not found/,
      do: /kubernetes\.image of the step/,
    });
    expect(found.found.filter(({ check }) => check === 'store')).toMatchObject([{ outcome: 'ok' }]);
  });

  test('a volume that a restricted namespace does not admit is a problem', async () => {
    await using cluster = await testCluster('doctor', { labels: LEVELS });
    const found = await findings(cluster.args, 'plain', 'pod');
    const [steps, pod] = problemsOf(found.found);
    expect(steps?.message).toMatch(
      /^The pods of plain\.work are not admitted: violates PodSecurity .*hostPath/,
    );
    expect(pod?.message).toMatch(/^A pod of a run is not admitted: violates PodSecurity .*hostPath/);
    expect(pod?.remedy).toMatch(/a pvc: volume does not/);
    expect(found.code).toBe(3);
  });

  test('a store that pods may not write to is a problem', async () => {
    await using cluster = await testCluster('doctor');
    await chmod(cluster.dir, 0o755);
    expectProblem(await findings(cluster.args, 'plain', 'pod'), {
      check: 'store',
      says: /Pods cannot put if absent or put in file:\/mnt\/data: EACCES: permission denied/,
      do: 'may user 65532 write to it?',
    });
  });

  test('a claim that is not there is a problem', async () => {
    await using cluster = await testCluster('doctor');
    const found = await findings(withOptions(cluster, { '--volume': 'pvc:data' }), 'plain', 'pod');
    expectProblem(found, {
      check: 'volume',
      says: /There is no claim "data"/,
      do: /Make a PersistentVolumeClaim of that name/,
    });
    expect(found.found.at(-1)).toMatchObject({ check: 'pod', outcome: 'skipped' });
  });

  test('a claim of a storage class that is not there is a problem', async () => {
    await using cluster = await testCluster('doctor');
    const spec = {
      accessModes: ['ReadWriteMany'],
      storageClassName: 'fast',
      resources: { requests: { storage: '1Gi' } },
    };
    await cluster.apply(object('PersistentVolumeClaim', 'data', { apiVersion: 'v1', spec }));
    expectProblem(await findings(withOptions(cluster, { '--volume': 'pvc:data' }), 'plain', 'pod'), {
      check: 'volume',
      says: 'The claim "data" wants the storage class "fast", which does not exist.',
      do: '`kubectl get storageclasses` lists those that do',
    });
  });
});
