/** What the Kubernetes executor and its parts need. */
import type { Clock, FileStore } from '../../ports/index.js';
import type { KubeApi } from '../api/kube-api.js';
import type { KubeError } from '../api/kube-error.js';
import type { RunFrame } from '../manifests/run-jobs.js';

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
