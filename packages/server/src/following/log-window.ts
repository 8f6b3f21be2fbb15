/** The newest lines of a log, which many read at their own pace. */
import { isAfter, type LogPlace, type PlacedLine } from './log-places.js';

/** Holds lines up to so many characters; the oldest are let go first. */
export class LogWindow {
  readonly #maxChars: number;
  #lines: PlacedLine[] = [];
  #chars = 0;
  #before: LogPlace | null = null;

  /** @param maxChars half of it is kept at least, and the last line, however long it is. */
  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** The place of the last line that was let go; null where all are held. */
  get before(): LogPlace | null {
    return this.#before;
  }

  /** The place of the last line. */
  get last(): LogPlace | null {
    return this.#lines.at(-1) ?? this.#before;
  }

  /** Adds the line that follows the last. */
  push(line: PlacedLine): void {
    this.#lines.push(line);
    this.#chars += sizeOf(line);
    if (this.#chars <= this.#maxChars) return;
    let gone = 0;
    for (const old of this.#lines) {
      if (this.#chars <= this.#maxChars / 2 || gone === this.#lines.length - 1) break;
      this.#chars -= sizeOf(old);
      this.#before = { at: old.at, nth: old.nth };
      gone++;
    }
    this.#lines = this.#lines.slice(gone);
  }

  /** Whether what follows a place is held, as far as it has come. */
  follows(place: LogPlace | null): boolean {
    return this.#before === null || (place !== null && !isAfter(this.#before, place));
  }

  /** The lines after a place. */
  after(place: LogPlace | null): PlacedLine[] {
    let [low, high] = [0, this.#lines.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const line = this.#lines[middle];
      if (line !== undefined && isAfter(line, place)) high = middle;
      else low = middle + 1;
    }
    return low === this.#lines.length ? [] : this.#lines.slice(low);
  }
}

/** With what stands around it. */
const sizeOf = ({ line }: PlacedLine): number => line.length + 100;
