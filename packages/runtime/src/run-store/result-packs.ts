/*
 * Copies of what the many pods of a job have stored, many in an object: who reads the results of 10,000 pods
 * asks a bucket some ten times for them.
 *
 * RP1 A pack is a copy and never the truth: each segment in it is checked as its original is, and one that is
 *     not there, or not whole, is read by its own key. A pack that cannot be put or read costs time alone.
 * - Only of jobs with many pods, and only what is small: of others nothing is asked more than before.
 */
import { record, text } from '../parse/shapes.js';
import { parseText } from '../parse/parse-json.js';
import type { FileStore } from '../ports/index.js';
import { inBatches } from '../streams/in-batches.js';
import { linesIn } from '../streams/lines.js';
import type { JobManifest } from './job-manifest.js';
import { originOf, packsPrefix, resultsPrefix } from './layout.js';
import type { Segment } from './segment.js';

/** A job with fewer pods has no packs. */
export const PACKED_PODS = 100;
/** What is larger is read where it is. */
const SMALL_BYTES = 2048;
/** How much of them makes a pack. */
const PACK_BYTES = 2 ** 20;
const PACK_SEGMENTS = 1000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A segment in a pack: its key below that of the job's results, and what it holds. */
interface PackedSegment {
  key: string;
  holds: string;
}
const PACKED = record<PackedSegment>({ key: text, holds: text });

/** Gathers the segments of a job, and puts them. */
export class ResultPacks {
  readonly #store: FileStore;
  readonly #of: { runId: string; job: string };
  #lines: string[] = [];
  #bytes = 0;
  #name = '';
  #puts: Promise<unknown>[] = [];

  constructor(store: FileStore, of: { runId: string; job: string }) {
    this.#store = store;
    this.#of = of;
  }

  /** Takes a segment that was read, or handed over, and is stored. */
  add({ key, raw }: Segment): void {
    if (raw.length > SMALL_BYTES) return;
    const { runId, job } = this.#of;
    const below = key.slice(resultsPrefix(runId, job).length);
    if (this.#lines.length === 0) this.#name = below.replaceAll(/\D/g, '-');
    const line = JSON.stringify({ key: below, holds: decoder.decode(raw) } satisfies PackedSegment);
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#bytes >= PACK_BYTES || this.#lines.length >= PACK_SEGMENTS) this.#put();
  }

  /** Resolves when all is stored that could be. */
  async close(): Promise<void> {
    if (this.#lines.length > 0) this.#put();
    await Promise.all(this.#puts.splice(0));
  }

  /** Another driver may put one of this name: with copies of what is stored too. */
  #put(): void {
    const { runId, job } = this.#of;
    const key = `${packsPrefix(runId, job)}${this.#name}`;
    const body = encoder.encode(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    this.#bytes = 0;
    this.#puts.push(this.#store.put(key, body).catch(() => undefined));
  }
}

/** The segments of a job's results that lie in packs, by their keys. */
export async function readPacks(
  store: FileStore,
  {
    runId,
    job,
    items,
    itemsPerPod,
  }: Pick<JobManifest, 'runId' | 'items' | 'itemsPerPod'> & { job: { name: string } },
): Promise<ReadonlyMap<string, Uint8Array>> {
  const copies = new Map<string, Uint8Array>();
  if (items / itemsPerPod < PACKED_PODS) return copies;
  const results = resultsPrefix(runId, job.name);
  const keys: string[] = [];
  try {
    for await (const entry of store.list(packsPrefix(runId, job.name)))
      if (entry.type === 'object') keys.push(entry.object.key);
  } catch {
    return copies;
  }
  await inBatches(keys, async file => {
    try {
      for (const line of linesIn(await store.get(file))) {
        if (line === '') continue;
        const { key, holds } = parseText(PACKED, line, originOf(file));
        copies.set(results + key, encoder.encode(holds));
      }
    } catch {
      // What it would have held is read where it is.
    }
  });
  return copies;
}
