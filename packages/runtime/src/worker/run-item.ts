/*
 * One attempt of one item within a pod: its arguments, its context, whether it is done already.
 *
 * IT1 Whatever users' code throws, and whenever, is a cause of the item: while its module is loaded, in its
 *    schemas, as a path of `outputs`. Only a store that fails rejects.
 */
import {
  type AnyFunction,
  definitionOf,
  didYouMean,
  type FailureCause,
  type Json,
  type KTJob,
} from '@kube-transform/sdk';
import { threw } from '../parse/thrown.js';
import {
  compileTemplate,
  type ItemValue,
  type Miss,
  missCause,
  resultsByJob,
  type Template,
} from './resolve-arguments.js';
import { invoke, type Outcome } from './invoke.js';
import { ContextScope } from './item-context.js';
import { ItemTargets } from './item-targets.js';
import type { FunctionCatalog, JobOrder } from '../ports/index.js';
import type { Attempt, AttemptOutcome, AttemptRunner, LineLog, PodHost } from './pod-host.js';
import { attemptTimeoutMs } from './retry-policy.js';
import type { FoundResults } from '../run-store/item-results.js';
import { cachedResult, cacheHash, keepResult, outputsHash } from '../run-store/result-cache.js';

const usesFiles = ({ outputs, inputs }: KTJob): boolean => outputs.length + inputs.length > 0;
const NO_FUNCTION: Promise<AttemptOutcome> = Promise.resolve({ ok: true, value: null });
const NO_RESULTS: ReadonlyMap<string, FoundResults> = new Map();

