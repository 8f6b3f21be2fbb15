/** Why a pod failed last, in a sentence. Pure. */
import { type Pod, readTerminationNote } from '@kube-transform/runtime/kubernetes';

const MAX_SAID = 300;

/** How its container ended, or why it has not begun; null where there is nothing to tell. */
export function howItEnded(pod: Pod | null): string | null {
  if (pod === null)
    return 'The pod of this item is gone: the debug pod is made from the template of its Job.';
  const { name } = pod.metadata;
  const statuses = pod.status?.containerStatuses ?? [];
  const { state, lastState } = statuses.find(one => one.name === 'main') ?? statuses[0] ?? {};
  const { terminated = lastState?.terminated, waiting } = state ?? {};
  const said = (message = ''): string => (message === '' ? '' : `: ${message.trim().slice(0, MAX_SAID)}`);
  if (terminated?.reason === 'OOMKilled')
    return `Pod ${name} ran out of memory (limit ${limitOf(pod)}): --memory gives the debug pod more.`;
  // A node does not always see what the kernel did.
  if (terminated?.exitCode === 137 && terminated.reason === 'Error')
    return `Pod ${name} was ended by SIGKILL, most often for lack of memory (limit ${limitOf(pod)}): --memory gives the debug pod more.`;
  if (terminated !== undefined && (terminated.exitCode !== 0 || terminated.reason === 'StartError'))
    return `Pod ${name} ended with exit code ${terminated.exitCode} (${terminated.reason ?? 'Error'})${said(readTerminationNote(terminated.message).message)}`;
  if (waiting?.reason !== undefined && waiting.reason !== 'ContainerCreating')
    return `Pod ${name} did not start: ${waiting.reason}${said(waiting.message)}`;
  const { reason, message } = pod.status ?? {};
  return reason === undefined ? null : `Pod ${name}: ${reason}${said(message)}`;
}

const limitOf = ({ spec }: Pod): string => {
  const { containers = [] } = spec ?? {};
  const main = containers.find(({ name }) => name === 'main') ?? containers[0];
  return main?.resources?.limits?.['memory'] ?? 'that of its node';
};
