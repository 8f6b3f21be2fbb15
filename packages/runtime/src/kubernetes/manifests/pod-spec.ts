/** The pods of a run: restricted by default, without a token of the API, with what a job asks for. */
import {
  type JsonObject,
  type KTJob,
  type KubernetesOptions,
  omitUndefined,
  parseDurationMs,
  parseQuantity,
} from '@kube-transform/sdk';
import { type ClusterSettings, pullPolicy } from './cluster-settings.js';

/** Where things are in a pod. */
export const MOUNT = { bundle: '/kt/bundle', run: '/kt/run', scratch: '/tmp' } as const;
/** The container that runs user code; rules about exit codes name it. */
export const CONTAINER = 'main';
/** Any user who is not root; numeric, so that images need not know it. */
const USER = 65532;
const GRACE_SECONDS = 30;
/** Of a pod's disk: what is over is for what items write themselves. */
const DOWNLOADS_SHARE = 0.9;
/**
 * Time for pulling the image and starting, beyond the time of the items, before a pod with a timeout is ended
 * by Kubernetes.
 */
const START_SECONDS = 600;

/** One more environment variable. */
export type EnvVar = { name: string; value: string } | { name: string; valueFrom: object };

/** Where a process may write what is its own. */
export const SCRATCH_ENV: readonly EnvVar[] = [
  { name: 'HOME', value: MOUNT.scratch },
  { name: 'TMPDIR', value: MOUNT.scratch },
];

/** What whoever runs items has in its environment: that of the run and its own, and where the data are. */
export const workerEnv = ({ env, store, volume }: ClusterSettings, own: Record<string, string>): EnvVar[] => [
  ...Object.entries({ ...env, ...own }).map(([name, value]) => ({ name, value })),
  { name: 'DATA_DIR', value: volume?.mountPath ?? store },
  { name: 'KT_STORE', value: store },
];

/** Variables that say how stores of S3, Google and Azure are reached. */
const OF_STORES = /^(AWS|GOOGLE|AZURE)_/;

/** What of the environment says how the store is reached, for pods that run no items. */
const storeEnv = ({ env }: ClusterSettings, others: readonly EnvVar[]): EnvVar[] =>
  Object.entries(env)
    .filter(([name]) => OF_STORES.test(name) && !others.some(other => other.name === name))
    .map(([name, value]) => ({ name, value }));

/** What the store is opened with, as `envFrom` of a container, before what a job or context names. */
export function envFromOf(
  { storeSecret }: ClusterSettings,
  more: KubernetesOptions['envFrom'] = [],
): { envFrom?: object[] } {
  const all = [...(storeSecret === null ? [] : [{ secretRef: { name: storeSecret } }]), ...more];
  return all.length === 0 ? {} : { envFrom: all };
}

/** The labels of a pod: with that for a workload identity of Azure, where it opens a store there. */
export const podLabels = (
  { store }: ClusterSettings,
  labels: Record<string, string>,
): Record<string, string> =>
  /^az:/i.test(store) ? { ...labels, 'azure.workload.identity/use': 'true' } : labels;

