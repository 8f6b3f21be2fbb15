/*
 * Makes the listings of a store late, a key at a time, and lets them miss keys.
 *
 * 1. A change of a key shows after some operations, chosen for that key: so later changes may show before
 *    earlier ones. What another process changed counts from when it is first seen here.
 * 2. Each key is missed at most once, for a while: whoever looks again and again sees it at last.
 */
import type { FileStore, ListEntry, ObjectInfo } from '../../../packages/runtime/src/ports/index.js';
import { compareKeys } from '../../../packages/runtime/src/stores/store-key.js';
import type { Chance } from './chance.js';

/** How late listings are, in operations of the store. */
export interface Lateness {
  /** A change shows at most so many operations later. */
  lateBy: number;
  /** How often a listing begins to miss a key that it would show, and for how many operations at most. */
  misses: { chance: number; forOperations: number };
}

/** The listings of one store. */
export class LateListing {
  readonly #store: FileStore;
  readonly #lateness: Lateness;
  readonly #chance: Chance;
  /** What is still shown of keys that have changed, and until which operation. */
  readonly #late = new Map<string, { until: number; shown: ObjectInfo | null }>();
  readonly #known = new Map<string, ObjectInfo>();
  readonly #missedUntil = new Map<string, number>();

  constructor(store: FileStore, lateness: Lateness, chance: Chance) {
    this.#store = store;
    this.#lateness = lateness;
    this.#chance = chance;
  }

  /** Notes that a key is about to change from what it was. */
  changed(key: string, before: ObjectInfo | null, now: number): void {
    const late = this.#late.get(key);
    const shown = late !== undefined && late.until > now ? late.shown : before;
    this.#late.set(key, { until: now + this.#chance.oneOf(this.#lateness.lateBy + 1), shown });
  }

  /** Notes what a key has become: this is no change by another process. */
  became(key: string, info: ObjectInfo | null): void {
    if (info === null) this.#known.delete(key);
    else this.#known.set(key, info);
  }

  /** Lets all listings catch up. */
  settle(): void {
    this.#late.clear();
    this.#missedUntil.clear();
  }

  /** What a listing shows at an operation. */
  async *list(
    now: number,
    prefix: string,
    options: { delimiter?: '/'; startAfter?: string } = {},
  ): AsyncGenerator<ListEntry> {
    const shown = new Map<string, ObjectInfo>();
    for await (const entry of this.#store.list(prefix)) {
      if (entry.type !== 'object') continue;
      const { object } = entry;
      this.#noteForeign(object, now);
      shown.set(object.key, object);
    }
    for (const [key, { until, shown: old }] of this.#late) {
      if (until <= now) this.#late.delete(key);
      else if (!key.startsWith(prefix)) continue;
      else if (old === null) shown.delete(key);
      else shown.set(key, old);
    }
    let last = '';
    for (const key of [...shown.keys()].sort(compareKeys)) {
      const object = shown.get(key);
      const slash = options.delimiter === undefined ? -1 : key.indexOf('/', prefix.length);
      const name = slash < 0 ? key : key.slice(0, slash + 1);
      if (object === undefined || this.#isMissed(key, now) || name === last) continue;
      if (options.startAfter !== undefined && compareKeys(name, options.startAfter) <= 0) continue;
      last = name;
      yield slash < 0 ? { type: 'object', object } : { type: 'prefix', prefix: name };
    }
  }

  #noteForeign(object: ObjectInfo, now: number): void {
    const known = this.#known.get(object.key);
    if (known?.etag === object.etag) return;
    this.changed(object.key, known ?? null, now);
    this.#known.set(object.key, object);
  }

  #isMissed(key: string, now: number): boolean {
    const { chance, forOperations } = this.#lateness.misses;
    const until = this.#missedUntil.get(key);
    if (until !== undefined) return until > now;
    if (!this.#chance.happens(chance)) return false;
    this.#missedUntil.set(key, now + 1 + this.#chance.oneOf(forOperations));
    return true;
  }
}
