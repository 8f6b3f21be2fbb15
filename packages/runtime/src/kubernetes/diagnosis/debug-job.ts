/*
 * A Job whose pod is that of an item again, except that it waits for somebody to look inside. Pure.
 *
 * DB1 Nothing that finds the pods of a run's steps finds it: it has another component, and no label of the
 *     Job that the pod was of.
 * DB2 Nothing is left after its time: its deadline ends the pod, and its TTL deletes both.
 */
import { omitUndefined, parseQuantity } from '@kube-transform/sdk';
import { pullPolicy } from '../manifests/cluster-settings.js';
import { ANNOTATION, JOB_INDEX, LABEL } from '../manifests/names.js';
import type { Job, OwnerReference, Pod } from '../api/objects.js';
import { CONTAINER, type EnvVar, heapFlag, MOUNT } from '../manifests/pod-spec.js';
import { expanded, literal, posixWord } from './kubelet-text.js';

/** How long the Job stays when its pod has ended. */
const LEFT_SECONDS = 5;
/** Its name is a label too, and ends in five characters that Kubernetes adds to that of the pod. */
const MAX_NAME = 57;
/** The variable that holds what the pod would have run. */
export const DEBUG_COMMAND = 'KT_COMMAND';
/** The variable that names the item that a worker is to replay. */
export const DEBUG_ITEM = 'KT_DEBUG_ITEM';
/** Fields of a pod that others have filled in, or that would start, end or hold it. */
const NOT_AGAIN = [
  ...['nodeName', 'hostname', 'subdomain', 'priority', 'preemptionPolicy', 'serviceAccount'],
  ...['schedulingGates', 'activeDeadlineSeconds', 'ephemeralContainers'],
];
const NOT_AGAIN_OF_MAIN = ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'args'];
const OF_JOBS = /^(batch\.kubernetes\.io\/|job-name$|controller-uid$)/;
const OF_STEPS: readonly string[] = [LABEL.job, LABEL.wave, LABEL.container, LABEL.component];
const TOKEN = /^kube-api-access-/;

/** Which pod is to be had again. */
export interface Debugged {
  /** What its Job is named after. */
  name: string;
  namespace: string;
  /** Of the pod, or of the template of its Job. */
  metadata: Pick<Pod['metadata'], 'labels' | 'annotations'>;
  spec: object;
  /** The item that a worker replays; null where the pod runs a container of the user's. */
  item: number | null;
  /** What it goes with: the run. */
  owner: OwnerReference | null;
}

/** What differs on purpose. */
export interface DebugWishes {
  /** How long it stays, in seconds. */
  keepSeconds: number;
  image?: string | undefined;
  /** What it asks for; its limit is a tenth more. */
  memory?: string | undefined;
}

