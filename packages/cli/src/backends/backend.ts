/**
 * Where runs are: a store here, a namespace of a cluster, a job server. All commands about runs, and
 * all programs that use this package as a library, reach them by this interface; it knows no terminal.
 */
import type {
  EventSink,
  FailedLog,
  LogLine,
  RunEvent,
  RunRecord,
  RunStatus,
  RunSummary,
} from '@kube-transform/runtime';
import type { Debugging, DebugOptions } from './debugging.js';

export type { Debugging, DebugOptions, InspectSession } from './debugging.js';
export type { EventSink, FailedLog, LogLine, RunEvent, RunStatus, RunSummary };

/** The name of the store here. */
export const HERE = 'here';

/** The command that begins and resumes runs somewhere, for hints. */
export type RunVerb = 'kt run' | 'kt submit';

/** A run that was found. It is plain data: what is true of the run now, `read` tells. */
export interface RunRef {
  /** Its whole id. */
  readonly runId: string;
  /** Where it is: `here`, `CONTEXT/NAMESPACE` of a cluster, or the URL of a job server. */
  readonly where: string;
  /** The command that resumes it. */
  readonly verb: RunVerb;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** What its functions were made from; null where that is not known. */
  readonly source: RunRecord['source'];
}

/** A run in a list. */
export interface ListedRun extends RunSummary {
  /** As in {@link RunRef}. */
  readonly where: string;
}

/** How long a call may take. Default: as long as is usual there. */
export interface CallLimits {
  /** Aborted: the call rejects with its reason. */
  signal?: AbortSignal;
  /** How long what fails for the moment is tried again, in milliseconds. */
  retryForMs?: number;
}

/** Somebody who follows a run. */
export interface RunWatcher {
  /** Given what happens, in order. */
  sink: EventSink;
  /** Told why nothing happens, in words. */
  note: (text: string) => void;
  /** Aborted: no longer. The run is left alone. */
  signal: AbortSignal;
}

/** Which lines of a run's logs. */
export interface LogOptions {
  /** `STEP` or `STEP/INDEX`. Default: the whole run. */
  selector?: string | undefined;
  /** Only what the attempts before the latest printed. Default false. */
  previous?: boolean;
  /** Go on with what is printed until the run has ended, or nobody drives it. Default false. */
  follow?: boolean;
  /** Told what is left out, or why it takes long. */
  note?: (text: string) => void;
  /** Aborted: no further lines. */
  signal?: AbortSignal;
}

/** How a run is cancelled. */
export interface CancelOptions {
  /** How long its pods are waited for, in milliseconds. Default 60,000. */
  timeoutMs?: number;
  /** Told what is still waited for, when that changes; the empty text when nothing is. */
  progress?: (text: string) => void;
  /** Aborted: wait no longer. The run is cancelled all the same. */
  signal?: AbortSignal;
}

/** What is left when the time is over, or the signal came; empty where all is done. */
export interface Cancelled {
  /** Names of pods that have not ended. */
  pods: string[];
  /** False where the run has not been seen to end. */
  ended: boolean;
}

/** How a run is driven by this process. */
export interface DriveOptions {
  /** Where items run. Default `in-process`. */
  executor?: 'in-process' | 'processes' | undefined;
  /** Items at once (in-process, default 8) or processes (default: one per core). */
  jobs?: number | undefined;
  /** Drive it although another process seems to. Default false. */
  steal?: boolean | undefined;
}

/** How a run is repeated. */
export interface RetryOptions extends DriveOptions {
  /** Modules of functions, in place of those that the run was begun with. */
  functions?: readonly string[];
  /** Steps that are repeated too, with all that depends on them, whatever there is of them. Default none. */
  force?: readonly string[];
  /** Told when the functions are not those that the run was begun with, and what is brought to a cluster. */
  note?: (text: string) => void;
}

/** Who drives a run in this process. */
export interface RunDriver {
  /** Given what happens, in order. */
  sink: EventSink;
  /** Aborted: begin nothing more, let what runs end, and leave the run to be resumed. */
  drain: AbortSignal;
  /** Aborted: stop what runs, and leave the run to be resumed. */
  stop: AbortSignal;
}

/** A run that goes on by itself, and what it runs. */
export interface Submitted {
  /** The cluster's name in the kubeconfig. */
  context: string;
  /** Where its objects are. */
  namespace: string;
  /** Digest of its bundle. */
  digest: string;
  /** False where the bundle was there already. */
  isNew: boolean;
  /** The deployed version that it is a run of. */
  version?: string;
}

/** A run that was started: it goes on by itself, or waits to be driven by this process. */
export type StartedRun = { readonly run: RunRef } & (
  | { readonly submitted: Submitted }
  | {
      /**
       * Drives it until it has ended or is left; what it came to.
       *
       * @throws KtError where the store fails; `STORE_NOT_SHARED`, `NO_FUNCTIONS` for `processes`.
       */
      readonly drive: (driver: RunDriver) => Promise<RunSummary>;
    }
);

