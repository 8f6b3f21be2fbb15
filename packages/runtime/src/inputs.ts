/** From refs to values: what an item's arguments are when it runs. */
import { asRef, type Json, parseRef, type RefJson, replaceRefs } from '@kube-transform/sdk';
import type { FileStore } from './ports.js';
import { readOutcomes } from './results.js';

/** Results of finished jobs, which never change, read once per process. */
export type ResultCache = Map<string, Promise<Json[]>>;
const CACHED_JOBS = 16;

/** Where refs are looked up. */
export interface RefScope {
  store: FileStore;
  runId: string;
  cache?: ResultCache;
  /** The element of a map, where there is one. */
  item?: { value: Json; index: number };
  /** Names of jobs whose results may be meant; a ref to anything else is data. Default: every name. */
  known?: ReadonlySet<string>;
}

/** Replaces every ref within a JSON value by what it stands for. A place that does not exist is null. */
export async function resolveRefs(value: Json, scope: RefScope): Promise<Json> {
  const needed = new Map<string, Promise<Json[]>>();
  replaceRefs(value, ref => {
    const { source } = parseRef(ref);
    if (isJobRef(source, scope)) needed.set(source, resultsOf(source, scope));
    return null;
  });
  const results = new Map<string, Json[]>();
  for (const [source, promise] of needed) results.set(source, await promise);
  return replaceRefs(value, ref => lookUp(ref, scope, results)) as Json;
}

/** True where a value holds a ref. */
export function hasRefs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return asRef(value) !== undefined || Object.values(value).some(hasRefs);
}

function isJobRef(source: string, scope: RefScope): boolean {
  return source !== 'item' && source !== 'index' && (scope.known?.has(source) ?? true);
}

function lookUp(ref: RefJson, scope: RefScope, results: Map<string, Json[]>): Json {
  const { source, pointer } = parseRef(ref);
  if (source === 'item' && scope.item !== undefined) return open(scope.item.value, pointer);
  if (source === 'index' && scope.item !== undefined) return scope.item.index;
  const found = results.get(source);
  return found === undefined ? { $ref: ref.$ref } : open(found, pointer);
}

function open(value: Json, pointer: readonly string[]): Json {
  return pointer.reduce<Json>((at, key) => (typeof at === 'object' && at !== null ? ((at as Record<string, Json>)[key] ?? null) : null), value);
}

function resultsOf(job: string, scope: RefScope): Promise<Json[]> {
  const key = `${scope.runId}/${job}`;
  const cached = scope.cache?.get(key);
  if (cached !== undefined) return cached;
  const results = readResults(scope.store, scope.runId, job);
  if (scope.cache !== undefined) {
    for (const oldest of scope.cache.keys()) {
      if (scope.cache.size < CACHED_JOBS) break;
      scope.cache.delete(oldest);
    }
    scope.cache.set(key, results);
  }
  return results;
}

/** The results of a job's items in order; null for one that failed or did nothing. */
export async function readResults(store: FileStore, runId: string, job: string): Promise<Json[]> {
  const outcomes = await readOutcomes(store, runId, job);
  const last = Math.max(-1, ...outcomes.keys());
  return Array.from({ length: last + 1 }, (_, i) => outcomes.get(i)?.result ?? null);
}
