/*
 * What the world outside learns of a run: a summary in the run's ConfigMap, so that nobody needs the store to see where it stands.
 *
 * I1 It is written at most once a second while something changes, and at once when the run ends. It is a report: nothing is decided by it.
 * I2 It stays below the size of a ConfigMap: of many jobs those are told that are under way or failed, the others are counted.
 */
import type { JobStatus } from '@kube-transform/sdk';
import { FailureGroups, type FailureGroup } from '../failure-groups.js';
import type { Clock, EventSink, RunEvent, RunStatus } from '../ports.js';
import { type JobProgress, newProgress, type Progress, take } from '../progress.js';
import { paths } from './api-paths.js';
import type { KubeApi } from './kube-api.js';

/** The summary, as the ConfigMap holds it. */
export interface ClusterSummary {
  runId: string;
  pipeline: string;
  status: RunStatus;
  startedMs: number;
  updatedMs: number;
  jobs: JobProgress[];
  /** Jobs by status, all of them. */
  counts: Partial<Record<JobStatus, number>>;
  failures: FailureGroup[];
  lastError: string | null;
  /** Why nobody drives the run, in words. */
  problem: string | null;
  /** Something that goes wrong and is tried again. */
  trouble: string | null;
}

const EVERY_MS = 1000;
const MAX_JOBS = 1000;
const MAX_GROUPS = 20;
const MAX_TEXT = 2000;

/** Reports on a run. */
export class RunReport implements EventSink {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #progress: Progress = newProgress();
  readonly #failures = new FailureGroups(stack => stack);
  #status: RunStatus = 'Running';
  #trouble: string | null = null;
  #writing: Promise<void> | undefined;
  #dirty = false;
  #onTrouble: (error: unknown) => void;

  constructor(options: { api: KubeApi; clock: Clock; configMap: string; onTrouble: (error: unknown) => void }) {
    this.#api = options.api;
    this.#clock = options.clock;
    this.#path = paths.configMaps(options.api.namespace, options.configMap);
    this.#onTrouble = options.onTrouble;
  }

  publish(event: RunEvent): void {
    take(this.#progress, event);
    if (event.type === 'RunFinished') this.#status = event.status;
    if (event.type === 'ItemFailed') this.#failures.add({ job: event.job, item: event.item, cause: event.cause });
    if (event.type === 'JobStatusChanged' && event.cause !== undefined && event.cause.kind !== 'ItemsFailed' && (event.items ?? 0) !== 1) {
      this.#failures.add({ job: event.job, item: null, cause: event.cause });
    }
    this.#changed();
  }

  /** Something goes wrong, and is tried again. */
  trouble(error: unknown): void {
    this.#trouble = error instanceof Error ? error.message : String(error);
    this.#onTrouble(error);
    this.#changed();
  }

  /** Writes the last word: how the run ended, or why nobody drives it now. */
  async close(problem: string | null): Promise<void> {
    this.#dirty = false;
    await this.#writing;
    await this.#write(problem);
  }

  #changed(): void {
    this.#dirty = true;
    this.#writing ??= this.#flush().finally(() => (this.#writing = undefined));
  }

  async #flush(): Promise<void> {
    await Promise.resolve();
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await this.#write(null);
      } catch (error) {
        this.#onTrouble(error);
      }
      await this.#clock.sleep(EVERY_MS);
    }
  }

  async #write(problem: string | null): Promise<void> {
    const summary = JSON.stringify(this.#summary(problem));
    await this.#api.patch(this.#path, { data: { summary } }, { type: 'merge' });
  }

  #summary(problem: string | null): ClusterSummary {
    const { runId, pipeline, startedMs, nowMs, lastError } = this.#progress;
    const all = [...this.#progress.jobs.values()];
    const counts: ClusterSummary['counts'] = {};
    for (const { status } of all) counts[status] = (counts[status] ?? 0) + 1;
    const shown = all.length <= MAX_JOBS ? all : [...all].sort((a, b) => rank(a) - rank(b)).slice(0, MAX_JOBS);
    return {
      runId,
      pipeline,
      status: problem === null ? this.#status : 'Interrupted',
      startedMs,
      updatedMs: nowMs,
      jobs: shown.map(job => ({ ...job, cause: job.cause === undefined ? undefined : clipped(job.cause) })),
      counts,
      failures: this.#failures.list().slice(0, MAX_GROUPS).map(shortened),
      lastError: lastError?.slice(0, MAX_TEXT) ?? null,
      problem,
      trouble: this.#trouble?.slice(0, MAX_TEXT) ?? null,
    };
  }
}

const rank = ({ status }: JobProgress): number =>
  status === 'Failed' ? 0 : status === 'Running' || status === 'AwaitingDescendants' ? 1 : status === 'Pending' ? 2 : 3;

function shortened(group: FailureGroup): FailureGroup {
  return { ...group, message: group.message.slice(0, MAX_TEXT), examples: group.examples.map(example => ({ ...example, cause: clipped(example.cause) })) };
}

/** A cause with texts that fit. */
function clipped<T extends { message: string; stack?: string }>(cause: T): T {
  return { ...cause, message: cause.message.slice(0, MAX_TEXT), ...(cause.stack === undefined ? {} : { stack: cause.stack.slice(0, MAX_TEXT) }) };
}
