/** Leaves out the members of an object that are undefined. */

/**
 * An object whose members may be missing where they could be undefined.
 *
 * @example
 * ```ts
 * const given: WithoutUndefined<{ name: string; image: string | undefined }> = { name: 'a' };
 * ```
 */
export type WithoutUndefined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * Copies an object without the members that are undefined, for a spread over defaults and for what is
 * compared or printed.
 *
 * @example
 * ```ts
 * omitUndefined({ name: 'a', image: undefined }); // → { name: 'a' }
 * ```
 */
export const omitUndefined = <T extends object>(values: T): WithoutUndefined<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as WithoutUndefined<T>;