/** Makes attempts for the items of one pod. */
export class ItemRunner implements AttemptRunner {
  readonly #step: JobOrder;
  readonly #host: PodHost;
  readonly #scope: ContextScope;
  readonly #known: ReadonlySet<string>;
  readonly #mapArgs: Template;
  /** Nothing has to be looked for before an item runs but what its arguments refer to. */
  readonly #isPlain: boolean;
  readonly #targets: ItemTargets;
  readonly #timeoutMs: number | null;
  readonly #functions = new Map<string, AnyFunction>();
  readonly #register = (functions: ReadonlyMap<string, AnyFunction>): void => {
    this.#host.catalog.register(functions);
  };

  constructor(step: JobOrder, host: PodHost, logs: () => Promise<LineLog>) {
    this.#step = step;
    this.#host = host;
    this.#known = new Set(step.job.dependencies);
    this.#mapArgs = compileTemplate(step.job.args, this.#known);
    this.#isPlain = !usesFiles(step.job) && !step.job.cache;
    this.#targets = new ItemTargets(step, host);
    this.#timeoutMs = attemptTimeoutMs(step.job);
    this.#scope = new ContextScope(step, host, logs);
  }

  /** Makes one attempt. */
  run({ item, line, attempt }: Attempt): Promise<AttemptOutcome> {
    const { job } = this.#step;
    const isMap = 'e' in line;
    const name = isMap ? job.function : line.f;
    if (name === null) return NO_FUNCTION;
    const element = isMap ? { value: line.e, index: item } : undefined;
    const template = isMap ? this.#mapArgs : compileTemplate(line.a, this.#known);
    if (!this.#isPlain || template.sources.length > 0)
      return this.#withStore({ name, template, element, item, attempt });
    const misses: Miss[] = [];
    const args = template.fill(NO_RESULTS, element, misses);
    return this.#attempt({ name, args, misses, item, attempt });
  }

  /** An attempt is over: its signal is not needed any more, nor its scratch folder, which is to be gone. */
  ended(item: number): Promise<void> | undefined {
    return this.#scope.end(item);
  }

  /** Waits until all log lines are stored. */
  close(): Promise<void> {
    return this.#scope.close();
  }

  #results(template: Template): Promise<Map<string, FoundResults>> {
    return resultsByJob(template.sources, {
      store: this.#host.store,
      runId: this.#step.runId,
      cache: this.#host.resultCache,
      isOnce: this.#step.items === 1,
    });
  }

  /**
   * Arguments that need results, outputs that may exist, results that may be kept: all of them questions to
   * the store.
   */
  async #withStore({ name, template, element, item, attempt }: StoreCall): Promise<AttemptOutcome> {
    const { job } = this.#step;
    const misses: Miss[] = [];
    const args = template.fill(await this.#results(template), element, misses);
    const call = { name, args, misses, item, attempt };
    return usesFiles(job) ? this.#unlessMade(call, element?.value ?? args) : this.#unlessCached(call);
  }

  /** Skips an item whose files exist; its result was kept when they were made, or is null. */
  async #unlessMade(call: NamedCall, value: Json): Promise<AttemptOutcome> {
    const { store } = this.#host;
    const targets = await this.#targets.look({ value, index: call.item });
    if ('kind' in targets) return { ok: false, cause: targets };
    const { paths, isMade } = targets;
    // What a dynamic job returns is spawned, not given to others: files that exist spare its children too.
    const hasResult = this.#step.job.type !== 'dynamic';
    if (isMade) {
      const kept = hasResult
        ? await cachedResult(store, await outputsHash(call.name, paths))
        : { value: null };
      return { ok: true, value: kept?.value ?? null, skipped: true, unkept: kept === undefined || undefined };
    }
    const outcome = await this.#unlessCached(call);
    if (!outcome.ok) return outcome;
    // Those of a dynamic job are made by its children.
    const missing = hasResult ? await this.#targets.check(paths, call.item) : null;
    if (missing !== null) return { ok: false, cause: missing };
    if (hasResult && paths.length > 0)
      await keepResult(store, await outputsHash(call.name, paths), { value: outcome.value, replace: true });
    return outcome;
  }

  async #unlessCached(call: NamedCall): Promise<AttemptOutcome> {
    const { store } = this.#host;
    // Fields may be missing from the arguments: whether that is allowed is for the function's schema to say.
    if (!this.#step.job.cache || call.misses.length > 0) return this.#attempt(call);
    const code = await this.#codeOf(call.name);
    if (code === null) return this.#attempt(call);
    const hash = await cacheHash(code, call.name, call.args);
    const { isForced } = this.#step;
    const kept = isForced === true ? undefined : await cachedResult(store, hash);
    if (kept !== undefined) return { ok: true, value: kept.value, skipped: true };
    const outcome = await this.#attempt(call);
    if (outcome.ok) await keepResult(store, hash, { value: outcome.value, replace: isForced === true });
    return outcome;
  }

  /**
   * What stands for the code of a function: the digest of all code; where that is not known, the function
   * itself, in a store that no other process opens; else nothing does, and nothing is cached.
   */
  async #codeOf(name: string): Promise<string | null> {
    const { catalog, store, clock } = this.#host;
    if (catalog.digest !== '') return catalog.digest;
    if (store.capabilities.url !== null) return null;
    const definition = definitionOf(await catalog.load(name));
    return definition === undefined ? null : (definition.identity ??= clock.randomId(20));
  }

  #attempt(call: NamedCall): Promise<Outcome> {
    const fn = this.#functions.get(call.name);
    return fn === undefined ? this.#loadAndCall(call) : this.#call(fn, call);
  }

  async #loadAndCall(call: NamedCall): Promise<Outcome> {
    let fn: AnyFunction | undefined;
    try {
      fn = await this.#host.catalog.load(call.name);
    } catch (thrown) {
      return { ok: false, cause: threw(thrown) };
    }
    if (fn === undefined) return { ok: false, cause: unknownFunction(call.name, this.#host.catalog) };
    this.#functions.set(call.name, fn);
    return this.#call(fn, call);
  }

  #call(fn: AnyFunction, { args, misses, item, attempt }: NamedCall): Promise<Outcome> {
    const host = this.#host;
    const job = this.#step.job.name;
    const mayLack = definitionOf(fn)?.options.input !== undefined;
    if (misses.length > 0 && !(mayLack && misses.every(({ isField }) => isField)))
      return Promise.resolve({ ok: false, cause: missCause(misses, { job, item, field: 'args' }) });
    if (host.isQuiet !== true) host.emit({ type: 'ItemStarted', job, item, attempt });
    const cause = host.fault(job, item, attempt);
    if (cause !== undefined) return Promise.resolve({ ok: false, cause });
    const context = this.#scope.open(item, attempt);
    const call = {
      fn,
      args,
      context,
      timeoutMs: this.#timeoutMs,
      clock: host.clock,
      register: this.#register,
    };
    return host.within(
      context,
      () => invoke(call),
      thrown => {
        const cause = threw(thrown);
        context.abort(new Error(cause.message));
        return { ok: false, cause };
      },
    );
  }
}

interface StoreCall {
  name: string;
  template: Template;
  element: ItemValue | undefined;
  item: number;
  attempt: number;
}
interface NamedCall {
  name: string;
  args: Json;
  /** Refs of the arguments that lead nowhere; a field may be missing where the function has a schema. */
  misses: readonly Miss[];
  item: number;
  attempt: number;
}

function unknownFunction(name: string, catalog: FunctionCatalog): FailureCause {
  const hint =
    didYouMean(name, catalog.names()) ?? `Known: ${catalog.names().slice(0, 8).join(', ') || 'none'}.`;
  return { kind: 'UnknownFunction', function: name, message: `No function "${name}" is registered. ${hint}` };
}
