/** `kt deploy`, `kt rollback` and runs of what is deployed, on a cluster. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessObjects, type KubeObject, LABEL, paths, type Rule } from '@kube-transform/runtime/kubernetes';
import { parse } from 'yaml';
import { ACCESS_RULES, DEPLOY_RULES, rightsOf } from '../../packages/cli/src/checks/rights.js';
import { preflight, preflightError } from '../../packages/cli/src/checks/preflight.js';
import { openCluster } from '../../packages/cli/src/cluster/connect.js';
import { expectMistake, kt, makeProject } from '../kit/kt.js';
import { type TestCluster, testCluster } from './cluster.js';
import { userWith, without } from './user.js';

/** A pipeline whose result says which source it is of. */
const source = (
  factor: number,
  more = '',
): string => `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const times = ktFunction({ input: z.object({ n: z.number() }) }, async ({ n }) => n * ${factor});
export default pipeline('nightly', { params: z.object({ n: z.number().default(7) }) })
  .job('times', times, ({ params }) => ({ n: params.n }), { cpu: '20m', memory: '96Mi' })${more};
`;
const BERLIN = `.schedule('30 2 * * *', { timeZone: 'Europe/Berlin' })`;
const NOON = `.schedule('0 12 * * *')`;

let cluster: TestCluster;
let dir: string;
const projectOf = (text: string, more: Record<string, string> = {}): Promise<string> =>
  makeProject({ 'package.json': '{"name":"shop","type":"module"}', 'pipelines/nightly.ts': text, ...more });
const write = (text: string): Promise<void> => writeFile(join(dir, 'pipelines/nightly.ts'), text);
const deploy = (...args: string[]): ReturnType<typeof kt> => kt(dir, ['deploy', ...cluster.args, ...args]);

