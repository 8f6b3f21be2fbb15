/** Tells the pods of a run where its controller listens. */
import { hintsKey } from '../../run-store/layout.js';
import type { FileStore, HintAddress } from '../../ports/index.js';
import { readDocument } from '../../run-store/read-document.js';
import { HINT_ADDRESS } from './hint-formats.js';

/**
 * Puts the address of a controller into the store; that of one with a newer claim stays, however late this
 * one comes.
 */
export async function announceController(
  store: FileStore,
  runId: string,
  address: HintAddress & { epoch: number },
): Promise<void> {
  const key = hintsKey(runId);
  const bytes = new TextEncoder().encode(HINT_ADDRESS.text(address));
  if ((await store.put(key, bytes, { ifAbsent: true })) !== null) return;
  for (;;) {
    const seen = await store.head(key);
    // What nobody can read nobody can use.
    const there = await readDocument(store, key, HINT_ADDRESS).catch(() => null);
    if ((there?.epoch ?? 0) > address.epoch) return;
    const condition = seen === null ? { ifAbsent: true } : { ifMatch: seen.etag };
    if ((await store.put(key, bytes, condition)) !== null) return;
  }
}
