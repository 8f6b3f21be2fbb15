/** Makes the records of runs: a new one, or one that repeats what failed in another. */
import {
  dataSources,
  type JsonObject,
  KtError,
  mustParsePipeline,
  type KTJobInput,
  type KTPipeline,
  type KTPipelineInput,
  omitUndefined,
} from '@kube-transform/sdk';
import { apply, createRunState, type Fact, jobStates, repeatedJobs } from '../core/index.js';
import { openJournal, readJournal } from '../run-store/journal.js';
import { itemsKey, jobKey, makeRunId, resultsPrefix, RUN_ID } from '../run-store/layout.js';
import { manifestBytes, readManifest } from '../run-store/job-manifest.js';
import { refuseNoImage, withImages } from './container-image.js';
import { forcing } from './forced-steps.js';
import { withFilesBefore } from './unneeded-jobs.js';
import { bindParams } from './params.js';
import type { Clock, FileStore } from '../ports/index.js';
import { foldLine, type ItemOutcome, RESULT_LINE, type ResultLine } from '../run-store/item-results.js';
import { readRecord, type RunRecord, writeRecord } from '../run-store/run-record.js';
import { readLog } from '../run-store/read-log.js';
import { SegmentLog } from '../run-store/segment-log.js';
import { isRunnable, type Runnable } from './stored-pipeline.js';

/** What a run is made of. */
export interface NewRunOptions {
  /** A pipeline, or a document as kube-transform has them. */
  pipeline: Runnable | KTPipelineInput;
  params?: JsonObject;
  clock: Clock;
  /** Default: the pipeline's name, the time and four random characters. */
  runId?: string;
  source?: RunRecord['source'];
  /** What its jobs have where they say nothing. Default: what the document's schema says. */
  defaults?: Omit<Partial<KTJobInput>, 'type' | 'name'>;
  /** Steps that run, with all that depends on them, whatever was made or kept before. Default none. */
  force?: readonly string[] | undefined;
  /** The image of container steps that name none; asked only where there are such. Default: none. */
  containerImage?: (() => Promise<string | undefined>) | undefined;
}

/**
 * Checks a pipeline and its parameters and makes the record of a run; nothing is stored.
 *
 * @throws KtError with every problem of the document, the parameters or what is forced, `BAD_RUN_ID`, and
 *   `NO_CONTAINER_IMAGE`.
 */
export async function newRun({
  pipeline,
  params = {},
  clock,
  runId,
  source = null,
  defaults = {},
  force = [],
  containerImage,
}: NewRunOptions): Promise<RunRecord> {
  if (runId !== undefined && !RUN_ID.test(runId)) {
    throw new KtError({
      code: 'BAD_RUN_ID',
      path: 'runId',
      message: `A run id is made of a-z, 0-9, "-" and ".", but got "${runId}".`,
    });
  }
  let input: KTPipelineInput;
  let bound: JsonObject = {};
  if (isRunnable(pipeline)) {
    bound = await bindParams(pipeline, params);
    input = pipeline.toSpec(bound);
  } else {
    input = pipeline;
    const [extra] = Object.keys(params);
    if (extra !== undefined)
      throw new KtError({
        code: 'UNKNOWN_PARAM',
        path: `params.${extra}`,
        message: `A document takes no parameters, but got "${extra}".`,
      });
  }
  const parsed = mustParsePipeline(await withImages(withDefaults(input, defaults), containerImage));
  refuseParams(parsed);
  refuseNoImage(parsed);
  return {
    runId: runId ?? makeRunId(parsed.name, clock),
    pipeline: { ...parsed, jobs: withFilesBefore(parsed.jobs) },
    params: bound,
    createdAtMs: clock.nowMs(),
    source,
    retryOf: null,
    ...forcing(parsed, force),
  };
}

/** Where parameters are filled in, no ref to them is left. @throws KtError `UNKNOWN_PARAM`. */
function refuseParams({ jobs }: KTPipeline): void {
  if (jobs.some(job => dataSources(job).includes('params')))
    throw new KtError({
      code: 'UNKNOWN_PARAM',
      path: 'jobs',
      message: 'A document takes no parameters, but a ref in it has the source "params".',
      hint: 'Write the value itself, or make the document with pipeline(…).',
    });
}

