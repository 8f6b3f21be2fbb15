/**
 * The builder. A pipeline is immutable: each call returns a new one that knows the steps so far, as types and
 * as values.
 */
import type { JsonObject } from '../json.js';
import type { KTContainerResult, KTSchedule, ScheduleOptions } from '../document/spec.js';
import type { KTPipelineInput } from '../document/spec-input.js';
import type { SchemaInput, SchemaOutput, StandardSchema } from '../standard-schema.js';
import {
  addContainer,
  type ContainerOptions,
  type ContainerResult,
  type ContainerSpec,
} from './container-step.js';
import { type AnyFunction, OWN_FUNCTIONS } from './function-definition.js';
import { addCall, addMap } from './call-step.js';
import { callWithRefs, type PipelineOptions, type PipelineState } from './pipeline-state.js';
import { addPython, type PythonResult, type PythonResultOf, type PythonSpec } from './python-step.js';
import type { Each } from './ref-types.js';
import type {
  ArgsThenOptions,
  CallResult,
  CheckFunction,
  CheckName,
  CheckSpawn,
  EachArgs,
  MapResult,
  Nested,
  Nothing,
  Nullable,
  ParamsThenOptions,
  Spawning,
  StepOptions,
  StepRefs,
  Steps,
} from './step-types.js';
import { bindSpec, takeIn } from './sub-pipeline.js';
import { functionsOf, jobsOf, ownFunctionsOf } from './write-document.js';

const PIPELINE = Symbol.for('kube-transform.pipeline');

/**
 * A typed pipeline: steps, each with a function, its arguments and options. Made by `pipeline`.
 *
 * `S` maps the names of its steps to their results, `P` is what its parameters are once checked, `PI` before.
 * All methods throw KtError: `BAD_NAME` or `DUPLICATE_NAME` for a step's name, `NOT_A_KT_FUNCTION` for a
 * function that `ktFunction` did not mark, `BAD_ARGS` and `BAD_MAP` for a callback, `UNKNOWN_STEP` where it
 * asks for a step that is not before it, `REF_USED_AS_VALUE` where it computes with a result. With types, all
 * of that does not compile.
 *
 * @example
 * ```ts
 * const list = ktFunction(({ dir }: { dir: string }, { files }: KtContext) => files.glob(`${dir}/*.csv`));
 * const load = ktFunction(
 *   async ({ file }: { file: string }, { files }: KtContext) => (await files.stat(file)).size,
 * );
 * const total = ktFunction(({ sizes }: { sizes: number[] }) => sizes.reduce((sum, size) => sum + size, 0));
 *
 * export default pipeline('sizes', { params: z.object({ dir: z.string() }) })
 *   .job('list', list, ({ params }) => ({ dir: params.dir }))
 *   .map('load', load, ({ list }) => list.each(file => ({ file })), { retries: 2 })
 *   .job('total', total, ({ load }) => ({ sizes: load }));
 * ```
 */
export class Pipeline<S extends Steps = Steps, P = unknown, PI = unknown> {
  /** Name of the pipeline. */
  readonly name: string;
  /** Schema of its parameters. */
  readonly params: StandardSchema | undefined;
  /** @internal Only for the compiler. */
  declare readonly types?: { steps: S; params: P; paramsInput: PI };
  readonly #state: PipelineState;

  /** @internal Use {@link pipeline}. */
  constructor(state: PipelineState) {
    // Not a field: bundlers keep a class with a computed field, though nothing uses it.
    Object.defineProperty(this, PIPELINE, { value: true });
    Object.defineProperty(this, OWN_FUNCTIONS, { get: () => ownFunctionsOf(state) });
    this.name = state.name;
    this.params = state.params;
    this.#state = state;
  }

