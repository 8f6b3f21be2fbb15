import 'reflect-metadata';
import type { KtFunctionOptions } from './functions.js';

/** A marked method of a class, as reflect-metadata remembers it. */
export interface ReflectedFunction {
  member: string;
  static: boolean;
  options: KtFunctionOptions;
}

/**
 * Lists what a class offers to pipelines, from the metadata that `ktFunction` leaves where reflect-metadata is loaded.
 *
 * Load this module before the class: decorators run once. Instance methods in the TC39 dialect appear after the first construction.
 */
export function reflectFunctions(target: object): ReflectedFunction[] {
  const found: ReflectedFunction[] = [];
  const look = (owner: object, isStatic: boolean): void => {
    for (const member of Object.getOwnPropertyNames(owner)) {
      const options = Reflect.getOwnMetadata('kt:function', owner, member) as KtFunctionOptions | undefined;
      if (options !== undefined) found.push({ member, static: isStatic, options });
    }
  };
  look(target, true);
  const proto = (target as { prototype?: object }).prototype;
  if (proto !== undefined) look(proto, false);
  return found;
}
