/** Each way in which pods do not start: told, and given up, alike for functions and for containers. */
import { type FailureCause, type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeBench, frameOf } from '../../../../../test/kit/kube-bench.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { KubeApi } from '../api/kube-api.js';
import type { Job, Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { containerPod } from '../containers/container-pod.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { JOB_INDEX, JOB_NAME } from '../manifests/names.js';
import { ONE_POD, taskJob } from '../manifests/run-jobs.js';
import { JobExecution } from './job-execution.js';
import { StartWatchdog } from './start-watchdog.js';

const bench = new KubeBench();
let api: KubeApi;
beforeEach(() => {
  api = new KubeApi(bench.connection(), { clock: bench.clock });
});
afterEach(() => api.close());

/** What Kubernetes says of a step whose pods do not start. */
interface Mode {
  mode: string;
  pod?: Pod['status'] & { spec?: object };
  /** About its pod, or its Job. */
  event?: { kind: 'Pod' | 'Job'; reason: string; message: string };
  job?: Job['status'];
  suspend?: true;
  /** Null: it is waited for without an end. */
  reason: string | null;
  says: RegExp;
}

const waits = (reason: string, message = ''): Pod['status'] => ({
  containerStatuses: [{ name: 'main', state: { waiting: { reason, message } } }],
});
const unscheduled = (reason: string, message: string): Pod['status'] => ({
  conditions: [{ type: 'PodScheduled', status: 'False', reason, message }],
});
const refused = (message: string): Pick<Mode, 'event' | 'job'> => ({
  event: {
    kind: 'Job',
    reason: 'FailedCreate',
    message: `Error creating: pods "x" is forbidden: ${message}`,
  },
  job: { active: 0, ready: 0 },
});

const MODES: Mode[] = [
  {
    mode: 'an image that is not there',
    pod: waits('ErrImagePull', 'nope:1: not found'),
    reason: 'ErrImagePull',
    says: /nope:1: not found\. Correct the name or tag of the image/,
  },
  {
    mode: 'a registry that wants credentials',
    pod: waits('ImagePullBackOff', 'Back-off pulling image "x": ErrImagePull: 401 Unauthorized'),
    reason: 'ErrImagePull',
    says: /401 Unauthorized\. The registry wants credentials/,
  },
  {
    mode: 'an image whose name is none',
    pod: waits('InvalidImageName', 'invalid reference format'),
    reason: 'InvalidImageName',
    says: /Correct the name of the image/,
  },
  {
    mode: 'an image that may not be fetched',
    pod: waits('ErrImageNeverPull', 'it is not present with pull policy of Never'),
    reason: 'ErrImageNeverPull',
    says: /imagePullPolicy "IfNotPresent"/,
  },
  {
    mode: 'a missing ConfigMap',
    pod: waits('CreateContainerConfigError', 'configmap "flags" not found'),
    reason: 'CreateContainerConfigError',
    says: /Make the ConfigMap "flags"/,
  },
  {
    mode: 'a missing key of a Secret',
    pod: waits('CreateContainerConfigError', "couldn't find key token in Secret ns/keys"),
    reason: 'CreateContainerConfigError',
    says: /Add the key token to the Secret "keys"/,
  },
  {
    mode: 'a user that is root',
    pod: waits('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root'),
    reason: 'CreateContainerConfigError',
    says: /runAsUser/,
  },
  {
    mode: 'a volume that cannot be mounted',
    pod: waits('ContainerCreating'),
    event: { kind: 'Pod', reason: 'FailedMount', message: 'secret "certs" not found' },
    reason: 'FailedMount',
    says: /Make the Secret "certs"/,
  },
  {
    mode: 'more memory than any node has',
    pod: unscheduled('Unschedulable', '0/1 nodes are available: 1 Insufficient memory.'),
    reason: 'Unschedulable',
    says: /Ask for less memory \(now 1Gi a pod\)/,
  },
  {
    mode: 'a missing claim',
    pod: unscheduled('Unschedulable', 'persistentvolumeclaim "data" not found'),
    reason: 'Unschedulable',
    says: /Make the PersistentVolumeClaim "data"/,
  },
  {
    mode: "somebody's gate",
    pod: {
      ...unscheduled('SchedulingGated', 'there are gates'),
      spec: { schedulingGates: [{ name: 'a/b' }] },
    },
    reason: 'SchedulingGated',
    says: /whoever set the scheduling gates/,
  },
  {
    mode: 'a quota that is used up',
    ...refused('exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'),
    reason: 'QuotaExceeded',
    says: /exceeded quota: q/,
  },
  {
    mode: 'pods that are refused by a level of security',
    ...refused('violates PodSecurity "restricted:latest": hostPath volumes'),
    reason: 'PodSecurity',
    says: /Take what is named there out of the step/,
  },
  {
    mode: 'a missing service account',
    ...refused('error looking up service account ns/x: serviceaccount "x" not found'),
    reason: 'ServiceAccountMissing',
    says: /kubectl create serviceaccount x/,
  },
  {
    mode: 'a policy of the cluster',
    ...refused('admission webhook "v" denied the request: no'),
    reason: 'PolicyDenied',
    says: /A policy of the cluster refuses such pods/,
  },
  {
    mode: 'a limit of the namespace',
    ...refused('maximum memory usage per Container is 1Gi, but limit is 2Gi'),
    reason: 'LimitRange',
    says: /Ask for less "memory"/,
  },
  {
    mode: 'a queue that does not admit it',
    suspend: true,
    job: { active: 0, ready: 0 },
    reason: null,
    says: /its Job is suspended/,
  },
  {
    mode: 'pods that are being ended on a node that is gone',
    job: { active: 0, ready: 0, terminating: 1 },
    reason: 'Terminating',
    says: /delete the Node object/,
  },
  {
    mode: 'a container that its node has left behind',
    pod: { containerStatuses: [{ name: 'main', containerID: 'c://1', state: { waiting: {} } }] },
    // Its pod is deleted, and another one is made.
    reason: null,
    says: /has made its container and does not start it/,
  },
  {
    mode: 'nothing that is said',
    pod: waits('ContainerCreating'),
    reason: 'Silent',
    says: /Kubernetes does not say why/,
  },
];

const KINDS = {
  function: { type: 'map', name: 'm', function: 'f.f', items: [1], args: {}, memory: '1Gi' },
  container: { type: 'container', name: 'm', items: [1], container: { image: 'x' }, memory: '1Gi' },
} as const satisfies Record<string, KTJobInput>;
const HOUR_MS = 3_600_000;

/** What the watchdog makes of a mode: what it tells first, and what it gives up with. */
async function seen(given: KTJobInput, { pod, event, job: status, suspend }: Mode) {
  const [job] = mustParsePipeline({ name: 'p', jobs: [given] }).jobs;
  const settings = clusterSettings({ namespace: 'ns', store: 'mem:' });
  const frame = frameOf(settings);
  const call = { image: 'x', command: null, args: [], env: {}, workdir: null, resultFile: null };
  const template = { template: { call, varied: [] }, memory: '1Gi' };
  const made = taskJob(frame, {
    ...{ job: job!, wave: 1, memory: '1Gi', ...ONE_POD },
    ...(job!.container === null
      ? {}
      : { container: { pod: containerPod({ settings, runId: 'r', job: job! }, template), varied: '' } }),
  });
  const uid = `job of ${given.type}`;
  const order = { runId: 'r', pipeline: 'p', job: job!, items: 1, itemsPerPod: 1 };
  const execution = new JobExecution(memoryFileStore(), order, {
    work: () => Promise.resolve(),
    emit: () => undefined,
  });
  execution.see({
    ...made,
    metadata: { ...made.metadata, uid },
    spec: { ...made.spec!, ...(suspend === undefined ? {} : { suspend }) },
    status: status ?? { active: 1, ready: 0 },
  });
  const { storage } = bench.server;
  let podUid: string | undefined;
  if (pod !== undefined) {
    const { metadata, spec } = made.spec!.template;
    const labels = { ...metadata.labels, [JOB_NAME]: made.metadata.name, [JOB_INDEX]: '0' };
    const { spec: own = {}, ...rest } = pod;
    const { metadata: of } = storage.create(paths.pods('ns'), {
      metadata: { name: 'pod-0', labels },
      spec: { ...spec, ...own },
      status: { phase: 'Pending', ...rest },
    });
    podUid = of.uid;
  }
  if (event !== undefined) {
    const { kind, ...said } = event;
    const involvedObject = { kind, uid: kind === 'Job' ? uid : podUid };
    storage.create(paths.events('ns'), { metadata: { name: 'e' }, involvedObject, ...said });
  }
  const dog = new StartWatchdog({ api, clock: bench.clock, frame, onTrouble: () => undefined });
  const told: string[] = [];
  let cause: FailureCause | null = null;
  const endMs = bench.clock.nowMs() + HOUR_MS;
  while (cause === null && bench.clock.nowMs() < endMs) {
    bench.clock.advance(5000);
    cause = await dog.look(execution, {
      ...{ all: [execution], room: 2000, wakeLater: () => undefined },
      tell: found => void (found.type === 'JobWaiting' && found.message !== null && told.push(found.message)),
    });
  }
  // A pod that was left behind is deleted by the watchdog.
  for (const path of [paths.pods('ns'), paths.events('ns')])
    for (const { metadata } of storage.all(path)) storage.delete(path, metadata.name);
  return { told, cause };
}

/** Where a step names its image, and how it is fetched. */
const inStep = (text: string): string =>
  text
    .replace('kubernetes.image of the step, --image of the run', '"image" of the step')
    .replace(', --image-pull-policy IfNotPresent of the run', '');

test.each(MODES)('$mode - is told, and given up, alike for functions and containers', async mode => {
  const ofFunction = await seen(KINDS.function, mode);
  const ofContainer = await seen(KINDS.container, mode);
  expect(JSON.stringify(ofContainer)).toBe(
    JSON.stringify(ofFunction, (_, value: unknown) => (typeof value === 'string' ? inStep(value) : value)),
  );
  const { told, cause } = ofContainer;
  expect(cause === null ? null : cause.kind === 'NotStarted' && cause.reason).toBe(mode.reason);
  expect(cause?.message ?? told.join()).toMatch(mode.says);
});

test('a gate that the controller does not take away - says who does, and what that takes', async () => {
  const pod = {
    ...unscheduled('SchedulingGated', 'there are gates'),
    spec: { schedulingGates: [{ name: 'kt.dev/item' }] },
  };
  const mode: Mode = { mode: 'gate', pod, reason: 'SchedulingGated', says: /./ };
  expect((await seen(KINDS.container, mode)).cause?.message).toMatch(/verb patch on pods: kt rbac/);
});
