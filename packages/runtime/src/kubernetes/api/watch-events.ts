/** What a watch says: one JSON object a line. */
import type { ApiStatus, KubeObject } from './objects.js';

/** One line of a watch. */
export type WatchEvent<T extends KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: KubeObject }
  | { type: 'ERROR'; object: ApiStatus };

/** Turns the bytes of a watch into events; what follows the last line break is kept for the next bytes. */
export class WatchLines<T extends KubeObject> {
  readonly #decoder = new TextDecoder();
  #rest = '';

  /** The events that are complete with these bytes. */
  push(bytes: Uint8Array): WatchEvent<T>[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter(line => line !== '').map(line => JSON.parse(line) as WatchEvent<T>);
  }
}
