/*
 * The ports: everything that the run engine needs from outside, as types. No member is optional; what
 * differs between implementations is said in `capabilities`.
 */
import type { AnyFunction, FailureCause, JobStatus, KTJob, RUN_STATUSES } from '@kube-transform/sdk';
import type { Fact } from '../core/events.js';
import type { JobOrder } from './pods.js';

export type * from './pods.js';

/** Progress within a job: hints for people, never the truth. */
export type ItemEvent =
  | { type: 'ItemStarted'; job: string; item: number; attempt: number }
  /** `skipped`: it was done before; `unkept`: and its result was not kept, so it is null. */
  | { type: 'ItemSucceeded'; job: string; item: number; attempt: number; skipped: boolean; unkept?: true }
  | { type: 'ItemRetrying'; job: string; item: number; attempt: number; cause: FailureCause; delayMs: number }
  /** `podName`: the pod of Kubernetes in which it failed. */
  | {
      type: 'ItemFailed';
      job: string;
      item: number;
      attempt: number;
      cause: FailureCause;
      podName?: string | undefined;
    }
  /** Why no pod of a job has started, in words; null when one has. */
  | { type: 'JobWaiting'; job: string; message: string | null };

/** What an executor can do. */
export interface ExecutorCapabilities {
  readonly name: string;
  /** What an item can break: the driver itself, its process, its pod. */
  readonly isolation: 'none' | 'process' | 'pod';
  /** An attempt that ignores its abort signal is ended all the same. */
  readonly hardTimeout: boolean;
  readonly memoryLimit: boolean;
}

/** Runs the items of jobs. */
export interface Executor extends AsyncDisposable {
  readonly capabilities: ExecutorCapabilities;
  /** How many items a pod of this job should run, where the job does not say. */
  itemsPerPod(job: KTJob, items: number): number;
  /** Starts a job. Idempotent by (run, job): items whose results are in the store are not run again. */
  submit(order: JobOrder): Promise<void>;
  /**
   * What happens, until the signal (what happened before it is still told); may repeat, may be late, is never
   * wrong.
   */
  observe(signal: AbortSignal): AsyncIterable<readonly (Fact | ItemEvent)[]>;
  /** Begins no further item; resolves when none runs. What is left open is for a later process. */
  drain(): Promise<void>;
  /** Stops a job's items; resolves when none runs. */
  cancel(job: string): Promise<void>;
}

/** What a store knows of an object. `etag` changes with the content. */
export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
  /** Milliseconds since 1970. */
  modifiedMs: number;
  etag: string;
}

/** Bytes from `start` up to, not including, `end` (default: the end of the object). */
export interface ByteRange {
  start: number;
  end?: number;
}

/** Conditions of a put; at most one. */
export interface PutOptions {
  /** Only where no object of that key exists. */
  ifAbsent?: boolean;
  /** Only where the object's etag is this one. */
  ifMatch?: string;
}

/** What a signed URL is for, and for how many seconds: 1 to 604,800, a week. */
export interface UrlGrant {
  method: 'GET' | 'PUT';
  expiresInSeconds: number;
}

/** An object that exists, or with `delimiter` a common prefix that ends in it. */
export type ListEntry = { type: 'object'; object: ObjectInfo } | { type: 'prefix'; prefix: string };

/**
 * Objects by key. Keys are relative to the store, UTF-8, with "/" between names, none of them empty, "." or
 * "..". All methods reject with KtError: `BAD_PATH` for a bad key, `NOT_FOUND`, `STORE_FAILED` otherwise.
 *
 * What every store keeps, and what those who use one may rely on, no more:
 *
 * - A put is whole: readers see the old or the new object, and a crash leaves one of the two. Of an append
 *   readers may see a part, and a crash may leave one that the next append takes away.
 * - A conditional put is exclusive: of all that meet, in whatever process, one wins.
 * - Reads by key (`head`, `get`, `stream`, `copy`) are fresh: they see each put that resolved before them,
 *   whoever made it.
 * - Listings may be late, by a minute: they may lack what was put, show what was replaced or deleted, and
 *   show a later object without an earlier one. Whether an object is there, a read by its key tells.
 * - A call that rejects with `STORE_FAILED` may have had its effect. A conditional put that is made again
 *   then finds its own object.
 * - What has resolved survives the death of every process. A power cut it survives with `durability: 'disk'`,
 *   which stores have at least for what runs keep (run-folders.ts): what had not resolved is then there whole
 *   or not at all; files that tell what a journal tells as well may be as they were before. With
 *   `durability: 'process'` an object may be missing after a power cut, be as it was before, or have lost its
 *   end. Deletes may come back in any case.
 */
