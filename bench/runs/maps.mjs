/** Maps on a real cluster, cut as kt cuts them: many trivial items, and few slow ones among many quick ones. */
import { openPlace } from '../../test/e2e/open-place.mjs';
import { ourRun, settled, trivial } from '../cluster.mjs';
import { median } from '../compare.mjs';

/** Items, and how many of them a second are wanted. */
const EVEN = [
  [10_000, 3000],
  [20_000, 4000],
  [100_000, 8000],
];
const [SKEWED, SLOW, SLOW_MS, QUICK_MS, AT_ONCE] = [400, 20, 2000, 20, 10];
/** The map with slow items, and what it would take if nothing took time but the items. */
export const skewedMap = {
  SKEWED,
  SLOW,
  SLOW_MS,
  QUICK_MS,
  AT_ONCE,
  idealMs: (SLOW * SLOW_MS + (SKEWED - SLOW) * QUICK_MS) / AT_ONCE,
  /** How many times that it may take, beside the start of a pod. */
  goal: 1.3,
};
/** Steps of one item, whose median is what a pod takes to start. */
const STARTS = 3;

const PLACES = {
  'at the end': n => n >= SKEWED - SLOW,
  // As random as it needs to be, and each time the same.
  'at random': n => (n * 7919) % (SKEWED + 1) < SLOW,
};

export async function benchMaps() {
  const place = await openPlace('kt-bench', 'bench/functions/stamp.ts');
  if (place === null) throw new Error('There is no cluster: set KT_E2E_KUBECONFIG.');
  try {
    const rows = [];
    for (const [items, wanted] of EVEN) {
      const run = await settled(place, () => ourRun(place, [even(items)]));
      const [rate, wantedMs] = [(items * 1000) / run.ms, (items * 1000) / wanted];
      rows.push({
        name: `${items} items, default options: items a second / ${wanted}`,
        medianMs: run.ms,
        baselineMs: wantedMs,
        ratio: rate / wanted,
        goal: 1,
        atLeast: true,
        note: `${rate.toFixed(0)} items/s; ${told(run)}`,
      });
    }
    const starts = [];
    while (starts.length < STARTS)
      starts.push(stepMs(await settled(place, () => ourRun(place, [waiting([0])]))));
    const startMs = median(starts);
    const { idealMs, goal } = skewedMap;
    for (const [where, isSlow] of Object.entries(PLACES)) {
      const run = await settled(place, () => ourRun(place, [waiting(skewed(isSlow))]));
      const what = `${SKEWED} items of ${QUICK_MS} ms, ${SLOW} of them (${where}) of ${SLOW_MS}, ${AT_ONCE} at once`;
      for (const [name, ms] of Object.entries({ 'the step': stepMs(run), 'the run': run.ms }))
        rows.push({
          name: `${what}: ${name} less the start of a pod / ideal`,
          medianMs: ms - startMs,
          baselineMs: idealMs,
          ratio: (ms - startMs) / idealMs,
          goal,
          note: `${ms.toFixed(0)} ms, a pod's start ${startMs.toFixed(0)} ms; ${told(run)}`,
        });
    }
    return rows;
  } finally {
    await place.close();
  }
}

const told = ({ controller }) =>
  `controller ${controller.peakMiB} MiB, ${controller.apiRequests} API requests`;

const even = items => ({
  type: 'map',
  name: 'm',
  ...trivial,
  function: 'stamp.square',
  items: Array.from({ length: items }, (_, n) => n),
  args: { n: { $ref: 'item#' } },
});

const skewed = isSlow => Array.from({ length: SKEWED }, (_, n) => (isSlow(n) ? SLOW_MS : QUICK_MS));

const waiting = items => ({
  type: 'map',
  name: 'm',
  ...trivial,
  function: 'stamp.wait',
  items,
  args: { ms: { $ref: 'item#' } },
  parallelism: AT_ONCE,
});

/** From the begin of a step, alone in its run, to its last result. */
const stepMs = ({ summary }) => summary.updatedMs - summary.jobs[0].startedMs;
