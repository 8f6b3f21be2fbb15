/** Warm pods of a scripted cluster: what they are given, and what follows when they end. */
import { mustParsePipeline } from '@kube-transform/sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeBench, frameOf } from '../../../../../test/kit/kube-bench.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { JobTally } from '../../run-store/job-tally.js';
import { KubeApi } from '../api/kube-api.js';
import type { Job, Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { JOB_INDEX, JOB_NAME } from '../manifests/names.js';
import { warmClass } from './warm-class.js';
import { WarmPods } from './warm-pods.js';
import type { WarmStep } from './warm-pool.js';

const bench = new KubeBench();
const frame = frameOf(clusterSettings({ namespace: 'ns', store: 'mem:' }));
const never = new AbortController().signal;
let api: KubeApi;
let step: WarmStep;
let woken: number;
/** Pods that the run may have. */
let room: number;
let closing: AbortController;
beforeEach(() => {
  api = new KubeApi(bench.connection(), { clock: bench.clock });
  const [job] = mustParsePipeline({ name: 'p', jobs: [{ type: 'static', name: 'a', reuse: 'run' }] }).jobs;
  const order = { runId: 'r', pipeline: 'p', job: job!, items: 2, itemsPerPod: 1 };
  step = {
    ...{ name: 'a', order, tally: new JobTally(memoryFileStore(), order, () => undefined), memory: '1Gi' },
    ...{ isStopped: false, nextGiveAtMs: 0, lost: [], pool: null, wasGiven: () => false },
    ...{ setChanged: () => undefined, refuse: () => undefined },
  };
  woken = 0;
  room = 100;
  closing = new AbortController();
});
afterEach(async () => {
  closing.abort();
  await podsOf.close(false);
  api.close();
});

let podsOf: WarmPods;
/** The warm pods of a controller. */
const controller = (): WarmPods =>
  (podsOf = new WarmPods(
    { api, clock: bench.clock, frame, onTrouble: () => undefined },
    {
      wake: () => void woken++,
      stepOf: job => (job === 'a' ? step : undefined),
      told: ({ pod }) => Promise.resolve({ pod, job: 'a' }),
      room: () => room,
      hasFailed: () => false,
      signal: closing.signal,
    },
  ));
const jobs = (): Job[] => bench.server.storage.all(paths.jobs('ns')) as unknown as Job[];
const nameOf = (): string => jobs()[0]?.metadata.name ?? '';
const askOf =
  (pods: WarmPods, signal = never) =>
  (uid: string, index: number, done?: { pod: number }) =>
    pods.ask(
      { warm: nameOf(), index, uid, ...(done === undefined ? {} : { done: { job: 'a', last: 1, ...done } }) },
      signal,
    );
const podOf = (uid: string, index: number, phase: 'Running' | 'Failed', note?: object): Pod => ({
  metadata: {
    name: uid,
    uid,
    labels: { ...jobs()[0]?.metadata.labels, [JOB_NAME]: nameOf(), [JOB_INDEX]: String(index) },
  },
  status: {
    phase,
    ...(note === undefined
      ? {}
      : {
          containerStatuses: [
            { name: 'main', state: { terminated: { exitCode: 137, message: JSON.stringify(note) } } },
          ],
        }),
  },
});

test('one Job is made for what waits, and a pod that asks again is given the same again', async () => {
  const pods = controller();
  await pods.offer(step);
  expect(jobs().map(({ spec }) => spec?.completions)).toEqual([2]);
  const ask = askOf(pods);
  expect(await Promise.all([ask('u0', 0), ask('u0', 0), ask('u1', 1)])).toMatchObject([
    { pod: 0 },
    { pod: 0 },
    { pod: 1 },
  ]);
  await pods.offer(step);
  expect([jobs().length, pods.active]).toEqual([1, 2]);
});

test.each([
  ['is given more pods', {}, 2],
  [
    'is left as it is where a queue of the cluster has taken it',
    { 'kueue.x-k8s.io/queue-name': 'default' },
    1,
  ],
])('a Job with too few pods - %s', async (_, labels, lanes) => {
  const pods = controller();
  room = 1;
  await pods.offer(step);
  const taken = bench.server.storage.patch(paths.jobs('ns'), nameOf(), { metadata: { labels } });
  pods.jobIs(taken as unknown as Job, false);
  room = 2;
  await pods.offer(step);
  expect(jobs().map(({ spec }) => spec?.completions)).toEqual([lanes]);
});

test('WP2: a pod in the place of one that ended - has something else until its end is on record', async () => {
  const pods = controller();
  await pods.offer(step);
  const ask = askOf(pods);
  expect(await ask('u0', 0)).toMatchObject({ pod: 0 });
  expect(await ask('other', 0)).toMatchObject({ pod: 1 });
  expect(pods.podFailed(podOf('u0', 0, 'Failed', { begun: [0], pod: 0, job: 'a' }))).toBe(true);
  expect(step.lost).toMatchObject([{ pod: 0, seen: { metadata: { uid: 'u0' } }, isLate: false }]);
  await pods.offer(step);
  expect(step.pool?.givable).toBe(0);
  // Somebody has put it on record.
  step.lost.splice(0);
  await pods.offer(step);
  expect(await ask('third', 1)).toMatchObject({ pod: 0 });
});

test('what a pod was given and never began is free, what it says that it was at is charged', async () => {
  const pods = controller();
  await pods.offer(step);
  await askOf(pods)('u0', 0);
  // It had been given pod 0, and died before it heard of that.
  pods.podFailed(podOf('u0', 0, 'Failed', { begun: [1], pod: 1, job: 'a' }));
  expect(step.lost).toMatchObject([{ pod: 1 }]);
  pods.podFailed(podOf('u0', 0, 'Failed', { begun: [1], pod: 1, job: 'a' }));
  expect(step.lost).toHaveLength(1);
  await pods.offer(step);
  expect(await askOf(pods)('u1', 1)).toMatchObject({ pod: 0 });
});

test('WP4: pods that end before they have asked - are charged to what waits, each to something else', async () => {
  const pods = controller();
  await pods.offer(step);
  for (const [index, uid] of ['u0', 'u1', 'u2'].entries()) pods.podFailed(podOf(uid, index, 'Failed'));
  expect(step.lost).toMatchObject([
    { pod: 0, seen: { metadata: { uid: 'u0' } } },
    { pod: 1, seen: { metadata: { uid: 'u1' } } },
  ]);
  expect(step.pool?.givable).toBe(0);
  // An idle one, when nothing waits.
  step.lost.splice(0);
  await pods.offer(step);
  const ask = askOf(pods);
  await Promise.all([ask('u3', 0), ask('u4', 1)]);
  pods.podFailed(podOf('u5', 0, 'Failed'));
  expect(step.lost).toEqual([]);
});

test('WP3: after another controller - nothing is given while a pod may be at it', async () => {
  await api.create(paths.jobs('ns'), warmClass(frame, step.order.job, '1Gi').jobOf(1, 2));
  const made = [podOf('old', 0, 'Running'), podOf('idle', 1, 'Running')].map(pod =>
    api.create<Pod>(paths.pods('ns'), pod),
  );
  const [old = '', idle = ''] = (await Promise.all(made)).map(pod => pod?.metadata.uid ?? '');
  const pods = controller();
  pods.jobIs(jobs()[0]!, false);
  await pods.offer(step);
  // They say what they have, and do not wait for more.
  const ask = askOf(pods, AbortSignal.abort());
  expect(await ask(idle, 1)).toEqual({ pod: null, isLater: true });
  await pods.offer(step);
  expect([step.pool?.givable, woken]).toEqual([0, 0]);
  await ask(old, 0, { pod: 0 });
  expect(woken).toBe(1);
  await pods.offer(step);
  // What it has done is on its way into the store.
  expect(await askOf(pods)(old, 0)).toMatchObject({ pod: 1 });
  expect(jobs()).toHaveLength(1);
});

test('at the end of a run pods are told to end, and their Job is deleted', async () => {
  const pods = controller();
  await pods.offer(step);
  await askOf(pods)('u0', 0);
  await pods.close(true);
  expect(await askOf(pods)('u0', 0)).toEqual({ pod: null });
  expect(jobs()).toEqual([]);
});

test('a controller that leaves a run tells pods to ask the next, and leaves the Job', async () => {
  const pods = controller();
  await pods.offer(step);
  await pods.close(false);
  expect([await askOf(pods)('u0', 0), jobs().length]).toEqual([null, 1]);
});
