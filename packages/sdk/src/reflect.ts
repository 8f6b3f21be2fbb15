import 'reflect-metadata';
import { definitionOf, type KtFunctionOptions } from './builder/functions.js';

/** A marked method of a class, as reflect-metadata remembers it. */
export interface ReflectedFunction {
  member: string;
  static: boolean;
  options: KtFunctionOptions;
}

/**
 * Lists what a class offers to pipelines, static methods first.
 *
 * `ktFunction` leaves `kt:function` metadata where reflect-metadata is loaded before the class; what has none
 * yet (classes loaded earlier, instance methods of the TC39 dialect before the first construction) is found
 * by its mark and gets it here.
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
  const proto = (target as { prototype?: object }).prototype;
  if (proto !== undefined) look(proto, false);
  return found;
}
