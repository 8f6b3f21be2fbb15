/** `kt doctor` on a cluster: what steps name and is not there, and what they want and may not have. */
import { describe, test } from 'vitest';
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
