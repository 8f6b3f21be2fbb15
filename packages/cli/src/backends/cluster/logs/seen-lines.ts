/*
 * Which lines have been shown, where the same lines come from more than one source.
 *
 * SL1 An attempt's lines are in the same order everywhere, so how far it was shown is a moment and a number
 *     of lines of that moment.
 */
import type { LogLine } from '@kube-transform/runtime';

interface Position {
  atMs: number;
  count: number;
}

/** What has been shown of each attempt. */
export class SeenLines {
  readonly #shown = new Map<string, Position>();
  readonly #sources = new WeakMap<object, Map<string, Position>>();

  /**
   * True for a line that has not been shown; it counts as shown then. `source`: one pass over lines in their
   * order.
   */
  isNew({ job, item, attempt, atMs }: LogLine, source: object): boolean {
    const key = `${job}\0${item}\0${attempt}`;
    let passed = this.#sources.get(source);
    if (passed === undefined) this.#sources.set(source, (passed = new Map<string, Position>()));
    const here = after(passed.get(key), atMs);
    passed.set(key, here);
    const shown = this.#shown.get(key);
    if (
      shown !== undefined &&
      (here.atMs < shown.atMs || (here.atMs === shown.atMs && here.count <= shown.count))
    )
      return false;
    this.#shown.set(key, here);
    return true;
  }
}

const after = (position: Position | undefined, atMs: number): Position =>
  position === undefined || atMs > position.atMs
    ? { atMs, count: 1 }
    : { atMs: position.atMs, count: position.count + 1 };
