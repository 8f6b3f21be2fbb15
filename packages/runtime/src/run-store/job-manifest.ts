/*
 * What a pod needs to know of its job: `job.json` and a slice of `items.jsonl`.
 *
 * JM1 Both are written once per run, `job.json` last: where it exists, the items are there and never change.
 * JM2 A pod reads only its own lines: `offsets[p]` is the byte where pod p begins.
 */
import { type Json, type JsonObject, type KTJob } from '@kube-transform/sdk';
import { itemsKey, jobKey } from './layout.js';
import type { FileStore, JobOrder } from '../ports/index.js';
import { readJson } from './read-json.js';

/** The stored form of a job that has begun. */
export interface JobManifest {
  runId: string;
  pipeline: string;
  /** Without `tasks` and `items`, which are in `items.jsonl`. */
  job: KTJob;
  items: number;
  itemsPerPod: number;
  offsets: number[];
}

/** One line of `items.jsonl`: a task of a static job, or the element of a map. */
export type ItemLine = { f: string | null; a: JsonObject } | { e: Json };

const REMEMBERED = 16;
const decoder = new TextDecoder();

/** Reads a job's manifest; null where the job has not begun. */
export const readManifest = (store: FileStore, runId: string, job: string): Promise<JobManifest | null> =>
  readJson<JobManifest>(store, jobKey(runId, job));

/** Reads manifests, each once; for the last few jobs. */
export function manifestReader(
  store: FileStore,
): (runId: string, job: string) => Promise<JobManifest | null> {
  const read = new Map<string, JobManifest>();
  return async (runId, job) => {
    const key = `${runId}/${job}`;
    const manifest = read.get(key) ?? (await readManifest(store, runId, job));
    if (read.size >= REMEMBERED) read.clear();
    if (manifest !== null) read.set(key, manifest);
    return manifest;
  };
}

/** The lines of one pod, to be read by {@link parseItems}. */
export async function readItems(store: FileStore, manifest: JobManifest, pod: number): Promise<string[]> {
  const [start = 0, end = 0] = manifest.offsets.slice(pod, pod + 2);
  const text = decoder.decode(await store.get(itemsKey(manifest.runId, manifest.job.name), { start, end }));
  return text.split('\n').slice(0, -1);
}

/** All items of a pod at once, which is quicker than one by one. */
export const parseItems = (lines: readonly string[]): ItemLine[] =>
  JSON.parse(`[${lines.join(',')}]`) as ItemLine[];

/** An item, made anew for each further attempt, so that what one attempt changes another never sees. */
export const parseItem = (line: string): ItemLine => JSON.parse(line) as ItemLine;

/** Everything an executor needs of a manifest. */
export function orderOf(manifest: JobManifest): JobOrder {
  const { runId, pipeline, job, items, itemsPerPod } = manifest;
  return { runId, pipeline, job, items, itemsPerPod };
}
