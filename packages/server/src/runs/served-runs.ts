/** Runs of deployed pipelines as a server needs them: a port, which `kt serve` fills. */
import type { EventSink, FailedLog, LogLine, RunRecord, RunSummary } from '@kube-transform/runtime';
import type { JsonObject } from '@kube-transform/sdk';

/** A pipeline that is deployed. */
export interface ServedPipeline {
  /** Its name. */
  name: string;
  /** The version that new runs are of. */
  version: string;
}

/** A version of a pipeline, and what its runs may be given. */
export interface ServedVersion extends ServedPipeline {
  /** JSON Schema of the parameters; null where there are none. */
  params: JsonObject | null;
  /** The parameters of a scheduled run; null where some have no default. */
  defaults: JsonObject | null;
  /** Its schedules, as cron lines. */
  schedules: { cron: string; timeZone: string | null; suspend: boolean }[];
}

/** A run that was found. */
export interface ServedRun {
  /** Its whole id. */
  readonly runId: string;
  /** Where it is, in words. */
  readonly where: string;
  /** The command that begins runs there. */
  readonly verb: 'kt run' | 'kt submit';
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** What its functions were made from; null where that is not known. */
  readonly source: RunRecord['source'];
}

/** A run that goes on by itself. */
export interface StartedServedRun {
  readonly run: ServedRun;
  readonly submitted: {
    /** The cluster's name. */
    context: string;
    namespace: string;
    /** Digest of its bundle. */
    digest: string;
    version?: string;
  };
}

/** What is to be run. */
export interface StartRequest {
  pipeline: string;
  /** Default: the deployed one. */
  version?: string | undefined;
  params: JsonObject;
  /** Default: made of the pipeline's name and the key, or the time. */
  runId?: string | undefined;
  /** The same run for the same key. */
  key?: string | undefined;
}

/** Which lines. */
export interface ServedLogOptions {
  /** `STEP` or `STEP/INDEX`. Default: the whole run. */
  selector?: string | undefined;
  /** Only what the attempts before the latest printed. Default false. */
  previous?: boolean;
  /** Go on with what is printed until the run has ended. Default false. */
  follow?: boolean;
  /** Told what is left out, or why it takes long. */
  note?: (text: string) => void;
  signal?: AbortSignal;
}

/** What is to be deleted; as `kt gc` has it. */
export interface ServedCollectOptions {
  olderThanMs: number;
  keep: number;
  interrupted: boolean;
  dryRun: boolean;
  nowMs: number;
}

/**
 * Runs, and the pipelines they are of. Everything rejects with KtError: `UNKNOWN_RUN`, `NOT_DEPLOYED`,
 * `KEY_IN_USE` and what else `kt` refuses.
 */
export interface ServedRuns {
  /** What is deployed, by name. */
  pipelines(): Promise<ServedPipeline[]>;
  /** A version: default, the deployed one. */
  pipeline(name: string, version?: string): Promise<ServedVersion>;
  /** Begins a run of a deployed version. */
  start(request: StartRequest): Promise<StartedServedRun>;
  /** Begins a run that repeats what failed in another, with the code of that one. */
  repeat(run: ServedRun, options: { key?: string | undefined }): Promise<StartedServedRun>;
  /** All runs, the newest first. */
  list(): Promise<(RunSummary & { readonly where: string })[]>;
  /** The run that was meant: its id, the beginning of its id, or `latest`. */
  find(typed: string): Promise<ServedRun>;
  /** How a run stands now. */
  read(run: ServedRun): Promise<RunSummary>;
  /** Tells what happens in a run, from what has happened so far to its end; the last that was seen. */
  follow(
    run: ServedRun,
    watcher: { sink: EventSink; note: (text: string) => void; signal: AbortSignal },
  ): Promise<RunSummary | null>;
  /** What its items printed. */
  logs(run: ServedRun, options?: ServedLogOptions): AsyncIterable<LogLine>;
  /** The items whose latest attempt failed. */
  failedLogs(run: ServedRun, options?: Omit<ServedLogOptions, 'follow'>): AsyncIterable<FailedLog>;
  /** Ends a run for good, and waits for a while until nothing of it runs. */
  cancel(
    run: ServedRun,
    options?: { timeoutMs?: number; progress?: (text: string) => void; signal?: AbortSignal },
  ): Promise<{ pods: string[]; ended: boolean }>;
  /** Deletes runs that have ended, and what no run that is left needs. */
  collect(options: ServedCollectOptions): Promise<{ kind: string; name: string; bytes: number }[]>;
}
