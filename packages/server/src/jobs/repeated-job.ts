/** A Job as it is made once more. Pure. */
import { QUEUE_MARK } from '@kube-transform/runtime/kubernetes';
import { type JobObject, MARK } from './job-object.js';
import { QUEUE_LABEL } from './queues.js';

/** Marks that belong to one Job, and not to what repeats it. */
const OF_ONE: readonly string[] = [
  MARK.deletion,
  MARK.request,
  MARK.followed,
  MARK.dependsOn,
  MARK.waitsFor,
  MARK.awaited,
  MARK.queue,
  MARK.stays,
  MARK.told,
];

/** A Job as it was before the cluster and servers added to it. It waits in its queue, for no Job. */
export function withoutTraces({ metadata, spec }: JobObject): JobObject {
  const own = (all: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(
      Object.entries(all).filter(
        ([key]) => !/^(batch\.kubernetes\.io\/|controller-uid$|job-name$)/.test(key) && !OF_ONE.includes(key),
      ),
    );
  const { selector: _, manualSelector: __, suspend: ___, ...rest } = spec;
  const pods = { ...spec.template.metadata, labels: own(spec.template.metadata?.labels) };
  const queue = metadata.annotations?.[MARK.queue];
  const all = own(metadata.annotations);
  const { [QUEUE_MARK.least]: least, ...others } = all;
  // A queue that had room for one pod has said so in the Job; Kueue refuses a least number that is not below.
  const annotations = (spec.parallelism ?? 1) > Number(least) ? all : others;
  const labels = { ...own(metadata.labels), ...(queue === undefined ? {} : { [QUEUE_LABEL]: queue }) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: metadata.name, labels, annotations },
    spec: {
      ...rest,
      ...(labels[QUEUE_LABEL] === undefined ? {} : { suspend: true }),
      template: { ...spec.template, metadata: pods },
    },
  };
}
