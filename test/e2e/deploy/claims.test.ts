/**
 * The claim that `kt deploy` makes, in a cluster without a storage class: it is refused before it would wait
 * for ever, and works with a volume.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { paths } from '@kube-transform/runtime/kubernetes';
import { kt, makeProject } from '../../kit/kt.js';
import { volumeFor } from '../kit/claim.js';
import { object, type TestCluster, testCluster } from '../kit/cluster.js';

const PIPELINE = `import { ktFunction, pipeline } from '@kube-transform/sdk';
export const one = ktFunction(async () => 1);
export default pipeline('hello').job('one', one, undefined, { cpu: '20m', memory: '96Mi' });
`;
const CONFIG = "export default { contexts: { dev: { volume: 'pvc:kt-data', claim: { size: '1Gi' } } } };\n";
const NO_CLASS = /names no storage class, and the cluster has no default one\./;

let dir: string;
beforeAll(async () => {
  dir = await makeProject({ 'pipelines/hello.ts': PIPELINE, 'kt.config.ts': CONFIG });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The options of a namespace that say nothing of a volume. */
const argsOf = ({ args }: TestCluster): string[] =>
  args.filter((arg, i) => arg !== '--volume' && args[i - 1] !== '--volume');

test('where no class makes a volume, deploy changes nothing and doctor says so', async () => {
  await using cluster = await testCluster('claims', { access: false });
  const deployed = await kt(dir, ['deploy', ...argsOf(cluster)]);
  expect(deployed.err).toMatch(NO_CLASS);
  expect(deployed.err).toContain("claim: { size: '10Gi', storageClass: 'NAME' }");
  expect(deployed.code).toBe(3);
  const { items } = await cluster.api.list(paths.configMaps(cluster.namespace), {
    labelSelector: 'app.kubernetes.io/managed-by=kt',
  });
  expect(items).toEqual([]);

  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  await cluster.apply(object('PersistentVolumeClaim', 'kt-data', { apiVersion: 'v1', spec }));
  const looked = await kt(dir, ['doctor', ...argsOf(cluster)]);
  expect(looked.out).toMatch(
    /^problem +volume +The claim "kt-data" waits for a volume: it names no storage class/m,
  );
  expect(looked.out).toMatch(/^skipped +pod /m);
  expect(looked.code).toBe(3);
});

test('with a volume for it, deploy makes the claim and a run keeps its results there', async () => {
  await using cluster = await testCluster('claims', { access: false });
  await using _volume = await volumeFor(cluster, 'kt-data');
  const deployed = await kt(dir, ['deploy', ...argsOf(cluster)]);
  expect(deployed.err).toBe('');
  expect(deployed.out).toMatch(/^created +PersistentVolumeClaim +kt-data +volume$/m);
  const run = await kt(dir, ['submit', 'hello', '--follow', ...argsOf(cluster)]);
  expect(run.out).toMatch(/Completed/);
  expect(run.code).toBe(0);
  const stored: string[] = [];
  for await (const entry of cluster.store.list('kt-metadata/'))
    if (entry.type === 'object') stored.push(entry.object.key);
  expect(stored.filter(key => key.endsWith('pipeline_run_state.json'))).toHaveLength(1);
  const again = await kt(dir, ['deploy', ...argsOf(cluster)]);
  expect(again.out).toMatch(/^Unchanged in namespace/m);
});
