/** The configuration of a project, `kt.config.ts`: named contexts, which say where its pipelines run. */
import type { JobOptions, KubernetesOptions } from './job-options.js';

/**
 * How the code of a pipeline gets into pods.
 *
 * `bundle`: in ConfigMaps; `registry`: as a layer that `kt` puts on an image; `docker`: by an image build.
 *
 * @example
 * ```ts
 * const delivery: Delivery = 'registry';
 * ```
 */
export type Delivery = 'bundle' | 'registry' | 'docker';

/**
 * Options of steps that a context may set for all; a step's own come first.
 *
 * @example
 * ```ts
 * const defaults: ContextDefaults = { retries: 2, memory: '2Gi', env: { LOG_LEVEL: 'info' } };
 * ```
 */
export type ContextDefaults = Partial<
  Pick<JobOptions, 'retries' | 'backoff' | 'timeout' | 'env' | 'labels' | 'reuse'> & {
    memory: string;
    cpu: string;
  }
> & {
  kubernetes?: KubernetesOptions;
};

/**
 * A claim that `kt deploy` makes, and never deletes.
 *
 * @example
 * ```ts
 * const claim: ClaimConfig = { size: '100Gi', accessMode: 'ReadWriteMany' };
 * ```
 */
export interface ClaimConfig {
  /** Kubernetes quantity, such as `100Gi`. */
  size: string;
  /** Default: that of the cluster. */
  storageClass?: string;
  /** With `ReadWriteOnce`, the default, all pods have to be on one node. */
  accessMode?: 'ReadWriteOnce' | 'ReadWriteMany';
}

/**
 * One context: where pipelines run, and how their code gets there.
 *
 * @example
 * ```ts
 * const prod: ContextConfig = {
 *   kubeContext: 'eks',
 *   namespace: 'batch',
 *   volume: 'pvc:data',
 *   repository: 'registry.example/team/pipelines',
 * };
 * ```
 */
export interface ContextConfig {
  /** Context of the kubeconfig. Default: the current one. */
  kubeContext?: string;
  /** Path of the kubeconfig, relative to the configuration. Default: KUBECONFIG, else `~/.kube/config`. */
  kubeconfig?: string;
  /** Default: that of the kube context. */
  namespace?: string;
  /** Image of all pods, with Node ≥ 20.19; with `registry` and `docker` the image that is built upon. */
  image?: string;
  /**
   * When the image is pulled. Default: `Always` from a registry, `Never` for an image of the node itself,
   * `IfNotPresent` for the stock image and for digests.
   */
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /**
   * Image of container steps that name none, here and in clusters. Default: none, and such a step is refused;
   * the variables KT_CONTAINER_IMAGE, TACLIB_IMAGE and IMAGE come before.
   */
  containerImage?: string;
  /** File store as pods open it: `s3://bucket/prefix`, `gs://…`, `az://…`. Default: the volume's folder. */
  store?: string;
  /**
   * Secret whose keys (such as `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`) pods open the store with.
   * Default: the rights of the service account.
   */
  storeSecret?: string;
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
  /** Runs of the namespace that go on at once; later ones wait for their turn. Default 50. */
  maxRuns?: number;
  /** Keep the Jobs of finished steps. Default false. */
  keepFinished?: boolean;
  /** Options of all steps; a step's own come first. */
  defaults?: ContextDefaults;
}

/**
 * A kind of store whose driver workers do not have by themselves: `s3:`, `gs:` or `az:`.
 *
 * @example
 * ```ts
 * const driver: StoreDriver = 's3';
 * ```
 */
export type StoreDriver = 's3' | 'gs' | 'az';

/**
 * A job definition of the job server: its name, and one of a template, a file with one, a ConfigMap with one.
 *
 * @example
 * ```ts
 * const greet: JobDefinitionConfig = { name: 'greet', file: 'templates/greet.yaml' };
 * ```
 */
export interface JobDefinitionConfig {
  /** 1 to 63 letters, digits, ".", "_", "-". */
  name: string;
  /** A Job of Kubernetes as a template of Jinja. */
  template?: string;
  /** Path of a template, relative to the configuration; it is read again when it has changed. */
  file?: string;
  /** A ConfigMap, whose key with its own name has the template; it is read for each job. */
  configMap?: { name: string; namespace: string };
  /** A queue of Kueue in which its jobs stand, where they do not say another. */
  queue?: string;
  /** The priority in the queue; without one the PriorityClass of the pods. */
  priority?: string;
}

/**
 * What `kt serve`, `kt jobs` and `kt render server` work with.
 *
 * @example
 * ```ts
 * const server: ServerConfig = { definitions: [{ name: 'greet', file: 'templates/greet.yaml' }] };
 * ```
 */
export interface ServerConfig {
  /** Job definitions. A list in YAML that JOB_DEFINITIONS_CONFIG_PATH names comes before them. */
  definitions: readonly JobDefinitionConfig[];
}

/**
 * What `kt.config.ts` exports by default.
 *
 * @example
 * ```ts
 * const config: ProjectConfig = { contexts: { dev: { volume: 'pvc:kt-data' } } };
 * ```
 */
export interface ProjectConfig {
  /** Contexts by name, for `--context`. */
  contexts: Record<string, ContextConfig>;
  /** The context where none is named. Default: the only one there is. */
  default?: string;
  /**
   * Kinds of stores that functions open beside the run's own, with `context.store`, `context.fs` or
   * `openStore`: what opens them goes into bundles. Default: none but that of the run's store.
   */
  drivers?: readonly StoreDriver[];
  /** The job server. Default: what its environment says. */
  server?: ServerConfig;
}

/**
 * Says what a configuration may hold, for the editor; gives back what it is given.
 *
 * It is checked when `kt` reads it.
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   default: 'dev',
 *   contexts: {
 *     dev: { volume: 'pvc:kt-data', claim: { size: '10Gi' } },
 *     prod: { kubeContext: 'eks', namespace: 'batch', volume: 'pvc:data' },
 *   },
 * });
 * ```
 */
export const defineConfig = <const C extends ProjectConfig>(
  config: C & { default?: keyof C['contexts'] & string },
): C => config;
