/**
 * What pods ask for that keeps them from starting: ended with the right cause and a sentence that names the
 * remedy.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { type GivenJob, KINDS, submitJobs, type Submitted } from '../kit/submitted.js';

const SOON = { startTimeout: '6s' };
/** A node that is busy has not read a Secret or ConfigMap at its first try; it tries again after 10–15 s. */
const READ_BY_NODE = { startTimeout: '30s' };
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
    kubernetes: { envFrom: [{ configMapRef: { name: 'flags' } }], ...READ_BY_NODE },
    reason: 'CreateContainerConfigError',
    says: /configmap "flags" not found/,
    remedy: /Make the ConfigMap "flags" in the namespace/,
  },
  {
    mode: 'a missing Secret',
    kubernetes: { envFrom: [{ secretRef: { name: 'token' } }], ...READ_BY_NODE },
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
      ...READ_BY_NODE,
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
      ...READ_BY_NODE,
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

describe.each(KINDS)('%s that cannot start', (_, reuse) => {
  let cluster: TestCluster;
  let run: Submitted;
  beforeAll(async () => {
    cluster = await testCluster('hang');
    const jobs = CASES.map(({ mode, kubernetes, job }): GivenJob => ({
      name: jobName(mode),
      ...job,
      kubernetes,
      reuse,
    }));
    run = await submitJobs(cluster, [...jobs, { name: 'fine', reuse }]);
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