/** What differs from pod to pod of a run. */
export interface PodPlan {
  settings: ClusterSettings;
  /** Names of the ConfigMaps of the bundle; none where the image has it. */
  bundle: readonly string[];
  /** Arguments of `node`. */
  args: readonly string[];
  env: readonly EnvVar[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  /** Mounts the API token: the controller only. */
  token: boolean;
  volumes: readonly { name: string; mountPath: string; source: object }[];
}

/** A pod's spec before a job's own wishes. */
export function basePod(plan: PodPlan): Record<string, unknown> {
  const { settings } = plan;
  const { volume } = settings;
  const volumes = [
    ...(plan.bundle.length === 0
      ? []
      : [
          {
            name: 'bundle',
            mountPath: MOUNT.bundle,
            source: { projected: { sources: plan.bundle.map(name => ({ configMap: { name } })) } },
          },
        ]),
    { name: 'scratch', mountPath: MOUNT.scratch, source: { emptyDir: {} } },
    ...(volume === null
      ? []
      : [
          {
            name: 'data',
            mountPath: volume.mountPath,
            source:
              'claim' in volume
                ? { persistentVolumeClaim: { claimName: volume.claim } }
                : { hostPath: { path: volume.hostPath } },
          },
        ]),
    ...plan.volumes,
  ];
  return {
    restartPolicy: 'Never',
    serviceAccountName: settings.serviceAccount,
    automountServiceAccountToken: plan.token,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: CONTAINER,
        image: settings.image,
        imagePullPolicy: pullPolicy(settings.image, settings.imagePullPolicy),
        command: ['node', ...plan.args],
        env: [...SCRATCH_ENV, ...storeEnv(settings, plan.env), ...plan.env],
        ...envFromOf(settings),
        resources: plan.resources,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: volumes.map(({ name, mountPath }) => ({
          name,
          mountPath,
          ...(name === 'bundle' ? { readOnly: true } : {}),
        })),
      },
    ],
    volumes: volumes.map(({ name, source }) => ({ name, ...source })),
  };
}

/**
 * Arguments of a process that speaks TLS to the API server alone, whose authority it is told: it does not
 * read the hundred and more that Node brings, which takes as long as Node's own start. A bucket needs them.
 */
export const withOneAuthority = (settings: ClusterSettings, args: readonly string[]): string[] =>
  settings.store.startsWith('file:') ? ['--use-openssl-ca', ...args] : [...args];

/** Which nodes pods that are no job's own may run on, where the settings of the run say so. */
export function placementOf({ defaults }: ClusterSettings): Record<string, unknown> {
  const { nodeSelector, tolerations, affinity, priorityClassName } = defaults;
  return omitUndefined({ nodeSelector, tolerations, affinity, priorityClassName });
}

/**
 * What a job asks for, as requests and limits: the memory limit is the request × 1.1, in whole bytes; there
 * is no limit on CPU.
 *
 * @param memory overrides the job's own, after it ran out of it.
 */
export function resourcesOf({ cpu, gpu }: KTJob, memory: string): PodPlan['resources'] {
  const bytes = Math.ceil((parseQuantity(memory) ?? 2 ** 30) * 1.1);
  const devices: Record<string, string> = gpu > 0 ? { 'nvidia.com/gpu': String(gpu) } : {};
  return { requests: { cpu, memory, ...devices }, limits: { memory: String(bytes), ...devices } };
}

/**
 * The V8 heap may take all of the container, so that it is the container's limit that ends a process, which
 * Kubernetes tells of.
 */
export const heapFlag = (memory: string): string =>
  `--max-old-space-size=${Math.max(16, Math.floor(((parseQuantity(memory) ?? 2 ** 30) * 1.1) / 2 ** 20))}`;

/** Adds a job's own wishes to a pod's spec; `items` that it runs at most, null where nobody knows. */
export function withJobOptions(
  pod: Record<string, unknown>,
  job: KTJob,
  plan: { settings: ClusterSettings; items: number | null },
): Record<string, unknown> {
  const options = { ...plan.settings.defaults, ...job.kubernetes };
  const { nodeSelector, tolerations, affinity, priorityClassName, serviceAccountName } = options;
  const [container] = pod['containers'] as Record<string, unknown>[];
  const own: Record<string, unknown> = {
    ...container,
    ...imageOf(job, plan.settings, container ?? {}),
    ...envFromOf(plan.settings, options.envFrom),
    ...withDisk(container, options.ephemeralStorage),
    volumeMounts: [
      ...((container?.['volumeMounts'] as object[] | undefined) ?? []),
      ...(options.volumeMounts ?? []),
    ],
  };
  const spec: Record<string, unknown> = {
    ...pod,
    containers: [
      options.containerPatch === undefined ? own : (mergePatch(own, options.containerPatch) as typeof own),
    ],
    volumes: [...(pod['volumes'] as object[]), ...(options.volumes ?? [])],
    ...omitUndefined({ nodeSelector, tolerations, affinity, priorityClassName, serviceAccountName }),
    ...deadline(job, plan.items),
  };
  return options.podPatch === undefined
    ? spec
    : (mergePatch(spec, options.podPatch) as Record<string, unknown>);
}

