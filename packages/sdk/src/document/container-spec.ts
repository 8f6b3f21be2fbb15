/** What a container job runs: an image, its command, and what of its end is the result. */
import type { Json } from '../json.js';

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
 * A container with everything filled in. Texts may be refs, or `{ $text: [ … ] }` of texts and refs.
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
  /** Image, as a cluster or docker names it. */
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
