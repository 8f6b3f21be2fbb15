import type { AnyFunction, InputOf, OutputOf, StepDefaults, ToleranceOf } from './functions.js';
import type { IsJson } from '../json.js';
import type { Arg, Each, Ref } from './refs.js';
import type { KTJobInput } from '../document/spec.js';

/** Options of one step. Those of the function itself are its defaults. */
export interface StepOptions<Names extends string = string, E = unknown> extends StepDefaults {
  /** Steps that must be complete before this one, beside those whose results it uses. */
  after?: readonly Names[];
  /**
   * Files an item makes, with refs where the names depend on the item; where all exist the item is skipped.
   */
  outputs?: readonly Arg<string>[] | ((item: Ref<E>) => readonly Arg<string>[]);
}

/** No steps, no parameters: an object without known fields. */
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- it is what is meant
export type Nothing = Record<never, never>;

/** The steps so far, by name, and what each one's result is. */
export type Steps = Record<string, unknown>;

/** What the callbacks are given: a ref for the parameters and for each step before. */
export type StepRefs<S extends Steps, P> = { readonly [K in keyof S]: Ref<S[K]> } & {
  readonly params: Ref<P>;
};

/** The result of one call of a function. */
export type ResultOf<F extends AnyFunction> = Voidless<OutputOf<F>>;
type Voidless<T> = [T] extends [void] ? null : T;

/**
 * The result of a map: null stands for an item that was allowed to fail, or was skipped because its `outputs`
 * exist.
 *
 * `Nullable` is never where neither `maxFailed` nor `outputs` is given with the step.
 */
export type MapResult<F extends AnyFunction, Nullable> = [Nullable | ToleranceOf<F>] extends [never]
  ? ResultOf<F>[]
  : (ResultOf<F> | null)[];

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
interface UseOptions<S extends Steps> {
  /** Steps that must be complete before any of the sub-pipeline's. */
  after?: readonly (keyof S & string)[];
}

/** What a dynamic function may return: jobs as documents have them, or a pipeline whose jobs are taken. */
export type SpawnResult = readonly KTJobInput[] | { toSpec(): { jobs?: KTJobInput[] | null } };
