/** Each verb of the Role that controllers have is needed: what a run says that lacks it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunSummary } from '@kube-transform/runtime';
import {
  accessObjects,
  type ClusterSettings,
  CONTROLLER_RULES,
  type Job,
  type KubeObject,
  LABEL,
  paths,
  selectRun,
} from '@kube-transform/runtime/kubernetes';
import { describe, expect, test, vi } from 'vitest';
import { kt, project } from '../../kit/kt.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { begin, saidBy } from '../kit/fire.js';
import { type GivenJob, submitJobs } from '../kit/submitted.js';
import { without } from '../kit/user.js';
import { logOf, messagesIn, summaryOf, wordsOf } from './run-words.js';

const TIMED = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const same = ktFunction({ input: z.object({ n: z.number() }) }, async ({ n }) => n);
export default pipeline('timed', {}).job('same', same, () => ({ n: 1 }), { cpu: '20m', memory: '96Mi' }).schedule('0 4 29 2 *');
`;
const ACCOUNT = 'kt-pod';
const soon = { timeout: 120_000, interval: 250 };

/**
 * A run that needs a verb, what it says without it, and how it ends when the files that it waits for are
 * there.
 */
interface Case {
  resource: string;
  verb: string;
  jobs: GivenJob[];
  settings?: Partial<ClusterSettings>;
  /** Where it is said. */
  says: 'cause' | 'problem' | 'trouble' | 'log';
  /** Called before the sentence is waited for. */
  provoke?: (cluster: TestCluster, runId: string) => Promise<void>;
  ends: RunSummary['status'] | null;
  /** Goes on when it is given the verb. */
  heals?: true;
}

const plain: GivenJob = { name: 'a' };
const until = (path: string): GivenJob['call'] => ['awaitsFile', { path }];
const untilEach = (paths: string[]): Partial<GivenJob> => ({
  type: 'map',
  function: 'ends.awaitsFile',
  items: paths,
  args: { path: { $ref: 'item#' } },
  itemsPerPod: 1,
});

const container: GivenJob = {
  name: 'a',
  type: 'container',
  items: ['one', 'two'],
  memory: '32Mi',
  container: { image: process.env['KT_E2E_BUSYBOX'] ?? '', command: ['echo', { $ref: 'item#' }] },
};

const CASES: Case[] = [
  {
    resource: 'jobs',
    verb: 'create',
    jobs: [{ ...plain, kubernetes: { startTimeout: '6s' } }],
    says: 'cause',
    ends: 'Failed',
  },
  // Somebody may be replacing the Role: the run waits, and goes on when it is given the right.
  { resource: 'jobs', verb: 'list', jobs: [plain], says: 'trouble', ends: null, heals: true },
  { resource: 'jobs', verb: 'watch', jobs: [plain], says: 'trouble', ends: null, heals: true },
  { resource: 'pods', verb: 'list', jobs: [plain], says: 'trouble', ends: 'Completed' },
  { resource: 'pods', verb: 'watch', jobs: [plain], says: 'trouble', ends: 'Completed' },
  {
    resource: 'jobs',
    verb: 'patch',
    // "wide" gets one of two pods while "long" has the other, and is to get both.
    jobs: [
      { name: 'first' },
      { name: 'long', call: until('go/long') },
      { name: 'wide', dependencies: ['first'], ...untilEach(['go/1', 'go/2', 'go/3']) },
    ],
    settings: { maxPods: 2 },
    provoke: async (cluster, runId) => {
      await vi.waitFor(async () => expect(await jobsOf(cluster, runId, 'wide')).toHaveLength(1), soon);
      await allow(cluster, 'go/long');
    },
    says: 'trouble',
    ends: 'Completed',
  },
  {
    resource: 'jobs',
    verb: 'delete',
    jobs: [plain, { name: 'b', dependencies: ['a'], call: until('go/b') }],
    says: 'trouble',
    ends: 'Completed',
  },
  {
    resource: 'pods',
    verb: 'deletecollection',
    jobs: [{ name: 'a', ...untilEach(['go/1', 'go/2', 'go/later']) }],
    settings: { reapAbove: 1 },
    provoke: cluster => allow(cluster, 'go/1', 'go/2'),
    says: 'trouble',
    ends: 'Completed',
  },
  { resource: 'pods', verb: 'patch', jobs: [container], says: 'trouble', ends: null, heals: true },
  { resource: 'pods/log', verb: 'get', jobs: [container], says: 'trouble', ends: null, heals: true },
  { resource: 'configmaps', verb: 'list', jobs: [plain], says: 'trouble', ends: 'Completed' },
  { resource: 'configmaps', verb: 'watch', jobs: [plain], says: 'trouble', ends: 'Completed' },
  { resource: 'configmaps', verb: 'patch', jobs: [plain], says: 'log', ends: null },
  {
    resource: 'events',
    verb: 'list',
    jobs: [{ name: 'a', kubernetes: { serviceAccountName: 'nobody', startTimeout: '6s' } }],
    says: 'cause',
    ends: 'Failed',
  },
];

