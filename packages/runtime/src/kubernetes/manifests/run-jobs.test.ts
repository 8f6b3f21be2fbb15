import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { ANNOTATION, taskName } from './names.js';
import { runConfigMap } from './run-config.js';
import { ownerOf } from './names.js';
import { controllerJob, type RunFrame, taskJob } from './run-jobs.js';
import type { Job } from '../api/objects.js';
import { mergePatch, resourcesOf } from './pod-spec.js';
import { accessObjects, CONTROLLER_RULES } from './rbac.js';
import { clusterSettings, DEFAULT_IMAGE, pullPolicy } from './cluster-settings.js';

const settings = clusterSettings({
  namespace: 'ns',
  store: 'file:/mnt/data',
  volume: { claim: 'data', mountPath: '/mnt/data' },
  image: 'reg/app:1',
});
const frame: RunFrame = {
  runId: 'r1',
  pipeline: 'p',
  settings,
  digest: 'abc',
  bundleParts: 2,
  owner: ownerOf('r1', 'uid-1'),
};
const task = (given: Partial<KTJobInput> = {}, more: Partial<RunFrame> = {}, lanes = 10): Job => {
  const [job] = mustParsePipeline({
    name: 'p',
    jobs: [{ type: 'map', name: 'm', function: 'f.f', items: [1], args: {}, ...given }],
  }).jobs;
  const plan = { wave: 1, pods: '0-9', count: 10, lanes, itemsPerPod: 1, parallelism: 5 };
  const first = lanes < 10 ? lanes : null;
  return taskJob({ ...frame, ...more }, { job: job!, memory: job!.memory, ...plan, first });
};
interface PodSpec {
  [field: string]: unknown;
  containers: Record<string, unknown>[];
  volumes: Record<string, unknown>[];
}
const podOf = (job: Job): PodSpec => job.spec!.template.spec as unknown as PodSpec;

