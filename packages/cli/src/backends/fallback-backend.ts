/*
 * The store here, and what is not there in the cluster of the last submit.
 *
 * WH1 A run is looked for here first, and then there; `latest` is the newer of the two.
 * WH2 A cluster that was not asked for is not waited for: what is said of the store does not depend on it.
 */
import { isKtError, KtError } from '@kube-transform/sdk';
import {
  type CallLimits,
  type Cancelled,
  type CancelOptions,
  type CollectOptions,
  type Debugging,
  type DebugOptions,
  type Deleted,
  type FailedLog,
  HERE,
  type ListedRun,
  type LogLine,
  type LogOptions,
  type RetryOptions,
  type RunBackend,
  type RunRef,
  type RunSummary,
  type RunWatcher,
  type StartedRun,
} from './backend.js';

/** How the cluster is asked. */
export interface FallbackOptions {
  /** Told where it is left out, and why, or that one that was named does not answer. Default: nobody is. */
  note?: (text: string) => void;
  /** How long it may take to be reached, and then to answer, in milliseconds. Default 5000. */
  limitMs?: number;
}

/** The backend of a store, and behind it one that may not be there. */
export class FallbackBackend implements RunBackend {
  readonly name = HERE;
  readonly verb: RunBackend['verb'];
  readonly #here: RunBackend;
  readonly #open: () => Promise<RunBackend>;
  readonly #note: (text: string) => void;
  readonly #limitMs: number;
  #opening: Promise<RunBackend> | undefined;
  #opened: RunBackend | undefined;
  #closed = false;

  constructor(
    here: RunBackend,
    open: () => Promise<RunBackend>,
    { note = () => undefined, limitMs = 5000 }: FallbackOptions,
  ) {
    this.verb = here.verb;
    this.#here = here;
    this.#open = open;
    this.#note = note;
    this.#limitMs = limitMs;
  }

  async list(): Promise<ListedRun[]> {
    const here = await this.#here.list();
    const there = await this.#unlessLeftOut((backend, limits) => backend.list(limits));
    return [...here, ...there].sort((a, b) => b.createdMs - a.createdMs || (a.runId < b.runId ? 1 : -1));
  }

  async find(typed: string): Promise<RunRef> {
    const here = await this.#here.find(typed).catch(unlessUnknown);
    if (here !== null && typed !== 'latest') return here;
    try {
      const there = await this.#ask((backend, limits) => backend.find(typed, limits));
      return here !== null && here.createdMs >= there.createdMs ? here : there;
    } catch (error) {
      if (here !== null && isKtError(error)) return here;
      throw notHereEither(error);
    }
  }

  async read(run: RunRef): Promise<RunSummary> {
    return (await this.#of(run)).read(run);
  }

  async follow(run: RunRef, watcher: RunWatcher): Promise<RunSummary | null> {
    return (await this.#of(run)).follow(run, watcher);
  }

  async *logs(run: RunRef, options?: LogOptions): AsyncGenerator<LogLine, void> {
    yield* (await this.#of(run)).logs(run, options);
  }

  async *failedLogs(run: RunRef, options?: LogOptions): AsyncGenerator<FailedLog, void> {
    yield* (await this.#of(run)).failedLogs(run, options);
  }

  async cancel(run: RunRef, options?: CancelOptions): Promise<Cancelled> {
    return (await this.#of(run)).cancel(run, options);
  }

  async retry(run: RunRef, options?: RetryOptions): Promise<StartedRun> {
    return (await this.#of(run)).retry(run, options);
  }

  async debug(run: RunRef, options: DebugOptions): Promise<Debugging> {
    return (await this.#of(run)).debug(run, options);
  }

  async collect(options: CollectOptions): Promise<Deleted[]> {
    const here = await this.#here.collect(options);
    const there = await this.#unlessLeftOut((backend, limits) => backend.collect(options, limits));
    return [...here, ...there];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#here[Symbol.asyncDispose]();
    await this.#opened?.[Symbol.asyncDispose]();
  }

  #of({ where }: RunRef): Promise<RunBackend> {
    return where === this.#here.name ? Promise.resolve(this.#here) : this.#reach();
  }

  /** Asks the cluster, if it answers; else what it has is left out, and that is said. */
  async #unlessLeftOut<T>(ask: (backend: RunBackend, limits: CallLimits) => Promise<T[]>): Promise<T[]> {
    try {
      return await this.#ask(ask);
    } catch (error) {
      if (!isKtError(error)) throw error;
      this.#note(`The cluster of the last submit is left out. ${error.problems[0]?.message ?? ''}`);
      return [];
    }
  }

  /** @throws KtError `CLUSTER_UNREACHABLE` where it takes too long. */
  async #ask<T>(ask: (backend: RunBackend, limits: CallLimits) => Promise<T>): Promise<T> {
    const backend = await this.#reach();
    const signal = AbortSignal.timeout(this.#limitMs);
    try {
      return await ask(backend, { signal, retryForMs: 0 });
    } catch (error) {
      if (!signal.aborted) throw error;
      throw tooSlow(`${backend.name} does not answer`);
    }
  }

  /** Opens a connection; a plugin that asks a person for a password is not waited for. */
  async #reach(): Promise<RunBackend> {
    this.#opening ??= this.#open().then(async backend => {
      if (this.#closed) await backend[Symbol.asyncDispose]();
      return (this.#opened = backend);
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooSlow('getting its credentials takes too long')), this.#limitMs);
    });
    try {
      return await Promise.race([this.#opening, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Null for a run that is not there; other errors stay what they are. */
function unlessUnknown(error: unknown): null {
  if (isKtError(error) && (error.code === 'UNKNOWN_RUN' || error.code === 'NO_RUNS')) return null;
  throw error;
}

/** An error that says of an unknown run that it is not in the store either. */
function notHereEither(error: unknown): unknown {
  if (!isKtError(error) || (error.code !== 'UNKNOWN_RUN' && error.code !== 'NO_RUNS')) return error;
  return new KtError(
    error.problems.map(problem => ({
      ...problem,
      message: `${problem.message} Nor is it in the store here.`,
    })),
  );
}

function tooSlow(what: string): KtError {
  return new KtError({
    code: 'CLUSTER_UNREACHABLE',
    path: '',
    message: `The cluster of the last submit cannot be asked: ${what}.`,
    hint: 'Name it with --context or -n to wait for it.',
  });
}
