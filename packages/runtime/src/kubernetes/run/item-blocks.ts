/*
 * The items of pods as they are stored, for many pods with one request: neighbours are read together.
 *
 * - What is missing, or not what was written, is not given: the pod reads it by itself, and says so.
 */
import type { FileStore } from '../../ports/index.js';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { itemsKey } from '../../run-store/layout.js';
import { sumOf } from '../../run-store/segment.js';

/** Bytes of a block; it ends with the items of the last pod that begins in it. */
const BLOCK_BYTES = 1 << 20;
/** Longer ones a pod reads by itself. */
const MAX_BYTES = 1 << 18;
/** Blocks that are kept. */
const KEPT = 4;
const decoder = new TextDecoder();

interface Block {
  start: number;
  bytes: Uint8Array;
}

/** Gives the lines of one pod; null where it is to read them by itself. */
export function itemBlocks(store: FileStore): (manifest: JobManifest, pod: number) => Promise<string | null> {
  const blocks = new Map<string, Promise<Block | null>>();
  const blockOf = (manifest: JobManifest, number: number): Promise<Block | null> => {
    const id = `${manifest.job.name}/${number}`;
    const known = blocks.get(id);
    if (known !== undefined) return known;
    const { offsets } = manifest;
    const start = offsets[firstFrom(offsets, number * BLOCK_BYTES)] ?? 0;
    const next = offsets[firstFrom(offsets, (number + 1) * BLOCK_BYTES)] ?? offsets.at(-1) ?? 0;
    const end = Math.min(next, start + BLOCK_BYTES + MAX_BYTES);
    const block = store.get(itemsKey(manifest.runId, manifest.job.name), { start, end }).then(
      bytes => ({ start, bytes }),
      () => (blocks.delete(id), null),
    );
    for (const oldest of blocks.keys()) {
      if (blocks.size < KEPT) break;
      blocks.delete(oldest);
    }
    blocks.set(id, block);
    return block;
  };
  return async (manifest, pod) => {
    const [start = 0, end = 0] = manifest.offsets.slice(pod, pod + 2);
    if (end - start > MAX_BYTES || manifest.sums === undefined) return null;
    const block = await blockOf(manifest, Math.floor(start / BLOCK_BYTES));
    const bytes = block?.bytes.subarray(start - block.start, end - block.start);
    return bytes !== undefined && manifest.sums[pod] === sumOf(bytes) ? decoder.decode(bytes) : null;
  };
}

/** The first of ascending offsets that is not below `byte`. */
function firstFrom(offsets: readonly number[], byte: number): number {
  let [low, high] = [0, offsets.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] ?? 0) < byte) low = middle + 1;
    else high = middle;
  }
  return low;
}
