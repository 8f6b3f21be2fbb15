/** The types of steps: what they may be given and result in, and what the compiler says where it is wrong. */
import type { IsJson, Json } from '../json.js';
import type { KTJobInput } from '../document/spec-input.js';
import type { AnyFunction, StepDefaults } from './function-definition.js';
import type { InputOf, OutputOf, ToleranceOf } from './function-types.js';
import type { Arg, Each, Ref } from './ref-types.js';

/**
 * Options of one step; those given with its function are their defaults.
 *
 * @example
 * ```ts
 * const options: StepOptions<'list', { path: string }> = {
 *   after: ['list'],
 *   retries: 2,
 *   memory: '2Gi',
 *   outputs: item => [item.path],
 * };
 * ```
 */
export interface StepOptions<Names extends string = string, E = unknown> extends StepDefaults {
  /** Steps that must be complete before this one, beside those whose results it uses. Default none. */
  after?: readonly Names[];
  /**
   * Paths of files that an item makes, with refs where they depend on the item; where all exist the item is
   * skipped. Default none: every item runs.
   */
  outputs?: readonly Arg<string>[] | ((item: Ref<E>) => readonly Arg<string>[]);
  /**
   * Paths of files that an item reads: one that is newer than its `outputs` has it run again. Default none.
   */
  inputs?: readonly Arg<string>[] | ((item: Ref<E>) => readonly Arg<string>[]);
}

/**
 * No steps, no parameters: an object without known fields.
 *
 * @example
 * ```ts
 * const empty: Pipeline<Nothing> = pipeline('empty');
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- it is what is meant
export type Nothing = Record<never, never>;

/**
 * The steps so far, by name, and what each one's result is: how a pipeline remembers them as a type.
 *
 * @example
 * ```ts
 * const jobsOf = <S extends Steps>(built: Pipeline<S>): KTJobInput[] => built.toSpec().jobs ?? [];
 * ```
 */
export type Steps = Record<string, unknown>;

declare const spawns: unique symbol;
declare const nested: unique symbol;
/**
 * Steps of which one is dynamic: a run has others, too.
 *
 * @example
 * ```ts
 * const name: StepName<Spawning> = 'a step that was spawned';
 * ```
 */
export type Spawning = { readonly [spawns]: true };
/**
 * The steps of a sub-pipeline, where the result of a step could be.
 *
 * @example
 * ```ts
 * const name: StepName<{ load: Nested & { list: string[] } }> = 'load.list';
 * ```
 */
export type Nested = { readonly [nested]: true };

/**
 * The names of the steps of a run: those of its pipeline, those of a sub-pipeline as `<prefix>.<step>`; any
 * text where a step is dynamic, as what it spawns is not known.
 *
 * @example
 * ```ts
 * const name: StepName<{ list: string[]; load: number[] }> = 'load';
 * ```
 */
export type StepName<S> = S extends Spawning
  ? string
  : { [K in keyof S & string]: S[K] extends Nested ? `${K}.${StepName<S[K]>}` : K }[keyof S & string];

/**
 * The result of a step by its name; whatever JSON holds, for one that the pipeline does not tell.
 *
 * @example
 * ```ts
 * const files: StepResult<{ list: string[] }, 'list'> = ['a.csv'];
 * ```
 */
export type StepResult<S, N extends string> = N extends keyof S
  ? unknown extends S[N]
    ? Json
    : S[N]
  : N extends `${infer Prefix}.${infer Rest}`
    ? Prefix extends keyof S
      ? StepResult<S[Prefix], Rest>
      : Json
    : Json;

/**
 * What the callbacks of steps are given: a ref for the parameters and for each step before.
 *
 * @example
 * ```ts
 * type Before = StepRefs<{ list: string[] }, { dir: string }>;
 * const args = ({ list, params }: Before) => ({ dir: params.dir, first: list.at(0) });
 * ```
 */
export type StepRefs<S extends Steps, P> = { readonly [K in keyof S]: Ref<S[K]> } & {
  readonly params: Ref<P>;
};

/**
 * The result of one call of a function, as later steps get it; null where it returns nothing.
 *
 * @example
 * ```ts
 * const tick = ktFunction(() => {});
 * const result: ResultOf<typeof tick> = null;
 * ```
 */
export type ResultOf<F extends AnyFunction> = Voidless<OutputOf<F>>;
type Voidless<T> = [T] extends [void] ? null : T;

