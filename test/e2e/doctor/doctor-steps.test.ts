/** `kt doctor` on a cluster: what steps name and is not there, and what they want and may not have. */
import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { kt, projectWithPackages } from '../../kit/kt.js';
import { claimOn } from '../kit/claim.js';
import { testCluster } from '../kit/cluster.js';
import { expectProblem, findings, LEVELS, withOptions, withProject } from './findings.js';

withProject();

describe('kt doctor - what steps name', () => {
  test.each([
    {
      pipeline: 'priority',
      says: /priority\.work are not admitted: no PriorityClass with name utmost was found/,
      do: /kubectl get priorityclasses/,
    },
    {
      pipeline: 'sandboxed',
      says: /sandboxed\.work are not admitted: .*RuntimeClass "sandbox" not found/,
      do: /kubectl get runtimeclasses/,
    },
    {
      pipeline: 'other',
      says: /other\.work are not admitted: .*serviceaccount "nobody" not found/,
      do: /kubectl create serviceaccount nobody/,
    },
  ])('and is not there is a problem: $pipeline', async ({ pipeline, ...wanted }) => {
    await using cluster = await testCluster('doctor');
    expectProblem(await findings(cluster.args, pipeline), { check: 'steps', ...wanted });
  });

  test('a user that a restricted namespace does not admit is a problem', async () => {
    await using cluster = await testCluster('doctor', { labels: LEVELS });
    await using _claim = await claimOn(cluster);
    expectProblem(await findings(withOptions(cluster, { '--volume': 'pvc:data' }), 'root'), {
      check: 'steps',
      says: /The pods of root\.work are not admitted: violates PodSecurity "restricted:latest": runAsNonRoot/,
      do: 'pod-security.kubernetes.io/enforce',
    });
  });

  test('a Secret for the registry that is not there is a problem', async () => {
    await using cluster = await testCluster('doctor');
    expectProblem(await findings(cluster.args, 'secret'), {
      check: 'pull secrets',
      says: `There is no Secret "registry-login" in namespace "${cluster.namespace}"`,
      do: `kubectl create secret docker-registry registry-login -n ${cluster.namespace}`,
    });
  });
});

test('kt doctor - a package whose native code pods cannot load is told', async () => {
  await using cluster = await testCluster('doctor');
  const dir = await projectWithPackages({
    'pipelines/native.ts': `import { ktFunction, pipeline } from '@kube-transform/sdk';
import thing from 'native-thing';
export const work = ktFunction(async () => thing);
export default pipeline('native', {}).job('work', work, () => ({}), { cpu: '20m', memory: '96Mi' });`,
    'node_modules/native-thing/package.json':
      '{"name":"native-thing","version":"1.0.0","main":"index.js","gypfile":true}',
    // It loads here, as one for this machine would.
    'node_modules/native-thing/index.js':
      'module.exports = process.env.KT_PROBE === undefined ? 1 : require("./build/thing.node");\n',
    'node_modules/native-thing/build/thing.node': 'of another platform',
  });
  try {
    const { out, code } = await kt(dir, ['doctor', 'native', ...cluster.args, '--json']);
    const found = JSON.parse(out) as { check: string; outcome: string; message: string }[];
    expect(found.filter(({ outcome }) => outcome === 'problem')).toMatchObject([
      {
        check: 'packages',
        message: expect.stringMatching(/"native-thing" cannot be loaded .*thing\.node: /) as string,
      },
    ]);
    expect(code).toBe(3);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