beforeAll(async () => {
  cluster = await testCluster('deploy', { access: false });
  dir = await projectOf(source(2, BERLIN + NOON));
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const FOLDERS = {
  ServiceAccount: paths.serviceAccounts,
  Role: paths.roles,
  RoleBinding: paths.roleBindings,
  ConfigMap: paths.configMaps,
  CronJob: paths.cronJobs,
};

/** What of kt there is, by kind and name, with the resource version. */
async function objects({ api, namespace }: TestCluster): Promise<Record<string, string>> {
  const labelSelector = `${LABEL.managedBy}=kt,!${LABEL.run}`;
  const found = await Promise.all(
    Object.entries(FOLDERS).map(async ([kind, path]) => {
      const { items } = await api.list<KubeObject>(path(namespace), { labelSelector });
      return items.map(({ metadata }) => [`${kind}/${metadata.name}`, metadata.resourceVersion ?? '']);
    }),
  );
  return Object.fromEntries(found.flat()) as Record<string, string>;
}

const versionIn = (text: string): string => /nightly (\w{10})\b/.exec(text)?.[1] ?? '';
const resultOf = async (...args: string[]): Promise<string | undefined> => {
  const { out, code } = await kt(dir, ['submit', 'nightly', ...args, '--follow']);
  expect(code, out).toBe(0);
  return /^(\d+)\nCompleted in/m.exec(out)?.[1];
};

describe('deploying', () => {
  let first = '';
  let second = '';

  test('a dry run and a diff change nothing, and say when schedules come next', async () => {
    const [dry, diff] = [await deploy('--dry-run'), await deploy('--diff')];
    expect(await objects(cluster)).toEqual({});
    expect(dry.out).toMatch(/^would be created +CronJob +kt-nightly-\S+ +schedule$/m);
    expect(dry.out).toMatch(
      /nightly runs at "30 2 \* \* \*" in Europe\/Berlin; next:\n(  \d{4}-\d\d-\d\d 02:30 \+0[12]:00\n){5}/,
    );
    expect(dry.out).toMatch(
      /nightly runs at "0 12 \* \* \*" in the cluster's time zone; next:\n(  \d{4}-\d\d-\d\d 12:00 \+00:00\n){5}/,
    );
    expect(dry.out).toContain('this was a dry run');
    expect(diff.out).toMatch(/^\+ +schedule: 30 2 \* \* \*$/m);
    expect(diff.out).toMatch(/^\+ +kind: Role$|^\+kind: Role$/m);
    expect([dry.code, diff.code]).toEqual([0, 0]);
  });

  test('makes what is needed, and says so in a table', async () => {
    const { out, code } = await deploy();
    for (const row of [
      'ServiceAccount +kt-pod +access',
      'Role +kt-controller +access',
      'RoleBinding +kt-controller +access',
      'ConfigMap +kt-bundle-\\w+-0 +code',
    ]) {
      expect(out).toMatch(new RegExp(`^created +${row}$`, 'm'));
    }
    expect(out).toMatch(/^created +ConfigMap +kt-nightly-v\w+-0 +version$/m);
    expect(out).toMatch(/^created +ConfigMap +kt-deploy-nightly-\w+ +deployment$/m);
    expect(out.match(/^created +CronJob +kt-nightly-\w+ +schedule$/gm)).toHaveLength(2);
    expect(out).toMatch(/^Deployed in namespace .*: nightly \w{10}\.$/m);
    expect(out).toContain('run it: kt submit nightly --follow');
    expect(code).toBe(0);
    first = versionIn(out);
    expect(Object.keys(await objects(cluster))).toHaveLength(8);
  });

  test('again, it touches nothing', async () => {
    const before = await objects(cluster);
    const [again, diff] = [await deploy(), await deploy('--diff')];
    expect(again.out).toMatch(/^Unchanged in namespace .*Nothing was pushed\.$/m);
    expect(again.out).not.toMatch(/^(created|changed|deleted) /m);
    expect(diff.out).toBe('Nothing differs.\n');
    expect(await objects(cluster)).toEqual(before);
  });

  test('one line later it is another version, which runs are of; the one before can be had', async () => {
    await write(source(3, BERLIN + NOON));
    expect(await resultOf()).toBe('14');
    const diff = await deploy('--diff');
    expect(diff.out).toMatch(new RegExp(`^- .*version.*${first}`, 'm'));
    const { out } = await deploy();
    second = versionIn(out);
    expect(second).not.toBe(first);
    expect(out).toMatch(/^changed +ConfigMap +kt-deploy-nightly-\w+ +deployment$/m);
    expect(await resultOf()).toBe('21');
    expect(await resultOf('--n', '2', '--version', first.slice(0, 6))).toBe('4');
    expectMistake(
      await kt(dir, ['submit', 'nightly', '--version', 'zzz']),
      /UNKNOWN_VERSION.*There is no version "zzz" of pipeline "nightly"/,
    );
  });

  test('kt rollback makes the version before the deployed one', async () => {
    const back = await kt(dir, ['rollback', 'nightly']);
    expect(back.out).toContain(`nightly ${first} instead of ${second}`);
    expect(await resultOf()).toBe('14');
    const listed = await kt(dir, ['rollback', 'nightly', '--list']);
    expect(listed.out).toMatch(new RegExp(`^deployed +${first} +\\d{4}-.*Z$`, 'm'));
    expect(listed.out).toMatch(new RegExp(`^ +${second} +\\d{4}-.*Z$`, 'm'));
    expectMistake(await kt(dir, ['rollback', 'nightly']), /NO_VERSION_BEFORE.*There is no version before/);
    expectMistake(await kt(dir, ['rollback', 'nightyl']), /NOT_DEPLOYED.*Did you mean "nightly"/);
    const forth = await kt(dir, ['rollback', 'nightly', '--to', second]);
    expect(forth.out).toContain(`nightly ${second} instead of ${first}`);
  });

  test('what is deployed again is the newest: a rollback goes to what was deployed meanwhile', async () => {
    await write(source(2, BERLIN + NOON));
    expect(versionIn((await deploy()).out)).toBe(first);
    expect((await kt(dir, ['rollback', 'nightly'])).out).toContain(`nightly ${second} instead of ${first}`);
    await write(source(3, BERLIN + NOON));
  });

  test('kt gc keeps the code of every version that is kept', async () => {
    const before = await objects(cluster);
    const gone = await kt(dir, ['gc', '--older-than', '0s', '-n', cluster.namespace]);
    expect(gone.code, gone.err).toBe(0);
    expect(Object.keys(await objects(cluster))).toEqual(Object.keys(before));
    expect(await resultOf('--version', first)).toBe('14');
  });

  test('what is no longer in the source is deleted: a schedule, a pipeline', async () => {
    await write(source(3, NOON));
    await writeFile(join(dir, 'pipelines/extra.ts'), source(5).replace("'nightly'", "'extra'"));
    const { out } = await deploy();
    expect(out.match(/^deleted +CronJob +kt-nightly-\w+ +schedule$/gm)).toHaveLength(1);
    expect(out).toMatch(/extra \w{10}/);
    const { items } = await cluster.api.list<KubeObject & { spec: { schedule: string } }>(
      paths.cronJobs(cluster.namespace),
    );
    expect(items.map(({ spec }) => spec.schedule)).toEqual(['0 12 * * *']);
    await rm(join(dir, 'pipelines/extra.ts'));
    // A part of the project says nothing of the rest.
    expect((await deploy('nightly')).out).not.toMatch(/^deleted /m);
    expect((await deploy()).out).toMatch(/^deleted +ConfigMap +kt-deploy-extra-\w+ +deployment$/m);
    expectMistake(await kt(dir, ['submit', 'extra', ...cluster.args]), /extra/);
  });
});

describe('with few rights', () => {
  const RIGHTS = rightsOf(DEPLOY_RULES);

  /** The rules that `kt rbac --for deployer` prints. */
  async function printed(): Promise<Rule[]> {
    const { out } = await kt(dir, ['rbac', '--for', 'deployer']);
    return (parse(out) as { rules: Rule[] }).rules;
  }

  /** Deploys as somebody. */
  async function asUser(project: string, args: readonly string[], kubeconfig: string): ReturnType<typeof kt> {
    return kt(project, [
      'deploy',
      ...args.map((arg, i) => (args[i - 1] === '--kubeconfig' ? kubeconfig : arg)),
    ]);
  }

  test('those of a deployer are enough where access is there, and those besides make it', async () => {
    await using fresh = await testCluster('deploy', { access: false });
    const project = await projectOf(source(2, NOON));
    const [deployer, owner] = [
      await userWith(fresh, 'ann', await printed()),
      await userWith(fresh, 'bob', [...DEPLOY_RULES, ...ACCESS_RULES]),
    ];
    const refused = await asUser(project, fresh.args, deployer);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toMatch(/may not (create|patch).* serviceaccounts/);
    const api = await openCluster({ kubeconfig: deployer, namespace: fresh.namespace });
    const found = await preflight(api, { settings: fresh.settings, steps: [] });
    expect(preflightError(found)?.problems[0]).toMatchObject({
      code: 'PREFLIGHT_FAILED',
      path: 'your rights',
      message: expect.stringMatching(/^You may not .*patch serviceaccounts.* in namespace/) as string,
    });
    const made = await asUser(project, fresh.args, owner);
    expect(made.err).toBe('');
    expect(made.code).toBe(0);
    expect(preflightError(await preflight(api, { settings: fresh.settings, steps: [] }))).toBeUndefined();
    api.close();
    await writeFile(join(project, 'pipelines/nightly.ts'), source(3, BERLIN));
    const { out, err, code } = await asUser(project, fresh.args, deployer);
    expect(err).toBe('');
    expect(out).toMatch(/^unchanged +Role +kt-controller/m);
    expect(out).toMatch(/^deleted +CronJob/m);
    expect(code).toBe(0);
    await rm(project, { recursive: true });
  });

  test('each of a deployer is missed with a sentence', async () => {
    await using fresh = await testCluster('deploy');
    const before = await objects(fresh);
    for (const { verb, resource } of RIGHTS) {
      const kubeconfig = await userWith(
        fresh,
        `no-${verb}-${resource}`,
        without(DEPLOY_RULES, { verb, resource }),
      );
      const { err, code } = await asUser(dir, fresh.args, kubeconfig);
      expect(err).toMatch(
        new RegExp(
          `^error PREFLIGHT_FAILED {2}your rights: You may not ${verb} ${resource}\\S* in namespace`,
        ),
      );
      expect(code).toBe(3);
      const api = await openCluster({ kubeconfig, namespace: fresh.namespace });
      const [problem] =
        preflightError(await preflight(api, { settings: fresh.settings, steps: [] }))?.problems ?? [];
      expect(problem?.message).toMatch(new RegExp(`^You may not ${verb} ${resource}`));
      api.close();
    }
    expect(await objects(fresh)).toEqual(before);
  });
});

test('a step that the namespace does not admit stops a deployment before it begins', async () => {
  await using fresh = await testCluster('deploy', {
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
  });
  const { err, code } = await kt(dir, ['deploy', ...fresh.args]);
  expect(err).toMatch(
    /^error PREFLIGHT_FAILED {2}steps: The pods of nightly\.times are not admitted: violates PodSecurity "restricted:latest": .*hostPath/,
  );
  expect(err).toMatch(/a pvc: volume does not/);
  expect(code).toBe(3);
  expect(Object.keys(await objects(fresh))).toHaveLength(3);
});

describe('a quota', () => {
  const quota = (cpu: string): KubeObject =>
    ({
      kind: 'ResourceQuota',
      metadata: { name: 'team' },
      spec: { hard: { 'requests.cpu': cpu } },
    }) as KubeObject;
  const isCounted = async ({ api, namespace }: TestCluster, used: string): Promise<void> => {
    type Quota = KubeObject & { status?: { used?: Record<string, string> } };
    const usedNow = async (): Promise<string | undefined> =>
      (await api.get<Quota>(paths.resourceQuotas(namespace, 'team')))?.status?.used?.['requests.cpu'];
    await expect.poll(usedNow, { timeout: 30_000 }).toBe(used);
  };

  test('that is too small for a step stops a deployment before it begins', async () => {
    await using fresh = await testCluster('deploy', { access: false });
    await fresh.apply(quota('100m'));
    await isCounted(fresh, '0');
    const { out, err, code } = await kt(dir, ['deploy', ...fresh.args]);
    expect(out).toBe('');
    expect(err).toMatch(
      /^error PREFLIGHT_FAILED {2}quota: The quota "team" leaves 0\.1 of requests\.cpu \(100m in all\), and nightly\.times with the controller/,
    );
    expect(code).toBe(3);
    expect(await objects(fresh)).toEqual({});
  });

  test('that others use up now is no reason not to deploy', async () => {
    await using fresh = await testCluster('deploy');
    await fresh.apply(quota('200m'));
    await isCounted(fresh, '0');
    const container = { name: 'main', image: fresh.settings.image, resources: { requests: { cpu: '150m' } } };
    const spec = { nodeSelector: { 'kt.dev/none': 'none' }, containers: [container] };
    const labels = { [LABEL.managedBy]: 'kt' };
    await fresh.api.create(paths.pods(fresh.namespace), { metadata: { name: 'other', labels }, spec });
    await isCounted(fresh, '150m');
    expect((await kt(dir, ['deploy', ...fresh.args])).code).toBe(0);
    const looked = await kt(dir, ['doctor', ...fresh.args, '--no-pod']);
    expect(looked.out).toMatch(/^problem +quota +The quota "team" leaves 0\.05 of requests\.cpu/m);
    expect(looked.code).toBe(3);
  });
});

test('preflight says what keeps runs from working, without starting anything', async () => {
  await using fresh = await testCluster('deploy');
  const api = await openCluster({ kubeconfig: fresh.args[3] ?? '', namespace: 'kt-e2e-nowhere' });
  expect(preflightError(await preflight(api, { settings: fresh.settings, steps: [] }))?.problems).toEqual([
    {
      code: 'PREFLIGHT_FAILED',
      path: 'namespace',
      message: 'There is no namespace "kt-e2e-nowhere".',
      hint: 'kubectl create namespace kt-e2e-nowhere',
    },
  ]);
  const before = fresh.api.requests;
  expect(preflightError(await preflight(fresh.api, { settings: fresh.settings, steps: [] }))).toBeUndefined();
  expect(fresh.api.requests - before).toBeLessThanOrEqual(8);
  expect(accessObjects({ namespace: 'x', serviceAccount: 'y' })).toHaveLength(3);
  api.close();
});
