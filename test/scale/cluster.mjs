/**
 * `node test/scale/cluster.mjs [ITEMS=1000000]`: a map of so many items on a cluster. Prints the time and the
 * peak memory of the controller, and ends with 1 where the result is wrong or the controller took more than
 * it may.
 */
import { readResults } from '@kube-transform/runtime/internal';
import { controllerOf, openPlace } from '../e2e/open-place.mjs';
import { runToEnd } from '../e2e/run-to-end.mjs';

const CONTROLLER_PEAK = 256;
const items = Number(process.argv[2] ?? 1_000_000);

const place = await openPlace('kt-scale', 'test/scale/steps.ts');
if (place === null) {
  console.error('There is no cluster: set KT_E2E_KUBECONFIG, and KT_E2E_IMAGE to an image with Node.');
  process.exit(2);
}
const { bundle, store } = place;
try {
  const { default: pipeline } = await (await import(bundle.catalog)).modules[bundle.entries[0]]();
  const { runId, summary, ms } = await runToEnd(place, { pipeline, params: { n: items } });
  const seconds = (ms / 1000).toFixed(1);
  const { peakMiB, apiRequests } = await controllerOf(place, runId);
  const [sum] = await readResults(store, runId, 'sum');
  const isRight = summary?.status === 'Completed' && sum === (items * (items - 1)) / 2;
  const isSmall = peakMiB <= CONTROLLER_PEAK;
  console.log(
    `${items} items on a cluster: ${summary?.status}, ${isRight ? 'right' : 'WRONG'}, ${seconds} s, ` +
      `controller ${peakMiB} MiB${isSmall ? '' : `, MORE than ${CONTROLLER_PEAK} MiB`}, ${apiRequests} API requests`,
  );
  if (!isRight && summary?.lastError) console.log(`  ${summary.lastError}`);
  process.exitCode = isRight && isSmall ? 0 : 1;
} finally {
  await place.close();
}
