/*
 * Reports where a run stands: a summary in the run's ConfigMap, so that nobody needs the store to see it.
 *
 * - It is written at most once a second while something changes, and at once when the run ends: only then it
 *   says that. It is a report: nothing is decided by it.
 * - Only the controller that has claimed the run last writes it: one that wakes late changes nothing.
 * I2 It stays below the size of a ConfigMap: of many jobs those are told that are under way or failed, the
 *    others are counted; long texts are cut.
 * - What goes wrong is told until something goes well; a right that is missing is told to the end, because
 *   it does not come by itself.
 * I4 A controller that comes back tells the same as the one before: what it had ended is restored, the rest
 *    is counted anew from the results.
 */
import { formatProblem, type Json, omitUndefined } from '@kube-transform/sdk';
import {
  clippedCause,
  type FailedItem,
  failureOf,
  FailureGroups,
  isOwnFailure,
  TOLD_TEXT,
  toldFailures,
} from '../../reporting/failure-groups.js';
import type { Clock, EventSink, RunEvent, RunStatus } from '../../ports/index.js';
import { RunProgress } from '../../reporting/progress.js';
import { formatSummary } from '../../reporting/reported-summary.js';
import {
  countJobs,
  mostTelling,
  type JobProgress,
  type ReportedSummary,
} from '../../reporting/run-summary.js';
import { paths } from '../api/paths.js';
import type { KubeApi } from '../api/kube-api.js';
import { isKubeError, type KubeError } from '../api/kube-error.js';
import { MOUNT } from '../manifests/pod-spec.js';
import { RUN_KEY } from '../manifests/run-config.js';
import { messageOf } from '../../parse/thrown.js';
import { type Claimant, holdsClaim } from './run-claim.js';

const EVERY_MS = 1000;
const MAX_RESULT_BYTES = 16_384;
/** A ConfigMap holds 1 MiB, of which the run's settings need a part. */
const MAX_BYTES = 800_000;
/** What is told of how many jobs, until it fits. */
const LEVELS = [
  { jobs: 1000, text: TOLD_TEXT },
  { jobs: 1000, text: 200 },
  { jobs: 200, text: 200 },
  { jobs: 20, text: 100 },
] as const;
/** A frame within the bundle; pods mount it under names that differ, or unpack it. */
const FRAME = new RegExp(
  `file://(?:${MOUNT.bundle}/(?:\\.\\.[^/\\s]+/)?|${MOUNT.scratch}/kt-bundle/)([^\\s()]+?):(\\d+):(\\d+)`,
  'g',
);

/** Reports on a run. */
export class StatusReporter implements EventSink {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #claim: Claimant;
  readonly #progress = new RunProgress();
  /** Where in the bundle is the column as well: its lines are long. */
  readonly #failures = new FailureGroups(stack => stack.replaceAll(FRAME, '$1:$2:$3:0'));
  /** Jobs of which items failed. */
  readonly #toldByItem = new Set<string>();
  #status: RunStatus = 'Running';
  /** How it ended: said with the last word, which has the result. */
  #ended: RunStatus | null = null;
  #before: ReportedSummary | null = null;
  readonly #countedBefore = new Map<string, JobProgress>();
  #result: Json = null;
  #trouble: string | null = null;
  readonly #denied = new Set<string>();
  #writing: Promise<void> | undefined;
  #dirty = false;
  readonly #closing = new AbortController();
  readonly #onTrouble: (error: unknown) => void;

  constructor(options: { api: KubeApi; clock: Clock; claim: Claimant; onTrouble: (error: unknown) => void }) {
    this.#api = options.api;
    this.#clock = options.clock;
    this.#claim = options.claim;
    this.#onTrouble = options.onTrouble;
  }

  /** Takes in where a job of the run stands, before anything is published of it. */
  restoreJob(job: JobProgress): void {
    this.#progress.jobs.set(job.name, job);
  }

  /** Takes in what failed for good before this process began. */
  restoreFailure(failure: FailedItem): void {
    this.#failures.add(failure);
  }

  /**
   * Takes in what the controller before has reported: results that are stored stay so, however long it takes
   * to count them again.
   */
  restoreReport(before: ReportedSummary): void {
    this.#before = before;
    for (const job of before.jobs) this.#countedBefore.set(job.name, job);
  }

  publish(event: RunEvent): void {
    this.#progress.take(event);
    this.#trouble = null;
    if (event.type === 'JobExpanded') {
      // What was done before is told again, item by item, as it is found in the store.
      const job = this.#progress.jobs.get(event.job);
      if (job !== undefined) Object.assign(job, { done: 0, failed: 0, retried: 0, skipped: 0, unkept: 0 });
    }
    if (event.type === 'RunFinished') {
      if (event.status === 'Interrupted') this.#status = event.status;
      else this.#ended = event.status;
    }
    if (event.type === 'ItemFailed') {
      this.#failures.add(failureOf(event));
      this.#toldByItem.add(event.job);
    }
    if (
      event.type === 'JobStatusChanged' &&
      event.cause !== undefined &&
      !this.#toldByItem.has(event.job) &&
      isOwnFailure(event.cause)
    ) {
      this.#failures.add({ job: event.job, item: null, cause: event.cause });
    }
    this.#changed();
  }

