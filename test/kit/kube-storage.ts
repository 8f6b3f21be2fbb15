/** The objects of a scripted API server: versions, selectors, owners, and what happened, for watches. */

import { isDeepStrictEqual } from 'node:util';

/** Any object. */
export interface StoredObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generateName?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    ownerReferences?: { uid: string }[];
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

/** Something that happened in a collection. */
export interface Change {
  version: number;
  collection: string;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: StoredObject;
  /** The object as it was, where there was one. */
  before: StoredObject | undefined;
}

/** A refusal, as the real server words it. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

const KINDS: Record<string, string> = {
  jobs: 'Job',
  pods: 'Pod',
  configmaps: 'ConfigMap',
  events: 'Event',
  leases: 'Lease',
};
const at = (object: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
const copy = <T>(value: T): T => structuredClone(value);

/** The terms of a selector: equality and inequality. */
function holds(selector: string | null, read: (key: string) => unknown): boolean {
  return (selector ?? '')
    .split(',')
    .filter(term => term !== '')
    .every(term => {
      const [, key = '', operator, value = ''] = /^([^!=]+)(!?==?)(.*)$/.exec(term) ?? [
        undefined,
        term,
        'exists',
      ];
      if (operator === 'exists') return read(key) !== undefined;
      return ((read(key) ?? '') === value) === (operator !== '!=');
    });
}

/** True where an object is selected. */
export const isSelected = (object: StoredObject, query: URLSearchParams): boolean =>
  holds(query.get('labelSelector'), key => object.metadata.labels?.[key]) &&
  holds(query.get('fieldSelector'), key => at(object, key));

/** A change as a watch with these selectors sees it: an object that is selected no more is gone. */
export function seenBy(
  query: URLSearchParams,
  { type, object, before }: Change,
): { type: Change['type']; object: StoredObject } | undefined {
  const was = before !== undefined && isSelected(before, query);
  const is = type !== 'DELETED' && isSelected(object, query);
  if (was && is) return { type: 'MODIFIED', object };
  return was ? { type: 'DELETED', object } : is ? { type: 'ADDED', object } : undefined;
}

/** RFC 7396. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base =
    typeof target === 'object' && target !== null && !Array.isArray(target)
      ? { ...(target as Record<string, unknown>) }
      : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(base, key);
    else base[key] = merge(base[key], value);
  }
  return base;
}

/** RFC 6902, as far as it is used here. */
interface PatchStep {
  op: 'test' | 'add';
  path: string;
  value: unknown;
}

/** The merge patch that does the same. @throws Refusal 422 where a test fails. */
function mergeOf(object: StoredObject, steps: readonly PatchStep[]): object {
  const nested = (path: string, value: unknown): unknown =>
    path
      .split('/')
      .slice(1)
      .reduceRight((inner, key) => ({ [key]: inner }), value);
  for (const { op, path, value } of steps)
    if (op === 'test' && at(object, path.slice(1).replaceAll('/', '.')) !== value)
      throw new Refusal(422, 'Invalid', 'the server rejected our request due to an error in our request');
  const changes = steps.filter(({ op }) => op === 'add').map(({ path, value }) => nested(path, value));
  return changes.reduce<object>((all, one) => merge(all, one) as object, {});
}

/** Objects by collection (`/api/v1/namespaces/x/pods`) and name. */
export class KubeStorage {
  readonly #collections = new Map<string, Map<string, StoredObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  #changes: Change[] = [];
  #version = 1000;
  #forgotten = 0;

