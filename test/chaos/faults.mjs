// Faults, each done to one run; a fault returns false where it came too early or too late to hit anything.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { resumeRun } from '@kube-transform/cli';
import { systemClock } from '@kube-transform/runtime/internal';
import { paths, runName } from '@kube-transform/runtime/kubernetes';

const local = fileURLToPath(new URL('../../../shared/cluster/cluster', import.meta.url));
const cluster = (...args) => promisify(execFile)(local, args);

/** Ends a process of a pod on this machine, where the node is this machine. */
async function killProcess(program, marks) {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map(name => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    );
    if (!command.includes(program) || !environment.split('\0').includes(marks)) continue;
    process.kill(Number(pid), 'SIGKILL');
    return true;
  }
  return false;
}

async function randomPod({ api, namespace, random }, runId, component) {
  const labelSelector = `kt.dev/run=${runId},app.kubernetes.io/component=${component}`;
  const { items } = await api.list(paths.pods(namespace), { labelSelector });
  const alive = items.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && /Pending|Running/.test(status?.phase ?? ''),
  );
  return alive[Math.floor(random() * alive.length)]?.metadata.name;
}

export const FAULTS = {
  'kill -9 of the controller': (_, runId) => killProcess('controller.mjs', `KT_RUN_CONFIG=${runName(runId)}`),
  'kill -9 of a worker': (_, runId) => killProcess('worker.mjs', `KT_RUN=${runId}`),
  'deletion of a worker pod': async (place, runId) => {
    const name = await randomPod(place, runId, 'task');
    if (name !== undefined) await place.api.delete(paths.pods(place.namespace, name));
    return name !== undefined;
  },
  'eviction of a worker pod': async (place, runId) => {
    const name = await randomPod(place, runId, 'task');
    if (name === undefined) return false;
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: place.namespace },
    };
    await place.api.create(`${paths.pods(place.namespace, name)}/eviction`, eviction).catch(() => undefined);
    return true;
  },
  'deletion of the controller Job, then submit --resume': async ({ api, namespace }, runId) => {
    const labelSelector = `kt.dev/run=${runId},app.kubernetes.io/component=controller`;
    const { items } = await api.list(paths.jobs(namespace), { labelSelector });
    if (items.length === 0 || items[0].status?.conditions !== undefined) return false;
    await api.delete(paths.jobs(namespace, items[0].metadata.name));
    await systemClock.sleep(1000);
    await resumeRun(api, runId);
    return true;
  },
  'API server away for 10 s': async () => {
    await cluster('stop', 'kube-apiserver');
    await systemClock.sleep(10_000);
    await cluster('start', 'kube-apiserver');
    return true;
  },
};
