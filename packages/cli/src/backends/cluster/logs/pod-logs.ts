/*
 * What the pods of a run print while they live.
 *
 * LL1 Each pod is read from the beginning of its log to its end, once; one that cannot be read is tried again
 *     when something happens to it.
 * LL2 Pods come and go while this is read: it ends when it is told to, after those that are there have said
 *     their last.
 */
import type { LogLine } from '@kube-transform/runtime';
import {
  fits,
  linesOf,
  logLine,
  STORED_LINE,
  type StoredLine,
  systemClock,
  tryJson,
} from '@kube-transform/runtime/internal';
import {
  ANNOTATION,
  isKubeError,
  type Job,
  JOB_INDEX,
  JOB_NAME,
  type KubeApi,
  LABEL,
  labelValue,
  nthOfRanges,
  paths,
  type Pod,
  selectRun,
  watch,
} from '@kube-transform/runtime/kubernetes';

/** Which lines. */
export interface LiveFilter {
  runId: string;
  /** Null: of all jobs. */
  job: string | null;
  item: number | null;
}

/** How they are read. */
export interface LiveReading {
  /** Given each line, with something that is the same for all lines of one pass over a pod. */
  onLine: (line: LogLine, source: object) => void;
  /**
   * Aborted: no further pods; those that have ended are read to their end. Null: what there is now, and no
   * more.
   */
  ending: AbortSignal | null;
  /** Everything ends. */
  signal: AbortSignal;
  note: (text: string) => void;
}

const AT_ONCE = 100;
/** How long pods that are being ended are waited for. */
const LAST_WORDS_MS = 5000;

/** Reads the pods of a run. Resolves when it has been told to end and they have. */
export async function readPods(api: KubeApi, filter: LiveFilter, reading: LiveReading): Promise<void> {
  const { ending, signal } = reading;
  const streams = new Streams(api, filter, reading);
  const ofRun = selectRun(filter.runId, 'task');
  // Warm pods are of no step, and may run any.
  const selectors =
    filter.job === null
      ? [ofRun]
      : [`${ofRun},${LABEL.job}=${labelValue(filter.job)}`, `${ofRun},${LABEL.warm}`];
  const path = paths.pods(api.namespace);
  const read = async (labelSelector: string): Promise<void> => {
    if (ending === null) {
      for (const pod of (await api.list<Pod>(path, { labelSelector, signal })).items) streams.see(pod, false);
      return;
    }
    const options = { signal: AbortSignal.any([ending, signal]), clock: systemClock };
    for await (const news of watch<Pod>(api, { path, labelSelector }, options)) {
      for (const pod of news.type === 'list' ? news.items : [news.object])
        streams.see(pod, news.type === 'gone');
    }
  };
  await Promise.all(selectors.map(read));
  await streams.close();
}

/** The streams of pods. */
class Streams {
  readonly #api: KubeApi;
  readonly #filter: LiveFilter;
  readonly #reading: LiveReading;
  /** Pods that are read or have been, by uid. */
  readonly #read = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, Pod>();
  readonly #ended = new Set<string>();
  readonly #late = new AbortController();
  #open = 0;
  #told = false;
  #failure: { error: unknown } | undefined;

  constructor(api: KubeApi, filter: LiveFilter, reading: LiveReading) {
    this.#api = api;
    this.#filter = filter;
    this.#reading = reading;
    reading.signal.addEventListener('abort', () => this.#late.abort(), { once: true });
    if (reading.signal.aborted) this.#late.abort();
  }

  see(pod: Pod, gone: boolean): void {
    const uid = pod.metadata.uid ?? '';
    if (gone) {
      this.#waiting.delete(uid);
      return;
    }
    if (hasEnded(pod)) this.#ended.add(uid);
    if ((pod.status?.phase ?? 'Pending') === 'Pending' || this.#read.has(uid)) return;
    this.#waiting.set(uid, pod);
    this.#begin();
  }

  /** Reads those that have ended to their end. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#late.abort(), LAST_WORDS_MS);
    while (this.#open > 0) await Promise.all(this.#read.values());
    clearTimeout(timer);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #begin(): void {
    for (const [uid, pod] of this.#waiting) {
      if (this.#open >= AT_ONCE) {
        if (!this.#told)
          this.#reading.note(
            `Of the pods that run now, ${AT_ONCE} are shown at once; the others follow when these have ended.`,
          );
        this.#told = true;
        return;
      }
      this.#waiting.delete(uid);
      this.#open++;
      this.#read.set(
        uid,
        this.#pod(pod)
          .catch((error: unknown) => {
            if (!this.#ended.has(uid)) this.#read.delete(uid);
            if (!isKubeError(error)) this.#failure = { error };
          })
          .finally(() => {
            this.#open--;
            this.#begin();
          }),
      );
    }
  }

  async #pod(pod: Pod): Promise<void> {
    const { item, job: wanted } = this.#filter;
    const query = { follow: this.#reading.ending !== null };
    const of = pod.metadata.annotations?.[ANNOTATION.job];
    if (of !== undefined && item !== null && !(await this.#runs(pod, item))) return;
    const { signal } = this.#late;
    const chunks = this.#api.stream(paths.podLog(this.#api.namespace, pod.metadata.name), { query, signal });
    const source = {};
    try {
      for await (const text of linesOf(chunks)) {
        const line = storedLine(text);
        // A warm pod says of which step a line is.
        const job = of ?? line?.job ?? '';
        const isOther = of === undefined && wanted !== null && job !== wanted;
        if (line !== null && !isOther && (item === null || line.i === item))
          this.#reading.onLine(logLine(job, line, pod.metadata.name), source);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Whether a pod is the one that runs an item. */
  async #runs({ metadata }: Pod, item: number): Promise<boolean> {
    const job = await this.#api.get<Job>(paths.jobs(this.#api.namespace, metadata.labels?.[JOB_NAME] ?? ''));
    const { [ANNOTATION.pods]: pods, [ANNOTATION.itemsPerPod]: itemsPerPod } =
      job?.metadata.annotations ?? {};
    if (pods === undefined || itemsPerPod === undefined) return true;
    // Where its pods take one thing to do after another, each may be the one.
    if (job?.metadata.annotations?.[ANNOTATION.lanes] !== undefined) return true;
    return nthOfRanges(pods, Number(metadata.labels?.[JOB_INDEX])) === Math.floor(item / Number(itemsPerPod));
  }
}

const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** A line that an item logged; null for what else a process prints. */
function storedLine(text: string): StoredLine | null {
  return text.startsWith('{') ? (fits(STORED_LINE, tryJson(text)) ?? null) : null;
}
