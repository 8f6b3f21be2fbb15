import { asRef, makeRef, parseRef, type RefJson, replaceRefs } from './refs.js';
import type { StandardSchema } from './standard-schema.js';

/**
 * Moves refs under a prefix and replaces `params#/…` by what the values hold there.
 *
 * Steps' names within `after` get the prefix too. Without a prefix only parameters are replaced.
 */
export function prefixRefs(value: unknown, prefix: string | undefined, params: object, asProxies = false): unknown {
  const move = (ref: RefJson): unknown => {
    const { source, pointer } = parseRef(ref);
    if (source === 'params') return pointer.reduce<unknown>(open, params) ?? null;
    if (source === 'item' || source === 'index' || prefix === undefined) return ref;
    const path = ref.$ref.slice(source.length + 1);
    return asProxies ? makeRef(`${prefix}.${source}`, path) : { $ref: `${prefix}.${source}#${path}` };
  };
  const moved = replaceRefs(value, move);
  if (prefix === undefined || typeof moved !== 'object' || moved === null) return moved;
  const options = (moved as { options?: { after?: string[] } }).options;
  if (options?.after !== undefined) options.after = options.after.map(name => `${prefix}.${name}`);
  return moved;
}

/** One step of a JSON pointer into a value that may itself be a ref. */
function open(value: unknown, key: string): unknown {
  const ref = asRef(value);
  if (ref !== undefined) return { $ref: `${ref.$ref}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}` };
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** The defaults of a parameter schema that has one for everything; else none. */
export function defaultsOf(schema: StandardSchema | undefined): object {
  const result = schema?.['~standard'].validate({});
  if (result === undefined || result instanceof Promise || result.issues !== undefined) return {};
  return result.value as object;
}
