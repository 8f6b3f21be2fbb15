/** What `kt render meltano` writes is built by Kustomize, taken by the API server, and fires. */
import { existsSync } from 'node:fs';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type KubeObject, paths, type Pod } from '@kube-transform/runtime/kubernetes';
import { CASES, type CronJob, type GoldenCase } from '../../kit/meltano/golden-cases.js';
import { recipes } from '../../kit/meltano/recipes.js';
import { type Ended, kt, makeProject, run } from '../../kit/kt.js';
import { E2E, type TestCluster, testCluster } from '../kit/cluster.js';
import { saidBy } from '../kit/fire.js';
import { eventually } from '../kit/projects.js';

const hasKubectl = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some(folder => existsSync(join(folder, 'kubectl')));

let cluster: TestCluster;
let dir: string;
beforeAll(async () => {
  cluster = await testCluster('meltano', { access: false });
  dir = await makeProject({});
  // As the overlay of the page that names it.
  const metadata = { name: 'meltano' };
  await cluster.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const kubectl = (...args: string[]): Promise<Ended> =>
  run('kubectl', ['--kubeconfig', E2E.kubeconfig, '-n', cluster.namespace, ...args], { dir });

async function put(folder: string, files: Iterable<[string, string]>): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(dir, folder, path)), { recursive: true });
    await writeFile(join(dir, folder, path), text);
  }
}

async function render(folder: string, { given }: Pick<GoldenCase, 'given'>): Promise<void> {
  await put(
    folder,
    Object.entries({ ...given.before, '../list.json': JSON.stringify(given.schedules_document) }),
  );
  const environment = given.environment === null ? [] : ['--environment', given.environment];
  await kt(dir, ['render', 'meltano', '--from', join(folder, '../list.json'), '-D', folder, ...environment]);
}

/** Builds a folder without a word of warning; its objects by kind and name. */
async function built(folder: string): Promise<Map<string, KubeObject>> {
  const { out, err, code } = await kubectl('kustomize', join(dir, folder));
  expect(err).toBe('');
  expect(code).toBe(0);
  const objects = parseAllDocuments(out).map(document => document.toJS() as KubeObject);
  return new Map(objects.map(object => [`${object.kind ?? ''}/${object.metadata.name}`, object]));
}

async function isTaken(folder: string): Promise<void> {
  const taken = await kubectl('apply', '--dry-run=server', '-k', join(dir, folder));
  expect(taken.err).toBe('');
  expect(taken.code).toBe(0);
}

