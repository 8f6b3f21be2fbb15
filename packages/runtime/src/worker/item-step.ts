/** What an item ran, made anew from the store of its run: for people who look at it. */
import { KtError } from '@kube-transform/sdk';
import type { ItemStep } from '../ports/containers.js';
import { readItems, readManifest } from '../run-store/job-manifest.js';
import { ContainerItems } from './container-items.js';
import type { PodHost } from './pod-host.js';

/** Which item; null: the only one. */
interface Wanted {
  runId: string;
  job: string;
  item: number | null;
}

/** Reads it. @throws KtError `UNKNOWN_ITEM`, `MISSING_ITEM`, `NOT_RUNNABLE` where its refs lead nowhere. */
export async function readItemStep(
  { runId, job: name, item: asked }: Wanted,
  host: Pick<PodHost, 'store' | 'files' | 'resultCache'>,
): Promise<ItemStep> {
  const manifest = await readManifest(host.store, runId, name);
  if (manifest === null)
    throw refusal('UNKNOWN_ITEM', `Step "${name}" of run "${runId}" has not begun.`, 'Choose another step.');
  const { job, items, itemsPerPod } = manifest;
  if (asked === null && items > 1)
    throw refusal(
      'MISSING_ITEM',
      `Step "${name}" has ${items} items: which one is meant has to be said.`,
      `Name it: "${name}/0", for the first.`,
    );
  const item = asked ?? 0;
  if (item >= items)
    throw refusal(
      'UNKNOWN_ITEM',
      `Step "${name}" of run "${runId}" has no item ${item}.`,
      `It has ${items}, from 0.`,
    );
  if (job.container === null) return { item, job, call: null };
  const pod = Math.floor(item / itemsPerPod);
  const line = (await readItems(host.store, manifest, pod)).anew(item - pod * itemsPerPod);
  const call = await new ContainerItems(manifest, host).callOf(item, line);
  if ('kind' in call) throw refusal('NOT_RUNNABLE', call.message, 'Its pod was never started.');
  return { item, job, call };
}

const refusal = (code: string, message: string, hint: string): KtError =>
  new KtError({ code, path: 'step', message, hint });