/**
 * A document whose jobs have defaults; what is no document stays what it is, to be told of when it is
 * checked.
 */
export function withDefaults(
  input: KTPipelineInput,
  defaults: NonNullable<NewRunOptions['defaults']>,
): KTPipelineInput {
  if (Object.keys(defaults).length === 0 || !Array.isArray(input.jobs)) return input;
  const said = (job: KTJobInput): object =>
    Object.fromEntries(Object.entries(job).filter(([, value]) => (value ?? null) !== null));
  return {
    ...input,
    jobs: input.jobs.map(job => (isObject(job) ? { ...defaults, ...(said(job) as KTJobInput) } : job)),
  };
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Stores a new run that repeats what failed in another, also where that was allowed, and what depends on it:
 * other jobs keep their results, and within those in which something failed so do the items that are done.
 * The other run stays as it is.
 *
 * What is forced is repeated too, as a whole; what the other run was made with stays forced.
 *
 * @throws KtError `UNKNOWN_RUN`, `UNKNOWN_STEP`, and `NOTHING_FAILED` where the run has nothing to repeat.
 */
export async function retryRun(
  store: FileStore,
  from: string,
  options: { clock: Clock; runId?: string; source?: RunRecord['source']; force?: readonly string[] },
): Promise<RunRecord> {
  const old = await readRecord(store, from);
  if (old === null)
    throw new KtError({
      code: 'UNKNOWN_RUN',
      path: 'run',
      message: `There is no run "${from}" in this store.`,
    });
  const { force = [] } = options;
  const forced = forcing(old.pipeline, [...(old.forced ?? []), ...force]);
  const facts: Fact[] = [];
  const state = createRunState(old.pipeline.jobs);
  for await (const fact of readJournal(store, from)) if (apply(state, fact).length > 0) facts.push(fact);
  const repeated = repeatedJobs(state, force);
  const succeeded = facts.filter(fact => fact.type === 'JobSucceeded' && !repeated.has(fact.job));
  if (repeated.size === 0)
    throw new KtError({
      code: 'NOTHING_FAILED',
      path: 'run',
      message: `Nothing failed in run "${from}", so there is nothing to repeat.`,
    });
  const record: RunRecord = {
    ...old,
    runId: options.runId ?? makeRunId(old.pipeline.name, options.clock),
    createdAtMs: options.clock.nowMs(),
    source: options.source ?? old.source,
    retryOf: from,
    ...forced,
  };
  for (const { job } of jobStates(state))
    if (repeated.get(job.name) !== 'whole') await copyJob(store, { from, to: record.runId, job: job.name });
  const journal = await openJournal(store, record.runId);
  if (succeeded.length > 0) await journal.appendAll(succeeded);
  await writeRecord(store, record);
  return record;
}

/** Copies a job's manifest and the results of the items that are done, one segment for each pod. */
async function copyJob(
  store: FileStore,
  { from, to, job }: { from: string; to: string; job: string },
): Promise<void> {
  const manifest = await readManifest(store, from, job);
  if (manifest === null) return;
  await store.copy(itemsKey(from, job), itemsKey(to, job));
  await store.put(jobKey(to, job), manifestBytes({ ...manifest, runId: to }));
  for (let pod = 0; pod * manifest.itemsPerPod < manifest.items; pod++) {
    const done = new Map<number, ItemOutcome>();
    for await (const line of readLog(store, resultsPrefix(from, job, pod), RESULT_LINE))
      done.set(line.i, foldLine(done.get(line.i), line));
    const lines = [...done].flatMap(([i, o]): ResultLine[] =>
      o.final && o.cause === undefined
        ? [{ i, n: o.attempts, r: o.result ?? null, ...omitUndefined({ none: o.isUnkept }) }]
        : [],
    );
    if (lines.length === 0) continue;
    const log = await SegmentLog.open<ResultLine>(store, resultsPrefix(to, job, pod));
    await log.appendAll(lines);
  }
}
