/** What `kt render` prints is what `kt deploy` applies, in the eyes of the cluster, kubectl and Kustomize. */
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import { parseAllDocuments } from 'yaml';
import { withoutTraces } from '../../../packages/cli/src/cluster/apply-objects.js';
import { type Ended, kt, makeProject, run } from '../../kit/kt.js';
import { E2E, type TestCluster, testCluster } from '../kit/cluster.js';

const PIPELINE = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const list = ktFunction({ input: z.object({ n: z.number() }) }, async ({ n }) => n);
export default pipeline('nightly', { params: z.object({ n: z.number().default(2) }) })
  .job('list', list, ({ params }) => ({ n: params.n }), { cpu: '20m', memory: '96Mi' })
  .schedule('30 2 * * *', { timeZone: 'Europe/Berlin', startingDeadline: '10m' });
`;
const hasKubectl = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some(folder => existsSync(join(folder, 'kubectl')));

let cluster: TestCluster;
let dir: string;
beforeAll(async () => {
  cluster = await testCluster('render', { access: false });
  dir = await makeProject({
    'pipelines/nightly.ts': PIPELINE,
    'package.json': '{"name":"shop","type":"module"}',
  });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const kubectl = (args: readonly string[]): Promise<Ended> =>
  run('kubectl', ['--kubeconfig', E2E.kubeconfig, ...args], { dir });
const rendered = async ({ args }: TestCluster, more: readonly string[] = []): Promise<string> => {
  const { out, err, code } = await kt(dir, ['render', ...args, ...more]);
  expect(err).toBe('');
  expect(code).toBe(0);
  return out;
};
const objectsIn = (text: string): KubeObject[] =>
  parseAllDocuments(text).map(document => document.toJS() as KubeObject);
const nameOf = ({ kind, metadata }: KubeObject): string => `${kind ?? ''}/${metadata.name}`;

/** What of kt a namespace holds, without what the server noted on it. */
async function heldBy({ api, namespace }: TestCluster): Promise<Record<string, KubeObject>> {
  const labelSelector = 'app.kubernetes.io/managed-by=kt';
  const folders = {
    ServiceAccount: paths.serviceAccounts,
    Role: paths.roles,
    RoleBinding: paths.roleBindings,
    ConfigMap: paths.configMaps,
    CronJob: paths.cronJobs,
  };
  const found = await Promise.all(
    Object.entries(folders).map(async ([kind, path]) =>
      (await api.list(path(namespace), { labelSelector })).items.map(item => ({ ...item, kind })),
    ),
  );
  const objects = found
    .flat()
    .map(
      object =>
        JSON.parse(JSON.stringify(withoutTraces(object)).replaceAll(namespace, 'NAMESPACE')) as KubeObject,
    );
  return Object.fromEntries(objects.map(object => [nameOf(object), object]));
}

test('kt render - the same source gives the same bytes', async () => {
  const [once, again] = [await rendered(cluster), await rendered(cluster)];
  expect(again).toBe(once);
  expect(objectsIn(once).map(({ kind }) => kind)).toEqual([
    'ServiceAccount',
    'Role',
    'RoleBinding',
    'ConfigMap',
    'ConfigMap',
    'ConfigMap',
    'CronJob',
  ]);
});

describe.skipIf(!hasKubectl)('kt render, with kubectl', () => {
  test('applying what is rendered gives what kt deploy gives', async () => {
    await using other = await testCluster('render', { access: false });
    const file = join(dir, 'all.yaml');
    await writeFile(file, await rendered(cluster));
    const valid = await kubectl(['apply', '--server-side', '--dry-run=server', '-f', file]);
    expect(valid.err).toBe('');
    expect(valid.code).toBe(0);
    expect(await heldBy(cluster)).toEqual({});
    const applied = await kubectl(['apply', '--server-side', '-f', file]);
    expect(applied.err).toBe('');
    const deployed = await kt(dir, ['deploy', ...other.args.map(arg => arg.replace(other.dir, cluster.dir))]);
    expect(deployed.code).toBe(0);
    const [byKubectl, byDeploy] = await Promise.all([heldBy(cluster), heldBy(other)]);
    expect(Object.keys(byKubectl).sort()).toEqual(
      objectsIn(await readFile(file, 'utf8'))
        .map(nameOf)
        .sort(),
    );
    expect(byKubectl).toEqual(byDeploy);
    // To kt deploy nothing is left to do.
    const after = await kt(dir, ['deploy', ...cluster.args]);
    expect(after.out).toMatch(/^Unchanged in namespace/m);
    expect(after.out).not.toMatch(/^(created|changed|deleted) /m);
  });

  test('Kustomize builds each overlay, with what people have put there', async () => {
    await kt(dir, ['render', '--out', 'deploy', ...cluster.args]);
    const built = await kubectl(['kustomize', join(dir, 'deploy/overlays/default')]);
    expect(built.err).toBe('');
    const wanted = objectsIn(await rendered(cluster));
    const byName = (objects: readonly KubeObject[]): object =>
      Object.fromEntries(objects.map(object => [nameOf(object), object]));
    expect(byName(objectsIn(built.out))).toEqual(byName(wanted));

    const overlay = join(dir, 'deploy/overlays/default/kustomization.yaml');
    // What the file itself proposes.
    const text = (await readFile(overlay, 'utf8')).replaceAll(/^# (?=patches| {2}|commonAnnotations)/gm, '');
    await writeFile(overlay, text);
    await kt(dir, ['render', '--out', 'deploy', ...cluster.args]);
    expect(await readFile(overlay, 'utf8')).toBe(text);
    const patched = await kubectl(['kustomize', join(dir, 'deploy/overlays/default')]);
    expect(patched.err).toBe('');
    expect(objectsIn(patched.out).find(({ kind }) => kind === 'CronJob')).toMatchObject({
      metadata: { annotations: { team: 'data' } },
      spec: { suspend: true },
    });
    const valid = await kubectl([
      'apply',
      '--server-side',
      '--dry-run=server',
      '--force-conflicts',
      '-k',
      join(dir, 'deploy/overlays/default'),
    ]);
    expect(valid.code, valid.err).toBe(0);
  });
});

test('--check finds every drift, and nothing else', async () => {
  const out = ['--out', 'checked', ...cluster.args];
  const check = (): Promise<Ended> => kt(dir, ['render', '--check', ...out]);
  const base = join(dir, 'checked/base/default');
  const never = await check();
  expect(never.out).toContain(`stale: ${join('checked', 'base/default/access.yaml')}`);
  expect(never.code).toBe(1);

  await kt(dir, ['render', ...out]);
  const files = (await readdir(base)).sort();
  expect(files).toEqual(['access.yaml', 'code.yaml', 'kustomization.yaml', 'pipeline-nightly.yaml']);
  const fresh = await check();
  expect(fresh.out).toBe('All files are as they would be rendered.\n');
  expect(fresh.code).toBe(0);

  await appendFile(join(dir, 'checked/overlays/default/kustomization.yaml'), '# mine\n');
  expect((await check()).code).toBe(0);
  await appendFile(join(base, 'access.yaml'), '# mine\n');
  await writeFile(join(base, 'stray.yaml'), '');
  const edited = await check();
  expect(edited.out.match(/^stale: .*$/gm)).toEqual(
    ['access.yaml', 'stray.yaml'].map(name => `stale: ${join('checked/base/default', name)}`),
  );
  expect(edited.out).toContain('Render them anew: kt render --out checked');
  expect(edited.code).toBe(1);

  await kt(dir, ['render', ...out]);
  expect((await readdir(base)).sort()).toEqual(files);
  await writeFile(join(dir, 'pipelines/nightly.ts'), PIPELINE.replace('30 2', '45 2'));
  const changed = await check();
  expect(changed.out).toContain(`stale: ${join('checked/base/default/pipeline-nightly.yaml')}`);
  expect(changed.code).toBe(1);
});
