/**
 * What no engine can be quicker than on this cluster: when Jobs whose containers only say that they have begun
 * have done so, and what a plan that loses no time would make of ten such pods.
 */
import { watch } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@kube-transform/runtime/internal';
import { paths } from '@kube-transform/runtime/kubernetes';
import { openPlace } from '../../test/e2e/open-place.mjs';
import { ourRun, podOf, settled, trivial } from '../cluster.mjs';
import { median } from '../compare.mjs';
import { skewedMap } from './maps.mjs';

const RUNS = Number(process.env.KT_BENCH_RUNS ?? 20);
const [ALONE, ROUNDS, PLACEMENTS] = [5, 3, 1000];

export async function benchFloor() {
  const place = await openPlace('kt-bench', 'bench/functions/stamp.ts');
  if (place === null) throw new Error('There is no cluster: set KT_E2E_KUBECONFIG.');
  try {
    const { SKEWED, SLOW, AT_ONCE, idealMs, goal } = skewedMap;
    const step = { type: 'map', name: 'm', ...trivial, function: 'stamp.square', items: [0], itemsPerPod: 1 };
    const like = await podOf(place, kept => ourRun(kept, [{ ...step, args: { n: { $ref: 'item#' } } }]));
    const begin = (jobs, pods, containers) =>
      settled(place, () => begun(place, { jobs, pods, containers, like }));
    const one = await alone(() => begin(1, 1, 1));
    const barMs = goal * idealMs + one;
    const rows = [];
    for (let round = 0; round < ROUNDS; round++) {
      const starts = await begin(1, AT_ONCE, 1);
      const ends = Array.from({ length: PLACEMENTS }, () => planned(starts)).sort((a, b) => a - b);
      const within = Math.round((ends.filter(ms => ms <= barMs).length / PLACEMENTS) * 100);
      rows.push({
        name: `${SKEWED} items, ${SLOW} of them slow at random, planned without any loss on ${AT_ONCE} pods as they begin here, less the start of a pod / ideal`,
        medianMs: median(ends) - one,
        baselineMs: idealMs,
        ratio: (median(ends) - one) / idealMs,
        note: `${within} of 100 placements within ${goal}×; the pods began after ${starts.map(ms => ms.toFixed(0)).join(', ')} ms`,
      });
    }
    const two = await alone(() => begin(1, 1, 2));
    const all = await begin(RUNS, 1, 2);
    const late = all[Math.ceil(RUNS * 0.95) - 1];
    rows.push({
      name: `${RUNS} Jobs of two containers at once have begun, the 95th of a hundred / one alone`,
      medianMs: late,
      baselineMs: two,
      ratio: late / two,
    });
    return rows;
  } finally {
    await place.close();
  }
}

async function alone(begin) {
  const times = [];
  while (times.length < ALONE) times.push((await begin())[0]);
  return median(times);
}

/** From the first request until all containers of each pod have begun, sorted. */
async function begun({ api, namespace, dir, settings }, { jobs, pods, containers, like }) {
  const mark = systemClock.randomId(6);
  const said = join(dir, mark);
  await mkdir(said);
  await chmod(said, 0o777);
  const left = new Map();
  const times = [];
  const startMs = performance.now();
  const watching = watch(said);
  const all = new Promise(resolve => {
    watching.on('change', (kind, file) => {
      // A file that is made is told of as renamed.
      if (kind !== 'rename') return;
      const pod = file.slice(0, file.lastIndexOf('.'));
      left.set(pod, (left.get(pod) ?? containers) - 1);
      if (left.get(pod) === 0) times.push(performance.now() - startMs);
      if (times.length === jobs * pods) resolve();
    });
  });
  const [container] = like.containers;
  const file = n => JSON.stringify(`${settings.volume.mountPath}/${mark}/`) + `+process.env.HOSTNAME+".${n}"`;
  const spec = {
    ...like,
    containers: Array.from({ length: containers }, (_, n) => ({
      ...container,
      name: `c${n}`,
      command: ['node', '-e', `require("fs").writeFileSync(${file(n)},"")`],
    })),
  };
  const size = { completionMode: 'Indexed', completions: pods, parallelism: pods };
  const made = Array.from({ length: jobs }, (_, n) => ({
    metadata: { name: `raw-${mark}-${n}`, labels: { 'kt-bench': 'raw' } },
    spec: { ...size, template: { spec } },
  }));
  await Promise.all(made.map(job => api.create(paths.jobs(namespace), job)));
  await all;
  watching.close();
  return times;
}

/** When a plan ends that gives each lane the next item at once, of which some are slow, nobody knows which. */
function planned(starts) {
  const { SKEWED, SLOW, SLOW_MS, QUICK_MS } = skewedMap;
  const lanes = [...starts];
  let slow = SLOW;
  for (let left = SKEWED; left > 0; left--) {
    // eslint-disable-next-line no-restricted-properties -- another placement each time
    const isSlow = Math.random() * left < slow;
    if (isSlow) slow--;
    lanes[lanes.indexOf(Math.min(...lanes))] += isSlow ? SLOW_MS : QUICK_MS;
  }
  return Math.max(...lanes);
}
