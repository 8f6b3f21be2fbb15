/** The words for where steps and runs stand. */

/**
 * The words of {@link JobStatus}, in the order in which a step comes to them.
 *
 * @example
 * ```ts
 * JOB_STATUSES.includes('Completed'); // → true
 * ```
 */
export const JOB_STATUSES = [
  'Pending',
  'Running',
  'AwaitingDescendants',
  'Completed',
  'Failed',
  'DescendantFailed',
  'SkippedDueToUpstreamFailure',
] as const;

/**
 * Where a step stands, in kube-transform's seven words; the last four never change again.
 *
 * - `Pending`, `Running`: it waits on others, or its items are run.
 * - `AwaitingDescendants`: it succeeded, and what it spawned has not ended.
 * - `Completed`: it and all that it spawned succeeded.
 * - `Failed`: its own items failed.
 * - `DescendantFailed`: something that it spawned did not complete.
 * - `SkippedDueToUpstreamFailure`: a step that it depends on did not complete.
 *
 * @example
 * ```ts
 * const ended: JobStatus[] = ['Completed', 'Failed', 'DescendantFailed', 'SkippedDueToUpstreamFailure'];
 * ```
 */
export type JobStatus = (typeof JOB_STATUSES)[number];

/**
 * Where a run as a whole stands. `Interrupted`: nobody drives it, and it can be resumed.
 *
 * @example
 * ```ts
 * RUN_STATUSES.includes('Interrupted'); // → true
 * ```
 */
export const RUN_STATUSES = ['Running', 'Completed', 'Failed', 'Cancelled', 'Interrupted'] as const;
