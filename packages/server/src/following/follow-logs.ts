/** Logs of a Job as they come, until it has ended. */
import { isKubeError, type Pod } from '@kube-transform/runtime/kubernetes';
import { isKtError } from '@kube-transform/sdk';
import type { Clock } from '@kube-transform/runtime';
import { type ContainerPlace, podsOf } from '../jobs/job-logs.js';
import { wordFor, type JobWord } from '../jobs/job-object.js';
import type { JobManager } from '../jobs/managed-jobs.js';
import type { SharedLogs } from './shared-logs.js';

/** A line that a container has written. */
export interface LoggedLine extends ContainerPlace {
  line: string;
}

/** How a Job and its pods stand. */
interface JobLook {
  word: JobWord;
  pods: readonly Pod[];
}

/** Looks at Jobs for all who follow them: what one has seen holds for the others, for a moment. */
export class JobLooks {
  readonly #jobs: JobManager;
  readonly #clock: Pick<Clock, 'elapsedMs'>;
  readonly #seen = new Map<string, { atMs: number; look: Promise<JobLook> }>();

  constructor(jobs: JobManager, clock: Pick<Clock, 'elapsedMs'>) {
    this.#jobs = jobs;
    this.#clock = clock;
  }

  /** Rejects with KtError `UNKNOWN_JOB`, KubeError. */
  look(name: string): Promise<JobLook> {
    const nowMs = this.#clock.elapsedMs();
    for (const [other, { atMs }] of this.#seen) if (nowMs - atMs >= MOMENT_MS) this.#seen.delete(other);
    const known = this.#seen.get(name);
    if (known !== undefined) return known.look;
    const look = this.#ask(name);
    this.#seen.set(name, { atMs: nowMs, look });
    return look;
  }

  async #ask(name: string): Promise<JobLook> {
    // The word first: the pods of a Job that has ended are all there.
    const word = wordFor(await this.#jobs.get(name));
    return { word, pods: await podsOf(this.#jobs.api, name) };
  }
}

/** What follows. */
export interface Following {
  looks: JobLooks;
  logs: SharedLogs;
  clock: Clock;
  signal: AbortSignal;
  /** Takes lines; the next are read when it resolves. */
  emit(lines: readonly LoggedLine[]): Promise<void>;
}

const LOOK_EVERY_MS = 3000;
const MOMENT_MS = 1500;

/**
 * Gives all lines of a Job's pods, also earlier ones; its state at the end, null where the signal came or the
 * Job is gone. A cluster that is away is asked again. Rejects with KubeError where it may not be asked.
 */
export async function followLogs(
  name: string,
  { looks, logs, clock, signal, emit }: Following,
): Promise<JobWord | null> {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const followed = new Map<string, { place: ContainerPlace; told: Promise<void> }>();
  const tell = async (place: ContainerPlace, how: { hasEnded: boolean }): Promise<void> => {
    for await (const lines of logs.follow(place, { ...how, signal: until }))
      await emit(lines.map(({ line }) => ({ ...place, line })));
  };
  const see = ({ word, pods }: JobLook): void => {
    const there = new Set<string>();
    for (const { pod, place } of pods.flatMap(containersOf)) {
      const key = `${place.pod}/${place.container}`;
      const how = { hasEnded: word !== 'Running' || hasEnded(pod, place.container) };
      if (followed.has(key)) logs.see(place, how);
      else followed.set(key, { place, told: tell(place, how) });
      there.add(key);
    }
    for (const [key, { place }] of followed) if (!there.has(key)) logs.see(place, { hasEnded: true });
  };
  let word: JobWord | null = 'Running';
  try {
    while (!signal.aborted) {
      const look = await looks.look(name).catch(laterOrGone);
      word = look === 'gone' ? null : look === 'later' ? word : look.word;
      if (look !== 'later') see(look === 'gone' ? { word: 'Failed', pods: [] } : look);
      if (word !== 'Running') break;
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    }
    await Promise.all([...followed.values()].map(({ told }) => told));
    return signal.aborted ? null : word;
  } finally {
    over.abort();
  }
}

/** A Job that was there is gone; and what a cluster says that is away is not said of the Job. */
function laterOrGone(error: unknown): 'later' | 'gone' {
  if (isKtError(error) && error.code === 'UNKNOWN_JOB') return 'gone';
  if (isKubeError(error) && error.code !== 'CLUSTER_FORBIDDEN') return 'later';
  throw error;
}

/** The containers of a pod that may have written something. */
const containersOf = (pod: Pod): { pod: Pod; place: ContainerPlace }[] =>
  pod.status?.phase === 'Pending'
    ? []
    : (pod.spec?.containers ?? []).map(({ name }) => ({
        pod,
        place: { pod: pod.metadata.name, container: name },
      }));

/** Whether a container writes no more. */
function hasEnded({ spec, status }: Pod, container: string): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  const { state } = status?.containerStatuses?.find(({ name }) => name === container) ?? {};
  return spec?.restartPolicy === 'Never' && state?.terminated !== undefined;
}
