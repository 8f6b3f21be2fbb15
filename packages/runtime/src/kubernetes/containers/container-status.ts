/** What Kubernetes tells of the container of a step. Pure. */
import type { KTContainerResult } from '@kube-transform/sdk';
import type { ContainerEnd } from '../../ports/containers.js';
import { signalOf } from '../../parse/exit-signal.js';
import type { ContainerState, Pod } from '../api/objects.js';
import { GATE } from '../manifests/names.js';
import { CONTAINER } from '../manifests/pod-spec.js';

/** The container's state; undefined where it has none yet. */
function stateOf({ status }: Pod): ContainerState | undefined {
  const statuses = status?.containerStatuses ?? [];
  return (statuses.find(({ name }) => name === CONTAINER) ?? statuses[0])?.state;
}

/** Whether a pod waits to be told what it runs. */
export const isWaiting = ({ spec, metadata }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  spec?.schedulingGates?.some(({ name }) => name === GATE) === true;

/** Whether its container has begun, and may be at work. */
export const isAtWork = (pod: Pod): boolean => stateOf(pod)?.running !== undefined;

/** Whether it has ended, as far as its node can tell. */
export const hasEnded = ({ status }: Pod): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** When a pod and its container began, in milliseconds since 1970; null where that is not told. */
export function startedMs(pod: Pod): { podMs: number; containerMs: number } | null {
  const podMs = Date.parse(pod.status?.startTime ?? '');
  const containerMs = Date.parse(stateOf(pod)?.running?.startedAt ?? '');
  return Number.isNaN(podMs) || Number.isNaN(containerMs) ? null : { podMs, containerMs };
}

/**
 * Whether its container has ended well, whatever the rest of its pod does: others that are put beside it may
 * go on for ever, and a node takes a second to say that the pod has succeeded.
 */
export const hasDone = (pod: Pod): boolean =>
  pod.status?.phase === 'Running' &&
  stateOf(pod)?.terminated?.exitCode === 0 &&
  pod.metadata.deletionTimestamp === undefined &&
  pod.status.conditions?.some(({ type, status }) => type === 'DisruptionTarget' && status === 'True') !==
    true;

/** How a container ended. */
export function endOf(
  pod: Pod,
  lastLines: readonly string[],
  result: KTContainerResult | undefined,
): ContainerEnd {
  const ended = stateOf(pod)?.terminated;
  const exitCode = ended?.exitCode ?? (pod.status?.phase === 'Succeeded' ? 0 : -1);
  const isFile = typeof result === 'object' && 'file' in result;
  return {
    exitCode,
    signal: signalOf(exitCode),
    isOutOfMemory: ended?.reason === 'OOMKilled',
    lastLines,
    file: isFile ? (ended?.message ?? null) : null,
  };
}