/** The image of a pod; that of a container step is its own. */
function imageOf(job: KTJob, settings: ClusterSettings, container: Record<string, unknown>): object {
  const options = { ...settings.defaults, ...job.kubernetes };
  if (job.container !== null) {
    const { image = '', imagePullPolicy } = container as { image?: string; imagePullPolicy?: string };
    return { image, imagePullPolicy: job.kubernetes.imagePullPolicy ?? imagePullPolicy };
  }
  const image = options.image ?? settings.image;
  const policy = options.imagePullPolicy ?? (options.image === undefined ? settings.imagePullPolicy : null);
  return { image, imagePullPolicy: pullPolicy(image, policy) };
}

/** The disk of a pod, which Kubernetes keeps free and ends those that take more. */
function withDisk(container: Record<string, unknown> | undefined, disk: string | undefined): object {
  if (disk === undefined) return {};
  const { resources, env } = container as Pick<PodPlan, 'resources' | 'env'>;
  const more = { 'ephemeral-storage': disk };
  const bytes = Math.floor((parseQuantity(disk) ?? 0) * DOWNLOADS_SHARE);
  return {
    env: [...env, { name: 'KT_SCRATCH_BYTES', value: String(bytes) }],
    resources: {
      requests: { ...resources.requests, ...more },
      limits: { ...resources.limits, ...more },
    },
  };
}

/**
 * A job with a `timeout`: its pods share a process namespace, because a process that is number 1 of its own
 * cannot be killed from inside, and Kubernetes ends a pod that outlives all its attempts, each of them slow.
 */
function deadline(job: KTJob, items: number | null): Record<string, unknown> {
  const timeoutMs = job.timeout === null ? undefined : parseDurationMs(job.timeout);
  if (timeoutMs === undefined) return {};
  if (items === null) return { shareProcessNamespace: true };
  // A container is ended in time by whoever follows it; this is the net beneath.
  if (job.container !== null)
    return { activeDeadlineSeconds: Math.min(START_SECONDS + Math.ceil(timeoutMs / 1000), 2 ** 31 - 1) };
  return { shareProcessNamespace: true, activeDeadlineSeconds: longestSeconds(job, items) };
}

/** The longest time of a pod with so many items, each of whose attempts is slow; null: there is none. */
export function longestSeconds(job: KTJob, items: number): number | null {
  const timeoutMs = job.timeout === null ? undefined : parseDurationMs(job.timeout);
  if (timeoutMs === undefined) return null;
  const pauseMs = parseDurationMs(job.backoff.max) ?? 60_000;
  const attempts = Math.ceil(items / (job.concurrency ?? 1)) * (job.retries + 1);
  const seconds = START_SECONDS + Math.ceil((attempts * timeoutMs + job.retries * items * pauseMs) / 1000);
  return Math.min(seconds, 2 ** 31 - 1);
}

/** JSON merge patch (RFC 7396), except that lists of things with names are merged by name. */
export function mergePatch(target: unknown, patch: JsonObject[string]): unknown {
  if (Array.isArray(target) && Array.isArray(patch)) return mergeLists(target, patch);
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, key);
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function mergeLists(target: unknown[], patch: JsonObject[string][]): unknown[] {
  const nameOf = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : undefined;
  if (![...target, ...patch].every(value => nameOf(value) !== undefined)) return patch;
  const merged = target.map(value => {
    const over = patch.find(other => nameOf(other) === nameOf(value));
    return over === undefined ? value : mergePatch(value, over);
  });
  return [...merged, ...patch.filter(value => !target.some(other => nameOf(other) === nameOf(value)))];
}
