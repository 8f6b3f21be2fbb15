/**
 * `node test/scale/many.mjs items|dag|runs [COUNT]`: what no machine for tests has room for, on nodes that are none
 * (`fake-nodes.mjs`), with a real API server and real controllers: a map of COUNT items, each in a pod of its own
 * (default 10,000); so many steps in layers of 100 (1,000); so many runs of three steps at once (50). Nodes come
 * and go, and of a map the controller is killed once. Prints what it took, and ends with 1 where a result is wrong.
 *
 * The controller manager of a cluster makes some 20 pods a second where it is not told otherwise.
 */
import { kubeConnection } from '@kube-transform/cli';
import { readResults, systemClock } from '@kube-transform/runtime/internal';
import { KubeApi, paths } from '@kube-transform/runtime/kubernetes';
import { controllerOf, openPlace } from '../e2e/open-place.mjs';
import { runToEnd } from '../e2e/run-to-end.mjs';
import { FakeNodes, onFakeNodes } from './fake-nodes.mjs';

const DEFAULTS = { items: 10_000, dag: 1000, runs: 50 };
const LAYER = 100;
const NODES = 20;
const NODE_LIVES_MS = 20_000;
const [, , kind = 'items', given] = process.argv;
const count = Number(given ?? DEFAULTS[kind]);
if (!(count > 0)) throw new Error('Say what: node test/scale/many.mjs items|dag|runs [COUNT]');

const small = { cpu: '10m', memory: '64Mi', kubernetes: onFakeNodes };
const step = (name, dependencies) => ({
  ...{ type: 'static', name, ...small, dependencies },
  tasks: [{ function: 'one-a-pod.one', args: { x: 0 } }],
});
const map = items => ({
  ...{ type: 'map', name: 'one', function: 'one-a-pod.one', ...small, itemsPerPod: 1 },
  ...{ items: Array.from({ length: items }, (_, i) => i), args: { x: { $ref: 'item#' } } },
});
const layers = n => Array.from({ length: n }, (_, i) => step(`s${i}`, i < LAYER ? [] : [`s${i - LAYER}`]));
const chain = ['a', 'b', 'c'].map((name, i, all) => step(name, all.slice(i - 1, i)));
const jobs = { items: () => [map(count)], dag: () => layers(count), runs: () => chain }[kind]();
const isRight = async runId => {
  if (kind === 'items') return (await readResults(store, runId, 'one')).every((x, i) => x === i);
  return (await readResults(store, runId, jobs.at(-1).name))[0] === 0;
};

const place = await openPlace('kt-many', 'test/scale/one-a-pod.ts');
if (place === null) {
  console.error('There is no cluster: set KT_E2E_KUBECONFIG, and KT_E2E_IMAGE to an image with Node.');
  process.exit(2);
}
const { api, store, namespace } = place;
const connection = await kubeConnection({ kubeconfig: process.env.KT_E2E_KUBECONFIG, namespace });
const nodesApi = new KubeApi(connection, { clock: systemClock });
const nodes = new FakeNodes(nodesApi, { store, namespace });
const over = new AbortController();

/** One run, to its end. */
async function run() {
  const { runId, summary, ms } = await runToEnd(place, { pipeline: { name: 'many', jobs } });
  const right = summary?.status === 'Completed' && (await isRight(runId));
  if (!right) console.log(`  ${summary?.status}: ${summary?.lastError ?? 'the results are WRONG'}`);
  return { runId, seconds: ms / 1000, right };
}

/** Nodes come and go, until the end. */
async function churn() {
  while (!over.signal.aborted) {
    await systemClock.sleep(NODE_LIVES_MS, over.signal).catch(() => undefined);
    if (over.signal.aborted) return;
    await nodes.takeAway();
    await nodes.add(`kt-fake-${systemClock.randomId(5)}`);
  }
}

/** Kills the controller when half of the pods have ended; how long until more pods end by the word of its heir. */
async function killOnce() {
  while (nodes.succeeded < count / 2) {
    if (over.signal.aborted) return null;
    await systemClock.sleep(100);
  }
  const labelSelector = 'app.kubernetes.io/component=controller';
  const [pod] = (await api.list(paths.pods(namespace), { labelSelector })).items;
  const atMs = systemClock.elapsedMs();
  await api.delete(paths.pods(namespace, pod.metadata.name), { query: { gracePeriodSeconds: 0 } });
  for (;;) {
    const { items } = await api.list(paths.pods(namespace), { labelSelector });
    const heir = items.find(({ metadata }) => metadata.uid !== pod.metadata.uid);
    if (heir?.status.containerStatuses?.[0]?.state?.running !== undefined) break;
    await systemClock.sleep(100);
  }
  return (systemClock.elapsedMs() - atMs) / 1000;
}

try {
  await nodes.open(NODES);
  const churning = churn();
  const killed = kind === 'items' ? killOnce() : null;
  const ended = await Promise.all(Array.from({ length: kind === 'runs' ? count : 1 }, run));
  over.abort();
  await churning;
  const heirS = await killed;
  const { peakMiB, apiRequests } = await controllerOf(place, ended[0].runId);
  const seconds = Math.max(...ended.map(one => one.seconds));
  const right = ended.every(one => one.right);
  console.log(
    `${count} ${kind} on ${NODES} nodes that come and go: ${right ? 'right' : 'WRONG'}, ${seconds.toFixed(0)} s, ` +
      `${nodes.succeeded} pods ended and ${nodes.gone} were taken away; a controller ${peakMiB} MiB, ` +
      `${apiRequests} API requests${heirS === null ? '' : `, its heir ran ${heirS.toFixed(1)} s after kill -9`}`,
  );
  process.exitCode = right ? 0 : 1;
} finally {
  over.abort();
  await nodes.close();
  nodesApi.close();
  await place.close();
}
