import { ktFunction, pipeline } from '@kube-transform/sdk';
import { clusterSettings } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import type { Bundle } from '../bundle/make-bundle.js';
import type { Delivery } from '../delivery/delivery.js';
import type { LoadedPipeline } from '../pipeline/load-pipeline.js';
import { planDeploy } from './plan.js';

const one = ktFunction({ name: 'one' }, async () => 1);
const context = { claim: { size: '10Gi' }, defaults: { memory: '256Mi' } };
const settings = clusterSettings({
  namespace: 'jobs',
  store: 'file:/mnt/data',
  volume: { claim: 'data', mountPath: '/mnt/data' },
});

const bundleOf = (digest: string): Bundle => ({
  ...{ digest, dir: `/p/.kt/bundles/${digest}`, projectDir: '/p', worker: '', catalog: '' },
  ...{ entries: [], files: {}, outputs: {}, outside: [] },
});

const loaded = (name: string, bundle: Bundle | null = bundleOf('d1')): LoadedPipeline => ({
  pipeline: pipeline(name).job('one', one).schedule('0 3 * * *'),
  bundle,
  modules: {},
  catalog: { digest: '', names: () => ['one'], register: () => undefined, load: async () => undefined },
  source: { pipeline: `pipelines/${name}.ts`, functions: [], digest: bundle?.digest ?? '' },
});

/** A delivery that keeps what it brought. */
function keeping(): { delivery: Delivery; brought: string[] } {
  const brought: string[] = [];
  const deliver: Delivery['deliver'] = async ({ digest }, given) => {
    brought.push(digest);
    const metadata = { name: `code-${digest}`, namespace: given.namespace };
    return {
      published: { digest, parts: 1, isNew: true },
      settings: { ...given, image: `made/of:${digest}` },
      objects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata }],
    };
  };
  return { delivery: { deliver }, brought };
}

test('planDeploy - access, claim, code and then each pipeline, in the order in which they are applied', async () => {
  const { delivery } = keeping();
  const plan = await planDeploy([loaded('hello')], { context, settings, delivery });
  const kinds = plan.objects.map(({ kind, metadata }) => `${kind ?? ''} ${metadata.name.slice(0, 10)}`);
  expect(kinds).toEqual(
    [
      'ServiceAccount kt-pod',
      'Role kt-control',
      'RoleBinding kt-control',
      'PersistentVolumeClaim data',
      'ConfigMap code-d1',
      'ConfigMap kt-hello-v',
      'ConfigMap kt-deploy-',
      'CronJob kt-hello-1',
    ].map(line => expect.stringContaining(line.replace(/kt-hello-1$/, 'kt-hello-'))),
  );
  expect(new Set(plan.objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['jobs']));
});

test('planDeploy - a bundle is delivered once, and versions run with what the delivery made', async () => {
  const { delivery, brought } = keeping();
  const all = [loaded('a'), loaded('b'), loaded('c', bundleOf('d2'))];
  const { versions, delivered } = await planDeploy(all, { context, settings, delivery });
  expect(brought).toEqual(['d1', 'd2']);
  expect(delivered.map(({ published }) => published.digest)).toEqual(['d1', 'd2']);
  expect(versions.map(({ pipeline, digest, settings: { image } }) => [pipeline, digest, image])).toEqual([
    ['a', 'd1', 'made/of:d1'],
    ['b', 'd1', 'made/of:d1'],
    ['c', 'd2', 'made/of:d2'],
  ]);
  expect(versions[0]?.spec.jobs?.[0]).toMatchObject({ memory: '256Mi' });
});

test.each<[string, LoadedPipeline[], string]>([
  ['no pipeline', [], 'NOTHING_TO_DEPLOY'],
  ['two pipelines of one name', [loaded('a'), loaded('a', bundleOf('d2'))], 'DUPLICATE_PIPELINE'],
  ['a document without functions', [loaded('a', null)], 'NO_FUNCTIONS'],
])('planDeploy - refuses %s', async (_, all, code) => {
  const { delivery } = keeping();
  await expect(planDeploy(all, { context, settings, delivery })).rejects.toMatchObject({ code });
});
