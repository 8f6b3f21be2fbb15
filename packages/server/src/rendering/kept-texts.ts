/** What was made of texts: that of the newest is kept, since most requests give the same ones again. */

const MOST = 50;
/** What is made of a text is some ten times as large. */
const MAX_CHARS = 16 * 1024;

/** Things made of texts, by these. */
export class KeptTexts<T extends object> {
  readonly #made = new Map<string, T>();

  /** What was made of a text, or is made of it now. Throws what `make` throws, and keeps nothing then. */
  get(text: string, make: (text: string) => T): T {
    const made = this.#made.get(text) ?? make(text);
    if (text.length > MAX_CHARS) return made;
    this.#made.delete(text);
    this.#made.set(text, made);
    if (this.#made.size > MOST) this.#made.delete(this.#made.keys().next().value ?? '');
    return made;
  }
}