export interface FileStore extends AsyncDisposable {
  /**
   * What kind: `file`, `mem`, `s3`, `gs`, `az`, `https`, …, and the URL with which another process opens the
   * same store (null: it cannot).
   */
  readonly capabilities: { readonly kind: string; readonly url: string | null };
  /** What is known of an object; null where there is none. */
  head(key: string): Promise<ObjectInfo | null>;
  /**
   * The bytes of an object, whole or a range; a range past the end gives what there is. Rejects `NOT_FOUND`.
   */
  get(key: string, range?: ByteRange): Promise<Uint8Array>;
  /** The bytes in chunks. Rejects `NOT_FOUND` at the first. */
  stream(key: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  /**
   * Writes an object; the etag, or null where the condition did not hold. An error of the body itself passes
   * through unchanged.
   */
  put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<string | null>;
  /**
   * Adds bytes to the end of an object, or makes it of them; loses nothing to others who append.
   */
  append(key: string, bytes: Uint8Array): Promise<void>;
  /**
   * Objects whose key begins with a prefix, in byte order of their keys; with `startAfter` only entries
   * strictly after it.
   */
  list(prefix: string, options?: { delimiter?: '/'; startAfter?: string }): AsyncIterable<ListEntry>;
  /** Deletes objects; those that do not exist are no error. */
  delete(keys: readonly string[]): Promise<void>;
  /**
   * Deletes all objects below a directory, given as a prefix that ends in "/"; what is put there meanwhile
   * may stay. Where the store has links, they go and what they lead to stays.
   */
  deleteBelow(prefix: string): Promise<void>;
  /** Copies an object. Rejects `NOT_FOUND`. */
  copy(from: string, to: string): Promise<void>;
  /**
   * A URL with which anybody reads or puts an object, without credentials, until it expires. Nobody looks
   * whether the object is there. Rejects `SIGNING_UNSUPPORTED` where there is no such URL.
   */
  signedUrl(key: string, grant: UrlGrant): Promise<string>;
}

/** Time, random ids and waiting. */
export interface Clock {
  /** Milliseconds since 1970: for stamps. It jumps when somebody sets the clock. */
  nowMs(): number;
  /** Milliseconds since some moment, for how long something takes: nobody sets this one. */
  elapsedMs(): number;
  /** Waits; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** `length` characters of [a-z0-9], unpredictable. */
  randomId(length: number): string;
}

/** What is announced of a run, in order. */
export type RunEvent = { atMs: number; runId: string } & (
  | { type: 'RunStarted'; pipeline: string; jobs: number; resumed: boolean }
  | {
      type: 'JobStatusChanged';
      job: string;
      from: JobStatus | null;
      to: JobStatus;
      items: number | null;
      cause?: FailureCause;
    }
  /** A job's items are known; `done`, `failed` and so on count those that an earlier process has ended. */
  | {
      type: 'JobExpanded';
      job: string;
      items: number;
      done: number;
      failed: number;
      skipped?: number;
      unkept?: number;
    }
  | ItemEvent
  /** How far a job is, where its items are not told one by one. */
  | {
      type: 'JobCounted';
      job: string;
      done: number;
      failed: number;
      retried: number;
      skipped: number;
      unkept?: number;
    }
  | { type: 'RunFinished'; status: RunStatus; durationMs: number }
);

/** Where a run as a whole stands. Interrupted: nobody drives it, and it can be resumed. */
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Takes what is announced. Must not throw. */
export interface EventSink {
  /** Takes one event; events of a run come in order. */
  publish(event: RunEvent): void;
}

/** Finds marked functions by name. */
export interface FunctionCatalog {
  /** The function, or undefined where the name is not known. */
  load(name: string): Promise<AnyFunction | undefined>;
  /** All names, for "did you mean". */
  names(): readonly string[];
  /** Adds functions that came to light while running: those of a pipeline that a dynamic job returned. */
  register(functions: ReadonlyMap<string, AnyFunction>): void;
  /** Changes with the functions' code: part of the key of cached results. Empty where it is not known. */
  readonly digest: string;
}
