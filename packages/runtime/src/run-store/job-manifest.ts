/*
 * What a pod needs to know of its job: `job.json` and a slice of `items.jsonl`.
 *
 * - Both are written once per run, and never change. After a power cut `job.json` may be there without the
 *   items, or with a part of them: its last offset and its sums tell.
 * JM2 A pod reads only its own lines: `offsets[p]` is the byte where pod p begins, `sums[p]` their sum.
 */
import {
  isKtError,
  type Json,
  type JsonObject,
  type KtError,
  type KTJob,
  omitUndefined,
} from '@kube-transform/sdk';
import { Format } from '../parse/format.js';
import { broken, type Origin, parseText } from '../parse/parse-json.js';
import {
  count,
  keyed,
  list,
  nullOr,
  object,
  optional,
  positive,
  record,
  type Shape,
  text,
  yes,
} from '../parse/shapes.js';
import { JOB } from '../parse/stored-job.js';
import { itemsKey, jobKey, originOf, RUN_FILE, runInHints } from './layout.js';
import type { FileStore, JobOrder } from '../ports/index.js';
import { readDocument } from './read-document.js';
import { sumOf } from './segment.js';

/** The stored form of a job that has begun. */
export interface JobManifest {
  runId: string;
  pipeline: string;
  /** Without `tasks` and `items`, which are in `items.jsonl`. */
  job: KTJob;
  items: number;
  itemsPerPod: number;
  /** Where the items of each pod begin in `items.jsonl`; the last is its length. */
  offsets: number[];
  /** Of the bytes of each pod's items; manifests of format 1 have none. */
  sums?: string[];
  /** Whatever was made or kept before the run began counts for nothing. */
  isForced?: true;
}

/** One line of `items.jsonl`: a task of a static job, or the element of a map. */
export type ItemLine = { f: string | null; a: JsonObject } | { e: Json };

const REMEMBERED = 16;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** `job.json`. Its number counts for `items.jsonl`, and the results and logs of the job's pods, too. */
export const JOB_MANIFEST = new Format<JobManifest>({
  ...RUN_FILE,
  latest: 2,
  shape: record<JobManifest>({
    runId: text,
    pipeline: text,
    job: JOB,
    items: count,
    itemsPerPod: positive,
    offsets: list(count),
    sums: optional(list(text)),
    isForced: optional(yes),
  }),
});

/** The bytes of `job.json`. */
export const manifestBytes = (manifest: JobManifest): Uint8Array =>
  encoder.encode(JOB_MANIFEST.text(manifest));

const TASK = record<Extract<ItemLine, { f: unknown }>>({ f: nullOr(text), a: object });
const NOT_AN_ITEM = keyed<never>({});
/** Elements of maps are taken as they are: a pod may have a million of them. */
const ITEM: Shape<ItemLine> = value => {
  if (typeof value !== 'object' || value === null) return NOT_AN_ITEM(value);
  return Object.hasOwn(value, 'e') ? (value as { e: Json }) : TASK(value);
};

/** Reads a job's manifest; null where the job has not begun. */
export const readManifest = (store: FileStore, runId: string, job: string): Promise<JobManifest | null> =>
  readDocument(store, jobKey(runId, job), JOB_MANIFEST);

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

/** The items of one pod. */
export class PodItems {
  readonly all: readonly ItemLine[];
  readonly #text: string;
  readonly #origin: Origin;
  #lines: string[] | undefined;

  /** @throws KtError `BAD_RUN` for a line that is no item. */
  constructor(lines: string, origin: Origin) {
    this.#text = lines;
    this.#origin = origin;
    // All at once, which is quicker than one by one.
    this.all = parseText(list(ITEM), `[${lines.trimEnd().replaceAll('\n', ',')}]`, origin);
  }

  /** An item made anew, for a further attempt: what one attempt changes another never sees. */
  anew(offset: number): ItemLine {
    this.#lines ??= this.#text.split('\n');
    return parseText(ITEM, this.#lines[offset] ?? '', this.#origin);
  }
}

/** Reads the items of one pod. @throws KtError `BAD_RUN` where some are missing, or not what was written. */
export async function readItems(store: FileStore, manifest: JobManifest, pod: number): Promise<PodItems> {
  const { runId, job, items, itemsPerPod, offsets, sums } = manifest;
  const origin = itemsOf(manifest);
  const [start = 0, end = 0] = offsets.slice(pod, pod + 2);
  const bytes = await store.get(itemsKey(runId, job.name), { start, end }).catch((error: unknown) => {
    throw isKtError(error) && error.code === 'NOT_FOUND' ? broken(origin, 'it is missing') : error;
  });
  const lines = decoder.decode(bytes);
  const isAsWritten = sums !== undefined && sums[pod] === sumOf(bytes);
  const expected = Math.min(itemsPerPod, items - pod * itemsPerPod);
  const seen = isAsWritten ? expected : lines.split('\n').length - 1;
  if (seen !== expected)
    throw broken(origin, `it has ${seen} items of pod ${pod}, which should be ${expected}`);
  if (sums !== undefined && !isAsWritten)
    throw broken(origin, `the items of pod ${pod} are not what was written`);
  return new PodItems(lines, origin);
}

/** Whether the items of a job are there, in their length. */
export async function hasItems(store: FileStore, { runId, job, offsets }: JobManifest): Promise<boolean> {
  return (await store.head(itemsKey(runId, job.name)))?.size === (offsets.at(-1) ?? 0);
}

/** Items as they were given by who has read them; null where they are not as many as they should be. */
export function givenItems(step: JobOrder, pod: number, lines: string): PodItems | null {
  const items = new PodItems(lines, itemsOf(step));
  return items.all.length === Math.min(step.itemsPerPod, step.items - pod * step.itemsPerPod) ? items : null;
}

/** What is said where a job has ended and has no manifest. */
export const manifestIsLost = (runId: string, job: string): KtError =>
  broken(originOf(jobKey(runId, job)), `this file is missing, and step "${job}" has ended`);

/** Whether two manifests are of the same items. */
export const haveSameItems = (a: JobManifest, b: JobManifest): boolean =>
  a.items === b.items &&
  a.offsets.join() === b.offsets.join() &&
  (a.sums === undefined || b.sums === undefined || a.sums.join() === b.sums.join());

/** What is said where items are not there whole, and cannot be written as they were. */
export const itemsAreLost = (manifest: JobManifest): KtError =>
  broken(
    { ...itemsOf(manifest), hint: `Restore the file, or begin a new run.` },
    `it should have ${manifest.offsets.at(-1) ?? 0} bytes, and what step "${manifest.job.name}" would get now are other items`,
  );

const itemsOf = ({ runId, job }: JobOrder): Origin => ({
  ...RUN_FILE,
  file: itemsKey(runId, job.name),
  hint: `Delete the file: kt run --resume ${runInHints(runId)} writes it anew.`,
});

/** Everything an executor needs of a manifest. */
export function orderOf(manifest: JobManifest): JobOrder {
  const { runId, pipeline, job, items, itemsPerPod, isForced } = manifest;
  return { runId, pipeline, job, items, itemsPerPod, ...omitUndefined({ isForced }) };
}
