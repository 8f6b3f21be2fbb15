/*
 * What a pod needs to know of its job: `job.json` and a slice of `items.jsonl`.
 *
 * JM1 Both are written once per run, `job.json` last: where it exists, the items are there and never change.
 * JM2 A pod reads only its own lines: `offsets[p]` is the byte where pod p begins.
 */
import {
  type FailureCause,
  type Json,
  type JsonObject,
  type KTJob,
  parseRef,
  type RefJson,
} from '@kube-transform/sdk';
import { resolveRefs } from '../worker/resolve-arguments.js';
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
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const asText = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

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

/** What is needed to expand a job. */
export interface ExpandOptions {
  store: FileStore;
  runId: string;
  pipeline: string;
  job: KTJob;
  itemsPerPod: (job: KTJob, items: number) => number;
}

/**
 * Writes a job's manifest, or reads the one that is there already.
 *
 * @returns a cause of kind `InvalidInput` where a map's items are no list.
 */
export async function expandJob(options: ExpandOptions): Promise<JobManifest | FailureCause> {
  const { store, runId, pipeline, job } = options;
  const existing = await readManifest(store, runId, job.name);
  if (existing !== null) return existing;
  const lines = await linesOf(options);
  if (!Array.isArray(lines)) return lines;
  const itemsPerPod = Math.max(1, job.itemsPerPod ?? options.itemsPerPod(job, lines.length));
  const texts = lines.map(line => `${JSON.stringify(line)}\n`);
  const { body, offsets } = layOut(texts, itemsPerPod);
  const manifest: JobManifest = {
    runId,
    pipeline,
    job: { ...job, tasks: [], items: null },
    items: lines.length,
    itemsPerPod,
    offsets,
  };
  await store.put(itemsKey(runId, job.name), body, { ifAbsent: true });
  const written = await store.put(jobKey(runId, job.name), asText(manifest), { ifAbsent: true });
  return written === null ? ((await readManifest(store, runId, job.name)) ?? manifest) : manifest;
}

function layOut(texts: string[], itemsPerPod: number): { body: Uint8Array; offsets: number[] } {
  const offsets = [0];
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let i = 0; i < texts.length; i += itemsPerPod) {
    const chunk = encoder.encode(texts.slice(i, i + itemsPerPod).join(''));
    chunks.push(chunk);
    offsets.push((size += chunk.length));
  }
  const body = new Uint8Array(size);
  chunks.forEach((chunk, i) => {
    body.set(chunk, offsets[i]);
  });
  return { body, offsets };
}

async function linesOf({ store, runId, job }: ExpandOptions): Promise<ItemLine[] | FailureCause> {
  if (job.type === 'static') return job.tasks.map(task => ({ f: task.function, a: task.args }));
  if (job.type === 'dynamic') return [{ f: job.function, a: job.args }];
  const items = Array.isArray(job.items) ? job.items : await resolveRefs(job.items, { store, runId });
  if (Array.isArray(items)) return items.map((e: Json) => ({ e }));
  const source = parseRef(job.items as unknown as RefJson).source;
  const seen = JSON.stringify(items);
  const message = `Step "${job.name}" maps over the result of "${source}", which should be a list but is ${seen.slice(0, 80)}.`;
  return { kind: 'InvalidInput', message, problems: [{ code: 'NOT_A_LIST', path: 'items', message }] };
}
