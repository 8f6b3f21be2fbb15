/**
 * What a class offers to pipelines, for frameworks that build on reflect-metadata.
 *
 * @module
 */
import 'reflect-metadata';
import { definitionOf, type KtFunctionOptions } from './builder/function-definition.js';
import { isObject } from './json.js';

/**
 * A marked method of a class, as reflect-metadata remembers it.
 *
 * @example
 * ```ts
 * const found: ReflectedFunction = { member: 'load', static: true, options: { retries: 2 } };
 * ```
 */
export interface ReflectedFunction {
  /** Name of the method. */
  member: string;
  /** Whether it is one of the class itself, or of its instances. */
  static: boolean;
  /** As given with `ktFunction`. */
  options: KtFunctionOptions;
}

/**
 * Lists what a class offers to pipelines, static methods first.
 *
 * `ktFunction` leaves `kt:function` metadata where reflect-metadata is loaded before the class; what has none
 * yet (classes loaded earlier, instance methods of the TC39 dialect before the first construction) is found
 * by its mark and gets it here.
 *
 * @example
 * ```ts
 * import { ktFunction } from '@kube-transform/sdk';
 * import { reflectFunctions } from '@kube-transform/sdk/reflect';
 *
 * class Flights {
 *   static readonly load = ktFunction({ retries: 2 }, () => ['a.csv']);
 * }
 * reflectFunctions(Flights); // → [{ member: 'load', static: true, options: { retries: 2 } }]
 * ```
 */
export function reflectFunctions(target: object): ReflectedFunction[] {
  const found: ReflectedFunction[] = [];
  const look = (owner: object, isStatic: boolean): void => {
    for (const member of Object.getOwnPropertyNames(owner)) {
      const options = definitionOf(Object.getOwnPropertyDescriptor(owner, member)?.value)?.options;
      if (options === undefined) continue;
      if (!Reflect.hasOwnMetadata('kt:function', owner, member))
        Reflect.defineMetadata('kt:function', options, owner, member);
      found.push({ member, static: isStatic, options });
    }
  };
  look(target, true);
  if ('prototype' in target && isObject(target.prototype)) look(target.prototype, false);
  return found;
}
