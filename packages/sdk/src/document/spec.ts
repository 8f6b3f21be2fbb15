/** The document of a pipeline with everything filled in. */
import type { Json, JsonObject } from '../json.js';
import type { KTContainer } from './container-spec.js';
import type { JobOptions } from './job-options.js';

/**
 * A ref as documents have it: where data comes from.
 *
 * @example
 * ```ts
 * const path: RefJson = { $ref: 'list#/0/files/2' }; // the third file in the result of the step "list"
 * ```
 */
export interface RefJson {
  /**
   * `<step>#/<pointer>` into the array of the step's items' results, `item#/<pointer>` and `index#` within a
   * map, `params#/<pointer>` for parameters. A pointer is a JSON pointer.
   */
  $ref: string;
}

/**
 * One call of a function within a static job; without a function it does nothing.
 *
 * @example
 * ```ts
 * const task: KTTask = { function: 'my_module.load', args: { path: 'raw/a.csv' } };
 * ```
 */
export interface KTTask {
  /** Name of the function: module and export, dotted. */
  function: string | null;
  /** Its input; may hold refs. */
  args: JsonObject;
}

/**
 * A job of a document with everything filled in: what the builder's steps become.
 *
 * @example
 * ```ts
 * const [job]: KTJob[] = mustParsePipeline({ name: 'etl', jobs: [{ type: 'static', name: 'load' }] }).jobs;
 * job?.memory; // → '1Gi'
 * ```
 */
export interface KTJob extends JobOptions {
  /**
   * static: `tasks`; dynamic: `function` returns new jobs; map: `function` is called once for each of
   * `items`; container: `container` is run, once or for each of `items`.
   */
  type: 'static' | 'dynamic' | 'map' | 'container';
  /** Name, once in a run. */
  name: string;
  /** Kubernetes quantity. Default `1Gi`. */
  memory: string;
  /** Kubernetes quantity. Default `500m`. */
  cpu: string;
  /** Names of the jobs that must be complete before this one. */
  dependencies: string[];
  /** Name of the function of a dynamic or map job. */
  function: string | null;
  /** Input of that function; may hold refs, in a map also to `item` and `index`. */
  args: JsonObject;
  /** Calls of a static job. */
  tasks: KTTask[];
  /** What a map runs over, or a container: an array, or a ref to one. Null for other types. */
  items: Json;
  /** What a container job runs; null for other types. May hold refs, over items also to `item` and `index`. */
  container: KTContainer | null;
}

/**
 * A cron schedule of a pipeline with everything filled in.
 *
 * @example
 * ```ts
 * const nightly: KTSchedule = {
 *   cron: '0 3 * * *',
 *   timeZone: 'Europe/Berlin',
 *   concurrencyPolicy: 'Forbid',
 *   startingDeadline: '1h',
 *   suspend: false,
 * };
 * ```
 */
export interface KTSchedule {
  /** Five fields, or a word such as `@daily`. */
  cron: string;
  /** IANA name. Default null: that of the cluster, most often UTC. */
  timeZone: string | null;
  /**
   * When a run is still going on: begin no other (default), begin one beside it, or cancel it and begin
   * another.
   */
  concurrencyPolicy: 'Forbid' | 'Allow' | 'Replace';
  /** How late a run may begin, as a duration, before it is left out. Default null: any time. */
  startingDeadline: string | null;
  /** Begins no runs. Default false. */
  suspend: boolean;
}

/**
 * Options of a schedule, beside its cron fields.
 *
 * @example
 * ```ts
 * const options: ScheduleOptions = { timeZone: 'Europe/Berlin', concurrencyPolicy: 'Replace' };
 * ```
 */
export type ScheduleOptions = Partial<{ [K in keyof Omit<KTSchedule, 'cron'>]: NonNullable<KTSchedule[K]> }>;

/**
 * A pipeline with everything filled in: names, defaults, no nulls where a list is meant.
 *
 * @example
 * ```ts
 * const etl: KTPipeline = mustParsePipeline({ name: 'etl', jobs: [{ type: 'static' }] });
 * etl.jobs[0]?.name; // → 'pipeline-etl-job-0'
 * ```
 */
export interface KTPipeline {
  /** Name, as `kt run` takes it. */
  name: string;
  /** Jobs, in any order. */
  jobs: KTJob[];
  /** When it runs by itself, once deployed. */
  schedules: KTSchedule[];
}

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
export type JobStatus =
  | 'Pending'
  | 'Running'
  | 'AwaitingDescendants'
  | 'Completed'
  | 'Failed'
  | 'DescendantFailed'
  | 'SkippedDueToUpstreamFailure';
