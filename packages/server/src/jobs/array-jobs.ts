/** Array jobs: one Indexed Job, whose items are tried and told of one by one. Pure. */
import { KtError } from '@kube-transform/sdk';
import { queueMarks } from '@kube-transform/runtime/kubernetes';
import type { JobObject } from './job-object.js';

/** So many items an array job may have. */
export const MAX_ITEMS = 100_000;

/**
 * Makes a Job an Indexed Job: each pod finds its number in JOB_COMPLETION_INDEX. What the template says of
 * retries then holds for each item; a queue may admit fewer of them at once. @throws KtError `BAD_ARRAY_SIZE`
 */
export function asArray({ metadata, spec }: JobObject, items: number): void {
  if (!Number.isSafeInteger(items) || items < 1 || items > MAX_ITEMS) {
    const message = `An array job has 1 to ${MAX_ITEMS} items, not ${items}.`;
    throw new KtError({ code: 'BAD_ARRAY_SIZE', path: 'array_size', message });
  }
  const { restartPolicy } = spec.template.spec;
  if (restartPolicy !== 'Never') {
    const message =
      'An array job needs a template with restartPolicy: Never, so that attempts are counted for each item.';
    throw new KtError({ code: 'BAD_ARRAY_SIZE', path: 'array_size', message });
  }
  const { backoffLimit = 6, backoffLimitPerIndex = backoffLimit, maxFailedIndexes } = spec;
  delete spec.backoffLimit;
  Object.assign(spec, {
    completionMode: 'Indexed',
    completions: items,
    parallelism: Math.min(items, spec.parallelism ?? 100),
    backoffLimitPerIndex,
    ...(typeof maxFailedIndexes === 'number' ? { maxFailedIndexes: Math.min(items, maxFailedIndexes) } : {}),
  });
  const parallelism = spec.parallelism ?? 1;
  const marks = queueMarks({ parallelism, first: null });
  if (Object.keys(marks).length > 0) metadata.annotations = { ...marks, ...metadata.annotations };
  const policy = spec['podFailurePolicy'] as { rules?: unknown } | undefined;
  const rules = Array.isArray(policy?.rules) ? (policy.rules as ({ action?: unknown } | null)[]) : [];
  // An exit code after which the job is not tried again ends the item that had it.
  for (const rule of rules) if (rule?.action === 'FailJob') rule.action = 'FailIndex';
}

/** How many items a Job has, whose numbers are in the names of pods; undefined where those have none. */
export const itemsIn = ({ spec }: JobObject): number | undefined =>
  spec.completionMode === 'Indexed' ? spec.completions : undefined;

/** How an item stands. */
export type ItemWord = 'Pending' | 'Running' | 'Complete' | 'Failed';

/** The items of an array job: how many stand how, and which. */
export interface JobItems {
  items: number;
  counts: Record<ItemWord, number>;
  /** By number; a page of them. */
  statuses: Record<string, ItemWord>;
}

/** Numbers of a text such as `1,3-5`, as pairs. */
const rangesOf = (text = ''): [number, number][] =>
  text
    .split(',')
    .filter(part => part !== '')
    .map(part => {
      const [from = 0, to = from] = part.split('-').map(Number);
      return [from, to];
    });

/** How items of an array job stand; `running`: numbers of pods that run. @throws KtError `NO_ARRAY_JOB` */
export function itemsOfJob(
  { metadata, spec, status }: JobObject,
  running: ReadonlySet<number>,
  page: { from: number; limit: number },
): JobItems {
  const items = spec.completions ?? 0;
  if (spec.completionMode !== 'Indexed')
    throw new KtError({
      code: 'NO_ARRAY_JOB',
      path: '',
      message: `The job "${metadata.name}" is no array job: it has no items.`,
    });
  const [complete, failed] = [rangesOf(status?.completedIndexes), rangesOf(status?.failedIndexes)];
  const isIn = (ranges: [number, number][], i: number): boolean =>
    ranges.some(([from, to]) => i >= from && i <= to);
  const size = (ranges: [number, number][]): number =>
    ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const wordOf = (i: number): ItemWord =>
    isIn(complete, i) ? 'Complete' : isIn(failed, i) ? 'Failed' : running.has(i) ? 'Running' : 'Pending';
  const open = [...running].filter(i => !isIn(complete, i) && !isIn(failed, i)).length;
  const [done, lost] = [size(complete), size(failed)];
  const shown = Array.from(
    { length: Math.max(0, Math.min(page.limit, items - page.from)) },
    (_, i) => page.from + i,
  );
  return {
    items,
    counts: { Pending: items - done - lost - open, Running: open, Complete: done, Failed: lost },
    statuses: Object.fromEntries(shown.map(i => [String(i), wordOf(i)])),
  };
}