  /** Of the last change. */
  get version(): string {
    return String(this.#version);
  }

  all(collection: string): StoredObject[] {
    return [...(this.#collections.get(collection)?.values() ?? [])]
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map(copy);
  }

  get(collection: string, name: string): StoredObject {
    const object = this.#collections.get(collection)?.get(name);
    if (object === undefined)
      throw new Refusal(404, 'NotFound', `${collection.split('/').at(-1)} "${name}" not found`);
    return copy(object);
  }

  create(collection: string, given: object): StoredObject {
    const object = copy(given) as StoredObject;
    const { metadata } = object;
    const resource = collection.split('/').at(-1) ?? '';
    if (metadata.generateName !== undefined)
      metadata.name = `${metadata.generateName}${this.#version.toString(36)}`;
    if (this.#collections.get(collection)?.has(metadata.name) === true) {
      throw new Refusal(409, 'AlreadyExists', `${resource} "${metadata.name}" already exists`);
    }
    object.kind ??= KINDS[resource] ?? resource;
    metadata.uid = `uid-${this.#version + 1}`;
    metadata.namespace = /\/namespaces\/([^/]+)\//.exec(collection)?.[1] ?? 'default';
    metadata.creationTimestamp = new Date(1_700_000_000_000).toISOString();
    return this.#put(collection, object, 'ADDED');
  }

  replace(collection: string, name: string, given: StoredObject): StoredObject {
    const old = this.get(collection, name);
    const seen = given.metadata.resourceVersion;
    if (seen !== undefined && seen !== old.metadata.resourceVersion) {
      throw new Refusal(
        409,
        'Conflict',
        `Operation cannot be fulfilled on "${name}": the object has been modified; please apply your changes`,
      );
    }
    const metadata: StoredObject['metadata'] = { ...copy(given.metadata), name, uid: old.metadata.uid };
    return this.#put(collection, { ...copy(given), metadata }, 'MODIFIED');
  }

  patch(collection: string, name: string, given: unknown): StoredObject {
    const patch = Array.isArray(given) ? mergeOf(this.get(collection, name), given as PatchStep[]) : given;
    const read = (patch as Partial<StoredObject>).metadata?.resourceVersion;
    if (read !== undefined && read !== this.get(collection, name).metadata.resourceVersion)
      throw new Refusal(
        409,
        'Conflict',
        `Operation cannot be fulfilled on "${name}": the object has been modified`,
      );
    const old = this.get(collection, name);
    const next = merge(old, copy(patch)) as StoredObject;
    return isDeepStrictEqual(next, old) ? old : this.#put(collection, next, 'MODIFIED');
  }

  /** Deletes as the options of a DELETE say. @throws Refusal 409 where it is another than expected. */
  deleteIf(
    collection: string,
    name: string,
    options: {
      propagationPolicy?: string | null;
      preconditions?: { uid?: string; resourceVersion?: string };
    },
  ): StoredObject {
    const { metadata } = this.get(collection, name);
    const { uid = metadata.uid, resourceVersion = metadata.resourceVersion } = options.preconditions ?? {};
    if (uid !== metadata.uid || resourceVersion !== metadata.resourceVersion)
      throw new Refusal(409, 'Conflict', `Precondition failed: the object "${name}" has been modified`);
    return this.delete(collection, name, options.propagationPolicy);
  }

  /**
   * What is owned goes along, unless the policy is to orphan it; without a policy the pods of a Job are
   * orphaned, as in a real cluster.
   */
  delete(collection: string, name: string, policy?: string | null): StoredObject {
    const object = this.get(collection, name);
    this.#collections.get(collection)?.delete(name);
    this.#tell({ collection, type: 'DELETED', object: this.#stamp(object), before: object });
    if ((policy ?? (collection.endsWith('/jobs') ? 'Orphan' : 'Background')) === 'Orphan') return object;
    for (const [owned, objects] of this.#collections) {
      for (const one of [...objects.values()]) {
        if (one.metadata.ownerReferences?.some(owner => owner.uid === object.metadata.uid) === true)
          this.delete(owned, one.metadata.name, policy);
      }
    }
    return object;
  }

  /** What happened after a version. @throws Refusal 410 where that is forgotten. */
  since(collection: string, version: string): Change[] {
    if (Number(version) < this.#forgotten)
      throw new Refusal(410, 'Expired', `too old resource version: ${version} (${this.#forgotten})`);
    return this.#changes.filter(
      change => change.collection === collection && change.version > Number(version),
    );
  }

  /** Forgets what happened: versions seen until now are too old. */
  forget(): void {
    this.#version += 10;
    this.#forgotten = this.#version;
    this.#changes = [];
  }

  /** Calls a function for every change, until the function that is returned is called. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #put(collection: string, object: StoredObject, type: Change['type']): StoredObject {
    const stamped = this.#stamp(object);
    const objects = this.#collections.get(collection) ?? new Map<string, StoredObject>();
    const before = objects.get(object.metadata.name);
    this.#collections.set(collection, objects.set(object.metadata.name, stamped));
    this.#tell({ collection, type, object: stamped, before });
    return copy(stamped);
  }

  #stamp(object: StoredObject): StoredObject {
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
  }

  #tell(change: Omit<Change, 'version'>): void {
    const whole = { ...change, version: this.#version, object: copy(change.object) };
    this.#changes.push(whole);
    for (const listener of this.#listeners) listener(whole);
  }
}
