/*
 * The builder. A pipeline is immutable: each call returns a new one that knows the steps so far, as types and
 * as values.
 *
 * B1 Functions are kept as values; their names are read in `toSpec`, when modules have been named.
 * B2 A step's result is addressed as `<job>#/<item>/…`: the result of a job is always the array of its items'
 *    results.
 */
import { KtError } from '../errors.js';
import { type AnyFunction, definitionOf, functionName, type InputOf } from './functions.js';
import type { Json, JsonObject } from '../json.js';
import { duplicateFunction } from './name-exports.js';
import { didYouMean } from '../document/names.js';
import { asRef, type Each, makeRef, type Ref, refSources, replaceRefs } from './refs.js';
import type { KTJobInput, KTPipelineInput, KTSchedule, ScheduleOptions } from '../document/spec.js';
import type { SchemaInput, SchemaOutput, StandardSchema } from '../standard-schema.js';
import { bindSpec, moveRefs, subParams } from './sub-pipeline.js';
import type {
  ArgsThenOptions,
  CheckFunction,
  CheckName,
  CheckSpawn,
  EachArgs,
  MapResult,
  Nothing,
  ParamsThenOptions,
  ResultOf,
  StepOptions,
  Steps,
} from './step-types.js';

const PIPELINE = Symbol.for('kube-transform.pipeline');

interface Step {
  kind: KTJobInput['type'];
  name: string;
  fn: AnyFunction;
  args: unknown;
  items: Json;
  options: StepOptions;
}
interface State {
  name: string;
  params: StandardSchema | undefined;
  steps: readonly Step[];
  /** Refs of the names, nested where a sub-pipeline is used. */
  refs: Readonly<Record<string, unknown>>;
  schedules: readonly KTSchedule[];
}

/** Options of {@link pipeline}. */
export interface PipelineOptions<S extends StandardSchema> {
  /** Parameters of a run; they become flags of `kt run`. */
  params?: S;
}

/**
 * A typed pipeline; `S` maps the names of its steps to their results, `P` is what its parameters are once
 * checked, `PI` before.
 */
export class Pipeline<S extends Steps = Steps, P = unknown, PI = unknown> {
  readonly [PIPELINE] = true;
  readonly name: string;
  readonly params: StandardSchema | undefined;
  declare readonly types?: { steps: S; params: P; paramsInput: PI };
  readonly #state: State;

  /** Use {@link pipeline}. */
  constructor(state: State) {
    this.name = state.name;
    this.params = state.params;
    this.#state = state;
  }

  /** Adds a step that calls a function once. */
  job<const N extends string, F extends AnyFunction>(
    name: N & CheckName<N, S>,
    fn: F & CheckFunction<F>,
    ...[args, options]: ArgsThenOptions<F, S, P, StepOptions<keyof S & string>>
  ): Pipeline<S & Record<N, ResultOf<F>>, P, PI> {
    return this.#add(
      { kind: 'static', name, fn, args: this.#call(name, args), items: null, options: options ?? {} },
      makeRef(name, '/0'),
    );
  }

