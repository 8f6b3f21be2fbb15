/** Calls the function of an item again, with its arguments from the store, and puts nothing on record. */
import { KtError } from '@kube-transform/sdk';
import { readItems } from '../run-store/job-manifest.js';
import type { AttemptOutcome, PodHost } from './pod-host.js';
import { ItemRunner } from './run-item.js';

/** Which item. */
interface Replayed {
  runId: string;
  job: string;
  item: number;
}

/**
 * Runs it; what came of it. Its timeout, outputs and cache do not hold.
 *
 * @throws KtError `UNKNOWN_ITEM` where the run has no such item.
 */
export async function replayItem(
  { runId, job: name, item }: Replayed,
  host: PodHost,
): Promise<AttemptOutcome> {
  const manifest = await host.manifests(runId, name);
  if (manifest === null || !(item < manifest.items))
    throw new KtError({
      code: 'UNKNOWN_ITEM',
      path: 'item',
      message: `Run "${runId}" has no item ${item} of step "${name}" in its store.`,
      hint: manifest === null ? 'The step has not begun.' : `It has ${manifest.items}, from 0.`,
    });
  const pod = Math.floor(item / manifest.itemsPerPod);
  const items = await readItems(host.store, manifest, pod);
  const job = { ...manifest.job, outputs: [], inputs: [], cache: false, timeout: null };
  const log = { append: () => Promise.resolve() };
  const runner = new ItemRunner({ ...manifest, job }, host, () => Promise.resolve(log));
  const line = items.anew(item - pod * manifest.itemsPerPod);
  const outcome = await runner.run({ item, line, attempt: 1 });
  await runner.ended(item);
  await runner.close();
  return outcome;
}