/** A container as far as it is changed. */
interface Main {
  name: string;
  image?: string;
  command?: string[];
  args?: string[];
  env?: (EnvVar & { value?: string; valueFrom?: { fieldRef?: { fieldPath?: string } } })[];
  volumeMounts?: { name: string }[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
}

/** What the pod would have run, in words; empty where that is for its image to say. */
export function debugWords(
  { spec, metadata, item }: Debugged,
  { memory }: Partial<DebugWishes> = {},
): string[] {
  const { command = [], args = [], env = [] } = mainOf(spec);
  if (item === null) return [...command, ...args].map(word => expanded(word, { env, ...metadata }));
  // The code is laid out when the pod begins to wait.
  const laying = layingOut(command);
  return [
    ...command
      .filter(word => !laying.includes(word))
      .map(word => (memory !== undefined && word.startsWith('--max-old') ? heapFlag(memory) : word)),
    ...args,
  ];
}

/** The flag by which a pod that mounts nothing lays out its code; empty where it mounts it. */
function layingOut(command: readonly string[]): string[] {
  const at = command.findIndex(
    (word, n) => word === '--import' && command[n + 1]?.startsWith('data:') === true,
  );
  return at < 0 ? [] : command.slice(at, at + 2);
}

/** The Job of a pod that waits. */
export function debugJob(of: Debugged, wishes: DebugWishes): Job {
  const { metadata, item, owner, namespace } = of;
  const { keepSeconds } = wishes;
  const own = Object.entries(metadata.labels ?? {}).filter(
    ([name]) => !OF_JOBS.test(name) && !OF_STEPS.includes(name),
  );
  const labels = { ...Object.fromEntries(own), [LABEL.component]: 'debug', [LABEL.managedBy]: 'kt' };
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => name.startsWith('kt.dev/')),
  );
  const about = omitUndefined({
    [ANNOTATION.runId]: annotations[ANNOTATION.runId],
    [ANNOTATION.job]: annotations[ANNOTATION.job],
    'kt.dev/item': item === null ? undefined : String(item),
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${of.name.slice(0, MAX_NAME - 6).replace(/[-.]+$/, '')}-debug`,
      namespace,
      labels,
      annotations: about,
      ...(owner === null ? {} : { ownerReferences: [owner] }),
    },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: keepSeconds,
      ttlSecondsAfterFinished: LEFT_SECONDS,
      template: { metadata: { labels, annotations }, spec: specOf(of, wishes) },
    },
  };
}

function specOf(of: Debugged, wishes: DebugWishes): Record<string, unknown> {
  const spec = of.spec as { containers?: Main[]; volumes?: { name: string }[] };
  const main = mainOf(spec);
  const others = (spec.containers ?? []).filter(one => one !== main);
  return {
    ...without(spec, NOT_AGAIN),
    restartPolicy: 'Never',
    // What waits has nothing to end in good order.
    terminationGracePeriodSeconds: 1,
    containers: [waiting(of, main, wishes), ...others].map(one => ({
      ...one,
      ...(one.volumeMounts === undefined ? {} : { volumeMounts: one.volumeMounts.filter(isKept) }),
    })),
    ...(spec.volumes === undefined ? {} : { volumes: spec.volumes.filter(isKept) }),
  };
}

const isKept = ({ name }: { name: string }): boolean => !TOKEN.test(name);

function waiting(of: Debugged, main: Main, { image, memory, keepSeconds }: DebugWishes): Main {
  const { item } = of;
  const words = debugWords(of, { memory });
  const added = [
    [DEBUG_COMMAND, literal(words.map(posixWord).join(' '))],
    ...(item === null ? [] : [[DEBUG_ITEM, String(item)]]),
    // The index that its Job has told an item's pod.
    ['JOB_COMPLETION_INDEX', literal(of.metadata.labels?.[JOB_INDEX] ?? String(item ?? 0))],
    // What taclib's debug pods have: its decorators open a debugger where it is set.
    ['DEBUG_PM', 'true'],
  ].map(([name = '', value = '']) => ({ name, value }));
  const env = (main.env ?? []).filter(({ name }) => !added.some(other => other.name === name));
  const { requests, limits } = main.resources ?? {};
  return {
    ...without(main, NOT_AGAIN_OF_MAIN),
    name: main.name,
    ...(image === undefined ? {} : { image, imagePullPolicy: pullPolicy(image, null) }),
    command: item === null ? ['sh', '-c', `sleep ${keepSeconds}`] : waitCommand(main, keepSeconds),
    ...{ tty: true, stdin: true },
    env: [...env, ...added] as NonNullable<Main['env']>,
    ...(memory === undefined
      ? {}
      : {
          resources: {
            ...main.resources,
            requests: { ...requests, memory },
            limits: { ...limits, memory: String(Math.ceil((parseQuantity(memory) ?? 2 ** 30) * 1.1)) },
          },
        }),
  };
}

/** Images of functions have Node, and need no shell. */
const waitCommand = ({ command = [] }: Main, seconds: number): string[] => [
  ...['node', ...layingOut(command)],
  ...['-e', `setTimeout(() => undefined, ${seconds * 1000})`],
];

/** The words that call the function of an item in its pod; with a port, under a debugger. */
export const replayWords = (words: readonly string[], port: number | null): string[] => {
  const given = words.length > 0 ? words : ['node', `${MOUNT.bundle}/worker.mjs`];
  const [program = 'node', ...rest] = given;
  return [program, ...(port === null ? [] : [`--inspect-brk=127.0.0.1:${port}`]), ...rest];
};

function mainOf(spec: object): Main {
  const { containers = [] } = spec as { containers?: Main[] };
  return containers.find(({ name }) => name === CONTAINER) ?? containers[0] ?? { name: CONTAINER };
}

const without = (object: object, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
