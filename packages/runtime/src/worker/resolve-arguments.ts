/** Resolves the refs in an item's arguments to values, when the item runs. */
import {
  addKey,
  type FailureCause,
  type Json,
  missText,
  openPointer,
  parseRef,
  type Problem,
  type RefJson,
  replaceRefs,
} from '@kube-transform/sdk';
import { shown } from '../parse/stored-value.js';
import { type FoundResults, resultsOf, type RefScope } from '../run-store/item-results.js';

/** The element of a map, where there is one. */
export interface ItemValue {
  value: Json;
  index: number;
}

/** A ref that leads nowhere. */
export interface Miss {
  /** Where it is in the arguments. */
  path: string;
  message: string;
  /** It is the field of an object that lacks it, and a field here: it is left out, where that is allowed. */
  isField: boolean;
}

/** Arguments with refs in them, looked through once so that filling them in for each item is quick. */
export interface Template {
  /** Jobs whose results are needed. */
  readonly sources: readonly string[];
  /**
   * The value with every ref replaced; refs that lead nowhere are added to `misses`. Lists and objects are
   * made anew each time, but for the item, which is the caller's, and results that nobody else has: what an
   * attempt does to them no other sees.
   */
  fill(results: ReadonlyMap<string, FoundResults>, item: ItemValue | undefined, misses: Miss[]): Json;
}

/**
 * Looks through arguments. Refs to anything but the jobs in `known`, the item and its index are data and stay
 * as they are.
 */
export function compileTemplate(value: Json, known: ReadonlySet<string>): Template {
  const sources = new Set<string>();
  const repeated = new Set<string>();
  const mark = (ref: RefJson): unknown => {
    const { source, pointer } = parseRef(ref);
    if (source !== 'index' && source !== 'item') {
      if (!known.has(source)) return ref;
      (sources.has(source) ? repeated : sources).add(source);
    }
    return new Slot(source, pointer, ref);
  };
  const marked = replaceRefs(value, mark);
  const fill = fillOf(marked, []) ?? (() => copied(marked));
  return {
    sources: [...sources],
    fill: (results, item, misses) => fill({ results, item, misses, repeated }) ?? null,
  };
}

/** A ref within a template. */
class Slot {
  readonly source: string;
  readonly isOfItem: boolean;
  readonly pointer: readonly string[];
  readonly ref: RefJson;

  constructor(source: string, pointer: readonly string[], ref: RefJson) {
    this.source = source;
    this.isOfItem = source === 'item' || source === 'index';
    this.pointer = pointer;
    this.ref = ref;
  }
}

/** What is being filled in. */
interface Filling {
  results: ReadonlyMap<string, FoundResults>;
  item: ItemValue | undefined;
  misses: Miss[];
  /** Jobs to which more than one ref leads. */
  repeated: ReadonlySet<string>;
}

/** Makes a value without slots; undefined for one that leads nowhere. */
type Fill = (filling: Filling) => Json | undefined;
type Keys = readonly (string | number)[];

/**
 * How a part of a template is filled in, found once; null where there is no slot in it, so that it is copied
 * as it is. `keys` lead to it.
 */
function fillOf(value: unknown, keys: (string | number)[]): Fill | null {
  if (typeof value !== 'object' || value === null) return null;
  if (value instanceof Slot) {
    const at = [...keys];
    return filling => lookUp(value, at, filling);
  }
  const below = (key: string | number, entry: unknown): Fill | null => {
    if (typeof entry !== 'object' || entry === null) return null;
    keys.push(key);
    const fill = fillOf(entry, keys);
    keys.pop();
    return fill;
  };
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const fills = list.map((entry, i) => below(i, entry));
    if (fills.every(fill => fill === null)) return null;
    return filling => list.map((entry, i) => filled(fills[i], entry, filling) ?? null);
  }
  const parts = '$text' in value ? textParts(value) : null;
  if (parts !== null) {
    const at = [...keys];
    return filling => joined(parts, at, filling);
  }
  const fields = Object.entries(value).map(([key, entry]: [string, unknown]) => ({
    key,
    entry,
    fill: below(key, entry),
  }));
  if (fields.every(({ fill }) => fill === null)) return null;
  return filling => {
    const made: Record<string, Json> = {};
    for (const { key, entry, fill } of fields) {
      const field = filled(fill, entry, filling);
      if (field !== undefined) setOwn(made, key, field);
    }
    return made;
  };
}

