/** What is asked of a cluster for warm pods: to make Jobs of them, to give a Job more, to end pods. */
import { KtError } from '@kube-transform/sdk';
import { isKubeError } from '../api/kube-error.js';
import { isOwnedBy, type Job, type Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { isInQueue } from '../manifests/cluster-settings.js';
import { JOB_INDEX, selectPodsOf } from '../manifests/names.js';
import { refusalOf } from '../diagnosis/rejections.js';
import type { WarmJob } from './warm-job.js';
import type { Lease, WarmPool } from './warm-pool.js';
import type { WarmOptions } from './warm-pools.js';

/** Names that may be taken by Jobs of a run that had the same id, and are being deleted. */
const MAX_NAMES = 5;

/** Makes, changes and deletes the Jobs of warm pods. */
export class WarmJobs {
  readonly #o: WarmOptions;
  readonly #namespace: string;

  constructor(options: WarmOptions) {
    this.#o = options;
    this.#namespace = options.frame.settings.namespace;
  }

  /**
   * Makes a Job of so many pods, or gives the last one more. The Job that is there now, and whether another
   * controller has made it; null where there is none, which the pool tells why. Rejects with KubeError where
   * that does not pass.
   */
  async provide(pool: WarmPool, more: number): Promise<{ object: Job; isFound: boolean } | null> {
    const job = pool.live.at(-1);
    try {
      const is = await (job === undefined ? this.#make(pool, more) : this.#grow(job, more));
      pool.refusal = null;
      return is;
    } catch (error) {
      pool.refusal = refusalOf(error);
      return null;
    }
  }

  async #make(pool: WarmPool, lanes: number): Promise<{ object: Job; isFound: boolean } | null> {
    if (pool.kind === undefined) return null;
    for (let names = 0; names < MAX_NAMES; names++) {
      const wanted = pool.kind.jobOf(pool.nextNumber(), lanes);
      const { name } = wanted.metadata;
      // A watch may tell of it before the answer comes.
      pool.making.add(name);
      const made = await this.#o.api.create<Job>(paths.jobs(this.#namespace), wanted);
      if (made !== null) return { object: made, isFound: false };
      const there = await this.#o.api.get<Job>(paths.jobs(this.#namespace, name));
      // Another controller has made it meanwhile.
      if (there !== null && isOwnedBy(there, this.#o.frame.owner.uid))
        return { object: there, isFound: true };
    }
    throw new KtError({
      code: 'FOREIGN_JOB',
      path: 'jobs',
      message: `Names of Jobs for warm pods are taken by Jobs of another run, the last of ${MAX_NAMES} tried.`,
      hint: 'They are being deleted, or somebody keeps them: kubectl get jobs -l kt.dev/warm; then resume the run.',
    });
  }

  async #grow(job: WarmJob, more: number): Promise<{ object: Job; isFound: boolean } | null> {
    // To a queue a Job of another size is another one: it would take its pods away first.
    if (isInQueue(job.job)) return null;
    const lanes = job.lanes + more;
    const spec = { parallelism: lanes, completions: lanes };
    try {
      const path = paths.jobs(this.#namespace, job.name);
      const object = await this.#o.api.patch<Job>(path, { spec }, { type: 'merge' });
      return object === null ? null : { object, isFound: false };
    } catch (error) {
      // It goes on with what it has.
      if (!isKubeError(error)) throw error;
      this.#o.onTrouble(error);
      return null;
    }
  }

  /** All pods of a Job, or those that failed. */
  async pods({ name }: WarmJob, phase?: 'Failed'): Promise<readonly Pod[]> {
    const which = {
      labelSelector: selectPodsOf(name),
      ...(phase === undefined ? {} : { fieldSelector: `status.phase=${phase}` }),
    };
    return (await this.#o.api.list<Pod>(paths.pods(this.#namespace), which)).items;
  }

  /** Ends the pod that has a lease. */
  end({ job, index }: Lease): Promise<void> {
    const labelSelector = `${selectPodsOf(job.name)},${JOB_INDEX}=${index}`;
    return this.#try(() => this.#o.api.deleteAll(paths.pods(this.#namespace), { labelSelector }));
  }

  /** Deletes a Job with its pods. */
  remove({ name, isGone }: WarmJob): Promise<void> {
    return isGone
      ? Promise.resolve()
      : this.#try(() => this.#o.api.delete(paths.jobs(this.#namespace, name)));
  }

  async #try(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (!isKubeError(error)) throw error;
      this.#o.onTrouble(error);
    }
  }
}
