/**
 * Each way in which pods do not start: told while it lasts, and ended with the right cause and a sentence
 * that names the remedy.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '@kube-transform/runtime';
import { follow, type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import { claimOn } from './claim.js';
import { type TestCluster, testCluster } from './cluster.js';
import { type GivenJob, submitJobs, type Submitted } from './submitted.js';

const SOON = { startTimeout: '6s' };
interface Case {
  mode: string;
  kubernetes: object;
  job?: Partial<GivenJob>;
  reason: string;
  /** Kubernetes' words. */
  says: RegExp;
  remedy: RegExp;
}

const CASES: Case[] = [
  {
    mode: 'a missing image',
    kubernetes: { image: 'docker.io/library/nope:1', ...SOON },
    reason: 'ErrImagePull',
    says: /nope:1.*not found/,
    remedy: /Correct the name or tag of the image/,
  },
  {
    mode: 'an image whose name is none',
    kubernetes: { image: 'Nope:1:2' },
    reason: 'InvalidImageName',
    says: /invalid reference format/,
    remedy: /kubernetes\.image of the step, --image of the run/,
  },
  {
    mode: 'a pull policy that forbids to fetch the image',
    kubernetes: { image: 'docker.io/library/nope:2', imagePullPolicy: 'Never' },
    reason: 'ErrImageNeverPull',
    says: /nope:2" is not present with pull policy of Never/,
    remedy: /imagePullPolicy "IfNotPresent"/,
  },
  {
    mode: 'an image without Node',
    kubernetes: { podPatch: { containers: [{ name: 'main', command: ['no-node'] }] } },
    reason: 'StartError',
    says: /no-node.* not found/,
    remedy: /Node ≥ 20\.19/,
  },
  {
    mode: 'a user that is root',
    kubernetes: { podPatch: { securityContext: { runAsUser: 0 } } },
    reason: 'CreateContainerConfigError',
    says: /breaks non-root policy/,
    remedy: /runAsUser/,
  },
  {
    mode: 'a missing ConfigMap',
    kubernetes: { envFrom: [{ configMapRef: { name: 'flags' } }], ...SOON },
    reason: 'CreateContainerConfigError',
    says: /configmap "flags" not found/,
    remedy: /Make the ConfigMap "flags" in the namespace/,
  },
  {
    mode: 'a missing Secret',
    kubernetes: { envFrom: [{ secretRef: { name: 'token' } }], ...SOON },
    reason: 'CreateContainerConfigError',
    says: /secret "token" not found/,
    remedy: /Make the Secret "token" in the namespace/,
  },
  {
    mode: 'a missing key of a ConfigMap',
    kubernetes: {
      podPatch: {
        containers: [
          {
            name: 'main',
            env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'kube-root-ca.crt', key: 'flag' } } }],
          },
        ],
      },
      ...SOON,
    },
    reason: 'CreateContainerConfigError',
    says: /couldn't find key flag/,
    remedy: /Add the key flag to the ConfigMap "kube-root-ca.crt"/,
  },
  {
    mode: 'a volume that cannot be mounted',
    kubernetes: {
      volumes: [{ name: 'more', secret: { secretName: 'certs' } }],
      volumeMounts: [{ name: 'more', mountPath: '/more' }],
      ...SOON,
    },
    reason: 'FailedMount',
    says: /secret "certs" not found/,
    remedy: /Make the Secret "certs"/,
  },
  {
    mode: 'more cpu than any node has',
    kubernetes: SOON,
    job: { cpu: '1000' },
    reason: 'Unschedulable',
    says: /Insufficient cpu/,
    remedy: /Ask for less cpu \(now 1k? a pod\)|Ask for less cpu \(now 1000 a pod\)/,
  },
  {
    mode: 'more memory than any node has',
    kubernetes: SOON,
    job: { memory: '2Ti' },
    reason: 'Unschedulable',
    says: /Insufficient memory/,
    remedy: /Ask for less memory \(now 2Ti a pod\)/,
  },
  {
    mode: 'a node that nobody has',
    kubernetes: { nodeSelector: { disk: 'ssd' }, ...SOON },
    reason: 'Unschedulable',
    says: /didn't match Pod's node affinity\/selector/,
    remedy: /kubernetes\.nodeSelector or affinity \{"disk":"ssd"\}/,
  },
  {
    mode: 'a missing claim',
    kubernetes: { volumes: [{ name: 'more', persistentVolumeClaim: { claimName: 'archive' } }], ...SOON },
    reason: 'Unschedulable',
    says: /persistentvolumeclaim "archive" not found/,
    remedy: /Make the PersistentVolumeClaim "archive"/,
  },
  {
    mode: 'a scheduling gate',
    kubernetes: { podPatch: { schedulingGates: [{ name: 'kt.dev/test' }] }, ...SOON },
    reason: 'SchedulingGated',
    says: /scheduling gates/,
    remedy: /takes them away/,
  },
  {
    mode: 'a missing service account',
    kubernetes: { serviceAccountName: 'nobody' },
    reason: 'ServiceAccountMissing',
    says: /serviceaccount "nobody" not found/,
    remedy: /kubectl create serviceaccount nobody/,
  },
  {
    mode: 'a pod that Kubernetes does not accept',
    kubernetes: { podPatch: { containers: [{ name: 'main', securityContext: { privileged: true } }] } },
    reason: 'Invalid',
    says: /cannot set `allowPrivilegeEscalation` to false and `privileged` to true/,
    remedy: /Change what is named there in the step's cpu, memory, labels or kubernetes options/,
  },
  {
    mode: 'a missing priority class',
    kubernetes: { priorityClassName: 'urgent' },
    reason: 'PriorityClassMissing',
    says: /no PriorityClass with name urgent/,
    remedy: /kubectl get priorityclasses/,
  },
];
const jobName = (mode: string): string => mode.replaceAll(' ', '-').toLowerCase();

