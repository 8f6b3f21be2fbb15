/** The types of refs: values that exist only when the pipeline runs, and what arguments are made of. */
import type { RefJson } from '../document/spec.js';

declare const refType: unique symbol;
declare const elementType: unique symbol;

/**
 * A value that exists only when the pipeline runs: it can be passed on, opened by field or index, and mapped
 * over, not computed with.
 *
 * What it is used for wrongly does not compile, and throws KtError `REF_USED_AS_VALUE`.
 *
 * @example
 * ```ts
 * const first = (files: Ref<{ path: string }[]>): Ref<string> => files.at(0).path;
 * ```
 */
export type Ref<T> = RefBase<T> &
  (0 extends 1 & T
    ? unknown
    : [T] extends [readonly (infer E)[]]
      ? RefArray<E>
      : [T] extends [object]
        ? { readonly [K in keyof T]-?: Ref<T[K]> }
        : unknown);

/**
 * What every ref has: only its type, for the compiler.
 *
 * @example
 * ```ts
 * const passOn = <T>(ref: RefBase<T>): RefBase<T> => ref;
 * ```
 */
export interface RefBase<T> {
  /** @internal */
  readonly [refType]: T;
}

/**
 * A ref to an array: can be indexed, and mapped over with `each`.
 *
 * @example
 * ```ts
 * const args = (years: RefArray<number>) => years.each((year, index) => ({ year, index }));
 * ```
 */
export interface RefArray<E> {
  readonly [index: number]: Ref<E>;
  /**
   * The element at an index from 0; as `list[0]`, but never `undefined` for the compiler.
   *
   * @throws KtError `BAD_INDEX` for what is no whole number of at least 0.
   */
  at(index: number): Ref<E>;
  /** The arguments of one call for each element: `list.each(file => ({ file }))`. */
  each<A>(args: (item: Ref<E>, index: Ref<number>) => A): Each<A, E>;
}

/**
 * One call for each element of a list: what the callback of a map returns, made by `ref.each` or `each`.
 *
 * @example
 * ```ts
 * const calls: Each<{ year: Ref<number> }, number> = each([2024, 2025], year => ({ year }));
 * ```
 */
export interface Each<A, E = unknown> {
  /** What is mapped over. */
  readonly items: readonly unknown[] | RefJson;
  /** Arguments of each call, with refs to the item and its index. */
  readonly args: A;
  /** @internal */
  readonly [elementType]?: E;
}

/**
 * A value or a ref to one, at any depth: what the arguments of a step may be made of.
 *
 * @example
 * ```ts
 * const args = (path: Ref<string>): Arg<{ path: string; limit: number }> => ({ path, limit: 10 });
 * ```
 */
export type Arg<T> =
  | Ref<T>
  | (0 extends 1 & T
      ? unknown
      : T extends null | boolean | number | string | undefined
        ? T
        : T extends readonly (infer E)[]
          ? readonly Arg<E>[]
          : T extends object
            ? { readonly [K in keyof T]: Arg<T[K]> }
            : T);
