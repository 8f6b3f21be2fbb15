/** The document of a pipeline as people may write it: what has a default may be null or absent. */
import type { Backoff } from './job-options.js';
import type { KTContainer, KTExitCodes, KTJob, KTSchedule, KTTask } from './spec.js';

/** As a document may have it: each field may be null or absent. */
export type Loose<T> = { [K in keyof T]?: T[K] | null };

/**
 * A task as it may be written.
 *
 * @example
 * ```ts
 * const task: KTTaskInput = { function: 'my_module.load' };
 * ```
 */
export type KTTaskInput = Loose<KTTask>;

/**
 * A job as it may be written: all but `type` may be null or absent.
 *
 * @example
 * ```ts
 * const job: KTJobInput = {
 *   type: 'map',
 *   name: 'load',
 *   function: 'my_module.load',
 *   items: ['a.csv', 'b.csv'],
 *   args: { path: { $ref: 'item#' } },
 * };
 * ```
 */
export type KTJobInput = Loose<Omit<KTJob, 'type' | 'tasks' | 'backoff' | 'container'>> & {
  type: KTJob['type'];
  tasks?: KTTaskInput[] | null;
  backoff?: Loose<Backoff> | null;
  container?: KTContainerInput | null;
};

/**
 * A container as it may be written: all may be null or absent.
 *
 * @example
 * ```ts
 * const container: KTContainerInput = { image: 'busybox:1.37', command: ['echo', 'hello'] };
 * ```
 */
export type KTContainerInput = Loose<Omit<KTContainer, 'exitCodes'>> & {
  exitCodes?: Loose<KTExitCodes> | null;
};

/**
 * A pipeline as it may be written: what a JSON document holds.
 *
 * @example
 * ```ts
 * const etl: KTPipelineInput = {
 *   name: 'etl',
 *   jobs: [{ type: 'static', tasks: [{ function: 'my_module.load', args: { path: 'a.csv' } }] }],
 * };
 * ```
 */
export interface KTPipelineInput {
  /** Name, as `kt run` takes it. */
  name: string;
  /** Jobs, in any order. */
  jobs?: KTJobInput[] | null;
  /** When it runs by itself, once deployed. */
  schedules?: (Loose<KTSchedule> & { cron: string })[] | null;
}