/**
 * The result of a map: an array of its items' results, in the order of the items.
 *
 * Null stands for an item that was allowed to fail, or was skipped because its `outputs` exist. `Nullable` is
 * never where neither `maxFailed` nor `outputs` is given with the step.
 *
 * @example
 * ```ts
 * const size = ktFunction(({ file }: { file: string }) => file.length);
 * const all: MapResult<typeof size, never> = [3, 5];
 * const some: MapResult<typeof size, '5%'> = [3, null];
 * ```
 */
export type MapResult<F extends AnyFunction, Nullable> = [Nullable | ToleranceOf<F>] extends [never]
  ? ResultOf<F>[]
  : (ResultOf<F> | null)[];

/**
 * The result of a step with one call, or null for one that was allowed to fail or was skipped, as in
 * {@link MapResult}.
 *
 * @example
 * ```ts
 * const size = ktFunction(({ file }: { file: string }) => file.length);
 * const always: CallResult<typeof size, never> = 3;
 * const perhaps: CallResult<typeof size, 1> = null;
 * ```
 */
export type CallResult<F extends AnyFunction, Nullable> = [Nullable | ToleranceOf<F>] extends [never]
  ? ResultOf<F>
  : ResultOf<F> | null;

/**
 * What of a step's options makes its result nullable: `maxFailed` and `outputs`, where they are given.
 *
 * @example
 * ```ts
 * const given: Nullable<number, unknown> = 3;
 * ```
 */
export type Nullable<M, U> = M | (unknown extends U ? never : U);

/** Never what one has: the compiler shows the sentence. */
export type Refused<Sentence extends string> = { readonly [S in Sentence]: never };

/** `unknown` where the function may be a step, else what is wrong with it. */
export type CheckFunction<F extends AnyFunction> =
  false extends IsJson<OutputOf<F>>
    ? Refused<'This function returns something that JSON cannot hold (a function, bigint, symbol, Date, Map, Set or class instance).'>
    : unknown;
/** `unknown` where the function returns jobs, else what is wrong with it. */
export type CheckSpawn<F extends AnyFunction> =
  OutputOf<F> extends SpawnResult
    ? unknown
    : Refused<'The function of a dynamic step must return a list of jobs ({ type: "static", tasks: … }) or a pipeline.'>;
/** `unknown` where the name is free. */
export type CheckName<N, S extends Steps> = N extends 'params'
  ? Refused<'A step cannot be named "params".'>
  : N extends keyof S
    ? Refused<'A step of this name exists already.'>
    : unknown;

/** Arguments may be left out where the function needs none. */
export type ArgsThenOptions<F extends AnyFunction, S extends Steps, P, O> =
  Record<string, never> extends InputOf<F>
    ? [args?: (steps: StepRefs<S, P>) => Arg<InputOf<F>>, options?: O]
    : [args: (steps: StepRefs<S, P>) => Arg<InputOf<F>>, options?: O];

/** The callback of a map: says over what, and with which arguments. */
export type EachArgs<F extends AnyFunction, S extends Steps, P, E> = (
  steps: StepRefs<S, P>,
) => Each<Arg<InputOf<F>>, E>;

/** Parameters of a sub-pipeline may be left out where it needs none. */
export type ParamsThenOptions<PI2, S extends Steps, P> = Nothing extends PI2
  ? [params?: (steps: StepRefs<S, P>) => Arg<PI2>, options?: UseOptions<S>]
  : [params: (steps: StepRefs<S, P>) => Arg<PI2>, options?: UseOptions<S>];

/**
 * Options of `use`, which takes the steps of another pipeline in.
 *
 * @example
 * ```ts
 * const options: UseOptions<{ list: string[] }> = { after: ['list'] };
 * ```
 */
export interface UseOptions<S extends Steps> {
  /** Steps that must be complete before any of the sub-pipeline's. Default none. */
  after?: readonly (keyof S & string)[];
}

/**
 * What a dynamic function may return: jobs as documents have them, or a pipeline whose jobs are taken.
 *
 * @example
 * ```ts
 * export const fan = ktFunction(({ files }: { files: string[] }): SpawnResult => {
 *   const tasks = files.map(file => ({ function: 'my_module.load', args: { file } }));
 *   return [{ type: 'static', name: 'load', tasks }];
 * });
 * ```
 */
export type SpawnResult =
  | readonly KTJobInput[]
  | {
      /** The document whose jobs are taken. */
      toSpec(): { jobs?: KTJobInput[] | null };
    };
