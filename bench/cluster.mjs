/**
 * Runs on a real cluster beside raw Jobs on the same cluster: a chain of trivial steps, one pod an item, many
 * items a pod.
 */
import { readResults, systemClock } from '@kube-transform/runtime/internal';
import { paths, watch } from '@kube-transform/runtime/kubernetes';
import { controllerOf, openPlace } from '../test/e2e/open-place.mjs';
import { runToEnd } from '../test/e2e/run-to-end.mjs';
import { median } from './compare.mjs';

const CHAIN = Number(process.env.KT_BENCH_CHAIN ?? 20);
const PODS = Number(process.env.KT_BENCH_PODS ?? 1000);
const ITEMS = Number(process.env.KT_BENCH_ITEMS ?? 10_000);
const WIDE = 50;
/** Containers of others that nodes may have left meanwhile. */
const LEFT = 5;

export async function benchCluster() {
  const place = await openPlace('kt-bench', 'bench/functions/stamp.ts');
  if (place === null) throw new Error('There is no cluster: set KT_E2E_KUBECONFIG.');
  try {
    const rawStep = await rawChain(place, 5);
    const like = await ourPod(place);
    const step = await settled(place, () => ourChain(place));
    const beside = await settled(place, () => ourChain(place, { placement: 'controller' }));
    const warm = await settled(place, () => ourChain(place, { reuse: 'run' }));
    const size = { completions: PODS, parallelism: Math.min(PODS, WIDE) };
    const rawWide = await settled(place, () => rawJob(place, size));
    const wide = await settled(place, () => ourMap(place, { items: PODS, itemsPerPod: 1 }));
    const rawSame = await settled(place, () => rawJob(place, { ...size, like }));
    const packed = await settled(place, () =>
      ourMap(place, { items: ITEMS, itemsPerPod: Math.ceil(ITEMS / 10) }),
    );
    const unsynced = await settled(place, () =>
      ourMap(
        { ...place, settings: { ...place.settings, store: `${place.settings.store}?durability=process` } },
        { items: ITEMS, itemsPerPod: Math.ceil(ITEMS / 10) },
      ),
    );
    const rawRate = (PODS * 1000) / rawWide;
    const rate = (ITEMS * 1000) / packed.ms;
    const told = run =>
      `controller ${run.controller.peakMiB} MiB, ${run.controller.apiRequests} API requests`;
    return [
      {
        name: `a step of a chain of ${CHAIN} / raw Jobs back to back`,
        medianMs: step.ms,
        baselineMs: rawStep,
        ratio: step.ms / rawStep,
        goal: 0.2,
        note: told(step),
      },
      {
        name: `a step of a chain of ${CHAIN}, beside the controller / raw Jobs back to back`,
        medianMs: beside.ms,
        baselineMs: rawStep,
        ratio: beside.ms / rawStep,
        goal: 0.02,
        note: told(beside),
      },
      {
        name: `a step of a chain of ${CHAIN}, in warm pods / raw Jobs back to back`,
        medianMs: warm.ms,
        baselineMs: rawStep,
        ratio: warm.ms / rawStep,
        goal: 0.02,
        note: told(warm),
      },
      {
        name: `${PODS} items, one a pod / one raw Indexed Job`,
        medianMs: wide.ms,
        baselineMs: rawWide,
        ratio: wide.ms / rawWide,
        goal: 1.05,
        note: told(wide),
      },
      {
        name: `${PODS} items, one a pod / one raw Indexed Job with the same volumes and restrictions`,
        medianMs: wide.ms,
        baselineMs: rawSame,
        ratio: wide.ms / rawSame,
        goal: 1.05,
      },
      {
        name: `${ITEMS} items, ${Math.ceil(ITEMS / 10)} a pod: items a second / raw one pod an item`,
        medianMs: packed.ms,
        baselineMs: (rawWide / PODS) * ITEMS,
        ratio: rate / rawRate,
        goal: 50,
        atLeast: true,
        note: `${rate.toFixed(0)} against ${rawRate.toFixed(1)} items/s; ${told(packed)}`,
      },
      {
        name: `${ITEMS} items, ${Math.ceil(ITEMS / 10)} a pod, flushed to the disk / not`,
        medianMs: packed.ms,
        baselineMs: unsynced.ms,
        ratio: packed.ms / unsynced.ms,
      },
    ];
  } finally {
    await place.close();
  }
}

/**
 * Measures when the pods of what came before are gone, and their containers: to remove them takes the machine,
 * and nodes do so up to a minute after the pods are gone.
 */