/** That its CronJobs could begin pods, too: of those the API server looks at nothing until then. */
async function arePodsTaken(folder: string): Promise<void> {
  const pods = [...(await built(folder)).values()]
    .filter((object): object is CronJob & { kind: string } => object.kind === 'CronJob')
    .map(({ metadata, spec }) => {
      const { metadata: meta, spec: podSpec } = spec.jobTemplate.spec.template;
      return { apiVersion: 'v1', kind: 'Pod', metadata: { ...meta, name: metadata.name }, spec: podSpec };
    });
  expect(pods.length).toBeGreaterThan(0);
  await put(folder, [['pods.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods })]]);
  const taken = await kubectl('apply', '--dry-run=server', '-f', join(dir, folder, 'pods.json'));
  expect(taken.err).toBe('');
  expect(taken.code).toBe(0);
}

describe.skipIf(!hasKubectl)('kt render meltano, with kubectl', () => {
  const rendered = CASES.filter(({ want }) => want.cronJobs !== undefined);

  test.each(rendered)('$id is built by Kustomize and taken by the API server: $about', async golden => {
    const { id, given, want } = golden;
    await render(`${id}/out`, golden);
    const base = await built(`${id}/out/base`);
    expect([...base.keys()].filter(name => name.startsWith('ConfigMap/env-'))).toHaveLength(1);
    await isTaken(`${id}/out/base`);
    if (given.environment === null) return;
    if (want.cronJobs?.length !== 0) await arePodsTaken(`${id}/out/base`);
    const overlay = await built(`${id}/out/overlays/${given.environment}`);
    expect(overlay.size).toBe(base.size);
    // The namespace of one case is its own.
    if (!('before' in given)) await isTaken(`${id}/out/overlays/${given.environment}`);
    if (want.files === undefined) return;

    // What the extension's own tree comes to, where it is told.
    const theirs = Object.entries(want.files).map(([path, [document]]): [string, string] => [
      path,
      JSON.stringify(document),
    ]);
    await put(`${id}/theirs`, theirs);
    const old = await kubectl('kustomize', join(dir, `${id}/theirs/overlays/${given.environment}`));
    const withoutOwn = (text: string): string =>
      text
        .replaceAll(/^ +(meltano\.kubernetes\.io|app\.kubernetes\.io\/(version|managed-by)).*\n/gm, '')
        .replaceAll(/env-[a-z0-9]{10}/g, 'env-HASH');
    const ours = await kubectl('kustomize', join(dir, `${id}/out/overlays/${given.environment}`));
    expect(withoutOwn(ours.out)).toBe(withoutOwn(old.out));
  });

  test('odd names and values are built and taken, too, and come back as they were', async () => {
    const odd = [
      'x',
      'x',
      '',
      '..',
      '../../evil',
      'a\nb',
      '日本 😀',
      'a'.repeat(99),
      '\u001b\r\u2028\ufeff',
      '*',
      'no',
    ];
    const values = Object.fromEntries(odd.map((value, i) => [`V_${i}`, value]));
    const env = { ...values, 'a.name.with-signs': '$(V_0) $$', E: 1e21 };
    const jobs = odd.map(name => ({
      name,
      interval: '@daily',
      cron_interval: '0 0 * * *',
      env,
      job: { name },
    }));
    const list = { schedules: { job: jobs, elt: [] } };
    await render('odd/out', { given: { schedules_document: list, environment: 'prod 😀' } });
    const overlay = 'odd/out/overlays/prod 😀';
    const cronJobs = [...(await built(overlay)).values()].filter(({ kind }) => kind === 'CronJob');
    expect(cronJobs).toHaveLength(odd.length);
    for (const { metadata, spec } of cronJobs as unknown as CronJob[]) {
      const [container] = spec.jobTemplate.spec.template.spec.containers;
      const job = container?.command.at(-1) ?? '';
      expect(odd).toContain(job);
      const key = 'meltano.kubernetes.io/job';
      expect(metadata.annotations?.[key] ?? metadata.labels[key]).toBe(job);
      const seen = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
      expect(seen).toEqual({ ...env, E: '1e+21' });
    }
    await isTaken(overlay);
    await arePodsTaken(overlay);
  });

  const ORDERS = { name: 'load-orders', tasks: ['tap-orders target-lake'] };
  const schedule = { name: 'orders-nightly', interval: '@daily', cron_interval: '0 0 * * *', job: ORDERS };
  const again = { ...schedule, name: 'Orders_Hourly', cron_interval: '0 * * * *', env: { LIMIT: 500 } };
  const LIST = { schedules: { job: [schedule, again], elt: [] } };
  /** Stands for Meltano: says what it was called with, and waits until `go` is there. */
  const STUB =
    '#!/bin/sh\necho "meltano $* $MELTANO_ENVIRONMENT $LIMIT"\nuntil test -e /mnt/data/go; do sleep 0.2; done\n';

  /** The tree with a stub of Meltano on the test image, beside what the overlay is to be. */
  async function withStub(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
    await render(folder, { given: { schedules_document: LIST, environment: 'prod' } });
    const overlay = `${folder}/overlays/prod`;
    await put(overlay, files);
    await put(overlay, [
      ['meltano', STUB],
      ['stub.yml', stubPatch(cluster.dir)],
    ]);
    await appendFile(
      join(dir, overlay, 'kustomization.yml'),
      '  - path: stub.yml\n    target: { kind: CronJob }\nconfigMapGenerator:\n  - name: stub\n    files: [meltano]\n',
    );
    await isTaken(overlay);
    expect((await kubectl('apply', '-k', join(dir, overlay))).code).toBe(0);
  }

  async function fireOne(name: string): Promise<void> {
    const cronJobs = (await kubectl('get', 'cronjobs', '-o', 'name')).out.trim().split('\n');
    const of = cronJobs.find(one => one.includes(name)) ?? '';
    const { err, code } = await kubectl(
      'create',
      'job',
      `manual-${name}`,
      `--from=${of.replace('.batch', '')}`,
    );
    expect(code, err).toBe(0);
  }
  const podOf = async (name: string): Promise<Pod | undefined> =>
    (await cluster.api.list<Pod>(paths.pods(cluster.namespace), { labelSelector: `job-name=manual-${name}` }))
      .items[0];
  const reached = (name: string, phase: string): Promise<Pod | undefined> =>
    eventually(
      () => podOf(name),
      pod => pod?.status?.phase === phase,
    );

  test('a schedule that is fired runs Meltano; with the lock of the page no other of its job runs beside it', async () => {
    const lock = recipes().find(({ title }) => title.startsWith('One at a time'))!;
    await withStub('locked', lock.files);
    await fireOne('orders-nightly');
    await reached('orders-nightly', 'Running');
    await fireOne('orders-hourly');
    const waiting = await eventually(
      () => podOf('orders-hourly'),
      pod => (pod?.status?.conditions ?? []).some(({ reason }) => reason === 'Unschedulable'),
    );
    expect(waiting?.status?.conditions?.[0]?.message).toContain('anti-affinity');
    await writeFile(join(cluster.dir, 'go'), '');
    await reached('orders-nightly', 'Succeeded');
    await reached('orders-hourly', 'Succeeded');
    expect(await saidBy(cluster, 'manual-orders-nightly')).toBe('meltano run load-orders prod \n');
    expect(await saidBy(cluster, 'manual-orders-hourly')).toBe('meltano run load-orders prod 500\n');
  });

  test.each(recipes())(
    'the recipe "$title" is built by Kustomize and taken by the API server',
    async ({ files, title }) => {
      const folder = `recipe-${title.replaceAll(/\W+/g, '-')}`;
      await render(folder, { given: { schedules_document: LIST, environment: 'prod' } });
      const before = await built(`${folder}/overlays/prod`);
      await put(`${folder}/overlays/prod`, files);
      const after = await built(`${folder}/overlays/prod`);
      expect(JSON.stringify([...after])).not.toBe(JSON.stringify([...before]));
      // A namespace that is not there takes nothing.
      if (files.get('kustomization.yml')?.includes('namespace:') === true) return;
      await isTaken(`${folder}/overlays/prod`);
      await arePodsTaken(`${folder}/overlays/prod`);
    },
  );
});

const stubPatch = (hostPath: string): string =>
  JSON.stringify({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'any' },
    spec: {
      suspend: true,
      jobTemplate: {
        spec: {
          template: {
            spec: {
              containers: [
                {
                  name: 'meltano',
                  image: E2E.image,
                  imagePullPolicy: 'IfNotPresent',
                  resources: {
                    requests: { cpu: '20m', memory: '32Mi' },
                    limits: { cpu: '1', memory: '64Mi' },
                  },
                  volumeMounts: [
                    { name: 'stub', mountPath: '/usr/local/bin/meltano', subPath: 'meltano' },
                    { name: 'data', mountPath: '/mnt/data' },
                  ],
                },
              ],
              volumes: [
                { name: 'stub', configMap: { name: 'stub', defaultMode: 0o755 } },
                { name: 'data', hostPath: { path: hostPath } },
              ],
            },
          },
        },
      },
    },
  });
