/** How marked functions get the names under which documents find them: module path and export. */
import { KtError } from '../errors.js';
import { isObject } from '../json.js';
import {
  type AnyFunction,
  DEFINITION,
  functionName,
  isMarked,
  OWN_FUNCTIONS,
} from './function-definition.js';

/** The error for two functions under one name. */
export function duplicateFunction(name: string, where: string): KtError {
  const message = `${where} has two functions named "${name}".`;
  return new KtError({
    code: 'DUPLICATE_FUNCTION',
    path: name,
    message,
    hint: 'Give one of them another `name`.',
  });
}

/**
 * Names the marked functions that a module exports: `module.export`, and `module.Class.method` for methods.
 *
 * The bundler adds the call; whoever registers a module by hand makes it too.
 *
 * @returns the functions by name, explicit names included.
 * @throws KtError `DUPLICATE_FUNCTION` where two functions have one name.
 *
 * @example
 * ```ts
 * const flights = { load: ktFunction(() => ['a.csv']), limit: 3 };
 * [...nameExports('etl.flights', flights).keys()]; // → ['etl.flights.load']
 * ```
 */
export function nameExports(module: string, exports: Record<string, unknown>): Map<string, AnyFunction> {
  const found = new Map<string, AnyFunction>();
  const add = (path: string, value: unknown, receiver?: () => unknown): void => {
    if (!isMarked(value)) return;
    const definition = value[DEFINITION];
    definition.exportName ??= module === '' ? path : `${module}.${path}`;
    if (receiver !== undefined) definition.receiver ??= receiver;
    const name = functionName(value) ?? path;
    const other = found.get(name);
    if (other !== undefined && other !== value) throw duplicateFunction(name, `Module "${module}"`);
    found.set(name, value);
  };
  for (const [key, value] of Object.entries(exports)) {
    add(key, value);
    nameMembers(key, value, add);
    for (const own of ownOf(value)) add(key, own);
    for (const [member, inner] of entriesOf(value)) add(`${key}.${member}`, inner);
  }
  return found;
}

/** The functions that the builder of a pipeline has made. */
function ownOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  try {
    const own = (value as { [OWN_FUNCTIONS]?: unknown })[OWN_FUNCTIONS];
    return Array.isArray(own) ? own : [];
  } catch {
    return [];
  }
}

/** What a plain object holds; nothing where it does not let itself be read, as some proxies do. */
function entriesOf(value: unknown): [string, unknown][] {
  try {
    const isPlain = isObject(value) && Object.getPrototypeOf(value) === Object.prototype;
    return isPlain ? Object.entries(value) : [];
  } catch {
    return [];
  }
}

function nameMembers(
  name: string,
  value: unknown,
  add: (path: string, fn: unknown, receiver: () => unknown) => void,
): void {
  if (typeof value !== 'function') return;
  for (const [member, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (member !== 'prototype') add(`${name}.${member}`, method, () => value);
  }
  const prototype: unknown = value.prototype;
  if (!isObject(prototype)) return;
  for (const [member, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (member !== 'constructor') add(`${name}.${member}`, method, () => Reflect.construct(value, []));
  }
}
