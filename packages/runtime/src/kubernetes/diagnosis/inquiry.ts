/*
 * What a diagnosis asks the cluster: for one Job, or for all Jobs of a run at once.
 *
 * EV1 However many steps of a run wait, they share one list of pods and at most two of events in a moment.
 *     Only where such a list is not whole, or says that something is wrong with a Job, that Job is asked for.
 */
import type { Clock } from '../../ports/index.js';
import type { KubeApi } from '../api/kube-api.js';
import type { Job, KubeEvent, KubeList, KubeObject, Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { isInQueue } from '../manifests/cluster-settings.js';
import { JOB_NAME, LABEL, selectPodsOf, selectRun } from '../manifests/names.js';

/** Pods of a Job that are looked at. */
const PODS = 50;
/** Pods of the namespace that are looked at for who holds the room. */
const HOLDERS = 500;
/** Most entries of a list that steps share. */
const SHARED = 500;
const MOMENT_MS = 1000;
const OF_WORKLOADS = 'involvedObject.kind=Workload';
const QUEUED = 'involvedObject.kind=Job,reason=CreatedWorkload';
/** Events that say nothing of why a pod waits; each pod has them. */
const USUAL = ['Scheduled', 'Created', 'Started', 'Killing'];

/** What can be asked. All reject with KubeError. */
export interface Inquiry {
  /** Some of the pods of a Job that have not started. */
  pendingPods(job: Job): Promise<readonly Pod[]>;
  /** Events about a Job that its pods could not be made. */
  eventsOfJob(job: Job): Promise<readonly KubeEvent[]>;
  /** Events about a Job's place in its queue; of one that names none, whether a queue has taken it. */
  eventsOfQueue(job: Job): Promise<readonly KubeEvent[]>;
  /** Events about pods. */
  eventsOfPods(pods: readonly Pod[]): Promise<readonly KubeEvent[]>;
  /** Some of the pods that kube-transform has in the namespace. */
  placedPods(): Promise<readonly Pod[]>;
}

type Query = { labelSelector?: string; fieldSelector?: string; limit: number };

/** Asks for each Job and pod by itself. */
export class InquiryOfJob implements Inquiry {
  readonly #api: KubeApi;
  readonly #signal: AbortSignal | undefined;

  constructor(api: KubeApi, signal?: AbortSignal) {
    this.#api = api;
    this.#signal = signal;
  }

  async pendingPods({ metadata }: Job): Promise<readonly Pod[]> {
    const labelSelector = selectPodsOf(metadata.name);
    const query = { labelSelector, fieldSelector: 'status.phase=Pending', limit: PODS };
    return (await this.list<Pod>(paths.pods(this.#api.namespace), query)).items;
  }

  eventsOfJob(job: Job): Promise<readonly KubeEvent[]> {
    return this.#about(job);
  }

  async eventsOfQueue(job: Job): Promise<readonly KubeEvent[]> {
    const { fieldSelector, isOfJob } = eventsAsQueued(job);
    const query = { fieldSelector, limit: SHARED };
    const { items } = await this.list<KubeEvent>(paths.events(this.#api.namespace), query);
    return items.filter(isOfJob);
  }

  async eventsOfPods(pods: readonly Pod[]): Promise<readonly KubeEvent[]> {
    return (await Promise.all(pods.map(pod => this.#about(pod)))).flat();
  }

  async placedPods(): Promise<readonly Pod[]> {
    const query = { labelSelector: `${LABEL.managedBy}=kt`, limit: HOLDERS };
    return (await this.list<Pod>(paths.pods(this.#api.namespace), query)).items;
  }

  async #about({ metadata }: KubeObject): Promise<readonly KubeEvent[]> {
    const query = { fieldSelector: `involvedObject.uid=${metadata.uid ?? ''}`, limit: 100 };
    return (await this.list<KubeEvent>(paths.events(this.#api.namespace), query)).items;
  }

  /** A list, or the beginning of one. */
  async list<T extends KubeObject>(path: string, query: Query): Promise<KubeList<T>> {
    const options = { query: { ...query }, signal: this.#signal, retryForMs: 0 };
    return (await this.#api.get<KubeList<T>>(path, options)) ?? { metadata: {}, items: [] };
  }
}

/** Asks for all Jobs of a run; what was answered holds for a moment. */
export class InquiryOfRun implements Inquiry {
  readonly #namespace: string;
  readonly #runId: string;
  readonly #clock: Pick<Clock, 'elapsedMs'>;
  readonly #alone: InquiryOfJob;
  readonly #answers = new Map<string, { askedMs: number; list: Promise<KubeList<KubeObject>> }>();

  constructor(api: KubeApi, { runId, clock }: { runId: string; clock: Pick<Clock, 'elapsedMs'> }) {
    this.#namespace = api.namespace;
    this.#runId = runId;
    this.#clock = clock;
    this.#alone = new InquiryOfJob(api);
  }

  async pendingPods(job: Job): Promise<readonly Pod[]> {
    const { items, metadata } = await this.#shared<Pod>(paths.pods(this.#namespace), {
      labelSelector: selectRun(this.#runId, 'task'),
      fieldSelector: 'status.phase=Pending',
      limit: SHARED,
    });
    if (metadata.continue !== undefined) return this.#alone.pendingPods(job);
    return items.filter(pod => pod.metadata.labels?.[JOB_NAME] === job.metadata.name).slice(0, PODS);
  }

  async eventsOfJob(job: Job): Promise<readonly KubeEvent[]> {
    const refused = await this.#events('involvedObject.kind=Job,reason=FailedCreate');
    if (refused !== null && !refused.some(isAbout([job]))) return [];
    // Whether one was made since is told by others of its events.
    return this.#alone.eventsOfJob(job);
  }

  async eventsOfQueue(job: Job): Promise<readonly KubeEvent[]> {
    const { fieldSelector, isOfJob } = eventsAsQueued(job);
    return ((await this.#events(fieldSelector)) ?? []).filter(isOfJob);
  }

  async eventsOfPods(pods: readonly Pod[]): Promise<readonly KubeEvent[]> {
    if (pods.length === 0) return [];
    const telling = USUAL.map(reason => `reason!=${reason}`).join();
    const events = await this.#events(`involvedObject.kind=Pod,${telling}`);
    return events === null ? this.#alone.eventsOfPods(pods) : events.filter(isAbout(pods));
  }

  async placedPods(): Promise<readonly Pod[]> {
    const query = { labelSelector: `${LABEL.managedBy}=kt`, limit: HOLDERS };
    return (await this.#shared<Pod>(paths.pods(this.#namespace), query)).items;
  }

  /** Events of the namespace; null where there are too many. */
  async #events(fieldSelector: string): Promise<readonly KubeEvent[] | null> {
    const query = { fieldSelector, limit: SHARED };
    const { items, metadata } = await this.#shared<KubeEvent>(paths.events(this.#namespace), query);
    return metadata.continue === undefined ? items : null;
  }

  #shared<T extends KubeObject>(path: string, query: Query): Promise<KubeList<T>> {
    const key = `${path} ${query.labelSelector ?? ''} ${query.fieldSelector ?? ''}`;
    const nowMs = this.#clock.elapsedMs();
    const known = this.#answers.get(key);
    if (known !== undefined && nowMs - known.askedMs < MOMENT_MS) return known.list as Promise<KubeList<T>>;
    const list = this.#alone.list<T>(path, query);
    this.#answers.set(key, { askedMs: nowMs, list });
    return list;
  }
}

const eventsAsQueued = (job: Job): { fieldSelector: string; isOfJob: (event: KubeEvent) => boolean } =>
  isInQueue(job)
    ? { fieldSelector: OF_WORKLOADS, isOfJob: isOfWorkload(job) }
    : { fieldSelector: QUEUED, isOfJob: isAbout([job]) };

/** Kueue has an object for each Job, of which its events are; its name is made of the Job's. */
const isOfWorkload =
  ({ metadata }: Job) =>
  ({ involvedObject: { name } }: KubeEvent): boolean =>
    name !== undefined && name.replace(/-[^-]*$/, '') === `job-${metadata.name}`;

const isAbout =
  (objects: readonly KubeObject[]) =>
  ({ involvedObject: { uid } }: KubeEvent): boolean =>
    uid !== undefined && objects.some(({ metadata }) => metadata.uid === uid);
