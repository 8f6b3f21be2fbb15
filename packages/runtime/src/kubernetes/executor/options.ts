/** What the Kubernetes executor and its parts need. */
import type {
  Assignment,
  AssignmentRequest,
  Clock,
  Executor,
  ExecutorCapabilities,
  FileStore,
  Hint,
  WarmRequest,
} from '../../ports/index.js';
import type { KubeApi } from '../api/kube-api.js';
import type { KubeError } from '../api/kube-error.js';
import type { RunFrame } from '../manifests/run-jobs.js';

/** What it can do. */
export const CAPABILITIES: ExecutorCapabilities = {
  name: 'kubernetes',
  isolation: 'pod',
  hardTimeout: true,
  memoryLimit: true,
};

/** What the executor needs. */
export interface KubernetesOptions {
  api: KubeApi;
  store: FileStore;
  clock: Clock;
  frame: RunFrame;
  /** A version of the Jobs of its namespace that was seen just now. Default: they are listed anew. */
  jobsSince?: string | undefined;
  /** No other controller had the run before. Default: one may have had it. */
  isFirst?: boolean;
  /** Told of everything that went wrong and is tried again. */
  onTrouble: (error: unknown) => void;
  /** Told of a right that was missing and is there now. */
  onPassed?: (denied: KubeError) => void;
}

/** An executor whose workers are pods; `hint` is told that a pod has something new in the store. */
export type KubernetesExecutor = Executor & {
  hint(hint: Hint): void;
  /** Gives a pod something to do; null: the pod is to find out by itself. */
  assign(request: AssignmentRequest): Promise<Assignment | null>;
  /** The same for a warm pod, which is answered before the signal where there is something for it. */
  warm(request: WarmRequest, signal: AbortSignal): Promise<Assignment | null>;
};
