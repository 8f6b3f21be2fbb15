/**
 * The parts of Kubernetes objects that are read or written here; whatever else an object holds is left as it
 * is.
 */

/** What every object has. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
}

/** Whose deletion ends an object. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

/** Any object. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** A list of objects, one page of it. */
export interface KubeList<T extends KubeObject> {
  metadata: { resourceVersion?: string; continue?: string };
  items: T[];
}

/** `status` of a pod's condition or a Job's is "True", "False" or "Unknown". */
export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

/** A ConfigMap. */
export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
  /** Base64. */
  binaryData?: Record<string, string>;
  immutable?: boolean;
}

/** A batch/v1 Job. */
export interface Job extends KubeObject {
  spec?: JobSpec;
  status?: JobStatusFields;
}

/** The spec of a Job; pods are passed through as they are. */
export interface JobSpec {
  completions?: number;
  parallelism?: number;
  suspend?: boolean;
  template: {
    metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
    spec: Record<string, unknown>;
  };
  [field: string]: unknown;
}

/** Where a Job stands. */
export interface JobStatusFields {
  active?: number;
  ready?: number;
  terminating?: number;
  succeeded?: number;
  failed?: number;
  /** Indexes as "1,3-5". */
  completedIndexes?: string;
  failedIndexes?: string;
  startTime?: string;
  completionTime?: string;
  conditions?: Condition[];
}

/** How a container stands; one of the three. */
export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: {
    exitCode: number;
    signal?: number;
    reason?: string;
    message?: string;
    startedAt?: string;
    finishedAt?: string;
  };
}

/** How one container of a pod stands. */
export interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  containerID?: string;
  state?: ContainerState;
  lastState?: ContainerState;
}

/** A pod. */
export interface Pod extends KubeObject {
  spec?: {
    nodeName?: string;
    nodeSelector?: Record<string, string>;
    schedulingGates?: { name: string }[];
    restartPolicy?: string;
    containers?: {
      name: string;
      image?: string;
      resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
    }[];
  };
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    reason?: string;
    message?: string;
    podIP?: string;
    startTime?: string;
    conditions?: Condition[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

/** A core/v1 Event. */
export interface KubeEvent extends KubeObject {
  type?: string;
  reason?: string;
  message?: string;
  involvedObject: { kind?: string; name?: string; uid?: string };
  lastTimestamp?: string;
  eventTime?: string;
  series?: { lastObservedTime?: string };
}

/** One line of a watch. */
export type WatchEvent<T extends KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: KubeObject }
  | { type: 'ERROR'; object: ApiStatus };

/** What the API server answers where it refuses. */
export interface ApiStatus {
  kind: 'Status';
  code?: number;
  reason?: string;
  message?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    causes?: { field?: string; message?: string; reason?: string }[];
    retryAfterSeconds?: number;
  };
}

/** True where a Job has ended, for good or bad. */
export function isTerminalJob(job: Job): boolean {
  return (
    job.status?.conditions?.some(
      ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
    ) ?? false
  );
}

/** A number that grows with each change of an object; where a server counts otherwise, all are equal. */
export const changeOf = ({ metadata }: KubeObject): number => Number(metadata.resourceVersion) || 0;

/** Whether an object is part of what has this uid. */
export const isOwnedBy = ({ metadata }: KubeObject, uid: string | undefined): boolean =>
  metadata.ownerReferences?.some(owner => owner.uid === uid) === true;
