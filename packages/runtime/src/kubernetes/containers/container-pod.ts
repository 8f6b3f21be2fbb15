/*
 * The pod of a container step. Pure.
 *
 * CP1 The user's texts reach the container as they are: what Kubernetes would expand in them is escaped, and
 *     what differs from pod to pod comes as an annotation, which is not expanded.
 * - The image is the user's and may have neither Node nor a shell: nothing of ours runs in it.
 * - A pod that is to be told something waits at a gate until it has been: it is not scheduled before.
 */
import type { KTJob } from '@kube-transform/sdk';
import type { ContainerCall } from '../../ports/containers.js';
import { type ClusterSettings, pullPolicy } from '../manifests/cluster-settings.js';
import { GATE } from '../manifests/names.js';
import { basePod, type EnvVar, resourcesOf, workerEnv } from '../manifests/pod-spec.js';
import { type ContainerTemplate, type Place, textAt } from './container-groups.js';

const SCRATCH = 'scratch';
const VALUE = 'KT_VALUE_';

/** The annotation that holds the n-th text that differs from pod to pod. */
export const valueAnnotation = (n: number): string => `kt.dev/value-${n}`;

/** What a pod is told. */
export const valuesOf = (call: ContainerCall, varied: readonly Place[]): Record<string, string> =>
  Object.fromEntries(varied.map((place, n) => [valueAnnotation(n), textAt(call, place)]));

/** A text that Kubernetes is to leave alone: "$" begins what it expands. */
const literal = (text: string): string => text.replaceAll('$', '$$$$');

/** The spec of the pods, before the job's own wishes. */
export function containerPod(
  { settings, runId, job }: { settings: ClusterSettings; runId: string; job: KTJob },
  { template: { call, varied }, memory }: { template: ContainerTemplate; memory: string },
): Record<string, unknown> {
  const numbers = new Map(varied.map((place, n) => [nameOf(place), n]));
  const told = (n: number): object => ({
    fieldRef: { fieldPath: `metadata.annotations['${valueAnnotation(n)}']` },
  });
  const words = (field: 'command' | 'args', all: readonly string[]): string[] =>
    all.map((text, index) => {
      const n = numbers.get(nameOf({ field, index }));
      return n === undefined ? literal(text) : `$(${VALUE}${n})`;
    });
  const own = Object.entries(call.env).map(([name, text]): EnvVar => {
    const n = numbers.get(nameOf({ field: 'env', name }));
    return n === undefined ? { name, value: literal(text) } : { name, valueFrom: told(n) };
  });
  const env: EnvVar[] = [
    ...workerEnv(settings, job.env),
    { name: 'KT_RUN', value: runId },
    { name: 'KT_JOB', value: literal(job.name) },
    ...[...varied.entries()]
      .filter(([, { field }]) => field !== 'env')
      .map(([n]) => ({ name: `${VALUE}${n}`, valueFrom: told(n) })),
    ...own,
  ];
  const pod = basePod({
    settings,
    bundle: [],
    args: [],
    env,
    resources: resourcesOf(job, memory),
    token: false,
    volumes: [],
  });
  const [main] = pod['containers'] as Record<string, unknown>[];
  const { command: _, env: all, volumeMounts, securityContext, ...rest } = main ?? {};
  const isKept = ({ name }: { name: string }): boolean => name !== SCRATCH;
  return {
    ...pod,
    ...(varied.length === 0 ? {} : { schedulingGates: [{ name: GATE }] }),
    containers: [
      {
        ...rest,
        image: call.image,
        imagePullPolicy: pullPolicy(call.image, null),
        ...(call.command === null ? {} : { command: words('command', call.command) }),
        ...(call.args.length === 0 ? {} : { args: words('args', call.args) }),
        ...(call.workdir === null ? {} : { workingDir: call.workdir }),
        ...(call.resultFile === null ? {} : { terminationMessagePath: call.resultFile }),
        env: lastOfEach(all as EnvVar[]),
        volumeMounts: (volumeMounts as { name: string }[]).filter(isKept),
        // Images write where they please; what they write goes with the pod.
        securityContext: { ...(securityContext as object), readOnlyRootFilesystem: false },
      },
    ],
    volumes: (pod['volumes'] as { name: string }[]).filter(isKept),
  };
}

const nameOf = (place: Place): string =>
  place.field === 'env' ? `env ${place.name}` : `${place.field} ${place.index}`;

/** Of variables of one name the last, where it stands: those before it are what it replaces. */
function lastOfEach(env: readonly EnvVar[]): EnvVar[] {
  const last = new Map(env.map((variable, i) => [variable.name, i]));
  return env.filter(({ name }, i) => last.get(name) === i);
}
