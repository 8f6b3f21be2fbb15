/**
 * Runs on a real cluster beside raw Jobs on the same cluster: a chain of trivial steps, one pod an item, many
 * items a pod.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kubeConnection, makeBundle, submitRun, followRun } from '@kube-transform/cli';
import { localFileStore } from '@kube-transform/runtime';
import { newRun, readResults, systemClock } from '@kube-transform/runtime/internal';
import { accessObjects, clusterSettings, KubeApi, paths, watch } from '@kube-transform/runtime/kubernetes';
import { findCluster } from '../test/e2e/find-cluster.mjs';
import { median } from './compare.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const CHAIN = Number(process.env.KT_BENCH_CHAIN ?? 20);
const PODS = Number(process.env.KT_BENCH_PODS ?? 1000);
const ITEMS = Number(process.env.KT_BENCH_ITEMS ?? 10_000);
const WIDE = 50;

export async function benchCluster() {
  if (!findCluster()) throw new Error('There is no cluster: set KT_E2E_KUBECONFIG.');
  const place = await openPlace();
  try {
    const rawStep = await rawChain(place, 5);
    const like = await ourPod(place);
    const step = await settled(place, () => ourChain(place));
    const size = { completions: PODS, parallelism: Math.min(PODS, WIDE) };
    const rawWide = await settled(place, () => rawJob(place, size));
    const wide = await settled(place, () => ourMap(place, { items: PODS, itemsPerPod: 1 }));
    const rawSame = await settled(place, () => rawJob(place, { ...size, like }));
    const packed = await settled(place, () =>
      ourMap(place, { items: ITEMS, itemsPerPod: Math.ceil(ITEMS / 10) }),
    );
    const rawRate = (PODS * 1000) / rawWide;
    const rate = (ITEMS * 1000) / packed.ms;
    const told = run => `controller ${run.controller.rssMiB} MiB, ${run.controller.apiRequests} API requests`;
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
    ];
  } finally {
    await place.close();
  }
}

async function openPlace() {
  const namespace = `kt-bench-${systemClock.randomId(5)}`;
  const api = new KubeApi(await kubeConnection({ kubeconfig: process.env.KT_E2E_KUBECONFIG, namespace }), {
    clock: systemClock,
  });
  await api.create(paths.namespaces(), {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  const [account, role, binding] = accessObjects({ namespace, serviceAccount: 'kt-pod' });
  await api.create(paths.serviceAccounts(namespace), account);
  await api.create(paths.roles(namespace), role);
  await api.create(paths.roleBindings(namespace), binding);
  const dir = await mkdtemp(join(process.env.KT_E2E_DIR ?? tmpdir(), 'kt-bench-'));
  await chmod(dir, 0o777);
  const settings = clusterSettings({
    namespace,
    image: process.env.KT_E2E_IMAGE,
    imagePullPolicy: 'IfNotPresent',
    store: 'file:/mnt/data',
    volume: { hostPath: dir, mountPath: '/mnt/data' },
  });
  const bundle = await makeBundle({ entries: [join(root, 'bench/functions/stamp.ts')], projectDir: root });
  return {
    namespace,
    api,
    settings,
    bundle,
    store: localFileStore(dir),
    close: async () => {
      await api.deleteAll(paths.jobs(namespace), { labelSelector: 'kt-bench=raw' });
      await api.deleteAll(paths.jobs(namespace), { labelSelector: 'app.kubernetes.io/managed-by=kt' });
      await api.delete(paths.namespaces(namespace));
      api.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Measures when the pods of what came before are gone: to delete them takes the machine. */
async function settled({ api, namespace }, measure) {
  for (const labelSelector of ['kt-bench=raw', 'app.kubernetes.io/managed-by=kt'])
    await api.deleteAll(paths.jobs(namespace), { labelSelector });
  while ((await api.list(paths.pods(namespace), {})).items.length > 0) await systemClock.sleep(500);
  await systemClock.sleep(5000);
  return measure();
}

/**
 * A Job as anyone would write it, or with a pod `like` another, from its POST until it is Complete; in
 * milliseconds.
 */
async function rawJob({ api, namespace, settings }, { completions, parallelism, like }) {
  const name = `raw-${systemClock.randomId(6)}`;
  const container = {
    name: 'main',
    image: settings.image,
    imagePullPolicy: 'IfNotPresent',
    command: ['node', '-e', '0'],
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
async function ourRun({ api, namespace, settings, bundle }, jobs) {
  const record = await newRun({
    pipeline: { name: 'bench', jobs },
    clock: systemClock,
    source: { pipeline: null, functions: [], digest: bundle.digest },
  });
  const began = performance.now();
  await submitRun(api, { record, bundle, settings });
  const summary = await followRun(api, record.runId, {
    sink: { publish: () => undefined },
    note: console.error,
    signal: new AbortController().signal,
  });
  const ms = performance.now() - began;
  if (summary?.status !== 'Completed')
    throw new Error(`The bench run ended as ${summary?.status}: ${summary?.lastError}`);
  const selector = `kt.dev/run=${record.runId},app.kubernetes.io/component=controller`;
  const [pod] = (await api.list(paths.pods(namespace), { labelSelector: selector })).items;
  let log = '';
  for await (const chunk of api.stream(paths.podLog(namespace, pod.metadata.name), {
    query: { follow: true },
  }))
    log += Buffer.from(chunk).toString();
  const controller = log
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
    .find(line => line.apiRequests !== undefined);
  return { runId: record.runId, ms, controller };
}

const trivial = { cpu: '10m', memory: '64Mi' };

/** A chain whose steps return the time: what lies between two of them is what a step costs. */
async function ourChain(place) {
  const jobs = Array.from({ length: CHAIN }, (_, i) => ({
    type: 'static',
    name: `s${i}`,
    ...trivial,
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
async function ourPod(place) {
  const { runId } = await ourMap(
    { ...place, settings: { ...place.settings, keepFinished: true } },
    { items: 1, itemsPerPod: 1 },
  );
  const labelSelector = `kt.dev/run=${runId},app.kubernetes.io/component=task`;
  const [job] = (await place.api.list(paths.jobs(place.namespace), { labelSelector })).items;
  return job.spec.template.spec;
}