  /** Adds a step that calls a function once for each element of a list. */
  // eslint-disable-next-line max-params -- reads as a sentence: name, function, over what, options
  map<const N extends string, F extends AnyFunction, E, M extends number | string = never, U = unknown>(
    name: N & CheckName<N, S>,
    fn: F & CheckFunction<F>,
    over: EachArgs<F, S, P, E>,
    options?: StepOptions<keyof S & string, E> & { maxFailed?: M; outputs?: U },
  ): Pipeline<S & Record<N, MapResult<F, M | (unknown extends U ? never : U)>>, P, PI> {
    const { items, args } = this.#each(name, this.#call(name, over));
    return this.#add(
      { kind: 'map', name, fn, args, items, options: (options ?? {}) as StepOptions },
      makeRef(name),
    );
  }

  /** Adds a step whose function returns new jobs, which run as its children. */
  dynamic<const N extends string, F extends AnyFunction>(
    name: N & CheckName<N, S>,
    fn: F & CheckSpawn<F>,
    ...[args, options]: ArgsThenOptions<F, S, P, StepOptions<keyof S & string>>
  ): Pipeline<S & Record<N, null>, P, PI> {
    const step: Step = {
      kind: 'dynamic',
      name,
      fn,
      args: this.#call(name, args),
      items: null,
      options: options ?? {},
    };
    return this.#add(step, makeRef(name, '/0'));
  }

  /**
   * Takes in the steps of another pipeline as `<prefix>.<step>`; later steps see them as
   * `steps.<prefix>.<step>`.
   */
  use<const N extends string, S2 extends Steps, P2, PI2>(
    prefix: N & CheckName<N, S>,
    other: Pipeline<S2, P2, PI2>,
    ...[params, options = {}]: ParamsThenOptions<PI2, S, P>
  ): Pipeline<S & Record<N, S2>, P, PI> {
    this.#free(prefix);
    const values = subParams(other.params, this.#call(prefix, params) as object, prefix);
    const move = { params: values, prefix, steps: new Set(other.#state.steps.map(step => step.name)) };
    const inner = other.#state.steps.map(step => {
      const { after = [], outputs, ...rest } = step.options;
      const moved = { ...rest, after: [...after.map(name => `${prefix}.${name}`), ...(options.after ?? [])] };
      const stepOptions =
        outputs === undefined ? moved : { ...moved, outputs: moveRefs(outputs, move) as typeof outputs };
      return {
        ...step,
        name: `${prefix}.${step.name}`,
        args: moveRefs(step.args, move),
        items: moveRefs(step.items, move) as Json,
        options: stepOptions,
      };
    });
    return this.#with({
      steps: [...this.#state.steps, ...inner],
      refs: { ...this.#state.refs, [prefix]: moveRefs(other.#state.refs, { ...move, live: true }) },
    });
  }

  /** Runs the pipeline on a cron schedule once it is deployed, as Kubernetes' CronJobs understand it. */
  schedule(cron: string, options: ScheduleOptions = {}): Pipeline<S, P, PI> {
    const {
      timeZone = null,
      concurrencyPolicy = 'Forbid',
      startingDeadline = null,
      suspend = false,
    } = options;
    const entry = { cron, timeZone, concurrencyPolicy, startingDeadline, suspend };
    return this.#with({ schedules: [...this.#state.schedules, entry] });
  }

  /**
   * The functions of all steps, by the names that {@link toSpec} uses. @throws KtError `DUPLICATE_FUNCTION`.
   */
  functions(): Map<string, AnyFunction> {
    const found = new Map<string, AnyFunction>();
    for (const step of this.#state.steps) {
      const name = this.#nameOf(step);
      if ((found.get(name) ?? step.fn) !== step.fn) throw duplicateFunction(name, `Pipeline "${this.name}"`);
      found.set(name, step.fn);
    }
    return found;
  }

  /** The document of this pipeline; parameters stay refs unless values (already checked) are given. */
  toSpec(params?: JsonObject): KTPipelineInput {
    const spec = {
      name: this.name,
      jobs: this.#state.steps.map(step => this.#job(step)),
      schedules: [...this.#state.schedules],
    };
    return params === undefined ? spec : bindSpec(spec, params);
  }

  #job(step: Step): KTJobInput {
    const { after = [], outputs = [], ...options } = { ...stepDefaults(step.fn), ...given(step.options) };
    const outputRefs = replaceRefs(
      typeof outputs === 'function' ? outputs(makeRef('item')) : outputs,
      ref => ref,
    ) as Json[];
    const args = replaceRefs(step.args ?? {}, ref => ref) as JsonObject;
    const items = replaceRefs(step.items, ref => ref) as Json;
    const sources = refSources({ args, items, outputRefs });
    const names = this.#state.steps.map(({ name }) => name);
    const known = new Set(names);
    const wanted = after.flatMap(name =>
      known.has(name) ? [name] : names.filter(other => other.startsWith(`${name}.`)),
    );
    const dependencies = [...new Set([...[...sources].filter(source => known.has(source)), ...wanted])];
    const job: KTJobInput = { type: step.kind, name: step.name, dependencies, ...options };
    if (outputRefs.length > 0) job.outputs = outputRefs;
    const call = { function: this.#nameOf(step), args };
    if (step.kind === 'static') return { ...job, tasks: [call] };
    return step.kind === 'map' ? { ...job, ...call, items } : { ...job, ...call };
  }

  #nameOf(step: Step): string {
    return functionName(step.fn) ?? `${this.name}.${step.name}`;
  }

  #call(name: string, callback: ((steps: never) => unknown) | undefined): unknown {
    if (callback === undefined) return {};
    if (typeof callback !== 'function') {
      throw new KtError({
        code: 'BAD_ARGS',
        path: name,
        message: `Step "${name}" was given a ${typeof callback} where a callback makes the arguments of its function.`,
        hint: 'Write steps => ({ … }), or undefined where there are none; options come after it.',
      });
    }
    const refs = { ...this.#state.refs, params: makeRef('params') };
    const steps = new Proxy(refs, {
      get: (target, key) => {
        if (typeof key === 'symbol' || Object.hasOwn(target, key))
          return (target as Record<PropertyKey, unknown>)[key];
        throw new KtError({
          code: 'UNKNOWN_STEP',
          path: name,
          message: `Step "${name}" uses "${key}", which is not among the steps before it: ${Object.keys(target).join(', ')}.`,
          ...hinted(didYouMean(key, Object.keys(target))),
        });
      },
    });
    return callback(steps as never);
  }

  #each(name: string, over: unknown): Each<unknown> {
    if (typeof over === 'object' && over !== null && 'items' in over && 'args' in over)
      return over as Each<unknown>;
    throw new KtError({
      code: 'BAD_MAP',
      path: name,
      message: `The callback of map "${name}" does not say over what it maps.`,
      hint: 'Return list.each(item => ({ … })) or each([…], item => ({ … })).',
    });
  }

  #free(name: string): void {
    if (typeof name !== 'string' || name === '' || name.includes('#')) {
      throw new KtError({
        code: 'BAD_NAME',
        path: this.name,
        message: `A step's name must be text without "#", but is ${JSON.stringify(name)}.`,
      });
    }
    if (Object.hasOwn(this.#state.refs, name) || ['params', 'item', 'index'].includes(name)) {
      throw new KtError({
        code: 'DUPLICATE_NAME',
        path: name,
        message: `Pipeline "${this.name}" already has a step "${name}".`,
      });
    }
  }

  #add<T>(step: Step, ref: Ref<unknown>): T {
    this.#free(step.name);
    if (definitionOf(step.fn) === undefined) {
      const what =
        typeof step.fn === 'function' ? `the unmarked function "${step.fn.name}"` : `a ${typeof step.fn}`;
      throw new KtError({
        code: 'NOT_A_KT_FUNCTION',
        path: step.name,
        message: `Step "${step.name}" was given ${what}.`,
        hint: 'Mark it: @ktFunction() above the method, or ktFunction({ … }, fn).',
      });
    }
    return this.#with({
      steps: [...this.#state.steps, step],
      refs: { ...this.#state.refs, [step.name]: ref },
    }) as T;
  }

  #with(change: Partial<State>): Pipeline<never, P, PI> {
    return new Pipeline({ ...this.#state, ...change });
  }
}

function stepDefaults(fn: AnyFunction): StepOptions {
  const { options = {} } = definitionOf(fn) ?? {};
  return Object.fromEntries(
    Object.entries(options).filter(([key]) => !['name', 'input', 'output'].includes(key)),
  );
}

const hinted = (hint: string | undefined): { hint?: string } => (hint === undefined ? {} : { hint });

/** Options that are set to undefined are not given: the function's own hold. */
function given(options: StepOptions): StepOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Begins a pipeline: `pipeline('flights', { params: z.object({ … }) }).job(…).map(…)`. */
export function pipeline<S extends StandardSchema = StandardSchema<Nothing, Nothing>>(
  name: string,
  options: PipelineOptions<S> = {},
): Pipeline<Nothing, SchemaOutput<S>, SchemaInput<S>> {
  return new Pipeline({ name, params: options.params, steps: [], refs: {}, schedules: [] });
}

/** True for every pipeline made by {@link pipeline}, whichever copy of this package made it. */
export function isPipeline(value: unknown): value is Pipeline {
  return typeof value === 'object' && value !== null && asRef(value) === undefined && PIPELINE in value;
}

export type { InputOf };
