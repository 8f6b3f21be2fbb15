/**
 * A queue on a scripted cluster, as Kueue is one: a Job is suspended when it is made, admitted with as many
 * pods as there is room for, and taken back for others that are more urgent.
 */
import { type Clock } from '@kube-transform/runtime';
import { type Job, isTerminalJob, paths } from '@kube-transform/runtime/kubernetes';
import type { Chance } from '../kit/lag-store/chance.js';
import type { KubeServer } from '../kit/kube-server.js';
import type { StoredObject } from '../kit/kube-storage.js';

const QUEUE = 'kueue.x-k8s.io/queue-name';
const LEAST = 'kueue.x-k8s.io/job-min-parallelism';
const ALL_AT_ONCE = 'kueue.x-k8s.io/job-completions-equal-parallelism';
/** So often at most a Job is taken back. */
const EVICTIONS = 3;
const MOMENT_MS = 10;

/** Admits the Jobs of a namespace. */
export class KubeQueue {
  readonly #server: KubeServer;
  readonly #jobs: string;
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #stop: () => void;
  /** Told when a pod of a Job has begun. */
  readonly #begun = new Map<string, () => void>();
  /** How many Jobs were admitted with fewer pods than they asked for, and how many were taken back. */
  readonly done = { fewer: 0, evicted: 0 };

  constructor(server: KubeServer, options: { namespace: string; clock: Clock; chance: Chance }) {
    this.#server = server;
    this.#jobs = paths.jobs(options.namespace);
    this.#clock = options.clock;
    this.#chance = options.chance;
    this.#stop = server.storage.listen(({ collection, type, object }) => {
      if (collection !== this.#jobs) return;
      const { metadata, status } = object as unknown as Job;
      if (type === 'ADDED' && metadata.labels?.[QUEUE] !== undefined) this.#take(object);
      if (type === 'DELETED' || (status?.active ?? 0) > 0) this.#begun.get(metadata.name)?.();
    });
  }

  close(): void {
    this.#stop();
  }

  #take(object: StoredObject): void {
    const { metadata, spec } = object as unknown as Job;
    const { name, annotations = {} } = metadata;
    const { parallelism = 1, completions = 1 } = spec ?? {};
    const mayBeFewer = annotations[LEAST] !== undefined;
    const follows = annotations[ALL_AT_ONCE] === 'true';
    this.#change(name, { suspend: true });
    void (async () => {
      for (let taken = 0; ; taken++) {
        await this.#clock.sleep(MOMENT_MS * this.#chance.oneOf(5));
        const begun = new Promise<void>(resolve => this.#begun.set(name, resolve));
        const pods = mayBeFewer ? 1 + this.#chance.oneOf(parallelism) : parallelism;
        if (pods < parallelism) this.done.fewer++;
        const isThere = this.#change(name, {
          ...{ suspend: false, parallelism: pods },
          ...(follows ? { completions: pods } : {}),
        });
        if (!isThere || taken === EVICTIONS || this.#chance.happens(0.5)) return;
        await begun;
        if (!this.#change(name, { suspend: true, parallelism, completions })) return;
        this.done.evicted++;
      }
    })();
  }

  /** False where there is nothing to change any more. */
  #change(name: string, spec: object): boolean {
    const job = this.#find(name);
    if (job === undefined || isTerminalJob(job)) return false;
    this.#server.storage.patch(this.#jobs, name, { spec });
    return true;
  }

  #find(job: string): Job | undefined {
    const all = this.#server.storage.all(this.#jobs) as unknown as Job[];
    return all.find(({ metadata }) => metadata.name === job);
  }
}
