/*
 * What the results log of a pod holds, and how it is read.
 *
 * S1 The first final line of an item counts; later ones are the work of a second attempt that lost.
 * S2 An item whose attempts are all failures that may be retried is unfinished.
 * S3 Results are counted over the manifest of their job: what is promised there and not found is an error,
 *    never a value.
 */
import type { FailureCause, Json } from '@kube-transform/sdk';
import { CAUSE } from '../parse/failure-cause.js';
import { count, json, optional, record, text, yes } from '../parse/shapes.js';
import { broken } from '../parse/parse-json.js';
import { inBatches } from '../streams/in-batches.js';
import { type JobManifest, manifestIsLost, readManifest } from './job-manifest.js';
import { hasItemsToRun } from './journal.js';
import { originOf, resultsPrefix } from './layout.js';
import type { FileStore } from '../ports/index.js';
import { readPacks } from './result-packs.js';
import { listLogs, LogReader, newSegments, readLog, valuesOf } from './read-log.js';

/**
 * One attempt of one item: `r` its result, or `c` why it failed (`x`: for good; `free`: it costs no attempt).
 * `n` is the attempt, 0 where it was skipped as done (`none`: and no result of it was kept). `u` names the
 * pod whose end this was, where another wrote the line: said twice, it counts once.
 */
export interface ResultLine {
  i: number;
  n: number;
  r?: Json;
  c?: FailureCause;
  x?: true;
  free?: true;
  none?: true;
  u?: string;
}

/** The shape of a line. */
export const RESULT_LINE = record<ResultLine>({
  i: count,
  n: count,
  r: optional(json),
  c: optional(CAUSE),
  x: optional(yes),
  free: optional(yes),
  none: optional(yes),
  u: optional(text),
});

/** A line as it is stored; that of a plain result, as most are, is put together here, which is quicker. */
export function resultLine(line: ResultLine): string {
  const { i, n, r } = line;
  const isPlain = r !== undefined && line.c === undefined && line.none === undefined && line.u === undefined;
  return isPlain ? `{"i":${i},"n":${n},"r":${JSON.stringify(r)}}` : JSON.stringify(line);
}

/** What became of an item. */
export interface ItemOutcome {
  attempts: number;
  /** Attempts that ended by no fault of its own. */
  interruptions?: number;
  /** The pod whose end was the last that another wrote down. */
  endOf?: string;
  /** The pod of Kubernetes in which the last attempt was made, where that is known. */
  podName?: string;
  result?: Json;
  /** It was skipped, and no result of it was kept. */
  isUnkept?: true;
  /** Why the last attempt failed. */
  cause?: FailureCause;
  final: boolean;
}

/** Adds a line to what is known of an item. @param podName the pod of Kubernetes that it is of */
export function foldLine(outcome: ItemOutcome | undefined, line: ResultLine, podName?: string): ItemOutcome {
  if (outcome?.final === true) return outcome;
  if (line.u !== undefined && line.u === outcome?.endOf) return outcome;
  const folded = foldNext(outcome, line);
  if (podName !== undefined) folded.podName = podName;
  return folded;
}

function foldNext(outcome: ItemOutcome | undefined, line: ResultLine): ItemOutcome {
  const attempts = (outcome?.attempts ?? 0) + (line.n === 0 || line.free === true ? 0 : 1);
  if (line.c === undefined)
    return line.none === true
      ? { attempts, result: line.r ?? null, final: true, isUnkept: true }
      : { attempts, result: line.r ?? null, final: true };
  const interruptions = (outcome?.interruptions ?? 0) + (line.free === true ? 1 : 0);
  const endOf = line.u ?? outcome?.endOf;
  return {
    attempts,
    cause: line.c,
    final: line.x === true,
    ...(interruptions === 0 ? {} : { interruptions }),
    ...(endOf === undefined ? {} : { endOf }),
  };
}

/** The outcomes of a job's items, by index; items that were never begun are missing. */
export async function readOutcomes(
  store: FileStore,
  runId: string,
  job: string,
): Promise<Map<number, ItemOutcome>> {
  const outcomes = new Map<number, ItemOutcome>();
  const take = (line: ResultLine, podName?: string): void =>
    void outcomes.set(line.i, foldLine(outcomes.get(line.i), line, podName));
  const manifest = await readManifest(store, runId, job);
  if (manifest !== null) await readLines(store, manifest, take);
  else for await (const line of readLog(store, resultsPrefix(runId, job), RESULT_LINE)) take(line);
  return outcomes;
}

/** Reads the lines of all pods of a job that are stored: those of a pod in order, pods in any order. */
export async function readLines(
  store: FileStore,
  manifest: JobManifest,
  take: (line: ResultLine, podName?: string) => void,
): Promise<void> {
  const { runId, job, items, itemsPerPod } = manifest;
  const [listed, copies] = await Promise.all([
    listLogs(store, resultsPrefix(runId, job.name)),
    readPacks(store, manifest),
  ]);
  await inBatches(podsOf(manifest), async pod => {
    const prefix = resultsPrefix(runId, job.name, pod);
    const last = listed.get(prefix) ?? 0;
    const wanted = Math.min(itemsPerPod, items - pod * itemsPerPod);
    const log = new LogReader(store, prefix, copies);
    const ended = new Set<number>();
    for await (const segment of newSegments(log, last)) {
      for (const line of valuesOf(segment, RESULT_LINE)) {
        take(line, segment.pod);
        if (line.c === undefined || line.x === true) ended.add(line.i);
      }
      // Whatever came after it would count for nothing (S1).
      if (ended.size >= wanted && log.number >= last) break;
    }
  });
}