  /**
   * Adds a step that calls a function once.
   *
   * Then come a callback that makes its input from refs, where it needs one, and options. The step waits for
   * every step whose result it uses; its own result is what the function returns, or null where it was
   * allowed to fail, or was skipped and no result was kept.
   */
  job<const N extends string, F extends AnyFunction, M extends number | string = never, U = unknown>(
    name: N & CheckName<N, S>,
    fn: F & CheckFunction<F>,
    ...argsThenOptions: ArgsThenOptions<
      F,
      S,
      P,
      StepOptions<keyof S & string> & { maxFailed?: M; outputs?: U }
    >
  ): Pipeline<S & Record<N, CallResult<F, Nullable<M, U>>>, P, PI> {
    return new Pipeline(addCall(this.#state, { type: 'static', name, fn }, argsThenOptions));
  }

  /**
   * Adds a step that calls a function once for each element of a list, its items.
   *
   * The callback returns `list.each(…)` of an earlier result, or `each([…], …)`. The step's result is the
   * list of the items' results, with null for items that were allowed to fail or were skipped.
   */
  // eslint-disable-next-line max-params -- reads as a sentence: name, function, over what, options
  map<const N extends string, F extends AnyFunction, E, M extends number | string = never, U = unknown>(
    name: N & CheckName<N, S>,
    fn: F & CheckFunction<F>,
    over: EachArgs<F, S, P, E>,
    options: StepOptions<keyof S & string, E> & { maxFailed?: M; outputs?: U } = {},
  ): Pipeline<S & Record<N, MapResult<F, Nullable<M, U>>>, P, PI> {
    return new Pipeline(addMap(this.#state, { name, fn }, { over, options }));
  }

  /**
   * Adds a step whose function returns new jobs, which run as its children.
   *
   * The step is complete when they and all that they spawn are. Its result is null.
   */
  dynamic<const N extends string, F extends AnyFunction>(
    name: N & CheckName<N, S>,
    fn: F & CheckSpawn<F>,
    ...argsThenOptions: ArgsThenOptions<F, S, P, StepOptions<keyof S & string>>
  ): Pipeline<S & Record<N, null> & Spawning, P, PI> {
    return new Pipeline(addCall(this.#state, { type: 'dynamic', name, fn }, argsThenOptions));
  }

  /**
   * Adds a step that runs a container of any image; `spec` says what, or a callback that makes it from refs.
   *
   * Its result is what `spec.result` says; null where it exited with a code that means "skip", or was allowed
   * to fail.
   *
   * @throws KtError `BAD_CONTAINER` where `spec` is no object.
   */
  container<
    const N extends string,
    const R extends KTContainerResult = 'none',
    O extends StandardSchema = StandardSchema,
  >(
    name: N & CheckName<N, S>,
    spec: ContainerSpec<R, O> | ((steps: StepRefs<S, P>) => ContainerSpec<R, O>),
    options: ContainerOptions<keyof S & string> = {},
  ): Pipeline<S & Record<N, ContainerResult<R, O> | null>, P, PI> {
    return new Pipeline(addContainer(this.#state, { name, isMap: false }, { given: spec, options }));
  }

  /**
   * Adds a step that runs a container for each element of a list: the callback returns
   * `list.each(item => ({ image, … }))`. Its result is the list of the containers' results.
   *
   * @throws KtError `BAD_CONTAINER` where `spec` is no object.
   */
  containers<
    const N extends string,
    E,
    const R extends KTContainerResult = 'none',
    O extends StandardSchema = StandardSchema,
  >(
    name: N & CheckName<N, S>,
    over: (steps: StepRefs<S, P>) => Each<ContainerSpec<R, O>, E>,
    options: ContainerOptions<keyof S & string> = {},
  ): Pipeline<S & Record<N, (ContainerResult<R, O> | null)[]>, P, PI> {
    return new Pipeline(addContainer(this.#state, { name, isMap: true }, { given: over, options }));
  }

  /**
   * Adds a step that calls a function of Python in a container, by its name; `spec` says which, or a callback
   * that makes it from refs.
   *
   * Its result is what the function returns, as JSON; null where it exited with a code that means "skip", or
   * was allowed to fail.
   *
   * @throws KtError `BAD_PYTHON` where there is no function; `BAD_CONTAINER`.
   */
  python<
    const N extends string,
    const R extends PythonResult = 'json',
    O extends StandardSchema = StandardSchema,
  >(
    name: N & CheckName<N, S>,
    spec: PythonSpec<R, O> | ((steps: StepRefs<S, P>) => PythonSpec<R, O>),
    options: ContainerOptions<keyof S & string> = {},
  ): Pipeline<S & Record<N, PythonResultOf<R, O> | null>, P, PI> {
    return new Pipeline(addPython(this.#state, { name, isMap: false }, { given: spec, options }));
  }

  /**
   * Adds a step that calls a function of Python for each element of a list, each in a container of its own:
   * the callback returns `list.each(item => ({ image, function, args }))`.
   *
   * @throws KtError `BAD_PYTHON`, as {@link Pipeline.python}.
   */
  pythons<
    const N extends string,
    E,
    const R extends PythonResult = 'json',
    O extends StandardSchema = StandardSchema,
  >(
    name: N & CheckName<N, S>,
    over: (steps: StepRefs<S, P>) => Each<PythonSpec<R, O>, E>,
    options: ContainerOptions<keyof S & string> = {},
  ): Pipeline<S & Record<N, (PythonResultOf<R, O> | null)[]>, P, PI> {
    return new Pipeline(addPython(this.#state, { name, isMap: true }, { given: over, options }));
  }

  /**
   * Takes in the steps of another pipeline as `<prefix>.<step>`; later steps see them as
   * `steps.<prefix>.<step>`.
   *
   * Then come a callback that makes the other's parameters, where it needs some, and options.
   *
   * @throws KtError `BAD_PARAM` where the other's schema refuses values; refs are left to the functions that
   * use them.
   */
  use<const N extends string, S2 extends Steps, P2, PI2>(
    prefix: N & CheckName<N, S>,
    other: Pipeline<S2, P2, PI2>,
    ...paramsThenOptions: ParamsThenOptions<PI2, S, P>
  ): Pipeline<S & Record<N, S2 & Nested> & (S2 extends Spawning ? Spawning : unknown), P, PI> {
    const [params, { after = [] } = {}] = paramsThenOptions;
    const values = callWithRefs(this.#state, prefix, params);
    return new Pipeline(takeIn(this.#state, other.#state, { prefix, params: values, after }));
  }

  /** Runs the pipeline on a cron schedule once it is deployed, as Kubernetes' CronJobs understand it. */
  schedule(cron: string, options: ScheduleOptions = {}): Pipeline<S, P, PI> {
    const {
      timeZone = null,
      concurrencyPolicy = 'Forbid',
      startingDeadline = null,
      suspend = false,
    } = options;
    const entry: KTSchedule = { cron, timeZone, concurrencyPolicy, startingDeadline, suspend };
    return new Pipeline({ ...this.#state, schedules: [...this.#state.schedules, entry] });
  }

  /**
   * The functions of all steps, by the names that {@link toSpec} uses.
   *
   * @throws KtError `DUPLICATE_FUNCTION` where two functions have one name.
   */
  functions(): Map<string, AnyFunction> {
    return functionsOf(this.#state);
  }

  /** The document of this pipeline; parameters stay refs unless values (already checked) are given. */
  toSpec(params?: JsonObject): KTPipelineInput {
    const { name, schedules } = this.#state;
    const spec = { name, jobs: jobsOf(this.#state), schedules: [...schedules] };
    return params === undefined ? spec : bindSpec(spec, params);
  }
}

/**
 * Begins a pipeline: a name, and a schema of its parameters.
 *
 * Steps are added to what it returns; see {@link Pipeline}. Export it from a module in `pipelines/`, by
 * default, and `kt run` finds it.
 *
 * @example
 * ```ts
 * import { ktFunction, pipeline } from '@kube-transform/sdk';
 * import * as z from 'zod';
 *
 * const load = ktFunction({ input: z.object({ year: z.number() }) }, ({ year }) => ({ year, rows: 0 }));
 *
 * export default pipeline('flights', { params: z.object({ years: z.array(z.number()) }) })
 *   .map('load', load, ({ params }) => params.years.each(year => ({ year })), { memory: '2Gi' })
 *   .schedule('0 3 * * *', { timeZone: 'Europe/Berlin' });
 * ```
 */
export function pipeline<S extends StandardSchema = StandardSchema<Nothing, Nothing>>(
  name: string,
  options: PipelineOptions<S> = {},
): Pipeline<Nothing, SchemaOutput<S>, SchemaInput<S>> {
  const { params, reuse } = options;
  return new Pipeline({ name, params, reuse, steps: [], refs: {}, schedules: [] });
}

/**
 * True for every pipeline made by {@link pipeline}, whichever copy of this package made it.
 *
 * @example
 * ```ts
 * isPipeline(pipeline('etl')); // → true
 * isPipeline({ name: 'etl', jobs: [] }); // → false
 * ```
 */
export function isPipeline(value: unknown): value is Pipeline {
  return typeof value === 'object' && value !== null && PIPELINE in value;
}
