/** A step of containers that do nothing, beside one raw Indexed Job of the same pod on the same cluster. */
import { openPlace } from '../test/e2e/open-place.mjs';
import { ourRun, podOf, rawJob, settled } from './cluster.mjs';

const PODS = Number(process.env.KT_BENCH_PODS ?? 1000);
const AT_ONCE = 50;

export async function benchContainers() {
  const place = await openPlace('kt-bench', 'bench/functions/stamp.ts');
  if (place === null) throw new Error('There is no cluster: set KT_E2E_KUBECONFIG.');
  try {
    const step = (items, args) => ({
      type: 'container',
      name: 'm',
      cpu: '10m',
      memory: '32Mi',
      parallelism: AT_ONCE,
      items,
      container: { image: process.env.KT_E2E_BUSYBOX, command: ['true'], args },
    });
    const ours = (of, args = []) =>
      ourRun(of, [
        step(
          Array.from({ length: PODS }, (_, i) => i),
          args,
        ),
      ]);
    const like = await podOf(place, kept => ourRun(kept, [step([0], [])]));
    const size = { completions: PODS, parallelism: Math.min(PODS, AT_ONCE), command: ['true'] };
    const raw = await settled(place, () => rawJob(place, { ...size, like }));
    const same = await settled(place, () => ours(place));
    const told = await settled(place, () => ours(place, [{ $ref: 'item#' }]));
    const row = (what, { ms, controller }, goal) => ({
      name: `${PODS} containers ${what} / one raw Indexed Job of the same pod`,
      medianMs: ms,
      baselineMs: raw,
      ratio: ms / raw,
      goal,
      note: `controller ${controller.peakMiB} MiB, ${controller.apiRequests} API requests`,
    });
    return [row('that are alike', same, 1.1), row('that are told what differs', told)];
  } finally {
    await place.close();
  }
}
