/** Resolves the refs in an item's arguments to values, when the item runs. */
import { type Json, parseRef, type RefJson, replaceRefs } from '@kube-transform/sdk';
import { resultsOf, type RefScope } from '../run-store/item-results.js';

/** The element of a map, where there is one. */
export interface ItemValue {
  value: Json;
  index: number;
}

/** Arguments with refs in them, looked through once so that filling them in for each item is quick. */
export interface Template {
  /** Jobs whose results are needed. */
  readonly sources: readonly string[];
  /**
   * The value with every ref replaced; a path that does not exist is null. Lists and objects are made anew
   * each time, but for the item, which is the caller's: what one attempt does to them no other sees.
   */
  fill(results: ReadonlyMap<string, Json[]>, item?: ItemValue): Json;
}

/**
 * Looks through arguments. Refs to anything but the jobs in `known`, the item and its index are data and stay
 * as they are.
 */
export function compileTemplate(value: Json, known?: ReadonlySet<string>): Template {
  const sources = new Set<string>();
  const mark = (ref: RefJson): unknown => {
    const { source, pointer } = parseRef(ref);
    if (source !== 'index' && source !== 'item') {
      if (known?.has(source) === false) return ref;
      sources.add(source);
    }
    return new Slot(source, pointer, ref);
  };
  const marked = replaceRefs(value, mark);
  return { sources: [...sources], fill: (results, item) => fillSlots(marked, results, item) };
}

/** A ref within a template. */
class Slot {
  readonly source: string;
  readonly pointer: readonly string[];
  readonly ref: RefJson;

  constructor(source: string, pointer: readonly string[], ref: RefJson) {
    this.source = source;
    this.pointer = pointer;
    this.ref = ref;
  }
}

function fillSlots(value: unknown, results: ReadonlyMap<string, Json[]>, item: ItemValue | undefined): Json {
  if (typeof value !== 'object' || value === null) return value as Json;
  if (value instanceof Slot) return lookUp(value, results, item);
  if (Array.isArray(value)) return value.map(entry => fillSlots(entry, results, item));
  const filled: Record<string, Json> = {};
  for (const key of Object.keys(value))
    setOwn(filled, key, fillSlots((value as Record<string, unknown>)[key], results, item));
  return filled;
}

/** Sets a field; one called `__proto__` too is data. */
function setOwn(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

function lookUp(
  { source, pointer, ref }: Slot,
  results: ReadonlyMap<string, Json[]>,
  item: ItemValue | undefined,
): Json {
  if (source === 'item' || source === 'index') {
    if (item === undefined) return { $ref: ref.$ref };
    return source === 'index' ? item.index : open(item.value, pointer);
  }
  const found = open(results.get(source) ?? null, pointer);
  return typeof found === 'object' ? structuredClone(found) : found;
}

/** The results of several jobs, by name. */
export async function resultsByJob(
  sources: readonly string[],
  scope: RefScope,
): Promise<Map<string, Json[]>> {
  return new Map(
    await Promise.all(sources.map(async source => [source, await resultsOf(source, scope)] as const)),
  );
}

/** Replaces every ref within a JSON value by what it stands for. */
export async function resolveRefs(value: Json, scope: RefScope): Promise<Json> {
  const template = compileTemplate(value);
  return template.fill(await resultsByJob(template.sources, scope));
}

function open(value: Json, pointer: readonly string[]): Json {
  return pointer.reduce<Json>(
    (at, key) => (typeof at === 'object' && at !== null ? ((at as Record<string, Json>)[key] ?? null) : null),
    value,
  );
}
