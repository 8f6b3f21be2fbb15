/**
 * Nodes that are none: the API server is real, and so are Jobs, pods and the scheduler, but what a kubelet says of
 * its pods is said here, and what a worker stores is stored here. So a machine of two cores has a cluster of many
 * nodes. Or workers are real processes of this machine, each with the environment of its pod.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import pLimit from 'p-limit';
import { isKubeError, nthOfRanges, paths, watch } from '@kube-transform/runtime/kubernetes';
import { systemClock } from '@kube-transform/runtime/internal';
import { HintClient } from '../../packages/runtime/dist/kubernetes/run/hint-client.js';
import { resultsPrefix } from '../../packages/runtime/dist/run-store/layout.js';
import { SegmentLog } from '../../packages/runtime/dist/run-store/segment-log.js';

/** The label, and the taint, of the nodes. */
export const FAKE = 'kt.dev/fake';
/** What a step asks for to have its pods there. */
export const onFakeNodes = {
  nodeSelector: { [FAKE]: 'true' },
  tolerations: [{ key: FAKE, operator: 'Exists' }],
};
const LEASES = 'kube-node-lease';
const BEAT_MS = 10_000;
const INDEX = 'batch.kubernetes.io/job-completion-index';

/** Nodes with room for so many pods each, and what happens to the pods of a namespace on them. */
export class FakeNodes {
  #api;
  #store;
  #namespace;
  #size;
  #nodes = new Set();
  #seen = new Set();
  #hints = new Map();
  #closing = new AbortController();
  #watching;
  #work;
  /** Pods that have ended, and those that were gone before. */
  succeeded = 0;
  gone = 0;

  /** @param worker the file of a bundle that real processes run, some at once. Default: results are stored here. */
  constructor(api, { store, namespace, podsPerNode = 250, worker, atOnce = 8 }) {
    const limit = pLimit(atOnce);
    this.#work = worker === undefined ? pod => this.#stored(pod) : pod => limit(() => runWorker(worker, pod));
    this.#api = api;
    this.#store = store;
    this.#namespace = namespace;
    this.#size = podsPerNode;
  }

  async open(count) {
    for (let n = 0; n < count; n++) await this.add(`kt-fake-${systemClock.randomId(5)}`);
    this.#watching = Promise.all([this.#watch(), this.#beat()]);
  }

