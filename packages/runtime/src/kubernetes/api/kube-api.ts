/*
 * The Kubernetes API, verb by verb.
 *
 * KA1 What is deleted takes what it owns along: `propagationPolicy` is in every DELETE. A body has only one
 *     that deletes an object as it was read: preconditions can be said nowhere else.
 * KA2 Objects pass through as they are: nothing is dropped, added or converted.
 */
import type { KubeConnection } from './connection.js';
import { type CallOptions, type KubeApiOptions, KubeRequests, type StreamOptions } from './request.js';
import {
  EXEC_PROTOCOLS,
  execStream,
  type ExecStream,
  FORWARD_PROTOCOLS,
  forwardStream,
  type ForwardStream,
} from './exec.js';
import { paths } from './paths.js';
import { isKubeError } from './kube-error.js';
import type { KubeList, KubeObject, ObjectMeta } from './objects.js';

export type { CallOptions, KubeApiOptions, StreamOptions } from './request.js';

/** Which objects of a collection. */
export interface Selectors {
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

/** All objects of a collection as they were at one moment, and the version that names that moment. */
export interface Listed<T> {
  items: T[];
  resourceVersion: string;
}

/** How a collection is listed. */
export interface ListOptions {
  notOlderThan?: string | undefined;
  pageSize?: number | undefined;
  betweenPages?: (() => Promise<void>) | undefined;
}

const PAGE = 500;
const RESTARTS = 3;
const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;
const WITH_WHAT_IT_OWNS = { propagationPolicy: 'Background' };

const orNull =
  (status: number, reason?: string) =>
  (error: unknown): null => {
    if (isKubeError(error, status) && (reason === undefined || error.reason === reason)) return null;
    throw error;
  };

/** Calls one API server. Everything rejects with KubeError, or with the reason of the signal. */
export class KubeApi {
  /** The connection's. */
  readonly namespace: string;
  /** The connection's, for messages. */
  readonly connection: { readonly name: string; readonly server: string };
  readonly #calls: KubeRequests;

  constructor(connection: KubeConnection, options: KubeApiOptions) {
    this.namespace = connection.namespace;
    this.connection = { name: connection.name, server: connection.server };
    this.#calls = new KubeRequests(connection, options);
  }

  /** How many requests were sent. */
  get requests(): number {
    return this.#calls.requests;
  }

