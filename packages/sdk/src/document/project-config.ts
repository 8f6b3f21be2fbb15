/**
 * The configuration of a project, `kt.config.ts`: named contexts, which say where its pipelines run and how.
 */
import type { JobOptions, KubernetesOptions } from './spec.js';

/**
 * How the code of a pipeline gets into pods: in ConfigMaps, as a layer on an image of a registry, or by an
 * image build.
 */
export type Delivery = 'bundle' | 'registry' | 'docker';

/** Options of steps that a context may set for all; a step's own come first. */
export type ContextDefaults = Partial<
  Pick<JobOptions, 'retries' | 'backoff' | 'timeout' | 'env' | 'labels'> & { memory: string; cpu: string }
> & {
  kubernetes?: KubernetesOptions;
};

/** A claim that `kt deploy` makes, and never deletes. */
export interface ClaimConfig {
  /** `'100Gi'`. */
  size: string;
  /** Default: that of the cluster. */
  storageClass?: string;
  /** With `ReadWriteOnce`, the default, all pods have to be on one node. */
  accessMode?: 'ReadWriteOnce' | 'ReadWriteMany';
}

/** One place where pipelines run. */
export interface ContextConfig {
  /** Context of the kubeconfig. Default: the current one. */
  kubeContext?: string;
  /** Path of the kubeconfig, relative to the configuration. Default: KUBECONFIG, else `~/.kube/config`. */
  kubeconfig?: string;
  /** Default: that of the kube context. */
  namespace?: string;
  /** Image of all pods, with Node ≥ 20.19; with `registry` and `docker` the image that is built upon. */
  image?: string;
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** File store as pods open it. Default: the folder of the volume. */
  store?: string;
  /**
   * Volume behind a `file:` store: `pvc:CLAIM` or `host:/path`, each with `:/mount/path` where it is not
   * `/mnt/data`.
   */
  volume?: string;
  /** Makes the claim that `volume` names, where it is not there. */
  claim?: ClaimConfig;
  /** Service account of the pods. Default `kt-pod`. */
  serviceAccount?: string;
  /** Default: what the bundle needs. */
  delivery?: Delivery;
  /** Repository that images are pushed to, such as `registry.example/team/pipelines`. */
  repository?: string;
  /** What pods run on, where packages with native code are used. Default `linux/amd64`. */
  platform?: 'linux/amd64' | 'linux/arm64';
  /** Speak plain HTTP with the registry. Default: only with one on this machine. */
  insecureRegistry?: boolean;
  /**
   * Command that builds and pushes the image instead of `docker build`, relative to the configuration;
   * `KT_IMAGE` names the image.
   */
  build?: string;
  /** Pods of a whole run at once. Default 2000. */
  maxPods?: number;
  /** Keep the Jobs of finished steps. Default false. */
  keepFinished?: boolean;
  defaults?: ContextDefaults;
}

/** What `kt.config.ts` exports by default. */
export interface ProjectConfig {
  contexts: Record<string, ContextConfig>;
  /** The context where none is named. Default: the only one there is. */
  default?: string;
}

/** Says what a configuration may hold; gives back what it is given. */
export const defineConfig = <const C extends ProjectConfig>(
  config: C & { default?: keyof C['contexts'] & string },
): C => config;
