/** The last lines of a text that comes over time. */

const KEPT = 3;

/** Keeps the last lines that are not empty, at most three. */
export class LastLines {
  #lines: string[] = [];

  push(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push(line);
    if (this.#lines.length > KEPT) this.#lines.shift();
  }

  all(): readonly string[] {
    return this.#lines;
  }
}
