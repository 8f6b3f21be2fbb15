/** The objects that a run has in a cluster, as pure functions of what is asked for. */
import type { JsonObject, KTJob } from '@kube-transform/sdk';
import { EXIT_CODE } from './exit-codes.js';
import {
  ANNOTATION,
  bundleNames,
  type BundleRef,
  controllerName,
  foundBy,
  LABEL,
  labelValue,
  runLabels,
  runName,
  shortHash,
  taskName,
  userLabels,
} from './names.js';
import type { Job, JobSpec, OwnerReference } from '../api/objects.js';
import {
  basePod,
  CONTAINER,
  type EnvVar,
  heapFlag,
  mergePatch,
  MOUNT,
  needsNoVolume,
  placementOf,
  podLabels,
  resourcesOf,
  withJobOptions,
  workerEnv,
} from './pod-spec.js';
import { workerCode } from './packed-bundle.js';
import { withBeside } from './beside-controller.js';
import { type ClusterSettings, QUEUE_MARK, queueMarks, withOneAuthority } from './cluster-settings.js';

/** What a controller asks for: it is at work for moments, and is not to hold room that its pods need. */
const CONTROLLER = { cpu: '10m', memory: '128Mi', limit: '512Mi' };
const CONTROLLER_STARTS = 30;

/** What the manifests of one run have in common. */
export interface RunFrame extends BundleRef {
  runId: string;
  pipeline: string;
  settings: ClusterSettings;
  /** The run's ConfigMap: deleting it ends the run. */
  owner: OwnerReference;
}

/** One wave of a job's pods: index i, of `lanes`, runs pod `pods[i]`, or what it is given. */
export interface WavePlan {
  job: KTJob;
  wave: number;
  /** Pods as ranges. */
  pods: string;
  count: number;
  lanes: number;
  /**
   * Indexes that begin with what is theirs and then take what they are given; others ask first. Null: each
   * runs what is its own, alone.
   */
  first: number | null;
  itemsPerPod: number;
  parallelism: number;
  /** Memory of a pod; the job's own, or more after it ran out. */
  memory: string;
  /** Of a container step: its pod, and what differs between the pods of the wave. */
  container?: { pod: Record<string, unknown>; varied: string } | undefined;
}

/** The only pod of a wave, with one item. */
export const ONE_POD = { pods: '0', count: 1, lanes: 1, first: null, itemsPerPod: 1, parallelism: 1 };

/** How many pods of its index have ended before a pod, as Kubernetes counts them. */
const INDEX_HISTORY: readonly EnvVar[] = [
  ['KT_INDEX_FAILURES', 'job-index-failure-count'],
  ['KT_INDEX_IGNORED', 'job-index-ignored-failure-count'],
].map(([name = '', annotation = '']) => ({
  name,
  valueFrom: { fieldRef: { fieldPath: `metadata.annotations['batch.kubernetes.io/${annotation}']` } },
}));

/** Who is taken away is replaced. */
export const DISRUPTION = {
  action: 'Ignore',
  onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
};
/** What exit codes of a worker mean; those of other programs mean what their authors say. */
const WORKER_ENDS = [
  DISRUPTION,
  {
    action: 'FailIndex',
    onExitCodes: { containerName: CONTAINER, operator: 'In', values: [EXIT_CODE.failed] },
  },
  {
    action: 'FailJob',
    onExitCodes: { containerName: CONTAINER, operator: 'In', values: [EXIT_CODE.abort] },
  },
];

/** What the pods of a step are told that are its own. */
const stepEnv = ({ job, wave, pods, first }: WavePlan): EnvVar[] => [
  { name: 'KT_JOB', value: job.name },
  { name: 'KT_PODS', value: pods },
  // What a pod says when it asks for something to do, and which of them begin with what is theirs.
  { name: 'KT_WAVE', value: String(wave) },
  ...(first === null ? [] : [{ name: 'KT_LANES', value: String(first) }]),
  ...INDEX_HISTORY,
];