/** What is to be deleted. */
export interface CollectOptions {
  /** Only what is older, in milliseconds. */
  olderThanMs: number;
  /** The newest runs, which stay whatever their age. */
  keep: number;
  /** Also runs that nobody drives and that could be resumed. */
  interrupted: boolean;
  /** Delete nothing, tell what would be. */
  dryRun: boolean;
  /** What ages are counted from, in milliseconds since 1970. */
  nowMs: number;
}

/** Something deleted. */
export interface Deleted {
  /** What it is. */
  kind:
    | 'run'
    | 'bundle'
    | 'files of an image'
    | 'temporary folder'
    | 'packages of a platform'
    | 'temporary file'
    | 'rest of a run';
  /** Id of a run, digest of a bundle, name of a file or folder. */
  name: string;
  /** How much it was. */
  bytes: number;
  /** Where it was: as in {@link RunRef}. */
  where: string;
}

/**
 * Where runs are. Everything rejects with KtError, or with the reason of a signal.
 *
 * @example
 * ```ts
 * await using backend = await openBackend({ store: 'file:data' });
 * const run = await backend.find('latest');
 * const { status, jobs } = await backend.read(run);
 * for await (const line of backend.logs(run, { selector: 'fetch/17' })) console.log(line.message);
 * ```
 */
export interface RunBackend extends AsyncDisposable {
  /** `here`, `CONTEXT/NAMESPACE` of a cluster, or the URL of a job server. */
  readonly name: string;
  /** The command that begins runs there. */
  readonly verb: RunVerb;

  /**
   * All runs, the newest first. Where that is sooner, what is told of each is less than `read` tells: no
   * failures, no steps, no counts of items.
   */
  list(limits?: CallLimits): Promise<ListedRun[]>;

  /**
   * The run that was meant: its id, the beginning of its id, or `latest`.
   *
   * @throws KtError `NO_RUNS`, `UNKNOWN_RUN` with "did you mean", `AMBIGUOUS_RUN` with what there is.
   */
  find(typed: string, limits?: CallLimits): Promise<RunRef>;

  /** How a run stands now. @throws KtError `UNKNOWN_RUN`, `RUN_DELETED`. */
  read(run: RunRef): Promise<RunSummary>;

  /**
   * Tells what happens in a run, from what has happened so far, until it has ended, nobody drives it, or the
   * signal. Resolves to the last that was seen of it, with its result; null where that is nothing.
   *
   * @throws KtError `UNKNOWN_RUN`, `RUN_DELETED`, `CONTROLLER_FAILED` where its controller will not come.
   */
  follow(run: RunRef, watcher: RunWatcher): Promise<RunSummary | null>;

  /**
   * What the items of a run printed, in the order of time; with `follow` as it is printed.
   *
   * @throws KtError `UNKNOWN_JOB`, `UNKNOWN_ITEM` for a selector that means nothing.
   */
  logs(run: RunRef, options?: LogOptions): AsyncIterable<LogLine>;

  /** The items whose latest attempt failed, by step and item, with what that attempt printed. */
  failedLogs(run: RunRef, options?: Omit<LogOptions, 'follow'>): AsyncIterable<FailedLog>;

  /**
   * Ends a run for good, and waits until nothing of it runs. Again, it changes nothing.
   *
   * @throws KtError `RUN_OVER`; `RUN_IS_DRIVEN` where only the process that drives it can end it.
   */
  cancel(run: RunRef, options?: CancelOptions): Promise<Cancelled>;

  /**
   * Starts a new run that repeats what failed in another: what succeeded keeps its results.
   *
   * @throws KtError `RUN_IS_DRIVEN`, `RUN_NOT_ENDED`, `NOTHING_FAILED`; `UNEXPECTED_OPTION` for options of
   *   driving where runs drive themselves.
   */
  retry(run: RunRef, options?: RetryOptions): Promise<StartedRun>;

  /**
   * Starts what an item ran again, so that it waits for somebody to look inside; nothing is put on record.
   *
   * @throws KtError `UNKNOWN_JOB`, `UNKNOWN_ITEM`, `MISSING_ITEM`; `NO_JOB_LEFT`, `DEBUG_POD_EXISTS`,
   *   `DEBUG_POD_NOT_STARTED`, `DEBUG_POD_ENDED` for a pod; `NO_FUNCTIONS`, `NOT_IN_A_CLUSTER`, `NOT_LOCAL`.
   */
  debug(run: RunRef, options: DebugOptions): Promise<Debugging>;

  /** Deletes runs that have ended, and what no run that is left needs. A run that is driven stays. */
  collect(options: CollectOptions, limits?: CallLimits): Promise<Deleted[]>;
}
