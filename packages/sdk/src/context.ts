/** The context: what a function is given beside its input. */
import type { KtFiles, KtFs, KtFsOptions } from './files.js';

/**
 * What a function is given beside its input: the second parameter of whatever `ktFunction` marks.
 *
 * @example
 * ```ts
 * export const count = ktFunction(async ({ file }: { file: string }, ctx: KtContext) => {
 *   ctx.log.info('reading', { file, attempt: ctx.attempt });
 *   const text = await ctx.files.readText(file);
 *   return { file, lines: text.split('\n').length };
 * });
 * ```
 */
export interface KtContext {
  /** Id of the run, as `kt status` takes it. */
  readonly runId: string;
  /** Name of the pipeline. */
  readonly pipeline: string;
  /** Name of the step that this call belongs to, as its document has it. */
  readonly job: string;
  /** Index of the item within its step, from 0. */
  readonly index: number;
  /** Which attempt of the item this is, from 1; one that was evicted does not count. */
  readonly attempt: number;
  /** Aborted on timeout, cancellation and eviction; pass it to whatever can be stopped. */
  readonly signal: AbortSignal;
  /** The pipeline's file store. */
  readonly files: KtFiles;
  /**
   * Opens another store by its URL (`s3://bucket/prefix`, `file:/mnt/other`, …), with the rights of this
   * process: its files, to be read, or also written with `{ write: true }`.
   *
   * All items of a process share it; it is closed with the process, or with the run where that goes on.
   * Workers have the drivers of `s3:`, `gs:` and `az:` where the run's own store, or `drivers` in
   * kt.config.ts, is of that kind.
   *
   * @throws KtError `UNKNOWN_STORE`; `DRIVER_MISSING` where the worker has no driver for it. Of its files:
   *   `STORE_READ_ONLY` for changes without `write`.
   */
  store(url: string, options?: KtStoreOptions): Promise<KtFiles>;
  /** Log lines, kept with the run: `kt logs RUN STEP/INDEX`. */
  readonly log: KtLog;
  /**
   * Makes an empty folder on the disk of this machine for this attempt, which goes when the attempt ends:
   * its path, the same each time. On a cluster `kubernetes.ephemeralStorage` of the step says its size.
   */
  scratch(): Promise<string>;
  /**
   * Opens a `node:fs`-shaped view: `/data` is the file store, `/scratch` a folder of this machine, `/mem`
   * memory.
   *
   * Items of one process share `/scratch` and `/mem`. Other stores are mounted where `mounts` says. Whole
   * files are held in memory, so use {@link KtFiles.stream} for large ones. Needs the package `@zenfs/core`.
   *
   * @throws KtError `ZENFS_MISSING` where the package is not installed, `BAD_MOUNT`, and what
   *   {@link KtContext.store} throws. In a store that can only be read, changes fail with `EROFS`.
   */
  fs(options?: KtFsOptions): Promise<KtFs>;
}

/**
 * How {@link KtContext.store} opens a store.
 *
 * @example
 * ```ts
 * export const publish = ktFunction(async ({ path }: { path: string }, ctx: KtContext) => {
 *   const site = await ctx.store('s3://public-site/data', { write: true });
 *   await site.write(path, ctx.files.stream(path));
 * });
 * ```
 */
export interface KtStoreOptions {
  /** Files may be written, moved and removed. Default false: they can only be read. */
  write?: boolean;
}

/**
 * Structured logging: each line is kept with its step, item, attempt and time.
 *
 * `kt logs` prints `data` after the message. What JSON cannot hold is written as well as it can be: an Error
 * with its stack, a Map as its pairs, a BigInt as `10n`. A line never fails the item; what a function logs
 * after it has returned is kept as long as its process lives.
 *
 * @example
 * ```ts
 * function report(log: KtLog, missing: string[]): void {
 *   if (missing.length > 0) log.warn('files are missing', { missing });
 * }
 * ```
 */
export interface KtLog {
  /** Writes a line for whoever debugs the function. */
  debug(message: string, data?: object): void;
  /** Writes a line about what goes well. */
  info(message: string, data?: object): void;
  /** Writes a line about what somebody should look at. */
  warn(message: string, data?: object): void;
  /** Writes a line about what went wrong; throw to fail the item. */
  error(message: string, data?: object): void;
}