const filled = (fill: Fill | null | undefined, entry: unknown, filling: Filling): Json | undefined =>
  fill === null || fill === undefined ? copied(entry) : fill(filling);

/** The parts of `{ $text: [ … ] }`; null for what only looks like it. */
function textParts(value: object): readonly unknown[] | null {
  const parts = (value as { $text?: unknown }).$text;
  if (Object.keys(value).length !== 1 || !Array.isArray(parts)) return null;
  return parts.every(part => part instanceof Slot || ['string', 'number', 'boolean'].includes(typeof part))
    ? parts
    : null;
}

/** Text put together from its parts. */
function joined(parts: readonly unknown[], keys: Keys, filling: Filling): string {
  return parts
    .map(part => {
      if (!(part instanceof Slot)) return String(part);
      const value = lookUp(part, keys, filling);
      if (value === undefined) return '';
      if (typeof value !== 'object') return String(value);
      filling.misses.push({
        path: keys.reduce<string>(addKey, ''),
        message: `"${part.ref.$ref}" is ${shown(value, 60)}, which cannot be part of a text.`,
        isField: false,
      });
      return '';
    })
    .join('');
}

/** Sets a field; one called `__proto__` too is data. */
function setOwn(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

function lookUp({ source, isOfItem, pointer, ref }: Slot, keys: Keys, filling: Filling): Json | undefined {
  const { results, item, misses, repeated } = filling;
  if (isOfItem && item === undefined) return { $ref: ref.$ref };
  const found = isOfItem ? undefined : results.get(source);
  const from = isOfItem ? (source === 'index' ? item?.index : item?.value) : found?.values;
  if (isOfItem && pointer.length === 0) return from ?? null;
  const opened = openPointer(from ?? null, pointer);
  if (opened.found) {
    const { value } = opened;
    return isOfItem || (found?.isOwn === true && !repeated.has(source)) ? value : copied(value);
  }
  const isLast = opened.key === pointer.length - 1;
  const lacks = typeof opened.in === 'object' && opened.in !== null && !Array.isArray(opened.in);
  misses.push({
    path: keys.reduce<string>(addKey, ''),
    message: missText(ref, opened),
    isField: isLast && lacks && typeof keys.at(-1) === 'string',
  });
  return undefined;
}

/** Lists and objects made anew, without fields that are undefined; texts, which may be long, are the same. */
function copied(value: unknown): Json {
  if (typeof value !== 'object' || value === null) return value as Json;
  if (Array.isArray(value)) return value.map(entry => (entry === undefined ? null : copied(entry)));
  const copy: Record<string, Json> = {};
  for (const [key, field] of Object.entries(value as Record<string, unknown>))
    if (field !== undefined) setOwn(copy, key, copied(field));
  return copy;
}

/** Why an item cannot run whose refs lead nowhere; `field` is where its job has them. */
export function missCause(
  misses: readonly Miss[],
  { job, item, field }: { job: string; item?: number; field: string },
): FailureCause {
  const problems = misses.map(({ path, message }): Problem => ({
    code: 'REF_LEADS_NOWHERE',
    path: `${field}${path}`,
    message,
  }));
  const more = misses.length === 1 ? '' : ` (and ${misses.length - 1} more)`;
  const where = item === undefined ? '' : `, item ${item}`;
  const message = `Step "${job}"${where}: ${problems[0]?.path ?? field}: ${misses[0]?.message ?? ''}${more}`;
  return { kind: 'InvalidInput', message, problems };
}

/** The results of several jobs, by name. */
export async function resultsByJob(
  sources: readonly string[],
  scope: RefScope,
): Promise<Map<string, FoundResults>> {
  return new Map(
    await Promise.all(sources.map(async source => [source, await resultsOf(source, scope)] as const)),
  );
}
