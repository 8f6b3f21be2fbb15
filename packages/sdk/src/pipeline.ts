/*
 * The builder. A pipeline is immutable: each call returns a new one that knows the steps so far, as types and as values.
 *
 * B1 Functions are kept as values; their names are read in `toSpec`, when modules have been named.
 * B2 A step's result is addressed as `<job>#/<item>/…`: the result of a job is always the array of its items' results.
 */
import { KtError } from './errors.js';
import { type AnyFunction, definitionOf, functionName, type InputOf } from './functions.js';
import type { Json, JsonObject } from './json.js';
import { type Arg, asRef, type Each, makeRef, type Ref, refSources, replaceRefs } from './refs.js';
import type { KTJobInput, KTPipelineInput, KTSchedule } from './spec.js';
import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.js';
import { defaultsOf, prefixRefs } from './sub-pipeline.js';
import type {
  ArgsThenOptions, CheckFunction, CheckName, EachArgs, MapResult, ResultOf, SpawnResult, StepOptions, StepRefs, Steps,
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

/** A typed pipeline; `S` maps the names of its steps to their results, `P` is what its parameters are once checked, `PI` before. */
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
    return this.#add({ kind: 'static', name, fn, args: this.#call(name, args), items: null, options: options ?? {} }, makeRef(name, '/0'));
  }

  /** Adds a step that calls a function once for each element of a list. */
  map<const N extends string, F extends AnyFunction, const O extends StepOptions<keyof S & string> = StepOptions<keyof S & string>>(
    name: N & CheckName<N, S>,
    fn: F & CheckFunction<F>,
    over: EachArgs<F, S, P>,
    options?: O,
  ): Pipeline<S & Record<N, MapResult<F, O>>, P, PI> {
    const { items, args } = this.#call(name, over) as Each<unknown>;
    return this.#add({ kind: 'map', name, fn, args, items, options: options ?? {} }, makeRef(name));
  }

  /** Adds a step whose function returns new jobs, which run as its children. */
  dynamic<const N extends string, F extends (...args: never[]) => SpawnResult | Promise<SpawnResult>>(
    name: N & CheckName<N, S>,
    fn: F,
    ...[args, options]: ArgsThenOptions<F, S, P, StepOptions<keyof S & string>>
  ): Pipeline<S & Record<N, null>, P, PI> {
    const step: Step = { kind: 'dynamic', name, fn, args: this.#call(name, args), items: null, options: options ?? {} };
    return this.#add(step, makeRef(name, '/0'));
  }

  /** Takes in the steps of another pipeline as `<prefix>.<step>`; later steps see them as `steps.<prefix>.<step>`. */
  use<const N extends string, S2 extends Steps, P2, PI2>(
    prefix: N & CheckName<N, S>,
    other: Pipeline<S2, P2, PI2>,
    params?: (steps: StepRefs<S, P>) => Arg<PI2>,
    options: { after?: readonly (keyof S & string)[] } = {},
  ): Pipeline<S & Record<N, S2>, P, PI> {
    this.#free(prefix);
    const values = { ...defaultsOf(other.params), ...((params === undefined ? {} : this.#call(prefix, params)) as object) };
    const inner = other.#state.steps.map(step => ({
      ...step,
      name: `${prefix}.${step.name}`,
      ...(prefixRefs({ args: step.args, items: step.items, options: step.options }, prefix, values) as Pick<Step, 'args' | 'items' | 'options'>),
    }));
    for (const step of inner) step.options = { ...step.options, after: [...(step.options.after ?? []), ...(options.after ?? [])] };
    return this.#with({
      steps: [...this.#state.steps, ...inner],
      refs: { ...this.#state.refs, [prefix]: prefixRefs(other.#state.refs, prefix, values, true) },
    });
  }

  /** Runs the pipeline on a cron schedule once it is deployed. `timeZone` is an IANA name; default: the cluster's. */
  schedule(cron: string, options: { timeZone?: string; suspend?: boolean } = {}): Pipeline<S, P, PI> {
    const entry = { cron, timeZone: options.timeZone ?? null, suspend: options.suspend ?? false };
    return this.#with({ schedules: [...this.#state.schedules, entry] });
  }

  /** The functions of all steps, by the names that {@link toSpec} uses. */
  functions(): Map<string, AnyFunction> {
    return new Map(this.#state.steps.map(step => [this.#nameOf(step), step.fn]));
  }

  /** The document of this pipeline; parameters stay refs unless values (already checked) are given. */
  toSpec(params?: JsonObject): KTPipelineInput {
    const jobs = this.#state.steps.map(step => this.#job(step));
    const bound = params === undefined ? jobs : (prefixRefs(jobs, undefined, params) as KTJobInput[]);
    return { name: this.name, jobs: bound, schedules: [...this.#state.schedules] };
  }

  #job(step: Step): KTJobInput {
    const { after = [], outputs = [], ...options } = { ...stepDefaults(step.fn), ...step.options };
    const outputRefs = replaceRefs(typeof outputs === 'function' ? outputs(makeRef('item') as never) : outputs, ref => ref) as Json[];
    const args = replaceRefs(step.args ?? {}, ref => ref) as JsonObject;
    const sources = refSources({ args, items: step.items, outputRefs });
    const known = new Set(this.#state.steps.map(({ name }) => name));
    const dependencies = [...new Set([...[...sources].filter(source => known.has(source)), ...after])];
    const job: KTJobInput = { type: step.kind, name: step.name, dependencies, ...options };
    if (outputRefs.length > 0) job.outputs = outputRefs;
    const call = { function: this.#nameOf(step), args };
    if (step.kind === 'static') return { ...job, tasks: [call] };
    return step.kind === 'map' ? { ...job, ...call, items: step.items } : { ...job, ...call };
  }

  #nameOf(step: Step): string {
    return functionName(step.fn) ?? `${this.name}.${step.name}`;
  }

  #call(name: string, callback: ((steps: never) => unknown) | undefined): unknown {
    if (callback === undefined) return {};
    const refs = { ...this.#state.refs, params: makeRef('params') };
    const steps = new Proxy(refs, {
      get: (target, key) => {
        if (typeof key === 'symbol' || key in target) return (target as Record<PropertyKey, unknown>)[key];
        throw new KtError({
          code: 'UNKNOWN_STEP',
          path: name,
          message: `Step "${name}" uses "${key}", which is not among the steps before it: ${Object.keys(target).join(', ')}.`,
        });
      },
    });
    return callback(steps as never);
  }

  #free(name: string): void {
    if (typeof name !== 'string' || name === '' || name.includes('#')) {
      throw new KtError({ code: 'BAD_NAME', path: this.name, message: `A step's name must be text without "#", but is ${JSON.stringify(name)}.` });
    }
    if (name in this.#state.refs || ['params', 'item', 'index'].includes(name)) {
      throw new KtError({ code: 'DUPLICATE_NAME', path: name, message: `Pipeline "${this.name}" already has a step "${name}".` });
    }
  }

  #add<T>(step: Step, ref: Ref<unknown>): T {
    this.#free(step.name);
    if (definitionOf(step.fn) === undefined) {
      const what = typeof step.fn === 'function' ? `the unmarked function "${step.fn.name}"` : `a ${typeof step.fn}`;
      throw new KtError({
        code: 'NOT_A_KT_FUNCTION',
        path: step.name,
        message: `Step "${step.name}" was given ${what}.`,
        hint: 'Mark it: @ktFunction() above the method, or ktFunction({ … }, fn).',
      });
    }
    return this.#with({ steps: [...this.#state.steps, step], refs: { ...this.#state.refs, [step.name]: ref } }) as T;
  }

  #with(change: Partial<State>): Pipeline<never, P, PI> {
    return new Pipeline({ ...this.#state, ...change });
  }
}

function stepDefaults(fn: AnyFunction): StepOptions {
  const { name: _name, input: _input, output: _output, outputs: _outputs, ...defaults } = definitionOf(fn)?.options ?? {};
  return defaults;
}

/** Begins a pipeline: `pipeline('flights', { params: z.object({ … }) }).job(…).map(…)`. */
export function pipeline<S extends StandardSchema = StandardSchema<Record<string, never>, Record<string, never>>>(
  name: string,
  options: PipelineOptions<S> = {},
): Pipeline<Record<never, never>, SchemaOutput<S>, SchemaInput<S>> {
  return new Pipeline({ name, params: options.params, steps: [], refs: {}, schedules: [] });
}

/** True for every pipeline made by {@link pipeline}, whichever copy of this package made it. */
export function isPipeline(value: unknown): value is Pipeline {
  return typeof value === 'object' && value !== null && asRef(value) === undefined && PIPELINE in value;
}

export type { InputOf };
