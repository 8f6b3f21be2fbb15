/**
 * A document that kt writes and a kt reads again, perhaps another version: in a store, a ConfigMap, a file,
 * or sent from one process to another.
 *
 * It begins with the number of its format, which grows when an older kt would misread it. A document without
 * a number is of format 1: so kt 0.1.0 wrote them.
 */
import { KtError } from '@kube-transform/sdk';
import { parseAs, parseJson } from './parse-json.js';
import { orElse, positive, record, type Shape } from './shapes.js';
import { VERSION } from './version.js';

/** What a format is made of. */
interface FormatOptions<T> {
  /** What such a document is, in the middle of a sentence: `run`. */
  name: string;
  /** Code of the error where one is broken. */
  code: string;
  /** What to do where one is broken. */
  hint: string;
  shape: Shape<T>;
  /** The newest that is read, and the one that is written. Default 1. */
  latest?: number;
  /** Whether it names the kt that wrote it, in the field `kt`. Default false. */
  isSigned?: boolean;
}

/** How a document begins, of whatever format. */
const STAMP = record<{ format: number; kt?: unknown }>({
  format: orElse(positive, 1),
  kt: value => value,
});

/**
 * A format. `parse` and `check` throw KtError: `NEWER_FORMAT`, or the format's own code where a document is
 * broken.
 */
export class Format<T extends object> {
  readonly #options: FormatOptions<T>;
  readonly #stamp: object;
  readonly latest: number;

  constructor(options: FormatOptions<T>) {
    const { latest = 1, isSigned = false } = options;
    this.#options = options;
    this.latest = latest;
    this.#stamp = isSigned ? { format: latest, kt: VERSION } : { format: latest };
  }

  /** A document from its text. @param file where it lies, for messages. */
  parse(text: string | Uint8Array, file: string): T {
    return this.check(parseJson(text, { ...this.#options, file }), file);
  }

  /** A document from a value that JSON can hold. */
  check(value: unknown, file: string): T {
    const { name, shape } = this.#options;
    const origin = { ...this.#options, file };
    const { format, kt } = parseAs(STAMP, value, origin);
    if (format <= this.latest) return parseAs(shape, value, origin);
    const newer = typeof kt === 'string' ? `a newer kt (${kt.slice(0, 40)})` : 'a newer kt';
    throw new KtError({
      code: 'NEWER_FORMAT',
      path: file,
      message: `This ${name} was written in format ${format} by ${newer}; this kt ${VERSION} reads formats up to ${this.latest}.`,
      hint: 'Update @kube-transform/cli.',
    });
  }

  /** A document as it is written. */
  stamped(document: T): T {
    return { ...this.#stamp, ...document };
  }

  /** The text of a document. */
  text(document: T): string {
    return JSON.stringify(this.stamped(document));
  }
}