  /** Something goes wrong, and is tried again. */
  trouble(error: unknown): void {
    if (isKubeError(error, 403)) for (const sentence of sentencesOf(error)) this.#denied.add(sentence);
    else this.#trouble = messageOf(error);
    this.#onTrouble(error);
    this.#changed();
  }

  /** A right that was missing is there. */
  passed(denied: KubeError): void {
    for (const sentence of sentencesOf(denied)) this.#denied.delete(sentence);
    this.#changed();
  }

  /** Takes in what the run came to, before its last word. */
  headline(result: Json): void {
    if (Buffer.byteLength(JSON.stringify(result)) <= MAX_RESULT_BYTES) this.#result = result;
  }

  /** Writes the last word: how the run ended, or why nobody drives it now. */
  async close(problem: string | null): Promise<void> {
    this.#dirty = false;
    this.#closing.abort();
    await this.#writing;
    this.#status = this.#ended ?? this.#status;
    await this.#write(problem);
  }

  /** Writes what was told after the last word: of tidying up. */
  async amend(): Promise<void> {
    if (!this.#closing.signal.aborted || !this.#dirty) return;
    this.#dirty = false;
    await this.#write(null).catch(this.#onTrouble);
  }

  #changed(): void {
    this.#dirty = true;
    if (this.#closing.signal.aborted) return;
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
      await this.#clock.sleep(EVERY_MS, this.#closing.signal).catch(() => undefined);
    }
  }

  async #write(problem: string | null): Promise<void> {
    let summary = '';
    for (const level of LEVELS) {
      summary = formatSummary(this.#summary(problem, level));
      if (Buffer.byteLength(summary) <= MAX_BYTES) break;
    }
    const changes = [
      { op: 'test', path: `/data/${RUN_KEY.controller}`, value: this.#claim.uid },
      { op: 'add', path: `/data/${RUN_KEY.summary}`, value: summary },
    ];
    const path = paths.configMaps(this.#api.namespace, this.#claim.configMap);
    await this.#api.patch(path, changes, { type: 'json' }).catch(async (error: unknown) => {
      // Where the test has failed the report is another controller's.
      if (!isKubeError(error, 422) || (await holdsClaim(this.#api, this.#claim))) throw error;
    });
  }

  #summary(problem: string | null, { jobs: most, text }: (typeof LEVELS)[number]): ReportedSummary {
    const { runId, pipeline, startedMs, nowMs, lastError } = this.#progress;
    const all = [...this.#progress.jobs.values()];
    // Nothing was read of the run yet.
    if (all.length === 0 && this.#before !== null) return { ...this.#before, ...this.#state(problem) };
    const { groups, omitted } = toldFailures(this.#failures.list(), { text });
    const shown = mostTelling(all, most).map(job => this.#atLeast(job));
    return {
      runId,
      pipeline,
      startedMs,
      updatedMs: nowMs || this.#clock.nowMs(),
      jobs: shown.map(job => ({
        ...job,
        cause: job.cause === undefined ? undefined : clippedCause(job.cause, text),
      })),
      counts: countJobs(all),
      failures: groups,
      ...omitUndefined({ moreFailures: omitted || undefined }),
      result: this.#result,
      lastError: lastError?.slice(0, text) ?? null,
      ...this.#state(problem),
    };
  }

  /** How the run stands as a whole. */
  #state(problem: string | null): Pick<ReportedSummary, 'status' | 'problem' | 'trouble'> {
    const trouble = this.#trouble ?? (this.#denied.size === 0 ? null : [...this.#denied].join(' '));
    return {
      status: problem === null ? this.#status : 'Interrupted',
      problem: problem?.slice(0, TOLD_TEXT) ?? null,
      trouble: trouble?.slice(0, TOLD_TEXT) ?? null,
    };
  }

  /** A job with no fewer items than were counted before. */
  #atLeast(job: JobProgress): JobProgress {
    const before = this.#countedBefore.get(job.name);
    if (before === undefined || before.done + before.failed <= job.done + job.failed) return job;
    const { done, failed, retried, skipped, unkept } = before;
    return { ...job, done, failed, retried, skipped, unkept };
  }
}

/** What is denied, in the same words for every object that it is about. */
const sentencesOf = ({ problems }: KubeError): string[] =>
  problems.map(problem => formatProblem({ ...problem, path: '' }));
