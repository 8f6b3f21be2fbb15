/*
 * What a power cut takes: writes that were not yet on the disk.
 *
 * 1. A durable write that resolved stays; one that is not durable stays, is lost, or is cut off.
 * 2. Deletes are never durable: what was deleted may come back.
 */
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import type { Chance } from './chance.js';

/** What became of a key in a power cut. */
export interface Damage {
  key: string;
  /** `lost`: it is as it was before (which may be: not there); `torn`: its end is missing. */
  what: 'lost' | 'torn';
}

/** The writes to a store that are not yet on its disk. */
export class UnsyncedWrites {
  readonly #store: FileStore;
  readonly #isDurable: (key: string) => boolean;
  /** What each key held that the disk still has; null for no object. */
  readonly #before = new Map<string, Uint8Array | null>();

  constructor(store: FileStore, isDurable: (key: string) => boolean) {
    this.#store = store;
    this.#isDurable = isDurable;
  }

  /** Notes that a key is about to change. */
  async begin(key: string): Promise<void> {
    if (this.#before.has(key)) return;
    const held = (await this.#store.head(key)) === null ? null : await this.#store.get(key);
    if (!this.#before.has(key)) this.#before.set(key, held);
  }

  /** Notes that a write to a key has resolved. */
  end(key: string): void {
    if (this.#isDurable(key)) this.#before.delete(key);
  }

  /** Puts everything onto the disk, as time does. */
  sync(): void {
    this.#before.clear();
  }

  /** Leaves what a power cut might; tells what it has done. */
  async cut(chance: Chance): Promise<Damage[]> {
    const damage: Damage[] = [];
    for (const [key, before] of this.#before) {
      const now = (await this.#store.head(key)) === null ? null : await this.#store.get(key);
      // A write under way to a durable key is there whole, or not.
      const fate = chance.oneOf(now === null || this.#isDurable(key) ? 2 : 3);
      if (fate === 0) continue;
      if (fate === 2 && now !== null) {
        await this.#store.put(key, now.subarray(0, chance.oneOf(now.length + 1)));
        damage.push({ key, what: 'torn' });
      } else {
        if (before === null) await this.#store.delete([key]);
        else await this.#store.put(key, before);
        damage.push({ key, what: 'lost' });
      }
    }
    this.#before.clear();
    return damage;
  }
}
