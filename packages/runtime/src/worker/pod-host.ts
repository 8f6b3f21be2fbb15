/** What a pod needs of the process that it runs in, as types. */
import type {
  FailureCause,
  Json,
  KtContext,
  KtFiles,
  KtFs,
  KtFsOptions,
  KtStoreOptions,
} from '@kube-transform/sdk';
import type { ResultCache } from '../run-store/item-results.js';
import type { ItemLine, JobManifest } from '../run-store/job-manifest.js';
import type { Clock, FileStore, FunctionCatalog, ItemEvent, JobOrder } from '../ports/index.js';

/** Scratch folders, and copies of files of the store, for as long as an item runs: `owner` is the attempt. */
export interface ItemDisk {
  /** The path of its folder, made when it is first asked for. */
  folderOf(owner: object): Promise<string>;
  /** The path of a copy of a file of the run's store. */
  download(key: string, owner: object): Promise<string>;
  /** It has ended. */
  release(owner: object): Promise<void>;
}

/** Whether an item was done before, and whether its result was not kept. */
export interface Skipped {
  skipped?: boolean | undefined;
  unkept?: true | undefined;
}

/** One attempt to make. */
export interface Attempt {
  item: number;
  line: ItemLine;
  attempt: number;
}

/** What came of it. */
export type AttemptOutcome = ({ ok: true; value: Json } & Skipped) | { ok: false; cause: FailureCause };

/** Takes lines of what items log; resolves when one is stored. */
export interface LineLog {
  append(line: object): Promise<void>;
}

/** Makes attempts for the items of one pod. */
export interface AttemptRunner {
  /** Makes one attempt. Rejects only where the store fails. */
  run(attempt: Attempt): Promise<AttemptOutcome>;
  /** An attempt is over: what it had is freed. */
  ended(item: number): Promise<void> | undefined;
  /** Waits until all log lines are stored. */
  close(): Promise<void>;
}

/** What a pod is given by the process it runs in. */
export interface PodHost {
  store: FileStore;
  files: KtFiles;
  catalog: FunctionCatalog;
  /** Makes the attempts of a step's items where it has no functions to call. */
  runnerOf?:
    ((step: JobOrder, host: PodHost, logs: () => Promise<LineLog>) => AttemptRunner | undefined) | undefined;
  /** The pod of Kubernetes that it is in; elsewhere undefined. */
  podName?: string | undefined;
  clock: Clock;
  resultCache: ResultCache;
  /** Reads a job's manifest, which never changes, once. */
  manifests: (runId: string, job: string) => Promise<JobManifest | null>;
  /** Runs a slice of a pod's items when there is room. */
  limit: (work: () => Promise<void>) => Promise<void>;
  /** How many items of a pod may be in flight at once. */
  lanes: number;
  /** How many results may wait to be stored while items go on. */
  ahead: number;
  /** Awaited before results are stored, so that those of the same moment are stored together. */
  gather: () => Promise<void>;
  /** True: begin no further item. */
  draining: () => boolean;
  /** Aborted: begin nothing more and stop what runs. */
  signal: AbortSignal;
  emit: (event: ItemEvent) => void;
  /**
   * Told when an item's function has returned, before its result is stored: should the process end now, the
   * item is not to blame.
   */
  returned: (item: number) => void;
  /** Told each line that an item logs, beside being stored. */
  echo: (line: object) => void;
  openFs: (options?: KtFsOptions) => Promise<KtFs>;
  /** The files of another store; what they download is there as long as `owner` runs. */
  openStore: (url: string, options: KtStoreOptions, owner: object) => Promise<KtFiles>;
  /** The disk of this machine, as items use it. */
  disk: ItemDisk;
  /**
   * Runs user code so that what it prints is logged, and what it leaves failing without waiting for it comes
   * to what `ifFailed` says.
   */
  within: <T>(
    item: Pick<KtContext, 'job' | 'index' | 'log'>,
    work: () => Promise<T>,
    ifFailed: (thrown: unknown) => T,
  ) => Promise<T>;
  /** Waits between attempts; the clock's sleep, except in tests. */
  pause: Clock['sleep'];
  /** A failure to be had instead of the attempt; for tests. */
  fault: (job: string, item: number, attempt: number) => FailureCause | undefined;
}
