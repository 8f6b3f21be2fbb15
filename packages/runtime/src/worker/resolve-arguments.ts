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
  return {
    sources: [...sources],
    fill: (results, item, misses) => fillSlots(marked, { results, item, misses, repeated, keys: [] }) ?? null,
  };
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

/** What is being filled in, and where that has come to. */
interface Filling {
  results: ReadonlyMap<string, FoundResults>;
  item: ItemValue | undefined;
  misses: Miss[];
  /** Jobs to which more than one ref leads. */
  repeated: ReadonlySet<string>;
  keys: (string | number)[];
}

/** The value without slots; undefined for one that leads nowhere. */
function fillSlots(value: unknown, filling: Filling): Json | undefined {
  if (typeof value !== 'object' || value === null) return value as Json;
  if (value instanceof Slot) return lookUp(value, filling);
  if (Array.isArray(value)) return value.map((entry, i) => fillBelow(i, entry, filling) ?? null);
  if ('$text' in value) {
    const parts = textParts(value);
    if (parts !== null) return joined(parts, filling);
  }
  const filled: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    const below = fillBelow(key, (value as Record<string, unknown>)[key], filling);
    if (below !== undefined) setOwn(filled, key, below);
  }
  return filled;
}

function fillBelow(key: string | number, value: unknown, filling: Filling): Json | undefined {
  if (typeof value !== 'object' || value === null) return value as Json;
  filling.keys.push(key);
  const filled = fillSlots(value, filling);
  filling.keys.pop();
  return filled;
}

/** The parts of `{ $text: [ … ] }`; null for what only looks like it. */
function textParts(value: object): readonly unknown[] | null {
  const parts = (value as { $text?: unknown }).$text;
  if (Object.keys(value).length !== 1 || !Array.isArray(parts)) return null;
  return parts.every(part => part instanceof Slot || ['string', 'number', 'boolean'].includes(typeof part))
    ? parts
    : null;
}

/** Text put together from its parts. */
function joined(parts: readonly unknown[], filling: Filling): string {
  return parts
    .map(part => {
      if (!(part instanceof Slot)) return String(part);
      const value = lookUp(part, filling);
      if (value === undefined) return '';
      if (typeof value !== 'object') return String(value);
      filling.misses.push({
        path: filling.keys.reduce<string>(addKey, ''),
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

function lookUp({ source, pointer, ref }: Slot, filling: Filling): Json | undefined {
  const { results, item, misses, repeated, keys } = filling;
  const isOfItem = source === 'item' || source === 'index';
  if (isOfItem && item === undefined) return { $ref: ref.$ref };
  const found = results.get(source);
  const from = isOfItem ? (source === 'index' ? item?.index : item?.value) : found?.values;
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

/** Lists and objects made anew; texts, which may be long, are the same. */
function copied(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copied);
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(value)) setOwn(copy, key, copied(value[key] ?? null));
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
