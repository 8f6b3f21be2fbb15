/** Warm pods as objects of a cluster: of no step, for all steps whose own pods would be the same. Pure. */
import type { KTJob } from '@kube-transform/sdk';
import type { Job } from '../api/objects.js';
import { type ClusterSettings, isQueued } from '../manifests/cluster-settings.js';
import { ANNOTATION, bundleNames, JOB_NAME, LABEL, runLabels, shortHash } from '../manifests/names.js';
import {
  basePod,
  type EnvVar,
  heapFlag,
  MOUNT,
  podLabels,
  resourcesOf,
  withJobOptions,
  workerEnv,
} from '../manifests/pod-spec.js';
import { DISRUPTION, type RunFrame, userLabels, withPatch } from '../manifests/run-jobs.js';

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
  job.reuse === 'run' && job.container === null && job.itemsPerPod === null && !isQueued(settings, job);

const ofPod = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** The class of a step: the pod that it would have, but for its name. @param memory that of its next pod. */
export function warmClass(frame: RunFrame, job: KTJob, memory: string): WarmClass {
  const { runId, pipeline, settings, digest } = frame;
  const own = { ...settings.defaults, ...job.kubernetes };
  const env: EnvVar[] = [
    ...workerEnv(settings, job.env),
    { name: 'KT_RUN', value: runId },
    { name: 'KT_DIGEST', value: digest },
    ofPod('KT_POD_UID', 'metadata.uid'),
    ofPod('KT_POD_NAME', 'metadata.name'),
    ofPod('KT_WARM', `metadata.labels['${JOB_NAME}']`),
  ];
  const pod = basePod({
    settings,
    bundle: bundleNames(digest, frame.bundleParts),
    args: [heapFlag(memory), `${MOUNT.bundle}/worker.mjs`],
    env,
    resources: resourcesOf(job, memory),
    token: false,
    volumes: [],
  });
  const common = { ...userLabels(job.labels), ...runLabels(runId, pipeline, 'task') };
  const annotations = { ...settings.defaults.annotations, ...job.kubernetes.annotations };
  const spec = withJobOptions(pod, job, { settings, items: null });
  const id = shortHash(JSON.stringify([common, annotations, spec, own.jobPatch ?? null]));
  const labels = { ...common, [LABEL.warm]: id };
  const template = { metadata: { labels: podLabels(settings, labels), annotations }, spec };
  const jobOf = (number: number, lanes: number): Job => {
    const jobSpec = {
      completionMode: 'Indexed',
      completions: lanes,
      parallelism: lanes,
      backoffLimitPerIndex: 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: { rules: [DISRUPTION] },
      ttlSecondsAfterFinished: settings.ttlSeconds,
      template,
    };
    return {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: `kt-warm-${id}-${number}`,
        namespace: settings.namespace,
        labels: { ...labels, [LABEL.wave]: String(number) },
        annotations: { [ANNOTATION.runId]: runId, [ANNOTATION.memory]: memory },
        ownerReferences: [frame.owner],
      },
      spec: own.jobPatch === undefined ? jobSpec : withPatch(jobSpec, own.jobPatch),
    };
  };
  return { id, memory, jobOf };
}