  async add(name) {
    await this.#api.create(paths.nodes(), {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { [FAKE]: 'true', 'kubernetes.io/hostname': name } },
      spec: { taints: [{ key: FAKE, value: 'true', effect: 'NoSchedule' }] },
    });
    this.#nodes.add(name);
    await this.#alive(name);
    const room = { cpu: '1000', memory: '4Ti', pods: String(this.#size), 'ephemeral-storage': '1Ti' };
    const now = new Date().toISOString();
    const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now };
    await this.#api.patch(
      `${paths.nodes(name)}/status`,
      { status: { capacity: room, allocatable: room, conditions: [ready] } },
      { type: 'merge' },
    );
  }

  /** Takes a node away, as a cloud does: its pods are gone a moment later. Gives its name. */
  async takeAway() {
    const [name] = this.#nodes;
    this.#nodes.delete(name);
    await this.#api.delete(paths.nodes(name));
    return name;
  }

  async close() {
    this.#closing.abort();
    await this.#watching;
    for (const name of this.#nodes) {
      await this.#api.delete(paths.nodes(name));
      await this.#api.delete(paths.leases(LEASES, name));
    }
  }

  async #alive(name) {
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: 40,
      renewTime: `${new Date().toISOString().slice(0, -1)}000Z`,
    };
    const path = paths.leases(LEASES, name);
    if ((await this.#api.patch(path, { spec }, { type: 'merge' })) !== null) return;
    await this.#api.create(paths.leases(LEASES), {
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
      metadata: { name, namespace: LEASES },
      spec,
    });
  }

  async #beat() {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await systemClock.sleep(BEAT_MS, signal).catch(() => undefined);
      if (!signal.aborted) for (const name of this.#nodes) await this.#alive(name);
    }
  }

  async #watch() {
    const { signal } = this.#closing;
    const options = { clock: systemClock, signal, onTrouble: error => console.error(String(error)) };
    for await (const news of watch(this.#api, { path: paths.pods(this.#namespace) }, options)) {
      if (news.type === 'gone') {
        if (!['Succeeded', 'Failed'].includes(news.object.status.phase)) this.gone++;
        continue;
      }
      for (const pod of news.type === 'list' ? news.items : [news.object]) void this.#see(pod);
    }
  }

  async #see(pod) {
    const { uid, deletionTimestamp } = pod.metadata;
    if (!this.#nodes.has(pod.spec.nodeName)) return;
    const deed = deletionTimestamp !== undefined ? 'delete' : pod.status.phase === 'Pending' ? 'run' : null;
    if (deed === null || this.#seen.has(`${deed} ${uid}`)) return;
    this.#seen.add(`${deed} ${uid}`);
    try {
      await (deed === 'run' ? this.#run(pod) : this.#delete(pod));
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#seen.delete(`${deed} ${uid}`);
      if (isKubeError(error)) console.error(`${pod.metadata.name}: ${error.message}`);
      else throw error;
    }
  }

  async #delete({ metadata }) {
    await this.#api.delete(paths.pods(this.#namespace, metadata.name), { query: { gracePeriodSeconds: 0 } });
  }

  /** What a kubelet and a worker do. */
  async #run(pod) {
    const path = `${paths.pods(this.#namespace, pod.metadata.name)}/status`;
    const { name, image } = pod.spec.containers[0];
    const startTime = new Date().toISOString().replace(/\.\d+/, '');
    const base = { name, image, imageID: image, restartCount: 0 };
    const running = { ...base, ready: true, state: { running: { startedAt: startTime } } };
    const status = { phase: 'Running', startTime, containerStatuses: [running] };
    if ((await this.#api.patch(path, { status }, { type: 'merge' })) === null) return;
    await this.#work(pod);
    const terminated = { exitCode: 0, reason: 'Completed', startedAt: startTime, finishedAt: startTime };
    const ended = { ...base, ready: false, state: { terminated } };
    await this.#api.patch(
      path,
      { status: { phase: 'Succeeded', containerStatuses: [ended] } },
      { type: 'merge' },
    );
    this.succeeded++;
  }

  async #stored({ metadata, spec }) {
    const env = Object.fromEntries(spec.containers[0].env.map(({ name, value }) => [name, value]));
    const { KT_RUN: runId, KT_JOB: job, KT_PODS: pods = '0' } = env;
    const number = nthOfRanges(pods, Number(metadata.annotations[INDEX] ?? 0));
    const log = await SegmentLog.open(this.#store, resultsPrefix(runId, job, number), {});
    if (log.number === 0) await log.append({ i: number, n: 1, r: number });
    let hints = this.#hints.get(runId);
    if (hints === undefined) this.#hints.set(runId, (hints = new HintClient(this.#store, runId)));
    await hints.send({
      job,
      pod: number,
      last: log.number,
      ...(log.last === undefined ? {} : { segment: log.last }),
    });
  }
}

/** What a container would find in its environment. */
function environmentOf({ metadata, spec }) {
  const fields = path => {
    const [, map, key] = /^metadata\.(annotations|labels)\['(.*)'\]$/.exec(path) ?? [];
    return map === undefined ? metadata[path.replace('metadata.', '')] : metadata[map]?.[key];
  };
  return Object.fromEntries(
    spec.containers[0].env.map(({ name, value, valueFrom }) => [
      name,
      value ?? fields(valueFrom?.fieldRef?.fieldPath ?? '') ?? '',
    ]),
  );
}

/** Runs the worker of a pod as a process of this machine; rejects where it fails. */
async function runWorker(worker, pod) {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  const env = {
    ...environmentOf(pod),
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    KT_TERMINATION: '/dev/null',
  };
  const flags = pod.spec.containers[0].args?.filter(word => word.startsWith('--')) ?? [];
  const child = spawn(process.execPath, [...flags, worker], {
    env,
    stdio: ['ignore', process.env.KT_SHOW ? 'inherit' : 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`The worker of ${pod.metadata.name} ended with ${code}.`);
}
