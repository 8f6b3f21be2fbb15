/** Names, labels and annotations of what a run has in a cluster. */
import { createHash } from 'node:crypto';
import { omitUndefined } from '@kube-transform/sdk';
import type { OwnerReference } from '../api/objects.js';

/** Labels that objects are found by. */
export const LABEL = {
  run: 'kt.dev/run',
  job: 'kt.dev/job',
  wave: 'kt.dev/wave',
  /** Of pods that run a container of the user's. */
  container: 'kt.dev/container',
  /** The class of pods that are of no step. */
  warm: 'kt.dev/warm',
  bundle: 'kt.dev/bundle',
  /** The version of a deployed pipeline. */
  version: 'kt.dev/version',
  /** The project that deployed it. */
  project: 'kt.dev/project',
  /** The CronJob of a schedule. */
  schedule: 'kt.dev/schedule',
  /** The pipeline that something is of. */
  pipeline: 'app.kubernetes.io/part-of',
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
} as const;

/** Annotations: free text, which labels cannot hold. */
export const ANNOTATION = {
  runId: 'kt.dev/run-id',
  job: 'kt.dev/job',
  pods: 'kt.dev/pods',
  /** Indexes that begin with what is theirs, of a Job whose pods take one thing to do after another. */
  lanes: 'kt.dev/lanes',
  itemsPerPod: 'kt.dev/items-per-pod',
  specHash: 'kt.dev/spec-hash',
  /** Which texts of a container differ from pod to pod. */
  varied: 'kt.dev/varied',
  memory: 'kt.dev/memory',
  deployedAt: 'kt.dev/deployed-at',
  /** When a bundle was last said to be used. */
  usedAt: 'kt.dev/used-at',
  /** When a bundle was seen to be unused by who is about to look once more, and then to delete it. */
  toGo: 'kt.dev/to-go',
} as const;

/** What an object is for. */
export type Component =
  | 'run'
  | 'run-document'
  | 'bundle'
  | 'controller'
  | 'task'
  | 'reader'
  | 'deployment'
  | 'version'
  | 'schedule'
  | 'probe'
  | 'debug';

const MAX_LABEL = 63;

/** 50 bits of SHA-256 as ten characters of [a-z0-9]. */
export function shortHash(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(parts.join('\0')).digest('hex');
  return BigInt(`0x${hex.slice(0, 13)}`)
    .toString(36)
    .padStart(10, '0')
    .slice(0, 10);
}

/** A text as the readable part of a name: `[a-z0-9-]`, at most `length` characters. */
export function slug(text: string, length: number): string {
  const safe = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, length)
    .replaceAll(/^-+|-+$/g, '');
  return safe === '' ? 'x' : safe;
}

/** A text as the value of a label: itself where that is allowed, else a readable part and a hash. */
export function labelValue(text: string): string {
  return text.length <= MAX_LABEL && /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text)
    ? text
    : `${slug(text, 50)}-${shortHash(text)}`;
}

/** Name of a run's ConfigMap, at most 57 characters. */
export const runName = (runId: string): string => `kt-${slug(runId, 42)}-${shortHash(runId)}`;
/** Reference to a run's ConfigMap. */
export function ownerOf(runId: string, uid: string): OwnerReference {
  return { apiVersion: 'v1', kind: 'ConfigMap', name: runName(runId), uid, controller: false };
}
/** Name of the n-th ConfigMap of a run's document. */
export const documentName = (runId: string, n: number): string => `${runName(runId)}-d${n}`;
/** Name of a controller's Job: one for each time that a run is begun or resumed. */
export const controllerName = (runId: string, start: string): string =>
  `kt-${slug(runId, 30)}-${shortHash(runId)}-c${slug(start, 8)}`;
/** Name of the n-th ConfigMap of a bundle. */
export const bundleName = (digest: string, n: number): string => `kt-bundle-${digest}-${n}`;
/**
 * Name of a task Job: the n-th wave of a job's pods. At most 50 characters, so that names of pods fit with
 * six digits of index.
 */
export const taskName = (task: { runId: string; job: string; wave: number }): string =>
  `kt-${slug(task.job, 26)}-${shortHash(task.runId, task.job)}-${task.wave}`;

/** Name of the ConfigMap with what pods have of a bundle in their environment. */
export const codeName = (digest: string): string => `kt-bundle-${digest}-env`;

/** A bundle in a cluster, as runs and versions keep it. */
export interface BundleRef {
  digest: string;
  /** ConfigMaps of the bundle; 0 where the image has it. */
  bundleParts: number;
  /** Variables that hold what workers load, where pods mount nothing. Default: none do. */
  codeParts?: number;
}

/** The bundle of what has one, to hand on. */
export const bundleRef = ({ digest, bundleParts, codeParts }: BundleRef): BundleRef => ({
  digest,
  bundleParts,
  ...omitUndefined({ codeParts }),
});

/** Names of the ConfigMaps of a bundle. */
export const bundleNames = (digest: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => bundleName(digest, n));

/** The label by which Kubernetes marks the pods of a Job. */
export const JOB_NAME = 'batch.kubernetes.io/job-name';
/** The label by which Kubernetes marks which index of its Job a pod has. */
export const JOB_INDEX = 'batch.kubernetes.io/job-completion-index';
/** Selects the pods of a Job. */
export const selectPodsOf = (job: string): string => `${JOB_NAME}=${job}`;

/** Name of the ConfigMap that says which version of a pipeline is deployed. */
export const deploymentName = (pipeline: string): string =>
  `kt-deploy-${slug(pipeline, 30)}-${shortHash(pipeline)}`;
/** Name of the n-th ConfigMap of a version of a pipeline. */
export const versionName = (pipeline: string, version: string, n: number): string =>
  `kt-${slug(pipeline, 30)}-v${version}-${n}`;
/** Name of the CronJob of a schedule; at most 52 characters are allowed, so that names of its Jobs fit. */
export const scheduleName = (
  pipeline: string,
  { cron, timeZone }: { cron: string; timeZone: string | null },
): string => `kt-${slug(pipeline, 26)}-${shortHash(pipeline, cron, timeZone ?? '')}`;

/** Labels of what is deployed of a pipeline. */
export const deployLabels = (
  pipeline: string,
  project: string,
  component: Component,
): Record<string, string> => ({
  'app.kubernetes.io/name': 'kt',
  [LABEL.pipeline]: labelValue(pipeline),
  [LABEL.component]: component,
  [LABEL.managedBy]: 'kt',
  [LABEL.project]: labelValue(project),
});

/** Labels that everything of a run has; its pods of steps have {@link foundBy} alone. */
export function runLabels(runId: string, pipeline: string, component: Component): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'kt',
    'app.kubernetes.io/instance': labelValue(runId),
    ...foundBy(runId, pipeline, component),
  };
}

/**
 * Those of them that something is found by. A node compares the labels of all its pods whenever one of them
 * changes, and there are as many pods of steps as items.
 */
export const foundBy = (runId: string, pipeline: string, component: Component): Record<string, string> => ({
  [LABEL.pipeline]: labelValue(pipeline),
  [LABEL.component]: component,
  [LABEL.managedBy]: 'kt',
  [LABEL.run]: labelValue(runId),
});

/** Selects what a run has of one kind. */
export const selectRun = (runId: string, component: Component): string =>
  `${LABEL.run}=${labelValue(runId)},${LABEL.component}=${component}`;

/** The gate at which pods of containers wait for what they are told. */
export const GATE = 'kt.dev/item';

/** Labels that users give their jobs; those that are found by here stay ours. */
export function userLabels(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, labelValue(value)]));
}
