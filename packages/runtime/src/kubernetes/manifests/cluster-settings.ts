/** What is the same for all pods of a run: where it runs, with which image and which volume. */
import type { KTJob, KubernetesOptions } from '@kube-transform/sdk';
import { count, flag, keyed, nullOr, oneOf, orElse, record, table, text } from '../../parse/shapes.js';
import { KUBERNETES } from '../../parse/stored-job.js';
import type { Job } from '../api/objects.js';

/** The volume behind a `file:` store. */
export type DataVolume = { claim: string; mountPath: string } | { hostPath: string; mountPath: string };

/**
 * Settings of a run in a cluster; stored in its ConfigMap, so that a controller that comes back has the same.
 */
export interface ClusterSettings {
  namespace: string;
  /** Image of all pods: any with Node ≥ 20.19 as `node` on the PATH. */
  image: string;
  /** Default: see {@link pullPolicy}. */
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never' | null;
  /** Service account of all pods; only the controller's gets a token. Default `kt-pod`. */
  serviceAccount: string;
  /** URL of the store, as pods open it. */
  store: string;
  /** Secret whose keys all pods have in their environment, to open the store with; null: none. */
  storeSecret: string | null;
  /** Null where the store is no folder. */
  volume: DataVolume | null;
  /** Pod options of all jobs; a job's own come first. */
  defaults: KubernetesOptions;
  /** Environment of all workers; what begins with `AWS_`, `GOOGLE_` or `AZURE_`, of all pods. */
  env: Record<string, string>;
  /** Pods of one job at once, where the job does not say. Default 1000. */
  parallelism: number;
  /** Pods of the whole run at once. Default 2000. */
  maxPods: number;
  /** Runs of the namespace that go on at once; later ones wait. Default 50. */
  maxRuns: number;
  /** Keep the Jobs of finished steps until the run is collected. Default false: they are deleted. */
  keepFinished: boolean;
  /**
   * Succeeded pods of a Job that may be left while it goes on; beyond, their objects are deleted. Default
   * 1000.
   */
  reapAbove: number;
  /** Seconds after which Kubernetes itself deletes what is left of a finished Job. Default 86,400. */
  ttlSeconds: number;
}

const MAX_RUNS = 50;

const VOLUME = keyed<DataVolume>({
  claim: record<Extract<DataVolume, { claim: string }>>({ claim: text, mountPath: text }),
  hostPath: record<Extract<DataVolume, { hostPath: string }>>({ hostPath: text, mountPath: text }),
});

/** The fields of the settings of a deployed version: those of a run, without a namespace. */
export const SETTINGS_FIELDS = {
  image: text,
  imagePullPolicy: nullOr(oneOf('Always', 'IfNotPresent', 'Never')),
  serviceAccount: text,
  store: text,
  // Settings of 0.1.0 do not have it.
  storeSecret: orElse(nullOr(text), null),
  volume: nullOr(VOLUME),
  defaults: KUBERNETES,
  env: table(text),
  parallelism: count,
  maxPods: count,
  // Settings of 0.1.0 do not have it.
  maxRuns: orElse(count, MAX_RUNS),
  keepFinished: flag,
  reapAbove: count,
  ttlSeconds: count,
};

/** The shape of settings. */
export const CLUSTER_SETTINGS = record<ClusterSettings>({ namespace: text, ...SETTINGS_FIELDS });

/** The queue that admits the pods of a job; undefined where none does. */
export const queueOf = ({ defaults }: ClusterSettings, { kubernetes }: KTJob): string | undefined =>
  ({ ...defaults, ...kubernetes }).queue;

/** By what Kueue knows a Job, and that it may admit fewer pods at once than the Job asks for. */
export const QUEUE_MARK = {
  /** Label: the LocalQueue. */
  name: 'kueue.x-k8s.io/queue-name',
  /** Annotation: how many pods at least. Without it all of them are admitted together, or none. */
  least: 'kueue.x-k8s.io/job-min-parallelism',
  /** Annotation: the Job is to have as many indexes as pods at once. */
  allAtOnce: 'kueue.x-k8s.io/job-completions-equal-parallelism',
} as const;

/** Whether a queue has the say over a Job: also one that the cluster puts each Job into that names none. */
export const isInQueue = ({ metadata }: Pick<Job, 'metadata'>): boolean =>
  metadata.labels?.[QUEUE_MARK.name] !== undefined;

/**
 * Annotations by which a queue may admit fewer of a Job's pods than it asks for, one at least; also where
 * none is named: the cluster may have one for such Jobs.
 */
export function queueMarks({
  parallelism,
  first,
}: {
  parallelism: number;
  first: number | null;
}): Record<string, string> {
  // Kueue refuses a least number that is not below what is asked for.
  if (parallelism <= 1) return {};
  return { [QUEUE_MARK.least]: '1', ...(first === 0 ? { [QUEUE_MARK.allAtOnce]: 'true' } : {}) };
}

/**
 * Arguments of a process that speaks TLS to the API server alone, whose authority it is told: it does not
 * read the hundred and more that Node brings, which takes as long as Node's own start. A bucket needs them.
 */
export const withOneAuthority = (settings: ClusterSettings, args: readonly string[]): string[] =>
  settings.store.startsWith('file:') ? ['--use-openssl-ca', ...args] : [...args];

/**
 * The image used where none is given. Node before 24 compiles its own code anew in each process that is given
 * a heap size: a fifth of a pod's start.
 */
export const DEFAULT_IMAGE = 'docker.io/library/node:24-slim';

/** Fills in what is not given. */
export function clusterSettings(
  given: Partial<ClusterSettings> & { namespace: string; store: string },
): ClusterSettings {
  return {
    image: DEFAULT_IMAGE,
    imagePullPolicy: null,
    serviceAccount: 'kt-pod',
    storeSecret: null,
    volume: null,
    defaults: {},
    env: {},
    parallelism: 1000,
    maxPods: 2000,
    maxRuns: MAX_RUNS,
    keepFinished: false,
    reapAbove: 1000,
    ttlSeconds: 86_400,
    ...given,
  };
}

/**
 * When the image is fetched: `Always` from a registry (the name has a "/"), `Never` for an image of the node
 * itself, as kube-transform does; `IfNotPresent` where the name can only ever mean one image (a digest) and
 * for {@link DEFAULT_IMAGE}.
 */
export function pullPolicy(
  image: string,
  given: 'Always' | 'IfNotPresent' | 'Never' | null | undefined,
): 'Always' | 'IfNotPresent' | 'Never' {
  if (given !== null && given !== undefined) return given;
  if (image === DEFAULT_IMAGE || image.includes('@sha256:')) return 'IfNotPresent';
  return image.includes('/') ? 'Always' : 'Never';
}
