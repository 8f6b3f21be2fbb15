/** Which pod an item had last, and of which Job. */
import { KtError } from '@kube-transform/sdk';
import {
  ANNOTATION,
  type Job,
  JOB_INDEX,
  JOB_NAME,
  type KubeApi,
  LABEL,
  labelValue,
  nthOfRanges,
  paths,
  type Pod,
  selectRun,
} from '@kube-transform/runtime/kubernetes';
import { shellWord } from '../../../terminal/plain-text.js';

/** Where an item ran last. */
export interface ItemPod {
  job: Job;
  /** Null where it is gone. */
  pod: Pod | null;
  item: number;
  /** Of the pod, within its Job. */
  index: number;
  isContainer: boolean;
  /** The Job was made anew, from the run's store. */
  isAgain?: true;
}

/** What is looked for; without an item the one whose pod failed last. */
interface Wanted {
  runId: string;
  job: string;
  item: number | null;
}

/** Finds it; null where its Job is gone. @throws KtError `MISSING_ITEM`. */
export async function podOfItem(api: KubeApi, wanted: Wanted): Promise<ItemPod | null> {
  const { runId, job: step } = wanted;
  const labelSelector = `${selectRun(runId, 'task')},${LABEL.job}=${labelValue(step)}`;
  const [jobs, pods] = await Promise.all([
    api.list<Job>(paths.jobs(api.namespace), { labelSelector }),
    api.list<Pod>(paths.pods(api.namespace), { labelSelector }),
  ]);
  const waves = jobs.items
    .filter(({ metadata }) => metadata.annotations?.[ANNOTATION.job] === step)
    .sort((a, b) => waveOf(b) - waveOf(a));
  const ofJobs = pods.items.sort(newestFirst);
  for (const job of waves) {
    const found = within(job, ofJobs, wanted);
    if (found !== null) return found;
  }
  return null;
}

function within(job: Job, pods: readonly Pod[], { runId, job: step, item }: Wanted): ItemPod | null {
  const { annotations = {}, labels = {}, name } = job.metadata;
  const ranges = annotations[ANNOTATION.pods] ?? '';
  const itemsPerPod = Number(annotations[ANNOTATION.itemsPerPod] ?? '1');
  const isContainer = labels[LABEL.container] === 'true';
  const own = pods.filter(({ metadata }) => metadata.labels?.[JOB_NAME] === name);
  if (item === null) {
    const failed = own.find(({ status }) => status?.phase === 'Failed') ?? own[0] ?? null;
    const index = failed === null ? 0 : indexOf(failed);
    const isOne = itemsPerPod === 1 && annotations[ANNOTATION.lanes] === undefined;
    const pod = nthOfRanges(ranges, index);
    if (!isOne) throw whichItem(runId, step);
    return pod === undefined ? null : { job, pod: failed, item: pod, index, isContainer };
  }
  const index = indexIn(ranges, Math.floor(item / itemsPerPod));
  if (index === null) return null;
  // Pods that take one thing to do after another are alike.
  const isShared = annotations[ANNOTATION.lanes] !== undefined;
  const pod = own.find(one => indexOf(one) === index) ?? (isShared ? own[0] : undefined) ?? null;
  return { job, pod, item, index, isContainer };
}

/** Where a number stands among ranges such as `1,3-5`; null where it does not. */
export function indexIn(ranges: string, pod: number): number | null {
  let before = 0;
  for (const part of ranges.split(',').filter(one => one !== '')) {
    const [from = 0, to = from] = part.split('-').map(Number);
    if (pod >= from && pod <= to) return before + pod - from;
    before += to - from + 1;
  }
  return null;
}

const waveOf = ({ metadata }: Job): number => Number(metadata.labels?.[LABEL.wave] ?? '0');
const indexOf = ({ metadata }: Pod): number => Number(metadata.labels?.[JOB_INDEX] ?? '0');
const newestFirst = (a: Pod, b: Pod): number =>
  (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');

const whichItem = (runId: string, step: string): KtError =>
  new KtError({
    code: 'MISSING_ITEM',
    path: 'step',
    message: `Pods of step "${step}" run several items: which one is meant has to be said.`,
    hint: `kt logs ${shellWord(runId)} ${shellWord(step)} --failed lists those that failed; then kt debug ${shellWord(runId)} ${shellWord(`${step}/0`)}`,
  });
