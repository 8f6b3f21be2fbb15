/** Tokens: what a template prints stands for a value until the text around it has been read. */
import type { Json } from '@kube-transform/sdk';
import { jsonOf, textOf, type Value, Written } from './values.js';

const ALONE = /^(\d+)z$/;

/** What a token stands for: its text, and what it is where it stands alone. */
export interface Printed {
  text: string;
  value: Json;
}

/**
 * Gives out tokens. A token is one word of letters and digits: no reader of YAML takes it for anything but
 * text, and nobody who does not know the secret in it can write one.
 */
export class Tokens {
  readonly #secret: string;
  readonly #printed: Printed[] = [];
  readonly #pattern: RegExp;

  /** @param secret at least 16 letters and digits, drawn by chance, that begin with a letter. */
  constructor(secret: string) {
    this.#secret = secret;
    this.#pattern = new RegExp(`${secret}(\\d+)z`, 'g');
  }

  /** What a value looks like in the text. */
  print(value: Value): string {
    if (value instanceof Written && value.raw !== undefined) return value.raw;
    const alone = value instanceof Written ? (value.value ?? value.text) : value;
    this.#printed.push({ text: textOf(value), value: jsonOf(alone) });
    return `${this.#secret}${this.#printed.length - 1}z`;
  }

  /** Whether there is one in a text, or a piece of one. */
  isIn(text: string): boolean {
    return text.includes(this.#secret);
  }

  /** Whether a text begins or ends with one. */
  isAtEdgeOf(text: string): boolean {
    return text.startsWith(this.#secret) || new RegExp(`${this.#secret}\\d+z$`).test(text);
  }

  /** What the one token stands for that a text is; undefined where it is more or less. */
  alone(text: string): Printed | undefined {
    if (!text.startsWith(this.#secret)) return undefined;
    const index = ALONE.exec(text.slice(this.#secret.length))?.[1];
    return index === undefined ? undefined : this.#printed[Number(index)];
  }

  /** A text with what its tokens stand for. */
  filled(text: string): string {
    return text.replaceAll(this.#pattern, (_, index: string) => this.#printed[Number(index)]?.text ?? '');
  }
}
