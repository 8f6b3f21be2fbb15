import { clusterSettings } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import { KubeBench } from '../../../../test/kit/kube-bench.js';
import { preflight, preflightError } from './preflight.js';
import type { PlannedStep } from './step-checks.js';

const bench = new KubeBench();
const settings = clusterSettings({ namespace: 'ns', store: 's3://bucket' });

test('preflight - what needs no steps is asked while they are still to come', async () => {
  const { server } = bench;
  let tellSteps = (_: readonly PlannedStep[]): void => undefined;
  const steps = new Promise<readonly PlannedStep[]>(resolve => (tellSteps = resolve));
  server.on(/^POST .*selfsubjectrulesreviews/, { status: 201, body: { status: { resourceRules: [] } } });
  const looking = preflight(bench.api(), { settings, steps });
  for (const kind of ['namespaces/ns$', 'selfsubjectrulesreviews', 'roles/', 'resourcequotas', 'limitranges'])
    await server.hasBeenAsked(new RegExp(kind));
  tellSteps([]);
  expect(preflightError(await looking)?.problems).toMatchObject([{ path: 'namespace' }]);
});

test('preflight - steps that cannot be told end it', async () => {
  bench.server.on(/^POST .*selfsubjectrulesreviews/, { status: 201, body: {} });
  const steps = Promise.reject(new Error('no steps'));
  await expect(preflight(bench.api(), { settings, steps })).rejects.toThrow('no steps');
});