describe('each verb of the Role', () => {
  test('of the controller has a case here', () => {
    const pairs = CONTROLLER_RULES.flatMap(({ resources, verbs }) =>
      resources.flatMap(resource => verbs.map(verb => `${verb} ${resource}`)),
    );
    const cases = [...CASES.map(({ verb, resource }) => `${verb} ${resource}`), 'create configmaps'];
    expect(cases.sort()).toEqual(pairs.sort());
  });

  test.concurrent.each(CASES)('is needed: $verb $resource', { timeout: 300_000 }, async given => {
    const { resource, verb, jobs, settings, says, provoke, ends, heals } = given;
    await using cluster = await testCluster('rights', { access: false });
    const { namespace } = cluster;
    const group = await grantAllBut(cluster, { resource, verb });
    const { runId, notes } = await submitJobs(cluster, jobs, settings);
    await provoke?.(cluster, runId);
    const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]}`;
    const sentence = `"system:serviceaccount:${namespace}:${ACCOUNT}" may not ${verb} ${resource} in namespace "${namespace}" of the cluster "in-cluster". A Role with the rule ${rule}`;
    const said = (): Promise<string> =>
      says === 'log' ? logOf(cluster, runId) : wordsOf(cluster, runId, says);
    const isSaid = (): Promise<void> =>
      vi.waitFor(async () => expect(await said()).toContain(sentence), soon);
    const isStatus = (status: string): Promise<void> =>
      vi.waitFor(async () => expect(await summaryOf(cluster, runId)).toMatchObject({ status }), soon);
    await isSaid();
    // Who follows the run hears it as well, also where the run cannot speak.
    if (says !== 'cause') await vi.waitFor(() => expect(notes.all.join('\n')).toContain(sentence), soon);
    await allow(cluster, 'go/b', 'go/1', 'go/2', 'go/3', 'go/later');
    if (ends !== null) {
      await isStatus(ends);
      // It is not forgotten over what goes well.
      await isSaid();
    }
    if (heals !== true) return;
    await cluster.api.patch(
      paths.roles(namespace, 'kt-controller'),
      { rules: CONTROLLER_RULES },
      { type: 'merge' },
    );
    await isStatus('Completed');
  });
});

/** The run of a schedule begins in the cluster: there it is made. */
test('the right to create configmaps is needed for schedules', { timeout: 300_000 }, async () => {
  await using cluster = await testCluster('rights');
  const { api, namespace } = cluster;
  const dir = await project({ 'pipelines/timed.ts': TIMED });
  expect((await kt(dir, ['deploy', ...cluster.args])).code).toBe(0);
  const rules = without(CONTROLLER_RULES, { verb: 'create', resource: 'configmaps' });
  const role = paths.roles(namespace, 'kt-controller');
  await api.patch(role, { rules }, { type: 'merge' });
  await vi.waitFor(
    async () => expect(await may(cluster, { resource: 'configmaps', verb: 'create', group: '' })).toBe(false),
    soon,
  );
  const job = await begin(cluster, 'timed', 'once');
  const rule = 'A Role with the rule {apiGroups: [""], resources: ["configmaps"], verbs: ["create"]}';
  const sentence = `may not create configmaps in namespace "${namespace}" of the cluster "in-cluster". ${rule}`;
  const messages = async (): Promise<string[]> => messagesIn(await saidBy(cluster, job));
  await vi.waitFor(async () => expect((await messages()).join()).toContain(sentence), soon);
  // It is begun again until somebody gives it the right.
  await api.patch(role, { rules: CONTROLLER_RULES }, { type: 'merge' });
  await vi.waitFor(
    async () => expect(await summaryOf(cluster, 'timed-timed-once')).toMatchObject({ status: 'Completed' }),
    soon,
  );
});

/** Gives the service account all rights but one, and waits until that is so; the resource's API group. */
async function grantAllBut(
  cluster: TestCluster,
  { resource, verb }: { resource: string; verb: string },
): Promise<string> {
  const { namespace, apply } = cluster;
  const rules = CONTROLLER_RULES.map(rule =>
    rule.resources.includes(resource) ? { ...rule, verbs: rule.verbs.filter(one => one !== verb) } : rule,
  );
  const [account, role, binding] = accessObjects({ namespace, serviceAccount: ACCOUNT }) as [
    KubeObject,
    KubeObject,
    KubeObject,
  ];
  await apply(
    account,
    { ...role, rules: rules.filter(({ verbs }) => verbs.length > 0) } as KubeObject,
    binding,
  );
  // Whichever is missing, one of these two is there.
  const other =
    resource === 'configmaps' ? { resource: 'jobs', group: 'batch' } : { resource: 'configmaps', group: '' };
  await vi.waitFor(async () => expect(await may(cluster, { ...other, verb: 'list' })).toBe(true), soon);
  const group = CONTROLLER_RULES.find(({ resources }) => resources.includes(resource))?.apiGroups[0] ?? '';
  expect(await may(cluster, { resource, verb, group })).toBe(false);
  return group;
}

/** Whether the service account may do something. */
async function may(
  { api, namespace }: TestCluster,
  what: { resource: string; verb: string; group: string },
): Promise<boolean> {
  const spec = {
    user: `system:serviceaccount:${namespace}:${ACCOUNT}`,
    resourceAttributes: { namespace, ...what },
  };
  const review = await api.create<object>('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
  return (review as { status?: { allowed?: boolean } }).status?.allowed === true;
}

/** Makes files that items wait for: not by the store, whose own folder is to belong to the pods. */
async function allow({ dir }: TestCluster, ...names: string[]): Promise<void> {
  await mkdir(join(dir, 'go'), { recursive: true });
  for (const name of names) await writeFile(join(dir, name), '');
}

async function jobsOf({ api, namespace }: TestCluster, runId: string, job: string): Promise<Job[]> {
  const { items } = await api.list<Job>(paths.jobs(namespace), {
    labelSelector: `${selectRun(runId, 'task')},${LABEL.job}=${job}`,
  });
  return items;
}
