/** One attempt of one item within a pod: its arguments, its context, whether it is done already. */
import {
  type AnyFunction, didYouMean, type FailureCause, type Json, type KtContext, type KtFiles, type KtFs, type KtLog, parseDurationMs,
} from '@kube-transform/sdk';
import { cachedResult, cacheHash, keepResult } from './skip-done.js';
import { resolveRefs, type ResultCache } from './inputs.js';
import { invoke, type Outcome } from './invoke.js';
import type { ItemLine, JobManifest } from './job-manifest.js';
import type { Clock, FileStore, FunctionCatalog, ItemEvent } from './ports.js';
import type { SegmentLog } from './segment-log.js';

/** What a pod is given by the process it runs in. */
export interface PodHost {
  store: FileStore;
  files: KtFiles;
  catalog: FunctionCatalog;
  clock: Clock;
  resultCache: ResultCache;
  /** Runs an item when there is room. */
  limit: (work: () => Promise<void>) => Promise<void>;
  /** Aborted: begin nothing more and stop what runs. */
  signal: AbortSignal;
  emit: (event: ItemEvent) => void;
  openFs: () => Promise<KtFs>;
  /** Runs user code so that what it prints is logged. */
  within: <T>(log: KtLog, work: () => Promise<T>) => Promise<T>;
  /** Waits between attempts; the clock's sleep, except in tests. */
  pause: Clock['sleep'];
  /** A failure to be had instead of the attempt; for tests. */
  fault: (job: string, item: number, attempt: number) => FailureCause | undefined;
}

/** One attempt to make. */
export interface Attempt {
  item: number;
  line: ItemLine;
  attempt: number;
}

/** What came of it; `skipped` where it was done already. */
export type AttemptOutcome = { ok: true; value: Json; skipped: boolean } | { ok: false; cause: FailureCause };

const NO_FUNCTION: AttemptOutcome = { ok: true, value: null, skipped: false };

/** Makes attempts for the items of one pod. */
export class ItemRunner {
  readonly #manifest: JobManifest;
  readonly #host: PodHost;
  readonly #logs: SegmentLog<object>;
  readonly #known: ReadonlySet<string>;
  readonly #timeoutMs: number | null;
  #logged: Promise<void> = Promise.resolve();

  constructor(manifest: JobManifest, host: PodHost, logs: SegmentLog<object>) {
    this.#manifest = manifest;
    this.#host = host;
    this.#logs = logs;
    this.#known = new Set(manifest.job.dependencies);
    this.#timeoutMs = manifest.job.timeout === null ? null : (parseDurationMs(manifest.job.timeout) ?? null);
  }

  /** Makes one attempt. */
  async run({ item, line, attempt }: Attempt): Promise<AttemptOutcome> {
    const { job } = this.#manifest;
    const host = this.#host;
    const name = 'e' in line ? job.function : line.f;
    if (name === null) return NO_FUNCTION;
    const scope = {
      store: host.store, runId: this.#manifest.runId, cache: host.resultCache, known: this.#known,
      ...('e' in line ? { item: { value: line.e, index: item } } : {}),
    };
    const args = await resolveRefs('e' in line ? job.args : line.a, scope);
    if (job.outputs.length > 0) {
      const outputs = (await resolveRefs(job.outputs, { ...scope, item: { value: 'e' in line ? line.e : args, index: item } })) as string[];
      const exist = await Promise.all(outputs.map(path => host.files.exists(path)));
      if (exist.every(Boolean)) return { ok: true, value: null, skipped: true };
    }
    const hash = job.cache ? await cacheHash(host.catalog.digest, name, args) : undefined;
    const cached = hash === undefined ? undefined : await cachedResult(host.store, hash);
    if (cached !== undefined) return { ok: true, value: cached.value, skipped: true };
    const fn = await host.catalog.load(name);
    if (fn === undefined) return { ok: false, cause: unknownFunction(name, host.catalog) };
    host.emit({ type: 'ItemStarted', job: job.name, item, attempt });
    const fault = host.fault(job.name, item, attempt);
    const outcome: Outcome = fault === undefined ? await this.#call(fn, args, { item, attempt }) : { ok: false, cause: fault };
    if (!outcome.ok) return outcome;
    if (hash !== undefined) await keepResult(host.store, hash, outcome.value);
    return { ok: true, value: outcome.value, skipped: false };
  }

  /** Waits until all log lines are stored. */
  close(): Promise<void> {
    return this.#logged;
  }

  async #call(fn: AnyFunction, args: Json, { item, attempt }: { item: number; attempt: number }): Promise<Outcome> {
    const host = this.#host;
    const controller = new AbortController();
    const stop = (): void => {
      controller.abort(host.signal.reason);
    };
    host.signal.addEventListener('abort', stop, { once: true });
    const log = this.#log(item, attempt);
    const context: KtContext = {
      runId: this.#manifest.runId,
      pipeline: this.#manifest.pipeline,
      job: this.#manifest.job.name,
      index: item,
      attempt,
      signal: controller.signal,
      files: host.files,
      log,
      fs: host.openFs,
    };
    const abort = (reason: Error): void => {
      controller.abort(reason);
    };
    try {
      return await host.within(log, () => invoke({ fn, args, context, timeoutMs: this.#timeoutMs, clock: host.clock, abort }));
    } finally {
      host.signal.removeEventListener('abort', stop);
    }
  }

  #log(item: number, attempt: number): KtLog {
    const write = (level: string) => (message: string, data?: object) => {
      this.#logged = this.#logs.append({ i: item, n: attempt, t: this.#host.clock.nowMs(), level, message, ...(data === undefined ? {} : { data }) });
      this.#logged.catch(() => undefined);
    };
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  }
}

function unknownFunction(name: string, catalog: FunctionCatalog): FailureCause {
  const hint = didYouMean(name, catalog.names()) ?? `Known: ${catalog.names().slice(0, 8).join(', ') || 'none'}.`;
  return { kind: 'UnknownFunction', function: name, message: `No function "${name}" is registered. ${hint}` };
}
