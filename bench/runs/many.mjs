/**
 * Many small steps, and many runs, on a real cluster: in pods of their own, in warm ones, and beside their
 * controllers.
 */
import { openPlace } from '../../test/e2e/open-place.mjs';
import { ourRun, settled, trivial } from '../cluster.mjs';
import { median } from '../compare.mjs';

const JOBS = Number(process.env.KT_BENCH_JOBS ?? 300);
const RUNS = Number(process.env.KT_BENCH_RUNS ?? 20);
const ALONE = 3;

export async function benchMany() {
  const place = await openPlace('kt-bench', 'bench/functions/stamp.ts');
  if (place === null) throw new Error('There is no cluster: set KT_E2E_KUBECONFIG.');
  try {
    const inPods = await settled(place, () => ourRun(place, layers({})));
    const warm = await settled(place, () => ourRun(place, layers({ reuse: 'run' })));
    const beside = await settled(place, () => ourRun(place, layers({ placement: 'controller' })));
    const told = ({ controller }) => `${controller.apiRequests} requests, ${controller.peakMiB} MiB`;
    const rows = [
      {
        name: `${JOBS} steps of one item in three layers, beside the controller / in pods`,
        medianMs: beside.ms,
        baselineMs: inPods.ms,
        ratio: beside.ms / inPods.ms,
        goal: 0.5,
        note: `${told(beside)}; in pods ${told(inPods)}`,
      },
      {
        name: `${JOBS} steps of one item in three layers, in warm pods / in pods`,
        medianMs: warm.ms,
        baselineMs: inPods.ms,
        ratio: warm.ms / inPods.ms,
        goal: 0.25,
        note: told(warm),
      },
    ];
    for (const where of [{}, { reuse: 'run' }, { placement: 'controller' }]) {
      const alone = [];
      for (let n = 0; n < ALONE; n++)
        alone.push((await settled(place, () => ourRun(place, three(where)))).ms);
      const all = await settled(place, () =>
        Promise.all(Array.from({ length: RUNS }, () => ourRun(place, three(where)))),
      );
      const times = all.map(({ ms }) => ms).sort((a, b) => a - b);
      const late = times[Math.ceil(RUNS * 0.95) - 1];
      rows.push({
        name: `${RUNS} runs of three steps at once (${Object.values(where)[0] ?? 'pod'}), the 95th of a hundred / one alone`,
        medianMs: late,
        baselineMs: median(alone),
        ratio: late / median(alone),
        goal: 4,
      });
    }
    return rows;
  } finally {
    await place.close();
  }
}

const step = (name, dependencies, where) => ({
  type: 'static',
  name,
  ...trivial,
  ...where,
  tasks: [{ function: 'stamp.stamp', args: {} }],
  dependencies,
});
const layers = where =>
  Array.from({ length: JOBS }, (_, i) => step(`s${i}`, i < JOBS / 3 ? [] : [`s${i - JOBS / 3}`], where));
const three = where => ['a', 'b', 'c'].map((name, i, all) => step(name, all.slice(i - 1, i), where));
