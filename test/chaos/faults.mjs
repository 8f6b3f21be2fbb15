// Faults, each done to a run; a fault returns false where it came too early or too late to hit anything.
// What hits all runs of a namespace is `SHARED`; what is nobody's fault must cost no attempt: `FREE`.
import { execFile } from 'node:child_process';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { resumeRun } from '@kube-transform/cli';
import { systemClock } from '@kube-transform/runtime/internal';
import { paths, runName } from '@kube-transform/runtime/kubernetes';

const local = fileURLToPath(new URL('../../../shared/cluster/cluster', import.meta.url));
const cluster = (...args) => promisify(execFile)(local, args);

/** Puts a file system of few megabytes over a folder of the node; where it is seen from here. */
export async function mountSmall(dir) {
  await cluster('exec', 'mount', '-t', 'tmpfs', '-o', 'size=16m,mode=777', 'tmpfs', dir);
  const [pid] = await processesOf('kubelet\0--');
  return {
    seenAt: `/proc/${pid}/root${dir}`,
    unmount: () => cluster('exec', 'umount', '--lazy', dir),
  };
}

/** Switches the node off: what is dying may hold its groups of processes for a moment. */
async function switchOff() {
  for (let tries = 1; ; tries++)
    try {
      return await cluster('down');
    } catch (error) {
      if (tries === 5) throw error;
      await systemClock.sleep(2000);
    }
}

/** Fills a file system to its last byte for some time. */
async function fill(dir, ms) {
  const path = join(dir, 'filler');
  const file = await open(path, 'w');
  try {
    for (const bytes of [Buffer.alloc(2 ** 20), Buffer.alloc(2 ** 10)])
      for (;;) if ((await file.write(bytes).catch(() => undefined)) === undefined) break;
    await systemClock.sleep(ms);
  } finally {
    await file.close();
    await rm(path);
  }
}

/** The processes of pods on this machine that run a program with a variable. */
async function processesOf(program, variable) {
  const found = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map(name => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    );
    const isIt = variable === undefined || environment.split('\0').includes(variable);
    if (command.includes(program) && isIt) found.push(Number(pid));
  }
  return found;
}

/** Ends a process of a pod on this machine, where the node is this machine. */
async function killProcess(program, variable) {
  const [pid] = await processesOf(program, variable);
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    return pid !== undefined;
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

/** Sends a signal; false where the process has ended. */
function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Sends a signal to the controllers of a run, where the node is this machine; how many there were. */
async function signalControllers(runId, signal) {
  let count = 0;
  for (const pid of await processesOf('controller.mjs', `KT_RUN_CONFIG=${runName(runId)}`)) {
    process.kill(pid, signal);
    count++;
  }
  return count;
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

/** Done on a volume of its own, see {@link mountSmall}. */
export const FULL = 'the volume full for 15 s';

export const FAULTS = {
  'kill -9 of the controller': (_, runId) => killProcess('controller.mjs', `KT_RUN_CONFIG=${runName(runId)}`),
  'kill -9 of a worker': (_, runId) => killProcess('worker.mjs', `KT_RUN=${runId}`),
  'a worker stopped for 5 s, and continued': async (_, runId) => {
    const [pid] = await processesOf('worker.mjs', `KT_RUN=${runId}`);
    try {
      if (pid === undefined) return false;
      process.kill(pid, 'SIGSTOP');
      await systemClock.sleep(5000);
      return process.kill(pid, 'SIGCONT');
    } catch {
      return false;
    }
  },
  'the controller stopped for 60 s, and continued': async (_, runId) => {
    if ((await signalControllers(runId, 'SIGSTOP')) === 0) return false;
    await systemClock.sleep(60_000);
    return (await signalControllers(runId, 'SIGCONT')) > 0;
  },
  // Its place is taken by another pod while it may still be at it.
  'a worker stopped, its pod deleted by force, and continued': async (place, runId) => {
    const [pid] = await processesOf('worker.mjs', `KT_RUN=${runId}`);
    if (pid === undefined || !signal(pid, 'SIGSTOP')) return false;
    const name = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''))
      .split('\0')
      .find(one => one.startsWith('HOSTNAME='))
      ?.slice('HOSTNAME='.length);
    if (name === undefined) return false;
    const now = { query: { gracePeriodSeconds: 0 } };
    const labelSelector = `kt.dev/run=${runId},batch.kubernetes.io/job-name`;
    const pods = (await place.api.list(paths.pods(place.namespace), { labelSelector })).items;
    const pod = pods.find(({ spec }) => spec.hostname === name);
    if (pod === undefined) return false;
    await place.api.delete(paths.pods(place.namespace, pod.metadata.name), now);
    await systemClock.sleep(1000);
    signal(pid, 'SIGCONT');
    return true;
  },
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
    // A miss where it had just ended.
    return resumeRun(api, runId).then(
      () => true,
      error => {
        if (error.code === 'RUN_OVER') return false;
        throw error;
      },
    );
  },
  'a controller stopped, three steals at once, and continued': async ({ api }, runId) => {
    if ((await signalControllers(runId, 'SIGSTOP')) === 0) return false;
    const steals = Array.from({ length: 3 }, () => resumeRun(api, runId, { steal: true }));
    const taken = (await Promise.allSettled(steals)).filter(({ status }) => status === 'fulfilled');
    await systemClock.sleep(5000);
    await signalControllers(runId, 'SIGCONT');
    return taken.length > 0;
  },
  'the Role replaced, away for 20 s': async ({ api, namespace }) => {
    const path = `${paths.roles(namespace)}/kt-controller`;
    const { metadata, ...role } = await api.get(path);
    await api.delete(path);
    await systemClock.sleep(20_000);
    await api.create(paths.roles(namespace), { ...role, metadata: { name: metadata.name, namespace } });
    return true;
  },
  [FULL]: async ({ dir }) => {
    await fill(dir, 15_000);
    return true;
  },
  'the node off and on': async () => {
    await switchOff();
    await cluster('up');
    return true;
  },
  'API server away for 10 s': async () => {
    await cluster('stop', 'kube-apiserver');
    await systemClock.sleep(10_000);
    await cluster('start', 'kube-apiserver');
    return true;
  },
};

/** Done once to several runs: they hit all of them. */
export const SHARED = [
  FULL,
  'API server away for 10 s',
  'the Role replaced, away for 20 s',
  'the node off and on',
];
/** Ends of the platform: they are done to steps without retries. */
export const FREE = [...SHARED, 'deletion of a worker pod', 'eviction of a worker pod'];
