/** The document of a pipeline with everything filled in. */
import type { Json, JsonObject } from '../json.js';
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
 * What of a container's end is the result of its item, as later steps get it.
 *
 * - `none`: nothing but that it ended well; the result is null. The default.
 * - `text`: the last line that it printed, without the spaces around it.
 * - `json`: the same, read as JSON.
 * - `{ file }`: a path within the container, absolute, to which it writes JSON of at most 4,096 bytes.
 * - `{ key }`: a path in the run's file store, at which it leaves JSON. May hold refs.
 *
 * @example
 * ```ts
 * const result: KTContainerResult = { file: '/tmp/result.json' };
 * ```
 */
export type KTContainerResult = 'none' | 'text' | 'json' | { file: string } | { key: Json };

/**
 * What exit codes other than 0 mean: `skip`, that there was nothing to do; `final`, that another attempt
 * cannot help. All others are tried again as often as `retries` says.
 *
 * @example
 * ```ts
 * const codes: KTExitCodes = { skip: [99], final: [2] };
 * ```
 */
export interface KTExitCodes {
  /** From 1 to 255. Default none. */
  skip: number[];
  /** From 1 to 255. Default none. */
  final: number[];
}

/**
 * A container with everything filled in. Texts may be refs, or `{ $text: [ … ] }` of texts and refs; in
 * arguments and variables `{ $json: … }` is the JSON of a value with refs, of at most 100,000 bytes.
 *
 * @example
 * ```ts
 * const container: KTContainer = {
 *   image: 'ghcr.io/dbt-labs/dbt-duckdb:1.9.1',
 *   command: ['dbt'],
 *   args: ['run', '--vars', { $text: ['day: ', { $ref: 'params#/day' }] }],
 *   env: { DBT_THREADS: '4' },
 *   workdir: '/project',
 *   result: 'none',
 *   exitCodes: { skip: [], final: [2] },
 * };
 * ```
 */
export interface KTContainer {
  /** Image, as a cluster or docker names it. Default null: that of the run, filled in as it begins. */
  image: Json;
  /** Program and first arguments, instead of the image's entrypoint. Default null: that of the image. */
  command: Json[] | null;
  /** Arguments; where neither they nor `command` are given, those of the image. Default none. */
  args: Json[];
  /** Environment variables, beside those of the step. Default none. */
  env: Record<string, Json>;
  /** Folder in which it begins. Default null: that of the image. */
  workdir: Json;
  /** What of its end is the result. */
  result: KTContainerResult;
  /** What exit codes other than 0 mean. */
  exitCodes: KTExitCodes;
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
  /** What a container job runs; null for other types. May hold refs, with items also to each of them. */
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