  /** An object; null where there is none. */
  async get<T>(path: string, options: CallOptions = {}): Promise<T | null> {
    return (await this.#calls.call({ method: 'GET', path }, options).catch(orNull(404))) as T | null;
  }

  /** Makes an object; null where one of that name exists. */
  async create<T extends object>(path: string, body: T, options: CallOptions = {}): Promise<T | null> {
    const request = { method: 'POST', path, body: { type: 'application/json', value: body } };
    return (await this.#calls.call(request, options).catch(orNull(409, 'AlreadyExists'))) as T | null;
  }

  /** Changes parts of an object; null where there is none. */
  async patch<T>(
    path: string,
    body: object,
    { type, query, ...options }: CallOptions & { type: keyof typeof PATCH_TYPES },
  ): Promise<T | null> {
    const request = { method: 'PATCH', path, body: { type: PATCH_TYPES[type], value: body } };
    const whole = type === 'apply' ? { fieldManager: 'kube-transform', ...query } : query;
    return (await this.#calls.call(request, { ...options, query: whole }).catch(orNull(404))) as T | null;
  }

  /**
   * Puts an object in the place of the one that has its `resourceVersion`; null where that has changed.
   *
   * After null read the object again: an earlier attempt of this call, whose answer was lost, may have
   * changed it.
   */
  async replace<T extends object>(path: string, body: T, options: CallOptions = {}): Promise<T | null> {
    const request = { method: 'PUT', path, body: { type: 'application/json', value: body } };
    return (await this.#calls.call(request, options).catch(orNull(409))) as T | null;
  }

  /** Deletes an object and what it owns; one that does not exist is no error. */
  async delete(path: string, options: CallOptions = {}): Promise<void> {
    await this.#calls
      .call({ method: 'DELETE', path }, { ...options, query: { ...WITH_WHAT_IT_OWNS, ...options.query } })
      .catch(orNull(404));
  }

  /**
   * Deletes an object as it was read, and what it owns; false where it has changed since, or is gone. Without
   * a `resourceVersion` it may have changed, but not be another of that name. `Foreground`: it goes last.
   */
  async deleteUnchanged(
    path: string,
    { uid, resourceVersion }: ObjectMeta,
    { propagationPolicy, ...options }: CallOptions & { propagationPolicy?: 'Foreground' } = {},
  ): Promise<boolean> {
    const preconditions = { uid, resourceVersion };
    const owned = propagationPolicy === undefined ? WITH_WHAT_IT_OWNS : { propagationPolicy };
    const value = { apiVersion: 'v1', kind: 'DeleteOptions', ...owned, preconditions };
    const body = { type: 'application/json', value };
    const answer = await this.#calls
      .call({ method: 'DELETE', path, body }, options)
      .catch(orNull(404))
      .catch(orNull(409));
    return answer !== null;
  }

  /** Deletes the selected objects of a collection, and what they own. */
  async deleteAll(
    path: string,
    which: Selectors & { labelSelector: string },
    options: CallOptions = {},
  ): Promise<void> {
    if (which.labelSelector === '') throw new TypeError('Bug: an empty label selector selects everything');
    await this.#calls.call(
      { method: 'DELETE', path },
      { ...options, query: { ...WITH_WHAT_IT_OWNS, ...options.query, ...which } },
    );
  }

  /**
   * The selected objects of a collection as they are now, in pages; with `notOlderThan` as they were at that
   * version, or later: a server whose cache is behind makes who wants to know it wait for 100 ms. `pageSize`:
   * smaller ones keep the process from others for a shorter time. Default 500. `betweenPages`: waited for.
   */
  async list<T extends KubeObject>(
    path: string,
    { pageSize = PAGE, ...options }: Selectors & Omit<CallOptions, 'query'> & ListOptions = {},
  ): Promise<Listed<T>> {
    for (let restarts = 0; ; restarts++) {
      try {
        return await this.#pages<T>(path, options, restarts < RESTARTS ? pageSize : undefined);
      } catch (error) {
        // The version of the first page has expired. The last attempt asks for everything at once.
        if (!isKubeError(error, 410) || restarts === RESTARTS) throw error;
      }
    }
  }

  /** The bytes of an answer as they come: a log, a watch. Not tried again. */
  stream(path: string, options: StreamOptions = {}): AsyncGenerator<Uint8Array, void> {
    return this.#calls.stream(path, options);
  }

  /** Begins a process in a container of a pod, which has its standard streams at hand. Not tried again. */
  async exec(
    pod: string,
    { container, command }: { container: string; command: readonly string[] },
    {
      onError = () => undefined,
      ...options
    }: { signal?: AbortSignal | undefined; onError?: (bytes: Uint8Array) => void } = {},
  ): Promise<ExecStream> {
    const path = paths.podExec(this.namespace, pod, { container, command });
    return execStream(await this.#calls.upgrade(path, { ...options, protocols: EXEC_PROTOCOLS }), onError);
  }

  /** Connects to a port of a pod, as seen within the pod. Not tried again. */
  async forward(
    pod: string,
    port: number,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<ForwardStream> {
    const path = paths.podForward(this.namespace, pod, port);
    return forwardStream(await this.#calls.upgrade(path, { ...options, protocols: FORWARD_PROTOCOLS }));
  }

  /** Ends everything that is under way, and closes the connections. */
  close(): void {
    this.#calls.close();
  }

  async #pages<T extends KubeObject>(
    path: string,
    options: Selectors & CallOptions & Omit<ListOptions, 'pageSize'>,
    limit: number | undefined,
  ): Promise<Listed<T>> {
    const { labelSelector, fieldSelector, notOlderThan, betweenPages, ...rest } = options;
    const items: T[] = [];
    let token: string | undefined;
    for (;;) {
      const isAny = notOlderThan !== undefined && token === undefined;
      const age = isAny ? { resourceVersion: notOlderThan, resourceVersionMatch: 'NotOlderThan' } : {};
      const query = { labelSelector, fieldSelector, limit, continue: token, ...age };
      // Servers written in Go may send null for no items.
      const page = (await this.#calls.call(
        { method: 'GET', path, isList: true },
        { ...rest, query },
      )) as Omit<KubeList<T>, 'items'> & { items: T[] | null };
      for (const item of page.items ?? []) items.push(item);
      token = page.metadata.continue;
      if (token === undefined || token === '')
        return { items, resourceVersion: page.metadata.resourceVersion ?? '' };
      await betweenPages?.();
    }
  }
}
