/** The types of marked functions: what they take, what they return, and what the builder reads of them. */
import type { KtContext } from '../context.js';
import type { AnyFunction } from './function-definition.js';

declare const inputType: unique symbol;
declare const outputType: unique symbol;
declare const tolerance: unique symbol;

/**
 * A function made by the wrapper form of `ktFunction`; it can be called as what it is, in a test.
 *
 * `In` is what its input schema accepts, `Checked` what the schema hands on, `Out` what it returns, `R` what
 * its output schema makes of that, `M` its `maxFailed`.
 *
 * @example
 * ```ts
 * interface Input {
 *   n: number;
 * }
 * const double: KtFunction<Input, Input, number> = ktFunction(({ n }: Input) => 2 * n);
 * ```
 */
export interface KtFunction<In, Checked, Out, M = never, R = Awaited<Out>> {
  (input: Checked, context: KtContext): Out;
  /** @internal */
  readonly [inputType]?: In;
  /** @internal */
  readonly [outputType]?: R;
  /** @internal */
  readonly [tolerance]?: M;
}

/** The `maxFailed` that was given with a function of the wrapper form, else never. */
export type ToleranceOf<F> = F extends { readonly [tolerance]?: infer M } ? Exclude<M, undefined> : never;

/**
 * What a function's call comes to in the end: what its promise resolves to, after its output schema.
 *
 * @example
 * ```ts
 * const load = ktFunction(async () => ({ rows: 3 }));
 * const result: OutputOf<typeof load> = { rows: 3 };
 * ```
 */
export type OutputOf<F extends AnyFunction> = F extends { readonly [outputType]?: infer R }
  ? unknown extends R
    ? Awaited<ReturnType<F>>
    : R
  : Awaited<ReturnType<F>>;

/**
 * What a step's arguments must be for a function: what its input schema accepts, else its first parameter.
 *
 * @example
 * ```ts
 * const load = ktFunction({ input: z.object({ year: z.number().default(2024) }) }, ({ year }) => year);
 * const input: InputOf<typeof load> = {};
 * ```
 */
export type InputOf<F> = F extends { readonly [inputType]?: infer In }
  ? unknown extends In
    ? FirstParameter<F>
    : In
  : FirstParameter<F>;
type FirstParameter<F> = F extends (...args: infer P) => unknown
  ? P extends [infer I, ...unknown[]]
    ? I
    : Record<string, never>
  : never;