/** A pod with a worker that runs functions; `own`: what it is told beside its run. */
export function workerPod(
  frame: RunFrame,
  { job, memory }: Pick<WavePlan, 'job' | 'memory'>,
  own: readonly EnvVar[],
): Record<string, unknown> {
  const { runId, settings, digest } = frame;
  const code = workerCode(frame, needsNoVolume(job, settings));
  const env: EnvVar[] = [
    ...workerEnv(settings, job.env),
    { name: 'KT_RUN', value: runId },
    { name: 'KT_DIGEST', value: digest },
    { name: 'KT_POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    { name: 'KT_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ...own,
  ];
  return basePod({
    settings,
    ...code,
    args: [heapFlag(memory), ...code.args],
    env: [...env, ...code.env],
    resources: resourcesOf(job, memory),
    token: false,
    volumes: [],
  });
}

/** The Indexed Job of a wave. */
export function taskJob(frame: RunFrame, plan: WavePlan): Job {
  const { runId, pipeline, settings, digest } = frame;
  const { job, wave, memory, itemsPerPod, first } = plan;
  const own = { ...settings.defaults, ...job.kubernetes };
  const found = {
    ...userLabels(job.labels),
    ...foundBy(runId, pipeline, 'task'),
    [LABEL.job]: labelValue(job.name),
    ...(plan.container === undefined ? {} : { [LABEL.container]: 'true' }),
  };
  const labels = { ...found, ...runLabels(runId, pipeline, 'task'), [LABEL.wave]: String(wave) };
  const pod = plan.container?.pod ?? workerPod(frame, plan, stepEnv(plan));
  const annotations = {
    ...settings.defaults.annotations,
    ...job.kubernetes.annotations,
    [ANNOTATION.job]: job.name,
  };
  const template = {
    metadata: { labels: podLabels(settings, found), annotations },
    // One that takes what is left may come to do everything.
    spec: withJobOptions(pod, job, { settings, items: itemsPerPod * (first === null ? 1 : plan.count) }),
  };
  return indexedJob(frame, {
    metadata: {
      name: taskName({ runId, job: job.name, wave }),
      labels: { ...labels, ...(own.queue === undefined ? {} : { [QUEUE_MARK.name]: own.queue }) },
      annotations: {
        [ANNOTATION.job]: job.name,
        [ANNOTATION.pods]: plan.pods,
        ...(first === null ? {} : { [ANNOTATION.lanes]: String(first) }),
        ...queueMarks(plan),
        ...(plan.container === undefined ? {} : { [ANNOTATION.varied]: plan.container.varied }),
        [ANNOTATION.itemsPerPod]: String(itemsPerPod),
        [ANNOTATION.memory]: memory,
        [ANNOTATION.specHash]: shortHash(
          JSON.stringify({ ...job, tasks: [], items: null }),
          digest,
          settings.image,
        ),
      },
    },
    lanes: plan.lanes,
    parallelism: plan.parallelism,
    rules: plan.container === undefined ? WORKER_ENDS : [DISRUPTION],
    template,
    patch: own.jobPatch,
  });
}

/** An Indexed Job of a run whose pods are begun once: how they ended is judged by who made it. */
export function indexedJob(
  { runId, settings, owner }: RunFrame,
  given: Pick<JobSpec, 'template'> & {
    metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> };
    lanes: number;
    parallelism: number;
    rules: readonly object[];
    patch: JsonObject | undefined;
  },
): Job {
  const { metadata, lanes, parallelism, rules, template, patch } = given;
  const spec = {
    completionMode: 'Indexed',
    completions: lanes,
    parallelism,
    backoffLimitPerIndex: 0,
    podReplacementPolicy: 'Failed',
    podFailurePolicy: { rules },
    ttlSecondsAfterFinished: settings.ttlSeconds,
    template,
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...metadata,
      namespace: settings.namespace,
      annotations: { [ANNOTATION.runId]: runId, ...metadata.annotations },
      ownerReferences: [owner],
    },
    spec: patch === undefined ? spec : withPatch(spec, patch),
  };
}

/** A Job's spec with a patch of the user's, which may not change which pods it has. */
function withPatch<S extends object>(spec: S, patch: JsonObject): S {
  const kept = ['completionMode', 'completions', 'parallelism', 'backoffLimitPerIndex', 'podFailurePolicy'];
  const allowed = Object.fromEntries(Object.entries(patch).filter(([key]) => !kept.includes(key)));
  return mergePatch(spec, allowed) as S;
}

/** The Job of a run's controller; `start` tells one begin or resume of the run from another. */
export function controllerJob(
  frame: RunFrame,
  start: { id: string; documents: readonly string[]; besideMemory?: string },
): Job {
  const { runId, pipeline, settings, digest } = frame;
  const labels = runLabels(runId, pipeline, 'controller');
  const { besideMemory: memory } = start;
  const alone = basePod({
    settings,
    bundle: bundleNames(digest, frame.bundleParts),
    args: withOneAuthority(settings, [`${MOUNT.bundle}/controller.mjs`]),
    env: [
      { name: 'KT_RUN_CONFIG', value: runName(runId) },
      { name: 'KT_POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
      { name: 'KT_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ],
    resources: {
      requests: { cpu: CONTROLLER.cpu, memory: CONTROLLER.memory },
      limits: { memory: CONTROLLER.limit },
    },
    token: true,
    volumes: [
      {
        name: 'run',
        mountPath: MOUNT.run,
        source: {
          projected: { sources: [runName(runId), ...start.documents].map(name => ({ configMap: { name } })) },
        },
      },
    ],
  });
  const spec = memory === undefined ? alone : withBeside(alone, { settings, digest, memory });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: controllerName(runId, start.id),
      namespace: settings.namespace,
      labels,
      annotations: { [ANNOTATION.runId]: runId },
      ownerReferences: [frame.owner],
    },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: CONTROLLER_STARTS,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          DISRUPTION,
          {
            action: 'FailJob',
            onExitCodes: { containerName: CONTAINER, operator: 'In', values: [EXIT_CODE.failed] },
          },
        ],
      },
      ttlSecondsAfterFinished: settings.ttlSeconds,
      template: {
        metadata: {
          labels: podLabels(settings, labels),
          annotations: {
            'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
            'karpenter.sh/do-not-disrupt': 'true',
          },
        },
        spec: { ...spec, ...placementOf(settings) },
      },
    },
  };
}