describe('pods that cannot start', () => {
  let cluster: TestCluster;
  let run: Submitted;
  beforeAll(async () => {
    cluster = await testCluster('hang');
    const jobs = CASES.map(({ mode, kubernetes, job }): GivenJob => ({
      name: jobName(mode),
      ...job,
      kubernetes,
    }));
    run = await submitJobs(cluster, [...jobs, { name: 'fine' }]);
    await run.ended;
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test.each(CASES)('$mode', ({ mode, reason, says, remedy }) => {
    const cause = run.causeOf(jobName(mode));
    expect(cause).toMatchObject({ kind: 'NotStarted', reason });
    expect(cause?.message).toMatch(says);
    expect(cause?.message).toMatch(remedy);
  });
});

describe('rules of the namespace', () => {
  test('a quota on pods: told, waited for, given up', async () => {
    await using cluster = await testCluster('hang-pods');
    await limit(cluster, 'few', { pods: '1' });
    const run = await submitJobs(cluster, [{ name: 'crowd', kubernetes: SOON }]);
    await run.ended;
    expect(run.waitsOf('crowd')).toEqual([
      expect.stringMatching(
        /^exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1\. It goes on/,
      ),
    ]);
    expect(run.causeOf('crowd')).toMatchObject({ kind: 'NotStarted', reason: 'QuotaExceeded' });
    expect(run.causeOf('crowd')?.message).toMatch(/other pods of the namespace end.*Have the quota raised/);
  });

  test('a quota on pods that is raised: the run goes on', async () => {
    await using cluster = await testCluster('hang-raised');
    await limit(cluster, 'few', { pods: '1' });
    const run = await submitJobs(cluster, [{ name: 'crowd' }]);
    await run.sees('JobWaiting', ({ message }) => message?.includes('exceeded quota') === true);
    await cluster.api.delete(paths.resourceQuotas(cluster.namespace, 'few'));
    expect((await run.ended).status).toBe('Completed');
    expect(run.events.findLast(event => event.type === 'JobWaiting')).toMatchObject({ message: null });
  });

  test('a quota on Jobs: its refusal is waited for, not failed with', async () => {
    await using cluster = await testCluster('hang-jobs');
    await limit(cluster, 'one', { 'count/jobs.batch': '1' });
    const run = await submitJobs(cluster, [{ name: 'late' }]);
    const { message } = await run.sees('JobWaiting', event => event.message !== null);
    expect(message).toMatch(/exceeded quota: one, requested: count\/jobs\.batch=1.*kt gc/);
    await cluster.api.delete(paths.resourceQuotas(cluster.namespace, 'one'));
    expect((await run.ended).status).toBe('Completed');
  });

  test('a quota on Jobs that stays', async () => {
    await using cluster = await testCluster('hang-jobs-stay');
    await limit(cluster, 'one', { 'count/jobs.batch': '1' });
    const run = await submitJobs(cluster, [{ name: 'late', kubernetes: SOON }]);
    await run.ended;
    expect(run.causeOf('late')).toMatchObject({ kind: 'NotStarted', reason: 'QuotaExceeded' });
  });

  test('a quota on memory that one pod goes beyond: no use to wait', async () => {
    await using cluster = await testCluster('hang-memory');
    await limit(cluster, 'little', { 'requests.memory': '300Mi' });
    const run = await submitJobs(cluster, [{ name: 'large', memory: '512Mi' }]);
    await run.ended;
    const cause = run.causeOf('large');
    expect(cause).toMatchObject({ kind: 'NotStarted', reason: 'QuotaExceeded' });
    expect(cause?.message).toMatch(
      /One pod alone asks for more requests\.memory than the whole quota has \(512Mi of 300Mi\)\. Ask for less "memory"/,
    );
  });

  test('a LimitRange', async () => {
    await using cluster = await testCluster('hang-limit');
    const limits = [{ type: 'Container', max: { memory: '600Mi' } }];
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'max' },
      spec: { limits },
    } as KubeObject);
    const run = await submitJobs(cluster, [{ name: 'large', memory: '1Gi' }]);
    await run.ended;
    const cause = run.causeOf('large');
    expect(cause).toMatchObject({ kind: 'NotStarted', reason: 'LimitRange' });
    expect(cause?.message).toMatch(
      /maximum memory usage per Container is 600Mi.*Ask for less "memory" in the step/s,
    );
  });

  test('Pod Security: what a step adds is refused, the rest runs', async () => {
    await using cluster = await testCluster('hang-psa', {
      labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    });
    await using claim = await claimOn(cluster);
    const run = await submitJobs(
      cluster,
      [
        { name: 'fine' },
        {
          name: 'climbs',
          kubernetes: {
            podPatch: { containers: [{ name: 'main', securityContext: { allowPrivilegeEscalation: true } }] },
          },
        },
      ],
      { volume: claim.volume },
    );
    await run.ended;
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: 'JobStatusChanged', job: 'fine', to: 'Completed' }),
    );
    const cause = run.causeOf('climbs');
    expect(cause).toMatchObject({ kind: 'NotStarted', reason: 'PodSecurity' });
    expect(cause?.message).toMatch(
      /violates PodSecurity "restricted:latest": allowPrivilegeEscalation.*Take what is named there out of the step \(kubernetes\.podPatch/s,
    );
  });
});

/** Makes a quota, and waits until it is in force. */
async function limit(
  { api, apply, namespace }: TestCluster,
  name: string,
  hard: Record<string, string>,
): Promise<void> {
  await apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec: { hard } } as KubeObject);
  const stop = new AbortController();
  const quotas = { path: paths.resourceQuotas(namespace) };
  for await (const news of follow<KubeObject & { status?: { used?: object } }>(api, quotas, {
    signal: stop.signal,
    clock: systemClock,
  })) {
    if ((news.type === 'list' ? news.items : [news.object]).some(({ status }) => status?.used !== undefined))
      break;
  }
  stop.abort();
}
