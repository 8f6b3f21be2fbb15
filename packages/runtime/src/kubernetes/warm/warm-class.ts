/** Warm pods as objects of a cluster: of no step, for all steps whose own pods would be the same. Pure. */
import type { KTJob } from '@kube-transform/sdk';
import type { Job } from '../api/objects.js';
import { type ClusterSettings, queueMarks, queueOf } from '../manifests/cluster-settings.js';
import {
  ANNOTATION,
  foundBy,
  JOB_NAME,
  LABEL,
  runLabels,
  shortHash,
  userLabels,
} from '../manifests/names.js';
import { type EnvVar, podLabels, withJobOptions } from '../manifests/pod-spec.js';
import { DISRUPTION, indexedJob, type RunFrame, workerPod } from '../manifests/run-jobs.js';

/** What warm pods have in common that may do the same. */
export interface WarmClass {
  /** Digest of all that is in their spec. */
  readonly id: string;
  readonly memory: string;
  /** The n-th Job of it, with so many pods. */
  jobOf(number: number, lanes: number): Job;
}

/**
 * Whether warm pods run a step: its author says so, and does not want pods of its own by something else that
 * he says.
 */
export const isWarm = (job: KTJob, settings: ClusterSettings): boolean =>
  job.reuse === 'run' &&
  job.container === null &&
  job.itemsPerPod === null &&
  queueOf(settings, job) === undefined;

/** A pod is told which Job it is of. */
const OF_JOB: EnvVar = {
  name: 'KT_WARM',
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${JOB_NAME}']` } },
};

/** The class of a step: the pod that it would have, but for its name. @param memory that of its next pod. */
export function warmClass(frame: RunFrame, job: KTJob, memory: string): WarmClass {
  const { runId, pipeline, settings } = frame;
  const { jobPatch: patch } = { ...settings.defaults, ...job.kubernetes };
  const pod = workerPod(frame, { job, memory }, [OF_JOB]);
  const common = { ...userLabels(job.labels), ...runLabels(runId, pipeline, 'task') };
  const annotations = { ...settings.defaults.annotations, ...job.kubernetes.annotations };
  const spec = withJobOptions(pod, job, { settings, items: null });
  const id = shortHash(JSON.stringify([common, annotations, spec, patch ?? null]));
  const labels = { ...common, [LABEL.warm]: id };
  const found = { ...userLabels(job.labels), ...foundBy(runId, pipeline, 'task'), [LABEL.warm]: id };
  const template = { metadata: { labels: podLabels(settings, found), annotations }, spec };
  const jobOf = (number: number, lanes: number): Job =>
    indexedJob(frame, {
      metadata: {
        name: `kt-warm-${id}-${number}`,
        labels: { ...labels, [LABEL.wave]: String(number) },
        annotations: {
          [ANNOTATION.memory]: memory,
          ...queueMarks({ parallelism: lanes, first: null }),
        },
      },
      ...{ lanes, parallelism: lanes, rules: [DISRUPTION], template, patch },
    });
  return { id, memory, jobOf };
}
