/** From the JSON of a request to the values of a template, every digit kept. */
import type { Json } from '@kube-transform/sdk';
import { json, tryJson } from '@kube-transform/runtime/internal';
import { TemplateError } from './template-error.js';
import { Digits, type Value } from './values.js';

/** Strings, which are passed over, and numbers. */
const PIECES = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Arguments of a template, by name. */
export class TemplateArguments {
  /** @internal */
  readonly values: Map<string, Value>;

  /** @internal */
  constructor(values: Map<string, Value>) {
    this.values = values;
  }
}

/** An object from code as arguments. */
export const argumentsOf = (args: Readonly<Record<string, Json>>): TemplateArguments =>
  new TemplateArguments(new Map(Object.entries(args).map(([key, value]) => [key, valueOf(value)])));

const MAX_DEPTH = 100;

/** A JSON value as a value of templates; `mark` begins text that stands for a number. */
function valueOf(given: Json, mark?: string, depth = 0): Value {
  if (depth > MAX_DEPTH)
    throw new TemplateError(`Arguments may be nested ${MAX_DEPTH} levels deep, no deeper.`);
  if (typeof given === 'string')
    return mark !== undefined && given.startsWith(mark) ? new Digits(given.slice(mark.length)) : given;
  if (Array.isArray(given)) return given.map(one => valueOf(one, mark, depth + 1));
  if (typeof given === 'object' && given !== null)
    return new Map(Object.entries(given).map(([key, value]) => [key, valueOf(value, mark, depth + 1)]));
  return given;
}

/**
 * The members of a JSON object as values; undefined where the text is none. Numbers that JavaScript would
 * write otherwise, such as 9007199254740993 or 1.0, keep their digits.
 */
export function readArguments(text: string): TemplateArguments | undefined {
  const plain = tryJson(text);
  if (plain === undefined) return undefined;
  const mark = `${crypto.randomUUID()}:`;
  const marked = text.replaceAll(PIECES, piece =>
    piece.startsWith('"') || String(Number(piece)) === piece ? piece : `"${mark}${piece}"`,
  );
  const value = valueOf(json(marked === text ? plain : tryJson(marked)), mark);
  return value instanceof Map ? new TemplateArguments(value) : undefined;
}