describe('task Jobs', () => {
  test('are Indexed Jobs whose rules know the exit codes of workers', () => {
    expect(task().spec).toMatchObject({
      completionMode: 'Indexed',
      completions: 10,
      parallelism: 5,
      backoffLimitPerIndex: 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          { action: 'Ignore' },
          { action: 'FailIndex', onExitCodes: { values: [78] } },
          { action: 'FailJob', onExitCodes: { values: [79] } },
        ],
      },
    });
  });

  test('with fewer indexes than pods - tell each how it asks for more', () => {
    const env = (job: Job): unknown => podOf(job).containers[0]!['env'];
    expect(env(task())).not.toContainEqual(expect.objectContaining({ name: 'KT_LANES' }));
    const shared = task({}, {}, 4);
    expect(shared.spec).toMatchObject({ completions: 4, parallelism: 5 });
    expect(shared.metadata.annotations).toMatchObject({ [ANNOTATION.lanes]: '4' });
    expect(env(shared)).toContainEqual({ name: 'KT_LANES', value: '4' });
    expect(env(shared)).toContainEqual({ name: 'KT_WAVE', value: '1' });
    const longest = (lanes: number): number =>
      Number(podOf(task({ timeout: '100s' }, {}, lanes))['activeDeadlineSeconds']);
    // Each may come to do what all ten have.
    expect(longest(4) - longest(10)).toBe(9 * 100);
  });

  test('pass Pod Security "restricted" and carry no token', () => {
    const pod = podOf(task());
    expect(pod).toMatchObject({
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      serviceAccountName: 'kt-pod',
    });
    expect(pod['securityContext']).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.containers[0]!['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.volumes.some(volume => 'hostPath' in volume)).toBe(false);
  });

  test('mount the data volume only where the store is a folder', () => {
    const elsewhere = { settings: { ...settings, volume: null, store: 's3://b' } };
    expect(podOf(task()).volumes.map(({ name }) => name)).toContain('data');
    expect(podOf(task({}, elsewhere)).volumes.map(({ name }) => name)).not.toContain('data');
  });

  test('mount nothing where neither store, job nor context asks for it, and their code is in the environment', () => {
    const elsewhere = { codeParts: 2, settings: { ...settings, volume: null, store: 's3://b' } };
    const pod = podOf(task({}, elsewhere));
    expect(pod).toMatchObject({ volumes: [], containers: [{ volumeMounts: [] }] });
    expect(pod.containers[0]!['securityContext']).toMatchObject({ readOnlyRootFilesystem: false });
    const key = 'KT_CODE_1';
    expect(pod.containers[0]!['env']).toContainEqual({
      name: key,
      valueFrom: { configMapKeyRef: { name: 'kt-bundle-abc-env', key } },
    });
    for (const kubernetes of [
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { containerPatch: { securityContext: { readOnlyRootFilesystem: true } } },
      { podPatch: { hostAliases: [{ ip: '1.1.1.1' }] } },
    ]) {
      const asked = podOf(task({ kubernetes }, elsewhere));
      expect(asked.volumes.map(({ name }) => name).slice(0, 2)).toEqual(['bundle', 'scratch']);
      expect(JSON.stringify(asked)).not.toContain('KT_CODE_');
    }
  });

  test('have the labels by which they are found, and no others: nodes compare them often', () => {
    expect(Object.keys(task().spec!.template.metadata.labels).sort()).toEqual([
      'app.kubernetes.io/component',
      'app.kubernetes.io/managed-by',
      'app.kubernetes.io/part-of',
      'kt.dev/job',
      'kt.dev/run',
    ]);
  });

  test('have the label that gives a workload identity, where the store is of Azure', () => {
    const USE = 'azure.workload.identity/use';
    const labelsOf = (store: string) =>
      task({}, { settings: { ...settings, volume: null, store } }).spec?.template.metadata.labels;
    expect(labelsOf('az://acct/data')).toMatchObject({ [USE]: 'true' });
    expect(labelsOf('gs://data')).not.toHaveProperty([USE]);
  });

  test('ask for what the job asks, with a memory limit of the request × 1.1 and no limit on CPU', () => {
    const [job] = mustParsePipeline({ name: 'p', jobs: [{ type: 'static', name: 'm', gpu: 2 }] }).jobs;
    expect(resourcesOf(job!, '1.5Gi')).toEqual({
      requests: { cpu: '500m', memory: '1.5Gi', 'nvidia.com/gpu': '2' },
      limits: { memory: String(Math.ceil(1.5 * 2 ** 30 * 1.1)), 'nvidia.com/gpu': '2' },
    });
  });

  test('with a disk of a size - ask for it, may take no more, and say what downloads may take', () => {
    const [container] = podOf(task({ kubernetes: { ephemeralStorage: '10Gi' } })).containers;
    expect(container).toMatchObject({
      resources: { requests: { 'ephemeral-storage': '10Gi' }, limits: { 'ephemeral-storage': '10Gi' } },
      env: expect.arrayContaining([{ name: 'KT_SCRATCH_BYTES', value: '9663676416' }]),
    });
    expect(() => task({ kubernetes: { ephemeralStorage: '10 gigs' } })).toThrow('quantity');
    expect(JSON.stringify(podOf(task()))).not.toContain('ephemeral-storage');
  });

  test('carry every pod option of a job, and last a patch', () => {
    const job = task({
      labels: { team: 'data eng' },
      env: { A: '1' },
      kubernetes: {
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ key: 'x' }],
        affinity: { a: 1 },
        priorityClassName: 'low',
        serviceAccountName: 'own',
        image: 'local',
        queue: 'team-a',
        annotations: { note: 'y' },
        envFrom: [{ secretRef: { name: 's' } }],
        volumes: [{ name: 'v', emptyDir: {} }],
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
        podPatch: { hostAliases: [{ ip: '1.1.1.1' }], containers: [{ name: 'main', stdin: true }] },
      },
    });
    const pod = podOf(job);
    expect(pod).toMatchObject({
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'x' }],
      affinity: { a: 1 },
      priorityClassName: 'low',
      serviceAccountName: 'own',
      hostAliases: [{ ip: '1.1.1.1' }],
    });
    expect(pod.containers).toHaveLength(1);
    expect(pod.containers[0]).toMatchObject({
      image: 'local',
      imagePullPolicy: 'Never',
      stdin: true,
      envFrom: [{ secretRef: { name: 's' } }],
    });
    expect(pod.volumes.map(({ name }) => name)).toEqual(['bundle', 'scratch', 'data', 'v']);
    expect(job.metadata.labels).toMatchObject({ 'kueue.x-k8s.io/queue-name': 'team-a' });
    expect(job.spec!.template.metadata.labels).toMatchObject({ team: expect.stringMatching(/^data-eng-/) });
    expect(job.spec!.template.metadata.annotations).toMatchObject({ note: 'y' });
  });

  test('with a timeout share a process namespace and have a deadline for all attempts', () => {
    expect(podOf(task({ timeout: '10s', retries: 1 }))).toMatchObject({
      shareProcessNamespace: true,
      activeDeadlineSeconds: 600 + 20 + 60,
    });
    expect(podOf(task())).not.toHaveProperty('activeDeadlineSeconds');
  });

  test('have names that leave room for the index, whatever the job is called, and differ where jobs differ', () => {
    const names = ['a', 'A', 'é'.repeat(300), 'a b', 'a-b', 'x'.repeat(200), 'x'.repeat(201)].map(job =>
      taskName({ runId: 'r', job, wave: 12 }),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(name).toMatch(/^[a-z]([a-z0-9-]*[a-z0-9])?$/);
      expect(name.length).toBeLessThanOrEqual(57);
    }
  });

  test('have a hash that changes with the step and not with the wave', () => {
    const hash = (job: Job): string | undefined => job.metadata.annotations?.['kt.dev/spec-hash'];
    expect(hash(task({ retries: 1 }))).not.toBe(hash(task()));
    expect(hash(task({}, { digest: 'other' }))).not.toBe(hash(task()));
    expect(hash(task())).toBe(hash(task()));
  });
});

