/** Why a pod ended, from what Kubernetes tells of it. Pure. */
import type { FailureCause } from '@kube-transform/sdk';
import type { PodEndKind, TerminationNote } from '../../ports/index.js';
import { endedHow, signalOf } from '../../parse/exit-signal.js';
import { lastWords } from '../../process/last-words.js';
import { TERMINATION_NOTE } from '../../process/termination-message.js';
import { EXIT_CODE } from '../manifests/exit-codes.js';
import type { Pod } from '../api/objects.js';
import { CONTAINER } from '../manifests/pod-spec.js';

/** How a pod ended that did not end well. */
export interface PodTermination {
  /** Identifies the pod; null where Kubernetes no longer has it. */
  uid: string | null;
  /** Its name; null likewise. */
  podName: string | null;
  kind: PodEndKind;
  cause: FailureCause;
  /** Items that had begun and not returned. */
  begun: number[];
  /** The item whose attempt outlived its timeout. */
  late: number | null;
  /** The last segment of its results, as it said; 0: it did not. */
  last: number;
  /** What it was at, as it said, where it takes one thing to do after another; `job`: of which step. */
  pod: number | null;
  job: string | null;
}

/** Most characters shown of the last words of a process. */
const MAX_WORDS = 500;
/**
 * What kubelet and the control plane call a pod or a container that they ended, or lost sight of: a node that
 * was shut down, rebooted or lost, a pod that had to make room, or was refused by its node.
 *
 * Source: kubelet's `pkg/kubelet` (eviction, preemption, nodeshutdown, lifecycle, kuberuntime) and the pod
 * garbage collector; `Unknown` with exit code 255 is containerd's word for a container that a reboot ended.
 */
const BY_PLATFORM =
  /^(Unknown|ContainerStatusUnknown|NodeLost|NodeShutdown|Shutdown|Terminated|Evicted|Preempting|UnexpectedAdmissionError|AdmissionRejected|NodeAffinity|NodePorts|OutOf\w+)$/;

/** What is known of a pod that ended. */
interface Given {
  /** What it was given. */
  memory: string;
  /** The longest time of an attempt. */
  timeoutMs: number | null;
  /** Of a pod that ran a container of the user's: its item, and the last line that it printed. */
  container?: { item: number; cause: FailureCause } | undefined;
}

/** The end of a pod. */
export function terminationOf(pod: Pod | undefined, given: Given): PodTermination {
  if (pod === undefined) {
    return end({
      kind: 'disrupted',
      cause: evicted('The pod was deleted before anyone saw how it ended.'),
      begun: [],
    });
  }
  const statuses = pod.status?.containerStatuses ?? [];
  // Others may be put beside it by webhooks of the cluster.
  const state = (statuses.find(({ name }) => name === CONTAINER) ?? statuses[0])?.state?.terminated;
  const { container } = given;
  const hasBegun = state?.startedAt !== undefined;
  const note =
    container === undefined
      ? readTerminationNote(state?.message)
      : { begun: hasBegun ? [container.item] : [] };
  const uid = pod.metadata.uid ?? null;
  const podName = pod.metadata.name;
  const at = {
    uid,
    podName,
    begun: note.begun,
    last: note.last ?? 0,
    pod: note.pod ?? null,
    job: note.job ?? null,
  };
  const code = state?.exitCode ?? null;
  if (state?.reason === 'StartError' || state?.reason === 'ContainerCannotRun') {
    const cause =
      container === undefined
        ? notStarted(state.reason, note.message ?? '')
        : noProgram(state.reason, state.message ?? '');
    return end({ ...at, begun: [], kind: 'broken', cause });
  }
  if (container === undefined && isOver(code))
    return end({ ...at, kind: 'done', cause: exited(code, note.message) });
  if (state?.reason === 'OOMKilled') return end({ ...at, kind: 'memory', cause: outOfMemory(given.memory) });
  if (note.deadline !== undefined)
    return end({ ...at, kind: 'deadline', cause: tooLate(given.timeoutMs ?? 0), late: note.deadline });
  const disruption = pod.status?.conditions?.find(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  );
  if (disruption !== undefined) {
    const message =
      `The pod was taken from its node (${disruption.reason ?? 'disruption'}). ${disruption.message ?? ''}`.trim();
    return end({ ...at, kind: 'disrupted', cause: evicted(message) });
  }
  const platform = [pod.status?.reason, state?.reason].find(reason => BY_PLATFORM.test(reason ?? ''));
  if (platform !== undefined) {
    const said = pod.status?.message ?? note.message ?? '';
    const message = `The pod was ended by its node or the cluster (${platform}). ${said}`.trim();
    return end({ ...at, kind: 'disrupted', cause: evicted(message) });
  }
  if (pod.status?.reason === 'DeadlineExceeded') {
    const message =
      container === undefined
        ? 'The pod was ended by Kubernetes after its activeDeadlineSeconds, the time for all its items with all their attempts.'
        : `The container was ended: it took longer than ${given.timeoutMs ?? 0} ms.`;
    return end({
      ...at,
      kind: 'deadline',
      cause: { kind: 'DeadlineExceeded', message, timeoutMs: given.timeoutMs ?? 0 },
    });
  }
  const isStopped = container === undefined && code === EXIT_CODE.stopped;
  if (pod.metadata.deletionTimestamp !== undefined || isStopped) {
    return end({ ...at, kind: 'disrupted', cause: evicted('The pod was deleted while it ran.') });
  }
  if (container !== undefined && code !== null)
    return end({ ...at, kind: 'crashed', cause: container.cause });
  if (code === EXIT_CODE.early) return end({ ...at, kind: 'crashed', cause: early(note.message) });
  if (code === EXIT_CODE.unfit) return end({ ...at, kind: 'unfit', cause: exited(code, note.message) });
  if (code === EXIT_CODE.unstored) return end({ ...at, kind: 'unstored', cause: exited(code, note.message) });
  if (code === EXIT_CODE.broken) return end({ ...at, kind: 'broken', cause: exited(code, note.message) });
  if (code === null)
    return end({
      ...at,
      kind: 'disrupted',
      cause: evicted(pod.status?.message ?? 'The pod ended without its container having run.'),
    });
  return end({ ...at, kind: 'crashed', cause: exited(code, note.message) });
}

