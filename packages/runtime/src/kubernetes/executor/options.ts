/** What the Kubernetes executor and its parts need. */
import type { Clock, FileStore } from '../../ports/index.js';
import type { KubeApi } from '../api/kube-api.js';
import type { RunFrame } from '../manifests/run-jobs.js';

/** What the executor needs. */
export interface KubernetesOptions {
  api: KubeApi;
  store: FileStore;
  clock: Clock;
  frame: RunFrame;
  /** Told of everything that went wrong; `isRetried`: it is tried again, and may pass. */
  onTrouble: (error: unknown, isRetried?: boolean) => void;
}
