/** Refs as data: finding, reading and replacing them within JSON, and what their pointers lead to. */
import { isObject, type Json } from '../json.js';
import type { RefJson } from './spec.js';

/** What a live ref has: its serialised form. */
export const LIVE_REF = Symbol.for('kube-transform.ref');
const PARTS = /^([^#]+)#((?:\/[^/]*)*)$/;

/** A key as JSON pointers write it. */
export const escapeKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
const unescapeKey = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');

function isLive(value: object): value is { readonly [LIVE_REF]: RefJson } {
  return LIVE_REF in value;
}

/**
 * Reads a value as a ref: a live one of a callback, or `{ $ref: … }` of a document.
 *
 * @returns its serialised form, or undefined where the value is no ref.
 *
 * @example
 * ```ts
 * asRef({ $ref: 'list#/0' }); // → { $ref: 'list#/0' }
 * asRef({ $ref: '#/definitions/leaf' }); // → undefined
 * ```
 */
export function asRef(value: unknown): RefJson | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  if (isLive(value)) return value[LIVE_REF];
  if (!('$ref' in value) || typeof value.$ref !== 'string' || Object.keys(value).length !== 1)
    return undefined;
  return PARTS.test(value.$ref) ? { $ref: value.$ref } : undefined;
}

/**
 * Splits a ref into its source and the keys of its pointer.
 *
 * @throws TypeError for what {@link asRef} would not have given.
 *
 * @example
 * ```ts
 * parseRef({ $ref: 'list#/0/files' }); // → { source: 'list', pointer: ['0', 'files'] }
 * ```
 */
export function parseRef(ref: RefJson): { source: string; pointer: string[] } {
  const match = PARTS.exec(ref.$ref);
  if (match === null) throw new TypeError(`Bug: bad ref ${ref.$ref}`);
  return { source: match[1] ?? '', pointer: (match[2] ?? '').split('/').slice(1).map(unescapeKey) };
}

/**
 * Copies a JSON-like value with every ref in it replaced by what `resolve` returns for it.
 *
 * Instances of classes are kept as they are.
 *
 * @example
 * ```ts
 * replaceRefs({ path: { $ref: 'list#/0' } }, () => 'a.csv'); // → { path: 'a.csv' }
 * ```
 */
export function replaceRefs(value: unknown, resolve: (ref: RefJson) => unknown): unknown {
  const ref = asRef(value);
  if (ref !== undefined) return resolve(ref);
  if (!isObject(value)) return value;
  if (Array.isArray(value)) return value.map(entry => replaceRefs(entry, resolve));
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, replaceRefs(entry, resolve)]));
}

/**
 * Finds every source that a JSON-like value refers to.
 *
 * @param into a set to add them to.
 *
 * @example
 * ```ts
 * [...refSources({ path: { $ref: 'list#/0' }, dir: { $ref: 'params#/dir' } })]; // → ['list', 'params']
 * ```
 */
export function refSources(value: unknown, into = new Set<string>()): Set<string> {
  replaceRefs(value, ref => void into.add(parseRef(ref).source));
  return into;
}

/** Something within a value that is a ref, or has a text `$ref` and is none. */
export interface FoundRef {
  /** The text of its `$ref`. */
  text: string;
  ref: RefJson | undefined;
  /** A ref of a callback; what a document has may be the user's data. */
  isLive: boolean;
  /** Where it is; only to be read while it is visited. */
  keys: readonly (string | number)[];
}

/** Deeper values are refused elsewhere. */
const MAX_DEPTH = 500;

/** Visits all that is, or looks like, a ref within a JSON-like value. */
export function walkRefs(
  value: unknown,
  visit: (found: FoundRef) => void,
  keys: (string | number)[] = [],
): void {
  const ref = asRef(value);
  if (ref !== undefined) {
    visit({ text: ref.$ref, ref, isLive: isLive(value as object), keys });
    return;
  }
  if (!isObject(value) || keys.length > MAX_DEPTH) return;
  if (!Array.isArray(value) && typeof value.$ref === 'string')
    visit({ text: value.$ref, ref: undefined, isLive: false, keys });
  const into = (key: string | number, below: unknown): void => {
    if ((typeof below !== 'object' && typeof below !== 'function') || below === null) return;
    keys.push(key);
    walkRefs(below, visit, keys);
    keys.pop();
  };
  // A list is long where anything is.
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) into(i, value[i]);
  else for (const key of Object.keys(value)) into(key, value[key]);
}

/**
 * What a pointer leads to; or which of its keys leads nowhere, and what it should have opened.
 *
 * @example
 * ```ts
 * const said = (opened: Opened): string => (opened.found ? 'there' : `nothing at key ${opened.key}`);
 * ```
 */
export type Opened = { found: true; value: Json } | { found: false; key: number; in: Json };

/**
 * Follows a pointer: own fields of objects, whole numbers within lists.
 *
 * @example
 * ```ts
 * openPointer({ files: ['a'] }, ['files', '0']); // → { found: true, value: 'a' }
 * openPointer({ files: ['a'] }, ['files', '1']); // → { found: false, key: 1, in: ['a'] }
 * ```
 */
export function openPointer(value: Json, pointer: readonly string[]): Opened {
  let at = value;
  for (const [key, name] of pointer.entries()) {
    const below = childOf(at, name);
    if (below === undefined) return { found: false, key, in: at };
    at = below;
  }
  return { found: true, value: at };
}

function childOf(value: Json, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(name) ? value[Number(name)] : undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/**
 * Says why a ref leads nowhere.
 *
 * @example
 * ```ts
 * missText({ $ref: 'list#/0/files/7' }, { found: false, key: 2, in: ['a.csv'] });
 * // → '"list#/0/files/7" leads nowhere: "list#/0/files" is a list of 1.'
 * ```
 */
export function missText(ref: RefJson, miss: Opened & { found: false }): string {
  const { source, pointer } = parseRef(ref);
  const [opened, key = ''] = [pointer.slice(0, miss.key), pointer[miss.key]];
  const place = [`${source}#`, ...opened.map(escapeKey)].join('/');
  return `"${ref.$ref}" leads nowhere: "${place}" ${whatIs(miss.in, key)}.`;
}

function whatIs(value: Json, key: string): string {
  if (typeof value !== 'object' || value === null)
    return `is ${JSON.stringify(value).slice(0, 60)}, which has no "${key.slice(0, 60)}"`;
  if (Array.isArray(value)) return `is a list of ${value.length}`;
  const fields = Object.keys(value);
  const shown = fields.slice(0, 8).join(', ') + (fields.length > 8 ? ', …' : '');
  return `has no field "${key.slice(0, 60)}"; it has ${shown === '' ? 'none' : shown}`;
}