describe('the controller', () => {
  test('has a token, is not to be evicted for convenience, stays out of queues and is begun again unless it refuses', () => {
    const queued = { ...frame, settings: { ...settings, defaults: { queue: 'team-a' } } };
    const job = controllerJob(queued, { id: '1', documents: ['d0'] });
    expect(podOf(job)).toMatchObject({ automountServiceAccountToken: true, restartPolicy: 'Never' });
    expect(job.spec!.template.metadata.annotations).toMatchObject({ 'karpenter.sh/do-not-disrupt': 'true' });
    expect(JSON.stringify(job)).not.toContain('kueue');
    expect(job.spec).toMatchObject({
      podFailurePolicy: {
        rules: [{ action: 'Ignore' }, { action: 'FailJob', onExitCodes: { values: [78] } }],
      },
    });
    expect(job.metadata.ownerReferences).toEqual([frame.owner]);
  });
});

test('images of a registry are always fetched, local ones never, and fixed ones once', () => {
  expect(
    ['reg/app:1', 'app', 'reg/app@sha256:00', DEFAULT_IMAGE].map(image => pullPolicy(image, null)),
  ).toEqual(['Always', 'Never', 'IfNotPresent', 'IfNotPresent']);
  expect(pullPolicy('app', 'Always')).toBe('Always');
});

test('a patch merges lists by name, deletes with null and replaces the rest', () => {
  const pod = {
    containers: [{ name: 'main', image: 'a', env: [{ name: 'X', value: '1' }] }],
    hostNetwork: true,
  };
  const patch = {
    containers: [{ name: 'main', env: [{ name: 'Y', value: '2' }] }, { name: 'side' }],
    hostNetwork: null,
  };
  expect(mergePatch(pod, patch as never)).toEqual({
    containers: [
      {
        name: 'main',
        image: 'a',
        env: [
          { name: 'X', value: '1' },
          { name: 'Y', value: '2' },
        ],
      },
      { name: 'side' },
    ],
  });
});

test('the Role is namespaced, and grants neither secrets nor the making of pods', () => {
  expect(accessObjects({ namespace: 'ns', serviceAccount: 'a' }).map(({ kind }) => kind)).toEqual([
    'ServiceAccount',
    'Role',
    'RoleBinding',
  ]);
  expect(CONTROLLER_RULES.flatMap(({ resources }) => resources)).not.toContain('secrets');
  expect(CONTROLLER_RULES.find(({ resources }) => resources.includes('pods'))?.verbs).not.toContain('create');
});

test('the ConfigMap of a run is found by its run and says which bundle it needs', () => {
  const { metadata } = runConfigMap({ runId: 'r1', pipeline: 'p', namespace: 'ns', digest: 'abc', data: {} });
  expect(metadata.labels).toMatchObject({
    'kt.dev/run': 'r1',
    'kt.dev/bundle': 'abc',
    'app.kubernetes.io/component': 'run',
  });
});
