/** Logs of a Job as they come, until it has ended. */
import { LineDecoder } from '@kube-transform/runtime/internal';
import { isKubeError, paths, type Pod } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import { type ContainerPlace, podsOf } from '../jobs/job-logs.js';
import { wordFor, type JobWord } from '../jobs/job-object.js';
import type { JobManager } from '../jobs/managed-jobs.js';

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
  jobs: JobManager;
  looks: JobLooks;
  clock: Clock;
  signal: AbortSignal;
  /** Takes a line; the next is read when it resolves. */
  emit(line: LoggedLine): Promise<void>;
}

const LOOK_EVERY_MS = 3000;
const MOMENT_MS = 1500;
/** A pod whose containers wait has no log yet; so often it is asked again. */
const MAX_BROKEN = 5;

/** Gives all lines of a Job's pods, also earlier ones; its state at the end, null where the signal came. */
export async function followLogs(
  name: string,
  { jobs, looks, clock, signal, emit }: Following,
): Promise<JobWord | null> {
  const followed = new Map<string, Promise<void>>();
  let word: JobWord = 'Running';
  while (!signal.aborted) {
    const seen = await looks.look(name);
    word = seen.word;
    for (const { metadata, spec, status } of seen.pods) {
      if (status?.phase === 'Pending') continue;
      for (const { name: container } of spec?.containers ?? []) {
        const key = `${metadata.name}/${container}`;
        const place = { pod: metadata.name, container };
        if (!followed.has(key)) followed.set(key, followOne(place, { jobs, clock, signal, emit }));
      }
    }
    if (word !== 'Running') break;
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
  await Promise.all(followed.values());
  return signal.aborted ? null : word;
}

/** A log to its end; a stream that breaks is taken up where it broke. Never rejects. */
async function followOne(
  place: ContainerPlace,
  { jobs: { api }, clock, signal, emit }: Omit<Following, 'looks'>,
): Promise<void> {
  let since: string | undefined;
  for (let broken = 0; broken < MAX_BROKEN && !signal.aborted; broken++) {
    const query = {
      container: place.container,
      follow: true,
      timestamps: true,
      sinceTime: since?.replace(/\.\d+Z$/, 'Z'),
    };
    const lines = new LineDecoder();
    const from = since;
    const told = async (line: string): Promise<void> => {
      const [, time = '', text = line] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
      if (line === '' || (from !== undefined && time <= from)) return;
      since = time;
      await emit({ ...place, line: text });
    };
    try {
      for await (const chunk of api.stream(paths.podLog(api.namespace, place.pod), { query, signal }))
        for (const line of lines.push(chunk)) await told(line);
      for (const line of lines.end()) await told(line);
      return;
    } catch (error) {
      if (isKubeError(error, 404)) return;
    }
    await clock.sleep(1000, signal).catch(() => undefined);
  }
}
