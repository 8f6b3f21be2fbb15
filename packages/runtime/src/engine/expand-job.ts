/** Expanding a job: from its definition to the list of its items, stored once. */
import type { FailureCause, Json, KTJob } from '@kube-transform/sdk';
import {
  hasItems,
  haveSameItems,
  type ItemLine,
  itemsAreLost,
  type JobManifest,
  manifestBytes,
  readManifest,
} from '../run-store/job-manifest.js';
import { itemsKey, jobKey } from '../run-store/layout.js';
import { sumOf } from '../run-store/segment.js';
import type { FileStore } from '../ports/index.js';
import { compileTemplate, type Miss, missCause, resultsByJob } from '../worker/resolve-arguments.js';

const encoder = new TextEncoder();

/** What is needed to expand a job. */
export interface ExpandOptions {
  store: FileStore;
  runId: string;
  pipeline: string;
  job: KTJob;
  itemsPerPod: (job: KTJob, items: number) => number;
  /** Nobody needs what it makes: it has no items. */
  isUnneeded?: boolean;
  /** Its items run, whatever there is of earlier runs. */
  isForced?: boolean;
}

/**
 * Writes a job's manifest and its items, or reads those that are there already. Items that a power cut took
 * are written anew.
 *
 * @returns a cause of kind `InvalidInput` where a map's items are no list, or their ref leads nowhere.
 * @throws KtError `BAD_RUN` where the items cannot be written as they were.
 */
export async function expandJob(options: ExpandOptions): Promise<JobManifest | FailureCause> {
  const { store, runId, pipeline, job } = options;
  const existing = await readManifest(store, runId, job.name);
  if (existing !== null && (await hasItems(store, existing))) return existing;
  const lines = options.isUnneeded === true ? [] : await linesOf(options);
  if (!Array.isArray(lines)) return lines;
  const itemsPerPod =
    existing?.itemsPerPod ??
    Math.max(1, job.type === 'container' ? 1 : (job.itemsPerPod ?? options.itemsPerPod(job, lines.length)));
  const { body, offsets, sums } = layOut(lines, itemsPerPod);
  const manifest: JobManifest = {
    runId,
    pipeline,
    job: { ...job, tasks: [], items: null },
    items: lines.length,
    itemsPerPod,
    offsets,
    sums,
    ...(options.isForced === true ? { isForced: true } : {}),
  };
  if (existing !== null && !haveSameItems(existing, manifest)) throw itemsAreLost(existing);
  // At once: where one is missing or cut off, the other tells. Who writes items again writes the same.
  const [, written] = await Promise.all([
    store.put(itemsKey(runId, job.name), body),
    existing ?? store.put(jobKey(runId, job.name), manifestBytes(manifest), { ifAbsent: true }),
  ]);
  if (existing !== null || written !== null) return existing ?? manifest;
  return (await readManifest(store, runId, job.name)) ?? manifest;
}

/** Put together here where that is quick. */
const lineOf = (item: ItemLine): string =>
  'e' in item ? `{"e":${JSON.stringify(item.e)}}\n` : `${JSON.stringify(item)}\n`;

/** Items are written in pieces of at most this size; those of a pod that are more are one of their own. */
const PIECE_BYTES = 2 ** 20;

/** The items as they are stored, held once; where those of each pod begin, and their sums. */
function layOut(
  items: readonly ItemLine[],
  itemsPerPod: number,
): { body: Uint8Array | AsyncIterable<Uint8Array>; offsets: number[]; sums: string[] } {
  const offsets = [0];
  const sums: string[] = [];
  const pieces: Uint8Array[] = [];
  let piece = new Uint8Array(0);
  let [used, size] = [0, 0];
  for (let i = 0; i < items.length; i += itemsPerPod) {
    const lines = items.slice(i, i + itemsPerPod).map(lineOf);
    const bytes = encoder.encode(lines.join(''));
    if (bytes.length > piece.length - used) {
      pieces.push(piece.subarray(0, used));
      // As much again as there is: what is small stays small.
      [piece, used] = [new Uint8Array(Math.max(bytes.length, Math.min(PIECE_BYTES, size))), 0];
    }
    piece.set(bytes, used);
    used += bytes.length;
    offsets.push((size += bytes.length));
    sums.push(sumOf(bytes));
  }
  pieces.push(piece.subarray(0, used));
  const [, first = piece, ...more] = pieces;
  return { body: more.length === 0 ? first : inTurn([first, ...more]), offsets, sums };
}

async function* inTurn(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

async function linesOf({ store, runId, job }: ExpandOptions): Promise<ItemLine[] | FailureCause> {
  if (job.type === 'static') return job.tasks.map(task => ({ f: task.function, a: task.args }));
  if (job.type === 'dynamic') return [{ f: job.function, a: job.args }];
  if (job.type === 'container' && job.items === null) return [{ e: null }];
  const template = compileTemplate(job.items, new Set(job.dependencies));
  const misses: Miss[] = [];
  const items = template.fill(await resultsByJob(template.sources, { store, runId }), undefined, misses);
  if (misses.length > 0) return missCause(misses, { job: job.name, field: 'items' });
  if (Array.isArray(items)) return items.map((e: Json) => ({ e }));
  const [source] = template.sources;
  const seen = JSON.stringify(items).slice(0, 80);
  const message =
    source === undefined
      ? `Step "${job.name}" maps over ${seen}, which is neither a list nor a ref to a step that it depends on.`
      : `Step "${job.name}" maps over the result of "${source}", which should be a list but is ${seen}.`;
  return { kind: 'InvalidInput', message, problems: [{ code: 'NOT_A_LIST', path: 'items', message }] };
}
