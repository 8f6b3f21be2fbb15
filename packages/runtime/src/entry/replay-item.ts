/** Calls the function of an item again, with its arguments from the store, and puts nothing on record. */
import { type Json, KtError } from '@kube-transform/sdk';
import { readItems } from '../run-store/job-manifest.js';
import { printLog } from '../process/standard-output.js';
import { EXIT_CODE } from '../kubernetes/manifests/exit-codes.js';
import type { PodHost } from '../worker/pod-host.js';
import { ItemRunner } from '../worker/run-item.js';

/** Which item. */
interface Replayed {
  runId: string;
  job: string;
  item: number;
}

/**
 * Runs it and prints what came of it; the exit code. Its timeout, outputs and cache do not hold.
 *
 * @throws KtError `UNKNOWN_ITEM` where the run has no such item.
 */
export async function replayItem({ runId, job: name, item }: Replayed, host: PodHost): Promise<number> {
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
  const of = `Item ${item} of step "${name}"`;
  if (outcome.ok) printLog('info', `${of} returned ${shownWhole(outcome.value)}`);
  else printLog('error', `${of} failed: ${outcome.cause.message}`);
  return outcome.ok ? 0 : EXIT_CODE.failed;
}

const shownWhole = (value: Json): string => JSON.stringify(value);