export async function settled({ api, namespace }, measure) {
  for (const labelSelector of ['kt-bench=raw', 'app.kubernetes.io/managed-by=kt'])
    await api.deleteAll(paths.jobs(namespace), { labelSelector });
  while ((await api.list(paths.pods(namespace), {})).items.length > 0) await systemClock.sleep(500);
  for (let looks = 0; looks < 60 && (await leftContainers(api).catch(() => 0)) > LEFT; looks++)
    await systemClock.sleep(2000);
  await systemClock.sleep(5000);
  return measure();
}

/**
 * Containers that have ended, whose pods are gone, and which nodes have not removed yet; 0 where nodes may not
 * be asked.
 */
async function leftContainers(api) {
  let left = 0;
  for (const { metadata } of (await api.list('/api/v1/nodes', {})).items) {
    let text = '';
    for await (const chunk of api.stream(`/api/v1/nodes/${metadata.name}/proxy/metrics`, {}))
      text += Buffer.from(chunk).toString();
    left += Number(/^kubelet_running_containers\{container_state="exited"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  }
  for (const { status } of (await api.list('/api/v1/pods', {})).items)
    for (const { state } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
      if (state?.terminated !== undefined) left--;
  return left;
}

/**
 * A Job as anyone would write it, or with a pod `like` another, from its POST until it is Complete; in
 * milliseconds.
 */
export async function rawJob(
  { api, namespace, settings },
  { completions, parallelism, like, command = ['node', '-e', '0'] },
) {
  const name = `raw-${systemClock.randomId(6)}`;
  const container = {
    name: 'main',
    image: settings.image,
    imagePullPolicy: 'IfNotPresent',
    command,
    resources: { requests: { cpu: '10m', memory: '32Mi' } },
  };
  const pod = {
    restartPolicy: 'Never',
    ...like,
    containers: [like === undefined ? container : { ...like.containers[0], command: container.command }],
  };
  const began = performance.now();
  await api.create(paths.jobs(namespace), {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels: { 'kt-bench': 'raw' } },
    spec: { completionMode: 'Indexed', completions, parallelism, template: { spec: pod } },
  });
  const stop = new AbortController();
  for await (const { object, items } of watch(
    api,
    { path: paths.jobs(namespace), fieldSelector: `metadata.name=${name}` },
    { signal: stop.signal, clock: systemClock },
  )) {
    const job = object ?? items[0];
    if (job?.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True')) break;
  }
  stop.abort();
  const tookMs = performance.now() - began;
  await api.delete(paths.jobs(namespace, name));
  return tookMs;
}

async function rawChain(place, steps) {
  const times = [];
  for (let i = 0; i < steps; i++) times.push(await rawJob(place, { completions: 1, parallelism: 1 }));
  return median(times);
}

/** Submits, follows to the end, and reads what the controller says of itself. */
export async function ourRun(place, jobs) {
  const { runId, summary, ms } = await runToEnd(place, { pipeline: { name: 'bench', jobs } });
  if (summary?.status !== 'Completed')
    throw new Error(`The bench run ended as ${summary?.status}: ${summary?.lastError}`);
  return { runId, ms, controller: await controllerOf(place, runId), summary };
}

export const trivial = { cpu: '10m', memory: '64Mi' };

/** A chain whose steps return the time: what lies between two of them is what a step costs. */
export async function ourChain(place, options = {}) {
  const jobs = Array.from({ length: CHAIN }, (_, i) => ({
    type: 'static',
    name: `s${i}`,
    ...trivial,
    ...options,
    tasks: [{ function: 'stamp.stamp', args: {} }],
    dependencies: i === 0 ? [] : [`s${i - 1}`],
  }));
  const { runId, controller } = await ourRun(place, jobs);
  const times = [];
  for (const { name } of jobs) times.push((await readResults(place.store, runId, name))[0]);
  return { ms: (times.at(-1) - times[0]) / (times.length - 1), controller };
}

function ourMap(place, { items, itemsPerPod }) {
  const args = { n: { $ref: 'item#' } };
  const numbers = Array.from({ length: items }, (_, i) => i);
  return ourRun(place, [
    {
      type: 'map',
      name: 'm',
      ...trivial,
      function: 'stamp.square',
      items: numbers,
      args,
      itemsPerPod,
      parallelism: WIDE,
    },
  ]);
}

/** The spec of the pods that items run in. */
const ourPod = place => podOf(place, kept => ourMap(kept, { items: 1, itemsPerPod: 1 }));

/** The spec of the pods of a run whose Jobs are kept. */
export async function podOf(place, run) {
  const { runId } = await run({ ...place, settings: { ...place.settings, keepFinished: true } });
  const labelSelector = `kt.dev/run=${runId},app.kubernetes.io/component=task`;
  const [job] = (await place.api.list(paths.jobs(place.namespace), { labelSelector })).items;
  return job.spec.template.spec;
}