/** Codes with which a worker says that all its items are decided. */
const isOver = (code: number | null): boolean =>
  code === EXIT_CODE.failed || code === EXIT_CODE.abort || code === 0;

const end = (
  known: Pick<PodTermination, 'kind' | 'cause' | 'begun'> & Partial<PodTermination>,
): PodTermination => ({
  uid: null,
  podName: null,
  late: null,
  last: 0,
  pod: null,
  job: null,
  ...known,
});
const evicted = (message: string): FailureCause => ({ kind: 'Evicted', message });

/** What the process last wrote, or what Kubernetes wrote in its place. */
export function readTerminationNote(text: string | undefined): TerminationNote {
  if (text === undefined || text.trim() === '') return { begun: [] };
  try {
    return TERMINATION_NOTE.parse(text, 'termination message');
  } catch {
    return { begun: [], message: text };
  }
}

function exited(code: number | null, said: string | undefined): FailureCause {
  const signal = code === null ? null : signalOf(code);
  const words = said === undefined || said === '' ? '' : ` It said: ${lastWords(said).slice(0, MAX_WORDS)}`;
  return {
    kind: 'Exited',
    message: `The worker process was ended ${endedHow(code, signal)}.${words}`,
    exitCode: code,
    signal,
  };
}

/** The function ended the process, or left it nothing to do. */
function early(said = ''): FailureCause {
  const message = [
    'The worker process ended before its item returned.',
    said,
    'Functions must return or throw.',
  ]
    .filter(text => text !== '')
    .join(' ');
  return { kind: 'Exited', message, exitCode: EXIT_CODE.early, signal: null };
}

/**
 * How long what a pod has stored may take to be read, which is as long as any store may lag, twice; and how
 * often it is looked for.
 */
export const BELIEVED_MS = 120_000;
export const LOOK_AGAIN_MS = 1000;

/** The end of a pod whose results did not come to where they are read. */
export const resultsAreLost = (told: PodTermination): PodTermination => ({
  ...told,
  kind: 'broken',
  cause: {
    kind: 'Lost',
    message: `It had stored its results, and segment ${told.last} of them is not in the store.`,
  },
});

/** The end of a pod that succeeded, as Kubernetes has it, without having done its items. */
export const DID_NOTHING: PodTermination = end({ kind: 'crashed', cause: early(), begun: [] });

const shimless = (said: string): string =>
  said.replace(/^failed to create \S+ task: (failed to create shim task: )?/, '').replace(/[.\s]+$/, '');

function noProgram(reason: string, said: string): FailureCause {
  const message = `${shimless(said)}. Look whether the image has the program that "command" names, built for the processor of the nodes.`;
  return { kind: 'NotStarted', reason, message };
}

/** The end of a container that succeeded, and whose result, which it printed, was gone before it was read. */
export const UNREAD: PodTermination = end({
  kind: 'disrupted',
  cause: evicted('It ended well, but its pod and what it printed were gone before they were read.'),
  begun: [],
});

function notStarted(reason: string, said: string): FailureCause {
  const words = shimless(said);
  return {
    kind: 'NotStarted',
    reason,
    message:
      `${words}. The image needs Node ≥ 20.19 as \`node\` on its PATH, ` +
      'built for the processor of the nodes.',
  };
}

function outOfMemory(memory: string): FailureCause {
  return {
    kind: 'OutOfMemory',
    memory,
    message: `The pod went over its memory of ${memory}. Give the step more "memory", or less work an item.`,
  };
}

function tooLate(timeoutMs: number): FailureCause {
  return {
    kind: 'DeadlineExceeded',
    message: `The attempt took longer than ${timeoutMs} ms and did not heed its signal.`,
    timeoutMs,
  };
}