/** The numbers of a job's pods. */
const podsOf = ({ items, itemsPerPod }: JobManifest): number[] =>
  Array.from({ length: Math.ceil(items / itemsPerPod) }, (_, pod) => pod);

/** What came of a pod's items. */
export interface PodOutcome {
  succeeded: number;
  failed: number;
  /** Items left undone because the pod was told to stop. */
  open: number;
  firstFailure: { item: number; cause: FailureCause } | null;
  /** Result of the pod's first item: what a dynamic job spawns. */
  result: unknown;
  /** The last segment of the pod's log, and what it holds where the pod has put it and it is small. */
  last?: number;
  segment?: string;
}

/** The results of a job, and how many bytes of JSON they were. */
interface ReadResults {
  values: Json[];
  bytes: number;
}

/** Results of finished jobs, which never change, read once per process; and how often they were asked for. */
export type ResultCache = Map<string, { reading: Promise<ReadResults>; asked: number }>;
const CACHED_JOBS = 16;
/** More than that is not kept for who may never come. */
const KEPT_BYTES = 2 ** 20;

/** Where job results are read. */
export interface RefScope {
  store: FileStore;
  runId: string;
  cache?: ResultCache;
  /** Who asks does so once. */
  isOnce?: boolean;
}

/** Results that were asked for; `isOwn`: by nobody else, so that they need not be copied to be changed. */
export interface FoundResults {
  values: Json[];
  isOwn: boolean;
}

/** The results of a job's items so far, in order; null for one that failed, did nothing or has not ended. */
export async function readResults(store: FileStore, runId: string, job: string): Promise<Json[]> {
  const outcomes = await readOutcomes(store, runId, job);
  let last = -1;
  for (const item of outcomes.keys()) last = Math.max(last, item);
  return Array.from({ length: last + 1 }, (_, i) => outcomes.get(i)?.result ?? null);
}

/**
 * The results of the items of a job that has completed, in order; null for one that failed or did nothing.
 *
 * @throws KtError `BAD_RUN` where an item has none.
 */
export async function readAllResults(store: FileStore, runId: string, job: string): Promise<Json[]> {
  return (await readAll(store, runId, job)).values;
}

async function readAll(store: FileStore, runId: string, job: string): Promise<ReadResults> {
  const manifest = await readManifest(store, runId, job);
  if (manifest !== null) return await resultsOfPods(store, manifest, await readPacks(store, manifest));
  if (await hasItemsToRun(store, runId, job)) throw manifestIsLost(runId, job);
  return { values: [], bytes: 0 };
}

/** As {@link readAllResults}, of a job whose manifest was read. @param copies Default: none is believed. */
export async function resultsOfPods(
  store: FileStore,
  manifest: JobManifest,
  copies: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<ReadResults> {
  const pods = await inBatches(
    podsOf(manifest),
    pod => resultsOfPod(store, manifest, { pod, copies }),
    ({ bytes }) => bytes,
  );
  return {
    values: pods.flatMap(({ values }) => values),
    bytes: pods.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Reads the log of a pod until all its items have a result. */
async function resultsOfPod(
  store: FileStore,
  manifest: JobManifest,
  { pod, copies }: { pod: number; copies: ReadonlyMap<string, Uint8Array> },
): Promise<ReadResults> {
  const { runId, job, items, itemsPerPod, sums } = manifest;
  const first = pod * itemsPerPod;
  const outcomes = new Map<number, ItemOutcome>();
  const log = new LogReader(store, resultsPrefix(runId, job.name, pod), copies);
  const wanted = Math.min(itemsPerPod, items - first);
  let open = wanted;
  while (open > 0) {
    const segment = await log.next();
    if (segment === null) break;
    for (const line of valuesOf(segment, RESULT_LINE)) {
      const before = outcomes.get(line.i);
      if (before?.final === true || line.i < first || line.i >= first + wanted) continue;
      const outcome = foldLine(before, line);
      outcomes.set(line.i, outcome);
      if (outcome.final) open--;
    }
  }
  // A retry by kt 0.1.0 left out the items whose failure was allowed.
  if (open > 0 && sums !== undefined) {
    const last = log.number === 0 ? 'there is none' : `the last one read is ${log.number}`;
    const why = `${open} of the ${wanted} items of pod ${pod} have no result in its segments; ${last}`;
    throw broken(originOf(resultsPrefix(runId, job.name, pod)), why);
  }
  const values = Array.from({ length: wanted }, (_, i) => outcomes.get(first + i)?.result ?? null);
  return { values, bytes: log.bytes };
}

/** As {@link readAllResults}, through the cache of the scope; what is large and asked for once leaves it. */
export async function resultsOf(job: string, { store, runId, ...scope }: RefScope): Promise<FoundResults> {
  const { cache, isOnce = false } = scope;
  if (cache === undefined) return { values: await readAllResults(store, runId, job), isOwn: true };
  const key = `${runId}/${job}`;
  const cached = cache.get(key) ?? { reading: readAll(store, runId, job), asked: 0 };
  if (cached.asked++ === 0) {
    for (const oldest of cache.keys()) {
      if (cache.size < CACHED_JOBS) break;
      cache.delete(oldest);
    }
    cache.set(key, cached);
  }
  const { values, bytes } = await cached.reading;
  const isOwn = isOnce && cached.asked === 1 && bytes > KEPT_BYTES;
  if (isOwn) cache.delete(key);
  return { values, isOwn };
}
